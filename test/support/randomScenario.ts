import fc from "fast-check";
import type { ScenarioText } from "./scenarios.ts";

/** Services call only those with a higher number, so that no circle can arise. */
const serviceName = (index: number): string => `s${index}`;

const time = (max: number): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.integer({ min: 0, max }).map((ms) => `${ms}ms`),
    fc.integer({ min: 1, max }).map((ms) => ({ exponential: `${ms}ms` })),
    fc.integer({ min: 1, max }).map((ms) => ({ lognormal: { mean: `${ms}ms`, cv: 1.5 } })),
  );

const timeout = fc.option(
  fc.integer({ min: 1, max: 200 }).map((ms) => `${ms}ms`),
  { nil: undefined },
);

const retries = fc.option(
  fc.record({
    attempts: fc.constantFrom(2, 3, "unlimited"),
    perTryTimeout: timeout,
    // Unlimited attempts end some day, and layers multiply: four of them stay below 100.
    probability: fc.constantFrom(0.3, 0.5),
    retryOn: fc.constantFrom(undefined, ["5xx", "timeout"], ["reset", "connect-failure"]),
    limit: fc.constantFrom(
      undefined,
      { budget: { retryRatio: 0.5, minRetriesPerSecond: 1 } },
      { throttling: { maxTokens: 4 }, shared: true },
    ),
    backoff: fc.record({
      base: fc.integer({ min: 1, max: 50 }).map((ms) => `${ms}ms`),
      jitter: fc.constantFrom(0, 0.5, "full", "decorrelated"),
    }),
  }),
  { nil: undefined },
);

const hedge = fc.option(
  fc.record({
    after: fc.oneof(
      fc.integer({ min: 0, max: 20 }).map((ms) => `${ms}ms`),
      fc.constantFrom("p50", "p99.9"),
    ),
    max: fc.constantFrom(1, 1, 2),
    losers: fc.constantFrom("cancel", "run-on"),
    tied: fc.boolean(),
  }),
  { nil: undefined, freq: 1 },
);

const circuitBreaker = fc.option(
  fc.constantFrom(
    { threshold: { failureThreshold: 2, resetTimeoutSeconds: 1 } },
    { resilience4j: { slidingWindowSize: 5, waitDurationInOpenStateMs: 500 }, shared: true },
  ),
  { nil: undefined, freq: 1 },
);

const fallback = fc.option(
  fc.constantFrom(
    { kind: "cached" },
    { kind: "default", steps: [{ work: "1ms" }] },
    { kind: "degraded", steps: [{ wait: "3ms" }, { query: "memory" }] },
  ),
  { nil: undefined, freq: 1 },
);

/** How a call is made. */
const bulkhead = fc.option(
  fc.constantFrom(
    { semaphore: { maxConcurrentCalls: 2 } },
    { semaphore: { maxConcurrentCalls: 4 }, shared: true },
  ),
  { nil: undefined, freq: 1 },
);
const settings = { timeout, deadline: timeout, retries, hedge, circuitBreaker, bulkhead };

const call = (index: number, services: number): fc.Arbitrary<unknown> =>
  fc
    .record({ service: fc.integer({ min: index + 1, max: services - 1 }), fallback, ...settings })
    .map((made) => ({ call: { ...made, service: serviceName(made.service), endpoint: "get" } }));

const query = fc
  .record({ datastore: fc.constantFrom("db", "memory"), fallback, ...settings })
  .map((made) => ({ query: made }));

function step(index: number, services: number, depth: number): fc.Arbitrary<unknown> {
  const simple = [
    time(20).map((work) => ({ work })),
    time(20).map((wait) => ({ wait })),
    query,
    ...(index + 1 < services ? [call(index, services)] : []),
  ];
  if (depth === 0) return fc.oneof(...simple);
  const steps = fc.array(step(index, services, depth - 1), { minLength: 1, maxLength: 2 });
  return fc.oneof(
    ...simple,
    fc.array(steps, { minLength: 1, maxLength: 3 }).map((parallel) => ({ parallel })),
    steps.map((taken) => ({ choose: [{ probability: 0.5, steps: taken }] })),
    fc.tuple(steps, steps).map(([hit, miss]) => ({ cache: { hits: 0.8, hit, miss } })),
  );
}

