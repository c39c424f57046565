import type {
  CanaryResult,
  Comparison,
  Decision,
  DelayChain,
  Estimate,
  LatencySummary,
  PairedDifference,
  PolicyResult,
  ReplicationResult,
  Result,
  RolloutOutcome,
  Timeline,
} from "../../sim/result/result.ts";

/** A fixture: every number here is made up, smooth enough to look like a run of Black Friday. */
export interface SampleOptions {
  readonly n?: number;
  readonly policies?: readonly SamplePolicy[];
  readonly canary?: boolean;
}

export type SamplePolicy = "scheduled" | "fixed-50" | "hpa-100-percent" | "hpa-as-documented";

const POLICIES: readonly SamplePolicy[] = [
  "hpa-as-documented",
  "hpa-100-percent",
  "scheduled",
  "fixed-50",
];
const BINS = 180;
const BIN_SECONDS = 10;
const RPS_PER_REPLICA = 100;

/** Seconds from which the replicas are ready, and how many. */
const READY: Record<SamplePolicy, readonly (readonly [number, number])[]> = {
  "hpa-as-documented": [
    [0, 10],
    ...Array.from({ length: 16 }, (_, i): [number, number] => [
      420 + Math.floor(i / 2) * 60 + (i % 2) * 15,
      Math.min(50, 10 + Math.ceil(((i + 1) * 5) / 2)),
    ]),
  ],
  "hpa-100-percent": [
    [0, 10],
    [420, 13],
    [430, 20],
    [480, 32],
    [560, 46],
    [640, 50],
  ],
  scheduled: [
    [0, 10],
    [150, 50],
  ],
  "fixed-50": [[0, 50]],
};

const DEMAND_START = 300;

function wobble(index: number): number {
  return ((index * 7919) % 97) / 97 - 0.5;
}

function trafficAt(seconds: number): number {
  if (seconds < DEMAND_START) return 340;
  const rise = Math.min(1, (seconds - DEMAND_START) / 120);
  const fall = seconds < 900 ? 1 : 1 / (1 + (seconds - 900) / 400);
  return 340 + 3860 * rise * fall;
}

function readyAt(policy: SamplePolicy, seconds: number): number {
  const steps = READY[policy].filter(([from]) => from <= seconds);
  const ready = steps.at(-1)?.[1] ?? 0;
  const lost = seconds >= 660 && seconds < 780 ? 4 : 0;
  return ready > 20 ? ready - lost : ready;
}

function timelineOf(policy: SamplePolicy): Timeline {
  const bins = Array.from({ length: BINS }, (_, index) => {
    const seconds = index * BIN_SECONDS;
    const rps = trafficAt(seconds) * (1 + 0.04 * wobble(index));
    const ready = readyAt(policy, seconds);
    const capacity = ready * RPS_PER_REPLICA;
    const load = rps / capacity;
    const full = Math.max(0, 1 - 1 / load) * 0.97;
    const p95 =
      load > 1 ? 1880 + 30 * wobble(index + 3) : (55 + 10 * wobble(index)) / (1.15 - load);
    return { seconds, rps, ready, capacity, full, p95 };
  });
  const created = bins.map((bin) => Math.min(50, readyAt(policy, bin.seconds + 40)));
  const killed = bins.map((bin) => (bin.seconds === 660 ? 130 : 0));
  return {
    replication: 0,
    binSeconds: BIN_SECONDS,
    arrivalsRps: bins.map((bin) => bin.rps),
    completedRps: bins.map((bin) => bin.rps * (1 - bin.full)),
    failures: {
      "queue-full": bins.map((bin) => Math.round(bin.rps * bin.full * BIN_SECONDS * 0.94)),
      timeout: bins.map((bin) => Math.round(bin.rps * bin.full * BIN_SECONDS * 0.06)),
      killed,
    },
    p50Ms: bins.map((bin) => bin.p95 * (bin.full > 0 ? 0.9 : 0.45)),
    p95Ms: bins.map((bin) => bin.p95),
    p99Ms: bins.map((bin) => bin.p95 * (bin.full > 0 ? 1.03 : 1.4)),
    services: [
      {
        service: "product",
        wanted: bins.map((bin) => Math.min(50, readyAt(policy, bin.seconds + 60))),
        created,
        ready: bins.map((bin) => bin.ready),
        capacityRps: bins.map((bin) => bin.capacity),
        cpuCores: bins.map((bin) => Math.min(bin.ready, bin.rps / RPS_PER_REPLICA)),
        arrivalsRps: bins.map((bin) => bin.rps),
        failedPercent: bins.map((bin) => 100 * bin.full),
        meanQueueMs: bins.map((bin) => bin.p95 / 2),
      },
      {
        service: "cache",
        wanted: bins.map(() => null),
        created: bins.map(() => null),
        ready: bins.map(() => 3),
        capacityRps: bins.map(() => null),
        cpuCores: bins.map(() => null),
        arrivalsRps: bins.map((bin) => bin.rps * 0.9),
        failedPercent: bins.map(() => 0),
        meanQueueMs: bins.map(() => null),
      },
    ],
  };
}

