import { present } from "../kernel/assert.ts";
import { digestText } from "../kernel/digest.ts";
import { toSeconds } from "../kernel/time.ts";
import type {
  ClaimResult,
  DelayChain,
  Estimate,
  PolicyResult,
  ReplicationResult,
  Result,
  WarmUpResult,
} from "../result/result.ts";
import type { Objective, Scenario } from "../scenario/scenario.ts";
import { paretoFront } from "../stats/pareto.ts";
import { quantileInterval, quantileRanks } from "../stats/quantileInterval.ts";
import { withBatchMeans } from "./batches.ts";
import { chainSettings } from "./chainSettings.ts";
import { comparisonsOf } from "./comparisons.ts";
import { drainWarnings } from "./drainWarnings.ts";
import { allKnown, estimate, estimateOrNull, percentEstimate } from "./estimate.ts";
import { metricOf } from "./metricOf.ts";
import { warmUpDoubt } from "./pilot.ts";
import type { ChainSample, ReplicationOutput } from "./replication.ts";
import { isMeasured, summariseTopics } from "./topics.ts";
import { unschedulableWarnings } from "./unschedulable.ts";
import { warningsOf } from "./warnings.ts";

export interface ExperimentIdentity {
  /** Version of peakday. */
  readonly version: string;
  /** The scenario's file as given, without a path to a machine. */
  readonly file: string;
  /** Digest of the scenario's text, overlays and settings included. */
  readonly scenarioDigest: string;
  /** Arguments of the command line that were laid over the file; absent, none. */
  readonly arguments?: readonly string[];
  /** How the warm-up was found; absent where it was given. */
  readonly warmUp?: WarmUpResult;
  readonly level: number;
}

/** The result of an experiment: `outputs[i]` are the replications of `scenarios[i]`. */
export function summarise({
  identity,
  scenarios,
  outputs,
  against,
}: {
  readonly identity: ExperimentIdentity;
  readonly scenarios: readonly Scenario[];
  readonly outputs: readonly (readonly ReplicationOutput[])[];
  /** Name of the policy set to compare with. */
  readonly against: string;
}): Result {
  const { level } = identity;
  const first = present(scenarios[0], "scenario");
  const policies = scenarios.map((scenario, i) => {
    const policy = policyResult(scenario, outputs[i]!, level);
    const batches = outputs[i]![0]?.batches ?? null;
    return batches === null ? policy : withBatchMeans(policy, batches, scenario, level);
  });
  const body: Omit<Result, "digest"> = {
    schema: "peakday/result",
    version: 1,
    world: "simulated",
    peakday: identity.version,
    scenario: describeScenario(first, identity),
    level,
    policies,
    comparisons: comparisonsOf(policies, against, level),
    front: frontOf(policies, first.objective),
    claims: claimsOf(scenarios, outputs, level),
    canary: null,
    warnings: [
      ...warmUpWarnings(identity),
      ...clusterWarnings(scenarios, outputs),
      ...warningsOf(policies, first.duration),
    ],
  };
  return sealed(body);
}

function warmUpWarnings({ warmUp }: ExperimentIdentity): readonly string[] {
  const doubt = warmUp === undefined ? null : warmUpDoubt(warmUp);
  return doubt === null ? [] : [doubt];
}

/**
 * An autoscaler without metrics holds, and a pod that fits nowhere waits, as in Kubernetes: nobody
 * would notice.
 */
function clusterWarnings(
  scenarios: readonly Scenario[],
  outputs: readonly (readonly ReplicationOutput[])[],
): readonly string[] {
  return scenarios.flatMap(({ policy }, index) => {
    const runs = outputs[index]!;
    const blind = runs[0]!.blind.map(
      ({ workload, reason }) =>
        `${policy.name}: the autoscaler of ${workload} never read a metric (${reason}).`,
    );
    const waiting = runs.map(({ unschedulable }) => unschedulable);
    return [
      ...blind,
      ...unschedulableWarnings(policy.name, waiting),
      ...drainWarnings(policy.name, runs),
    ];
  });
}

/** A result with the digest of everything that is in it. */
const sealed = (body: Omit<Result, "digest">): Result => ({
  ...body,
  digest: digestText(JSON.stringify(body)),
});

