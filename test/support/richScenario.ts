import type { ScenarioText } from "./scenarios.ts";

const hpa = {
  minReplicas: 2,
  maxReplicas: 8,
  metrics: [
    {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
    },
  ],
  behavior: { scaleDown: { stabilizationWindowSeconds: 30 } },
};

const retries = {
  attempts: 2,
  perTryTimeout: "300ms",
  backoff: { base: "5ms", jitter: "decorrelated" },
  limit: { budget: { retryRatio: 0.3, minRetriesPerSecond: 1 } },
};

const circuitBreaker = { resilience4j: { slidingWindowSize: 20, waitDurationInOpenStateMs: 2000 } };

/**
 * A little of everything that a model keeps between events: autoscaler, canary in progress, faults,
 * deadlines, retries, hedged calls, all CPU disciplines, pool, cache, links, workloads.
 */
export const richScenario: ScenarioText = {
  name: "rich",
  seed: 3,
  warmUp: "20s",
  duration: "100s",
  objective: { p95: "500ms", failed: "5%" },
  services: {
    gateway: {
      cpu: "event-loop",
      replicas: 2,
      resources: { requests: { cpu: "200m", memory: "64Mi" }, limits: { cpu: 1 } },
      concurrency: 50,
      queue: 100,
      asynchronous: true,
      quota: "cfs",
      balancer: "random",
      endpoints: {
        get: [
          { work: { exponential: "2ms" } },
          {
            parallel: [
              { call: { service: "shop", hedge: { after: "60ms" }, retries, circuitBreaker } },
              [{ wait: "3ms" }, { call: "stock" }],
            ],
          },
        ],
      },
    },
    shop: {
      replicas: 3,
      resources: {
        requests: { cpu: "300m", memory: "128Mi" },
        limits: { cpu: "500m", memory: "128Mi" },
      },
      startup: { lognormal: { mean: "3s", cv: 0.5 } },
      image: { pull: { exponential: "2s" } },
      readinessProbe: { initialDelaySeconds: 1, periodSeconds: 2 },
      balancer: "least-request",
      warmUp: { factor: 2, duration: "10s", coldCaches: true },
      memory: { base: "80Mi", perRequest: "1Mi", leakPerRequest: "20Ki" },
      outlierDetection: { consecutive5xx: 2, intervalSeconds: 2, baseEjectionTimeSeconds: 4 },
      pools: { db: { size: 3, acquireTimeout: "100ms" } },
      revisions: { v1: { errors: "0.5%" }, v2: { errors: "2%", latency: { min: 1, max: 1.4 } } },
      endpoints: {
        get: [
          { work: { lognormal: { mean: "12ms", cv: 1 } } },
          { cache: { hits: "70%", miss: [{ query: { datastore: "db", timeout: "200ms" } }] } },
        ],
      },
    },
    stock: {
      cpu: "fifo",
      concurrency: 4,
      queue: 20,
      replicas: 2,
      endpoints: { get: [{ work: { gamma: { mean: "6ms", cv: 0.7 } } }] },
    },
  },
  datastores: { db: { concurrency: 4, time: { exponential: "8ms" } } },
  links: [{ from: "home", to: "here", latency: { exponential: "4ms" } }],
  cluster: {
    nodes: [{ count: 3, cpu: 4, memory: "8Gi", zones: ["a", "b"], region: "here" }],
    callerLag: { exponential: "300ms" },
    metrics: { scrapeInterval: "5s", window: "10s", lag: "2s" },
  },
  traffic: {
    open: {
      rate: {
        stages: [
          { duration: "40s", target: "60/s" },
          { duration: "60s", target: "20/s" },
        ],
      },
      call: "gateway",
      deadline: "1s",
      retries: { attempts: 2, perTryTimeout: "600ms", backoff: { base: "50ms", jitter: 0.3 } },
      population: { users: 1000, regions: { home: 2, here: 1 } },
    },
    closed: {
      users: 5,
      journeys: [
        { name: "look", weight: 2, steps: [{ call: "shop", thinkTime: { exponential: "400ms" } }] },
        { name: "buy", steps: [{ call: "shop" }, { call: "stock", probability: 0.5 }] },
      ],
    },
  },
  faults: [
    { at: "20s", for: "30s", service: "db", slow: 2 },
    { at: "30s", service: "shop", replicas: 1, kill: true },
    { at: "35s", for: "20s", service: "stock", errors: "10%", replicas: 1 },
    { at: "45s", for: "10s", service: "shop", latency: { exponential: "15ms" } },
  ],
  policies: {
    canary: {
      autoscalers: { shop: { hpa } },
      rollouts: {
        shop: {
          revision: "v2",
          at: "10s",
          "staged-canary": { stages: [10, 50, 100], stageSeconds: 20, errorRateLimit: 0.5 },
        },
      },
    },
    plain: { autoscalers: { gateway: { hpa } } },
  },
};