function decisionsOf(policy: SamplePolicy): readonly Decision[] {
  const steps = READY[policy].slice(1);
  const scales = steps.map(([ready, to], index): Decision => {
    const from = READY[policy][index]?.[1] ?? 10;
    const limited = policy === "hpa-as-documented" && to < 50;
    return {
      timeSeconds: ready - 60,
      controller: policy === "scheduled" ? "scheduled" : "horizontal-pod-autoscaler",
      subject: "product",
      kind: "scale",
      reason: limited ? "ScaleUpLimit" : "SucceededRescale",
      message: limited
        ? `cpu 200 % of request, target 70 %: wants 50, limited to ${to} by 5 pods per 60 s`
        : "cpu 200 % of request, target 70 %",
      from,
      to,
    };
  });
  const fault = (timeSeconds: number, reason: string, message: string): Decision => ({
    timeSeconds,
    controller: "fault-schedule",
    subject: "product",
    kind: "fault",
    reason,
    message,
    from: null,
    to: null,
  });
  const faults = [
    fault(660, "every tenth pod dies", "kill begins"),
    fault(1020, "the cache is slow", "slow begins"),
    fault(1080, "the cache is slow", "slow ends"),
  ];
  return [...scales, ...faults].toSorted((a, b) => a.timeSeconds - b.timeSeconds);
}

function estimate(mean: number, half: number, n: number): Estimate {
  return n < 2
    ? { mean, low: null, high: null, n }
    : { mean, low: mean - half, high: mean + half, n };
}

interface Figures {
  readonly about: string;
  readonly p95: number;
  readonly p99: number;
  readonly failed: number;
  readonly cost: number;
  readonly hours: number;
  readonly half: number;
}

const FIGURES: Record<SamplePolicy, Figures> = {
  scheduled: {
    about: "50 replicas from 2 minutes before the sale",
    ...{ p95: 86, p99: 123, failed: 0.05, cost: 1.25, hours: 24.1, half: 5 },
  },
  "fixed-50": {
    about: "50 replicas all the time",
    ...{ p95: 86.2, p99: 122, failed: 0.05, cost: 1.3, hours: 25, half: 5 },
  },
  "hpa-100-percent": {
    about: "doubles each minute",
    ...{ p95: 1720, p99: 1890, failed: 7.6, cost: 1.03, hours: 19.9, half: 8 },
  },
  "hpa-as-documented": {
    about: "5 pods a minute after a window of 60 s",
    ...{ p95: 1825, p99: 1939, failed: 15.9, cost: 0.95, hours: 18.2, half: 4 },
  },
};