/** The result with parts of it replaced or added, and the digest of that. */
export function withParts(
  { digest: _, ...body }: Result,
  parts: Partial<Omit<Result, "digest">>,
): Result {
  return sealed({ ...body, ...parts });
}

function describeScenario(scenario: Scenario, identity: ExperimentIdentity): Result["scenario"] {
  return {
    name: scenario.name,
    title: scenario.title,
    file: identity.file,
    digest: identity.scenarioDigest,
    arguments: [...(identity.arguments ?? [])],
    seed: scenario.seed,
    durationSeconds: toSeconds(scenario.duration),
    warmUpSeconds: toSeconds(scenario.warmUp),
    ...(identity.warmUp === undefined ? {} : { warmUp: identity.warmUp }),
    arrivals: [
      ...scenario.traffic.map((traffic) =>
        traffic.kind === "open"
          ? `${traffic.name}: open, ${traffic.arrivals}`
          : `${traffic.name}: closed, ${traffic.users} users`,
      ),
      ...scenario.topics.flatMap(({ name, producers }) =>
        producers.map((one) =>
          one.kind === "batch"
            ? `${name}/${one.name}: a batch of ${one.count}`
            : `${name}/${one.name}: a stream, ${one.arrivals}`,
        ),
      ),
    ].join("; "),
    objective: scenario.objective.map(({ metric, limit }) => ({
      metric,
      limit,
      unit: unitOf(metric),
    })),
    notes: scenario.notes.map((note) => ({ ...note })),
  };
}

const unitOf = (metric: Objective["metric"]): "ms" | "%" =>
  metric === "failed" || metric === "missed" ? "%" : "ms";

function policyResult(
  scenario: Scenario,
  outputs: readonly ReplicationOutput[],
  level: number,
): PolicyResult {
  const replications = outputs.map(({ result }) => result);
  const first = present(outputs[0], "replication");
  const checks = scenario.objective.map(({ metric, limit }) => {
    const estimated = unitOf(metric) === "%" ? percentEstimate : estimate;
    const value = estimateOrNull(replications.map(metricOf(metric)), level, estimated);
    return {
      metric,
      limit,
      unit: unitOf(metric),
      value,
      held: value !== null && value.mean < limit,
    };
  });
  const heldIn = replications.filter(({ held }) => held).length;
  return {
    name: scenario.policy.name,
    about: scenario.policy.about,
    replications,
    metrics: metricsOf(replications, scenario, level),
    ...medianRunOf(replications, level),
    objective: {
      // Without a request nothing failed, and nothing is known.
      held: replications.some(isMeasured) && checks.every(({ held }) => held),
      heldIn,
      of: replications.length,
      checks,
    },
    failures: totalFailures(replications),
    timeline: present(first.timeline, "timeline of the first replication"),
    decisions: [...first.decisions],
    delayChains: delayChainsOf(scenario, outputs, level),
    timeSpent: first.timeSpent,
    bottleneck: first.bottleneck,
    replicas: first.replicas.map(({ service }, index) => ({
      service,
      mean: meanOf(outputs.map(({ replicas }) => replicas[index]!.mean)),
      min: Math.min(...outputs.map(({ replicas }) => replicas[index]!.min)),
      max: Math.max(...outputs.map(({ replicas }) => replicas[index]!.max)),
    })),
    rollouts: [...first.rollouts],
    ...summariseTopics(replications, level),
  };
}

function metricsOf(
  replications: readonly ReplicationResult[],
  scenario: Scenario,
  level: number,
): PolicyResult["metrics"] {
  const of = (read: (result: ReplicationResult) => number): Estimate =>
    estimate(replications.map(read), level);
  const orNull = (read: (result: ReplicationResult) => number | null): Estimate | null =>
    estimateOrNull(replications.map(read), level);
  const duration = toSeconds(scenario.duration);
  return {
    p50Ms: orNull(metricOf("p50")),
    p95Ms: orNull(metricOf("p95")),
    p99Ms: orNull(metricOf("p99")),
    meanMs: orNull(metricOf("mean")),
    failedPercent: percentEstimate(
      replications.map(({ failedPercent }) => failedPercent),
      level,
    ),
    requests: of((result) => result.requests),
    throughputRps: of((result) => result.completed / duration),
    costUsd: orNull((result) => result.costUsd),
    replicaHours: of((result) => result.replicaHours),
  };
}