const steps = [
  { from: "0s", count: 3 },
  { from: "3s", count: 1 },
  { from: "5s", count: 4 },
];
const brief = { exponential: "300ms" };

/** Slots that are more than so many. */
const station = fc.constantFrom<ScenarioText>(
  {},
  {},
  { queue: { discipline: "lifo", patience: { exponential: "80ms" } } },
  { queue: { discipline: "priority", preemptive: true, capacity: 12 } },
  { breakdowns: { uptime: { exponential: "2s" }, repair: brief } },
  { setup: { time: brief, idle: "500ms" }, queue: { patience: "1s" } },
  { setup: { time: brief, waits: "server" } },
  { concurrency: { steps, drain: "requeue" } },
  { concurrency: steps, queue: { discipline: "priority" } },
);

const discipline: fc.Arbitrary<ScenarioText> = fc.oneof(
  fc
    .record({ concurrency: fc.integer({ min: 1, max: 8 }), more: station })
    .map(({ concurrency, more }) => ({ cpu: "fifo", concurrency, ...more })),
  fc.record({
    cpu: fc.constantFrom("processor-sharing", "event-loop"),
    quota: fc.constantFrom("even", "cfs"),
    concurrency: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    resources: fc.constantFrom(0.3, 1, 2).map((cpu) => ({
      requests: { cpu: "100m", memory: "64Mi" },
      limits: { cpu, memory: "64Mi" },
    })),
  }),
);

/** What stands before a service and what callers know of its replicas. */
const guarded = fc.record({
  dropExpired: fc.boolean(),
  rateLimiter: fc.constantFrom(
    undefined,
    undefined,
    { "token-bucket": { ratePerSecond: 20, burst: 3 } },
    { "token-bucket": { ratePerSecond: 5, burst: 2 }, shared: true, per: "user" },
  ),
  bulkhead: fc.constantFrom(
    undefined,
    undefined,
    { semaphore: { maxConcurrentCalls: 3 } },
    { semaphore: { maxConcurrentCalls: 2 }, shared: true, per: "user" },
  ),
  outlierDetection: fc.option(
    fc.constantFrom({ consecutive5xx: 2, intervalSeconds: 1, maxEjectionPercent: 50 }),
    { nil: undefined, freq: 1 },
  ),
});

const service = (index: number, services: number): fc.Arbitrary<ScenarioText> =>
  fc
    .record({
      served: discipline,
      queue: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
      asynchronous: fc.boolean(),
      guarded,
      balancer: fc.constantFrom(...["round-robin", "random", "least-request"], {
        "consistent-hash": { key: "user", boundedLoad: 1.5 },
      }),
      trafficDistribution: fc.constantFrom(undefined, undefined, "PreferClose"),
      slowStart: fc.constantFrom(undefined, undefined, "3s"),
      replicas: fc.integer({ min: 1, max: 3 }),
      startup: time(2000),
      probeWork: time(5),
      warmUp: fc.option(
        fc.constantFrom(
          { factor: 3, duration: "4s" },
          { factor: 1.5, duration: "9s", coldCaches: true },
        ),
        { nil: undefined },
      ),
      memory: fc.constantFrom(
        undefined,
        { base: "20Mi", perRequest: "1Mi", cache: { perRequest: "100Ki", max: "10Mi" } },
        { base: "20Mi", leakPerRequest: "300Ki" },
      ),
      terminationGracePeriodSeconds: fc.constantFrom(0, 1, 30),
      readinessProbe: fc.option(fc.constant({ initialDelaySeconds: 1, periodSeconds: 1 }), {
        nil: undefined,
      }),
      pool: fc.option(
        fc.record({ size: fc.integer({ min: 1, max: 3 }), acquireTimeout: timeout }),
        { nil: undefined },
      ),
      steps: fc.array(step(index, services, 2), { maxLength: 3 }),
      callsItself: fc.boolean(),
      errors: fc.constantFrom(0, 0.1),
    })
    .map(({ served, guarded: before, queue, pool, steps, callsItself, errors, ...rest }) => ({
      ...rest,
      ...served,
      ...before,
      ...(queue === undefined || "queue" in served || served["concurrency"] === undefined
        ? {}
        : { queue }),
      ...(pool === undefined ? {} : { pools: { db: pool } }),
      revisions: { v1: { errors } },
      endpoints: {
        // The timeout is the way out when all slots wait for a slot.
        get: callsItself
          ? [...steps, { call: { service: `${serviceName(index)} put`, timeout: "50ms" } }]
          : steps,
        put: [{ work: "2ms" }],
      },
    }));