const LINKS: readonly (readonly [string, DelayChain["links"][number]["group"], number, string])[] =
  [
    ["scrape", "seeing", 3.9, "scrape_interval: 15s"],
    ["averaging window", "seeing", 6.6, "metrics-server window: 30s"],
    ["HPA sync", "seeing", 4.1, "horizontal-pod-autoscaler-sync-period: 15s"],
    ["stabilization", "deciding", 60, "behavior.scaleUp.stabilizationWindowSeconds: 60"],
    ["policy limit", "deciding", 337.5, "behavior.scaleUp.policies"],
    ["schedule", "bringing-up", 1, "kube-scheduler"],
    ["node", "bringing-up", 72.5, "node autoscaler: scan 10s, provision 60–80s"],
    ["image pull", "bringing-up", 10.7, "image 180 MB, 20 MB/s on a cold node"],
    ["start", "bringing-up", 7.4, "container start to listening"],
    ["readiness probe", "bringing-up", 7.1, "readinessProbe 5s/5s"],
    ["endpoint", "bringing-up", 1.7, "kube-proxy, endpoint propagation"],
  ];

function chainsOf(policy: SamplePolicy, n: number): DelayChain[] {
  if (policy === "scheduled" || policy === "fixed-50") return [];
  const limit = policy === "hpa-as-documented" ? 337.5 : 105.6;
  const links = LINKS.map(([link, group, seconds, setting]) => ({
    link,
    group,
    seconds: link === "policy limit" ? limit : seconds,
    setting,
    halvedWholeSeconds: null,
  }));
  const whole = links.reduce((sum, link) => sum + link.seconds, 0);
  return [{ service: "product", n, startSeconds: 320, wholeSeconds: estimate(whole, 4, n), links }];
}

export function sampleRollout(kind: "healthy" | "bug" | "late"): RolloutOutcome {
  const stage = (percent: number, startSeconds: number, failures: number) => ({
    percent,
    startSeconds,
    requests: percent * 100,
    failures,
  });
  const percents = [1, 5, 10, 25, 50, 100];
  const common = { workload: "checkout", revision: "v2", policy: "staged-canary" };
  if (kind === "healthy") {
    return {
      ...common,
      outcome: "promoted",
      reason: "StagePassed",
      endSeconds: 360,
      stages: percents.map((percent, index) => stage(percent, index * 60, percent)),
      usersHurt: 0,
    };
  }
  const reached = kind === "bug" ? 1 : 4;
  return {
    ...common,
    outcome: "rolled-back",
    reason: kind === "bug" ? "error rate 4.9 % is above 1 %" : "error rate 6 % is above 1 %",
    endSeconds: kind === "bug" ? 50 : 220,
    stages: percents.slice(0, reached).map((percent, index) => stage(percent, index * 60, 5)),
    usersHurt: kind === "bug" ? 5 : 8,
  };
}

const REQUESTS = 4_100_000;

function isLate(name: SamplePolicy): boolean {
  return name.startsWith("hpa");
}

function latencyOf({ p95, p99 }: Figures): LatencySummary {
  const [meanMs, p50Ms] = [p95 / 2, p95 / 2.2];
  return { meanMs, p50Ms, p95Ms: p95, p99Ms: p99, p999Ms: p99 * 1.02, maxMs: p99 * 1.05 };
}

function replicationOf(name: SamplePolicy, replication: number): ReplicationResult {
  const figures = FIGURES[name];
  const failed = Math.round((REQUESTS * figures.failed) / 100);
  return {
    replication,
    digest: `9f3c51e07ab2d8${String(replication).padStart(2, "0")}`,
    requests: REQUESTS,
    completed: REQUESTS - failed - 12,
    failed,
    inFlight: 12,
    dropped: 0,
    failures: { "queue-full": failed },
    latency: latencyOf(figures),
    failedPercent: figures.failed,
    replicaHours: figures.hours,
    costUsd: figures.cost,
    held: figures.p95 < 300,
    worstMinute: isLate(name)
      ? { startSeconds: 540, p95Ms: 1931, failedPercent: 71.1 }
      : { startSeconds: 720, p95Ms: 247, failedPercent: 0.5 },
  };
}