/** Nothing where there are too few replications. */
function medianRunOf(
  replications: readonly ReplicationResult[],
  level: number,
): Pick<PolicyResult, "medianRun"> {
  if (quantileRanks({ n: replications.length, q: 0.5, level }) === null) return {};
  const of = (metric: "p95" | "p99") => {
    const samples = allKnown(replications.map(metricOf(metric)));
    if (samples === null) return null;
    const { value, low, high } = quantileInterval({ samples, q: 0.5, level });
    return { median: value, low: present(low, "low"), high: present(high, "high") };
  };
  return { medianRun: { p95Ms: of("p95"), p99Ms: of("p99") } };
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function totalFailures(replications: readonly ReplicationResult[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const { failures } of replications) {
    for (const [reason, count] of Object.entries(failures)) {
      totals[reason] = (totals[reason] ?? 0) + count;
    }
  }
  return totals;
}

/** Means over the replications that had such a reaction; so the links still add up to the whole. */
function delayChainsOf(
  scenario: Scenario,
  outputs: readonly ReplicationOutput[],
  level: number,
): DelayChain[] {
  const workloads = [...new Set(outputs.flatMap(({ chains }) => chains.map((c) => c.workload)))];
  return workloads.map((workload) => {
    const chains = outputs.flatMap((output) =>
      output.chains.filter((chain) => chain.workload === workload),
    );
    const settings = chainSettings(scenario, workload);
    const links = linksOfAll(chains).map(({ link, group }) => ({
      link,
      group,
      seconds: toSeconds(meanOf(chains.map((chain) => microsOf(chain, link)))),
      setting: settings[link] ?? "",
      halvedWholeSeconds: null,
    }));
    const wholes = chains.map((chain) =>
      toSeconds(chain.links.reduce((sum, { micros }) => sum + micros, 0)),
    );
    return {
      service: workload,
      n: chains.length,
      startSeconds: meanOf(chains.map(({ startSeconds }) => startSeconds)),
      wholeSeconds: estimate(wholes, level),
      links,
    };
  });
}

/** In their order in time: those of the longest list, for the others lack some of them. */
const linksOfAll = (chains: readonly ChainSample[]): ChainSample["links"] =>
  chains.reduce(
    (most: ChainSample["links"], { links }) => (links.length > most.length ? links : most),
    [],
  );

const microsOf = ({ links }: ChainSample, name: string): number =>
  links.find(({ link }) => link === name)?.micros ?? 0;

/**
 * Names of the policies that no other beats in cost and in the objective's first latency metric
 * (p95 if none).
 */
function frontOf(policies: readonly PolicyResult[], objective: readonly Objective[]): string[] {
  const metric = objective.find((entry) => entry.metric !== "failed")?.metric ?? "p95";
  const points = policies.map((policy) => ({
    cost: policy.metrics.costUsd?.mean ?? 0,
    objective: meanOf(
      policy.replications.map((result) => metricOf(metric)(result) ?? Number.POSITIVE_INFINITY),
    ),
  }));
  return paretoFront(points).map((index) => policies[index]!.name);
}

function claimsOf(
  scenarios: readonly Scenario[],
  outputs: readonly (readonly ReplicationOutput[])[],
  level: number,
): ClaimResult[] {
  const { claims } = scenarios[0]!;
  return claims.map((claim, index) => ({
    text: claim.text,
    service: claim.workload,
    from: claim.from,
    to: claim.to,
    withinSeconds: toSeconds(claim.within),
    startSeconds: outputs[0]![0]!.claims[index]?.startSeconds ?? null,
    policies: scenarios.map((scenario, policy) => {
      const samples = outputs[policy]!.map((output) => output.claims[index]!.seconds);
      const reached = samples.filter((seconds) => seconds !== null);
      const seconds = reached.length === 0 ? null : estimate(reached, level);
      return {
        policy: scenario.policy.name,
        seconds,
        reachedIn: reached.length,
        kept:
          reached.length === samples.length &&
          reached.every((time) => time <= toSeconds(claim.within)),
      };
    }),
  }));
}