const fault = (services: number): fc.Arbitrary<ScenarioText> =>
  fc
    .record({
      at: fc.integer({ min: 0, max: 9000 }),
      length: fc.integer({ min: 1, max: 3000 }),
      service: fc.integer({ min: 0, max: services - 1 }),
      effect: fc.constantFrom<ScenarioText>(
        { kill: true },
        { slow: 4 },
        { errors: 0.3 },
        { latency: { exponential: "20ms" } },
      ),
      replicas: fc.constantFrom("50%", 1, undefined),
    })
    .map(({ at, length, effect, replicas, ...where }) => ({
      at: `${at}ms`,
      ...("kill" in effect ? {} : { for: `${length}ms` }),
      service: serviceName(where.service),
      ...(replicas === undefined ? {} : { replicas }),
      ...effect,
    }));

const hpa = {
  minReplicas: 1,
  maxReplicas: 5,
  metrics: [
    {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } },
    },
  ],
  behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
};

/**
 * Systems of up to four services over two datastores, with everything that can be declared, under
 * ten seconds of traffic. Nothing arrives in the time after that.
 */
export const randomScenario: fc.Arbitrary<ScenarioText> = fc
  .integer({ min: 1, max: 4 })
  .chain((count) =>
    fc.record({
      seed: fc.nat(1_000_000),
      services: fc.tuple(...Array.from({ length: count }, (_, i) => service(i, count))),
      faults: fc.array(fault(count), { maxLength: 4 }),
      scaled: fc.integer({ min: -1, max: count - 1 }),
      isLinked: fc.boolean(),
      isSpread: fc.boolean(),
      rate: fc.integer({ min: 1, max: 40 }),
      arrivals: fc.constantFrom("poisson", "paced"),
      ...settings,
    }),
  )
  .map(({ seed, services, faults, scaled, isLinked, isSpread, rate, arrivals, ...client }) => ({
    seed,
    duration: "2000s",
    services: Object.fromEntries(services.map((made, i) => [serviceName(i), made])),
    datastores: {
      db: { concurrency: 2, queue: 10, time: { exponential: "5ms" } },
      memory: { concurrency: 8, time: "1ms" },
    },
    cluster: {
      nodes: [{ count: 2, cpu: 4, memory: "8Gi", zones: ["a", "b"] }],
      metrics: { scrapeInterval: "5s", window: "5s", lag: "1s" },
      endpointLag: "200ms",
      ...(isSpread ? { callerLag: { exponential: "100ms" } } : {}),
    },
    ...(isLinked ? { links: [{ from: "a", to: "b", latency: { exponential: "3ms" } }] } : {}),
    traffic: {
      users: {
        arrivals,
        rate: {
          steps: [
            { at: "0s", rate: `${rate}/s` },
            { at: "10s", rate: "0/s" },
          ],
        },
        call: "s0 get",
        population: { users: 5, tenants: { gold: 1, others: { weight: 3, priority: 1 } } },
        ...client,
      },
    },
    faults,
    policies: {
      set: scaled < 0 ? {} : { autoscalers: { [serviceName(scaled)]: { hpa } } },
    },
  }));