function metricsOf(name: SamplePolicy, n: number): PolicyResult["metrics"] {
  const { p95, p99, failed, cost, hours, half } = FIGURES[name];
  return {
    p50Ms: estimate(p95 / 2.2, half, n),
    p95Ms: estimate(p95, half, n),
    p99Ms: estimate(p99, half * 2, n),
    meanMs: estimate(p95 / 2, half, n),
    failedPercent: estimate(failed, failed * 0.06, n),
    requests: estimate(REQUESTS, 210, n),
    throughputRps: estimate(REQUESTS / 1800, 0.1, n),
    costUsd: estimate(cost, isLate(name) ? 0.004 : 0.001, n),
    replicaHours: estimate(hours, 0.1, n),
  };
}

function objectiveOf(name: SamplePolicy, n: number): PolicyResult["objective"] {
  const { p95Ms, failedPercent } = metricsOf(name, n);
  const held = FIGURES[name].p95 < 300;
  return {
    held,
    heldIn: held ? n : 0,
    of: n,
    checks: [
      { metric: "p95", limit: 300, unit: "ms", value: p95Ms, held },
      { metric: "failed", limit: 0.1, unit: "%", value: failedPercent, held },
    ],
  };
}

function policyOf(name: SamplePolicy, n: number): PolicyResult {
  const figures = FIGURES[name];
  const timeline = timelineOf(name);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  const spent = isLate(name)
    ? { startSeconds: 540, queueMs: 1622, serviceMs: 20, downstreamMs: 19, totalMs: 1661 }
    : { startSeconds: 720, queueMs: 62, serviceMs: 17, downstreamMs: 19, totalMs: 98 };
  return {
    name,
    about: figures.about,
    replications: Array.from({ length: n }, (_, replication) => replicationOf(name, replication)),
    metrics: metricsOf(name, n),
    objective: objectiveOf(name, n),
    failures: Object.fromEntries(
      Object.entries(timeline.failures).map(([reason, counts]) => [reason, n * sum(counts)]),
    ),
    timeline,
    decisions: [...decisionsOf(name)],
    delayChains: chainsOf(name, n),
    timeSpent: { service: "product", ...spent },
    bottleneck: { resource: "cpu", service: "product", busyPercent: 99.6, startSeconds: 540 },
    replicas: [{ service: "product", mean: figures.hours * 2, min: 10, max: 50 }],
    rollouts: [],
  };
}

function paired(mean: number, half: number, n: number): PairedDifference {
  if (n < 2) return { mean, low: null, high: null, n, verdict: "no difference shown" };
  const verdict = Math.abs(mean) <= half ? "no difference shown" : mean < 0 ? "better" : "worse";
  return { mean, low: mean - half, high: mean + half, n, verdict };
}

function compare(name: SamplePolicy, against: SamplePolicy, n: number): Comparison {
  const [a, b] = [FIGURES[name], FIGURES[against]];
  return {
    policy: name,
    against,
    differences: {
      p95Ms: paired(a.p95 - b.p95, 4, n),
      p99Ms: paired(a.p99 - b.p99, 11, n),
      failedPercent: paired(a.failed - b.failed, 0.9, n),
      costUsd: paired(a.cost - b.cost, 0.004, n),
    },
  };
}

const CANARY_SHARES = [0.0025, 0.005, 0.01, 0.02, 0.05];
const CANARY_GRID: readonly (readonly [string, number, readonly number[], number])[] = [
  ["as given", 10, [42, 67, 92, 100, 100], 25],
  ["as given", 50, [57, 86, 100, 100, 100], 5],
  ["as given", 200, [34, 77, 100, 100, 100], 1],
  ["as given", 1000, [13, 43, 100, 100, 100], 1],
  ["minimum sample 1000", 200, [0, 5, 97, 100, 100], 10],
];

export function sampleCanary(): CanaryResult {
  return {
    policy: "staged-canary",
    stagesPercent: [1, 5, 10, 25, 50, 100],
    stageSeconds: 60,
    healthyErrorShare: 0.005,
    cells: CANARY_GRID.flatMap(([variant, trafficRps, percents, stagePercent]) =>
      CANARY_SHARES.map((errorShare, index) => {
        const percent = percents[index] ?? 0;
        return {
          variant,
          trafficRps,
          errorShare,
          latencyFactor: 1,
          rollouts: 1500,
          rolledBack: percent * 15,
          share: {
            mean: percent / 100,
            low: Math.max(0, percent / 100 - 0.025),
            high: Math.min(1, percent / 100 + 0.025),
            n: 1500,
          },
          stagePercent: percent === 0 ? null : stagePercent,
          detectionSeconds: percent === 0 ? null : estimate(50, 2, 1500),
          usersHurt: estimate(5, 1, 1500),
          example: sampleRollout(
            errorShare < 0.01 && percent < 50 ? "healthy" : trafficRps === 10 ? "late" : "bug",
          ),
        };
      }),
    ),
  };
}

function claimOf(names: readonly SamplePolicy[], n: number): Result["claims"] {
  const seconds: Record<SamplePolicy, number> = {
    "hpa-as-documented": 621,
    "hpa-100-percent": 315,
    scheduled: 0,
    "fixed-50": 0,
  };
  return [
    {
      text: "10 → 50 pods in 2 minutes",
      service: "product",
      from: 10,
      to: 50,
      withinSeconds: 120,
      startSeconds: 320,
      policies: names.map((policy) => ({
        policy,
        seconds: estimate(seconds[policy], seconds[policy] === 0 ? 0 : 3, n),
        reachedIn: n,
        kept: seconds[policy] <= 120,
      })),
    },
  ];
}

/** A result that `resultSchema` accepts. */
export function sampleResult(options: SampleOptions = {}): Result {
  const { n = 20, policies = POLICIES, canary = false } = options;
  const baseline = policies.at(0) ?? "hpa-as-documented";
  const others = policies.slice(1);
  const front = policies.filter((name) => name !== "fixed-50");
  return {
    schema: "peakday/result",
    version: 1,
    world: "simulated",
    peakday: "0.1.0",
    scenario: {
      name: "black-friday",
      title: "Black Friday, product service",
      file: "scenarios/black-friday.yaml",
      digest: "0123456789abcdef",
      arguments: [],
      seed: 20261127,
      durationSeconds: BINS * BIN_SECONDS,
      warmUpSeconds: 300,
      arrivals: "open, Poisson",
      objective: [
        { metric: "p95", limit: 300, unit: "ms" },
        { metric: "failed", limit: 0.1, unit: "%" },
      ],
      notes: [
        { line: 12, kind: "fact", text: "50 000 orders a minute at the peak." },
        { line: 41, kind: "assumed", text: "10 ms CPU per product request." },
        { line: 48, kind: "assumed", text: "Callers give up after 2 s; retries: none." },
        { line: 66, kind: "assumed", text: "Room for 32 replicas on the nodes present." },
      ],
    },
    level: 0.95,
    policies: policies.map((name) => policyOf(name, n)),
    comparisons: [
      ...others.map((name) => compare(name, baseline, n)),
      ...(policies.includes("scheduled") &&
      policies.includes("fixed-50") &&
      baseline !== "scheduled"
        ? [compare("scheduled", "fixed-50", n)]
        : []),
    ],
    front: [...front],
    claims: claimOf(policies, n),
    canary: canary ? sampleCanary() : null,
    warnings: n < 5 ? ["one replication shows no spread: run at least 5"] : [],
    digest: "9f3c51e07ab2d864",
  };
}
