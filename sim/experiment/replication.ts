import { requestsOf } from "../cluster/clusterSpec.ts";
import { workloadIndex } from "../cluster/workload.ts";
import type { ReleaseProgress } from "../control/templateReleases.ts";
import { FALLBACK_KINDS } from "../dataplane/callSpec.ts";
import { FAILURE_REASONS } from "../dataplane/failure.ts";
import { assert, InvariantError } from "../kernel/assert.ts";
import { micros, seconds, toMillis, toSeconds } from "../kernel/time.ts";
import type { PolicyRegistry } from "../policy/index.ts";
import type { Recorder } from "../result/recorder.ts";
import type {
  Decision,
  ReplicationResult,
  RolloutOutcome,
  Timeline,
  TimeSpent,
} from "../result/result.ts";
import { Model, type ModelSnapshot } from "../scenario/build/model.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { type Batch, BatchObserver } from "./batches.ts";
import { lookUp } from "./chainSettings.ts";
import { type ChainLink, delayChain } from "./delayChain.ts";
import { demandOf } from "./demand.ts";
import { dependencyResults } from "./dependencyResults.ts";
import { OwnPolicyError } from "./ownPolicies.ts";
import { repeatedCalls } from "./repeatedCalls.ts";
import { stationResults } from "./stationResults.ts";
import { bottleneckOf, timelineOf, timeSpentOf, worstMinute } from "./timeline.ts";
import { missedPercent, topicResults } from "./topics.ts";
import { type UnschedulablePods, unschedulablePods } from "./unschedulable.ts";

/**
 * One run of one policy set: the unit of work of every experiment. Plain data, so that it can cross
 * threads.
 */
export interface ReplicationTask {
  readonly scenario: Scenario;
  readonly replication: number;
  /** Whether the timeline and the decisions are wanted. */
  readonly detail: boolean;
  /** Start from here instead of from nothing. */
  readonly from: ModelSnapshot | null;
  /** Nothing after the rollouts is wanted: the run may end with the last of them. */
  readonly untilRolloutsEnd?: boolean;
  /** Cut the measured time into so many batches. */
  readonly batches?: number;
}

export interface ChainSample {
  readonly workload: string;
  readonly startSeconds: number;
  readonly links: readonly ChainLink[];
}

export interface ClaimSample {
  /** When the demand exceeded what `from` replicas hold; null when it never did. */
  readonly startSeconds: number | null;
  /** From then until `to` replicas were known to callers; negative when they were before. */
  readonly seconds: number | null;
}

export interface ReplicationOutput {
  readonly result: ReplicationResult;
  readonly timeline: Timeline | null;
  readonly decisions: readonly Decision[];
  readonly chains: readonly ChainSample[];
  readonly claims: readonly ClaimSample[];
  readonly timeSpent: TimeSpent | null;
  readonly bottleneck: ReturnType<typeof bottleneckOf>;
  readonly replicas: readonly {
    readonly service: string;
    readonly mean: number;
    readonly min: number;
    readonly max: number;
  }[];
  readonly rollouts: readonly RolloutOutcome[];
  /** Autoscalers that could read no metric in the whole run, and why. */
  readonly blind: readonly { readonly workload: string; readonly reason: string }[];
  readonly unschedulable: readonly UnschedulablePods[];
  /** Drains that disruption budgets kept from emptying their nodes. */
  readonly blockedDrains: Model["cluster"]["blockedDrains"];
  /** Only where the task asks for them. */
  readonly batches: readonly Batch[] | null;
  /** Model events that were carried out. */
  readonly events: number;
}

/** What ended a replication before its time, and where it was: plain data, to cross threads. */
export interface ReplicationFailure {
  readonly policySet: string;
  readonly seed: number;
  readonly replication: number;
  /** Of the measured time, so negative in the warm-up; null before the run began. */
  readonly timeSeconds: number | null;
  /** An invariant of ours, a policy of the user's own, or anything else. */
  readonly kind: "invariant" | "own policy" | "unexpected";
  /** Of a user's own policy: its name and the method that failed. */
  readonly ownPolicy: { readonly name: string; readonly method: string } | null;
  readonly message: string;
  readonly stack: string;
}

export class ReplicationError extends Error {
  override readonly name = "ReplicationError";
  readonly failure: ReplicationFailure;

  constructor(failure: ReplicationFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Simulated at a time, so that whoever drives the slices can stop in between. */
const SLICE = seconds(10);

/**
 * A replication in slices of virtual time; the same output however it is driven. Throws a
 * `ReplicationError` for whatever goes wrong in it.
 */
export function* replicationSlices(
  task: ReplicationTask,
  registry: PolicyRegistry,
): Generator<void, ReplicationOutput, void> {
  const { scenario, replication } = task;
  let model: Model | null = null;
  try {
    model = new Model({ scenario, replication, registry });
    if (task.from !== null) model.restore(task.from);
    if (task.untilRolloutsEnd === true) model.runUntilRolloutsEnd();
    else {
      const batches = task.batches === undefined ? null : new BatchObserver(model, task.batches);
      do {
        const slice = micros(model.simulation.now + SLICE);
        model.run(batches?.until(slice) ?? slice);
        batches?.look();
        yield;
      } while (model.simulation.now < model.end);
      if (batches !== null) {
        return { ...summariseModel(model, replication, task.detail), batches: batches.batches };
      }
    }
    return summariseModel(model, replication, task.detail);
  } catch (error) {
    throw new ReplicationError(failureOf(error, task, model));
  }
}

export function runReplication(task: ReplicationTask, registry: PolicyRegistry): ReplicationOutput {
  const slices = replicationSlices(task, registry);
  for (;;) {
    const { done, value } = slices.next();
    if (done === true) return value;
  }
}

function failureOf(error: unknown, task: ReplicationTask, model: Model | null): ReplicationFailure {
  const own = error instanceof OwnPolicyError ? error : null;
  // What a policy gave back wrongly happened in no place of its own.
  const origin = own === null ? error : (own.cause ?? own.message);
  const { policy, seed, warmUp } = task.scenario;
  const kind = error instanceof InvariantError ? "invariant" : "unexpected";
  return {
    policySet: policy.name,
    seed,
    replication: task.replication,
    timeSeconds: model === null ? null : toSeconds(model.simulation.now - warmUp),
    kind: own === null ? kind : "own policy",
    ownPolicy: own === null ? null : { name: own.policy, method: own.method },
    message: error instanceof Error ? error.message : String(error),
    stack: origin instanceof Error ? (origin.stack ?? origin.message) : String(origin),
  };
}

/** Reads everything that a result needs off a model that has come to its end. */
export function summariseModel(
  model: Model,
  replication: number,
  detail: boolean,
): ReplicationOutput {
  return {
    result: replicationResult(model, replication),
    timeline: detail ? timelineOf(model, replication) : null,
    decisions: detail ? decisionsOf(model) : [],
    chains: chainsOf(model),
    claims: claimsOf(model),
    timeSpent: timeSpentOf(model),
    bottleneck: bottleneckOf(model),
    replicas: replicasOf(model),
    rollouts: [...rolloutsOf(model), ...releasesOf(model)],
    blind: blindAutoscalers(model),
    unschedulable: unschedulablePods(model),
    blockedDrains: model.cluster.blockedDrains,
    batches: null,
    events: model.simulation.events,
  };
}

function replicationResult(model: Model, replication: number): ReplicationResult {
  const { recorder, scenario } = model;
  const { requests, completed, degraded, failed, latency } = recorder;
  const inFlight = model.plane.countInFlight();
  assert(
    requests === completed + degraded + failed + inFlight,
    `${requests} arrivals, ${completed} completed, ${degraded} degraded, ${failed} failed, ` +
      `${inFlight} in flight`,
  );
  const failures: Record<string, number> = {};
  recorder.failuresByReason.forEach((count, reason) => {
    if (count > 0) failures[FAILURE_REASONS[reason]!] = count;
  });
  const failedPercent = requests === 0 ? 0 : (failed / requests) * 100;
  const summary = latencySummary(latency);
  const bill = billOf(model);
  const topics = topicResults(model);
  const missed = missedPercent(topics);
  return {
    replication,
    digest: model.simulation.digest.hex(),
    requests,
    completed,
    failed,
    inFlight,
    dropped: 0,
    failures,
    ...degradedOf(recorder),
    ...repeatedCalls(model),
    ...stationResults(model),
    ...dependencyResults(model),
    latency: summary,
    failedPercent,
    replicaHours: bill.replicaHours,
    costUsd: bill.costUsd,
    held: scenario.objective.every(({ metric, limit }) => {
      if (metric === "failed") return failedPercent < limit;
      if (metric === "missed") return missed !== null && missed < limit;
      // Nothing answered at all holds no latency objective.
      return summary !== null && summary[`${metric}Ms`] < limit;
    }),
    worstMinute: worstMinute(recorder),
    ...topics,
  };
}

/** Requests whose answer has a part that stood in for one that failed, by its kind; if any. */
function degradedOf({ degradedByKind }: Recorder): Pick<ReplicationResult, "degraded"> {
  const counts = degradedByKind.map((count, kind) => [FALLBACK_KINDS[kind]!, count] as const);
  const some = counts.filter(([, count]) => count > 0);
  return some.length === 0 ? {} : { degraded: Object.fromEntries(some) };
}

function latencySummary(latency: Model["recorder"]["latency"]): ReplicationResult["latency"] {
  if (latency.count === 0) return null;
  const quantile = (q: number): number => toMillis(latency.quantile(q) ?? 0);
  return {
    meanMs: toMillis(latency.mean ?? 0),
    p50Ms: quantile(0.5),
    p95Ms: quantile(0.95),
    p99Ms: quantile(0.99),
    p999Ms: quantile(0.999),
    maxMs: toMillis(latency.max ?? 0),
  };
}

/**
 * Requested resources of all pods that had a node in the measured time, starting and terminating
 * ones included; or the nodes, where they have a price: from asking for them until they are gone.
 */
function billOf(model: Model): { replicaHours: number; costUsd: number } {
  const { price } = model.scenario;
  let replicaHours = 0;
  let costUsd = 0;
  model.cluster.workloads.forEach(({ spec }, index) => {
    const hours = toSeconds(model.cluster.usage(index).podMicros) / 3600;
    const { cpuMillicores, memoryBytes } = requestsOf(spec);
    const perHour =
      ((cpuMillicores ?? 0) / 1000) * price.vcpuHourUsd +
      ((memoryBytes ?? 0) / 2 ** 30) * price.gibHourUsd;
    replicaHours += hours;
    costUsd += hours * perHour;
  });
  if (price.nodeHourUsd !== null) {
    costUsd = (toSeconds(model.cluster.nodeMicros) / 3600) * price.nodeHourUsd;
  }
  return { replicaHours, costUsd };
}

const measured = (model: Model, time: number): number => toSeconds(time - model.scenario.warmUp);

function decisionsOf(model: Model): readonly Decision[] {
  return model.cluster.events.map(({ time, ...event }) => ({
    timeSeconds: measured(model, time),
    ...event,
  }));
}

function chainsOf(model: Model): readonly ChainSample[] {
  const { cluster, scenario } = model;
  return model.autoscalers.flatMap((autoscaler) => {
    const index = workloadIndex(cluster.workloads, autoscaler.workload);
    const demand = demandOf(model, index);
    if (demand === null) return [];
    const { spec } = cluster.workloads[index]!;
    const use = scenario.policy.autoscalers.find(({ workload }) => workload === spec.name);
    const percent = cpuTargetPercent(use?.config);
    const request = requestsOf(spec).cpuMillicores;
    const targetCores =
      percent === null || request === null
        ? demand.coresPerReplica
        : Math.min(demand.coresPerReplica, (percent / 100) * (request / 1000));
    const chain = delayChain({
      demand,
      targetCores,
      pods: cluster.pods.filter((pod) => pod.workload === index),
      ticks: autoscaler.ticks,
      workload: spec,
      cluster: scenario.cluster,
      from: scenario.warmUp,
    });
    if (chain === null) return [];
    const startSeconds = measured(model, chain.start);
    return [{ workload: spec.name, startSeconds, links: chain.links }];
  });
}

/**
 * `averageUtilization` of an HPA's cpu metric, in percent; null when the configuration has none.
 */
function cpuTargetPercent(config: unknown): number | null {
  const metrics = lookUp(config, ["spec", "metrics"]);
  if (!Array.isArray(metrics)) return null;
  for (const metric of metrics) {
    if (lookUp(metric, ["resource", "name"]) !== "cpu") continue;
    const percent = lookUp(metric, ["resource", "target", "averageUtilization"]);
    if (typeof percent === "number") return percent;
  }
  return null;
}

function claimsOf(model: Model): readonly ClaimSample[] {
  return model.scenario.claims.map((claim) => {
    const { cluster } = model;
    const index = workloadIndex(cluster.workloads, claim.workload);
    const demand = demandOf(model, index);
    if (demand === null) return { startSeconds: null, seconds: null };
    const crossed = demand.cores.findIndex((cores) => cores > claim.from * demand.coresPerReplica);
    const reached = demand.ready.findIndex((ready) => ready >= claim.to);
    if (crossed < 0) return { startSeconds: null, seconds: null };
    return { startSeconds: crossed, seconds: reached < 0 ? null : reached - crossed };
  });
}

function blindAutoscalers(model: Model): ReplicationOutput["blind"] {
  return model.autoscalers.flatMap(({ workload, ticks }) => {
    const last = ticks.at(-1);
    const isBlind =
      last !== undefined && ticks.every(({ reason }) => /^(Failed|Invalid)/.test(reason));
    return isBlind ? [{ workload, reason: last.reason }] : [];
  });
}

function replicasOf(model: Model): ReplicationOutput["replicas"] {
  const { cluster, scenario } = model;
  return cluster.workloads.map(({ spec }, index) => {
    const { podMicros, min, max } = cluster.usage(index);
    // A run may have ended early.
    const measuredMicros = model.simulation.now - scenario.warmUp;
    return { service: spec.name, mean: podMicros / measuredMicros, min, max };
  });
}

/** Releases of Deployments have no stages, and count no users: nobody judges them. */
function releasesOf(model: Model): readonly RolloutOutcome[] {
  return model.deployments.flatMap(({ workload, name, releases, reason }) =>
    releases.map((release) => ({
      workload,
      revision: release.revision,
      policy: name,
      atSeconds: toSeconds(release.at - model.scenario.warmUp),
      ...endOf(release, reason),
      stages: [],
      usersHurt: null,
    })),
  );
}

/** Traffic without a `population` is one user to the model, as whom nobody could be counted. */
const tellsUsersApart = ({ scenario }: Model): boolean =>
  scenario.traffic.length > 0 && scenario.traffic.every(({ population }) => population.users > 1);

/** `reason`: what the workload's controller is at. */
function endOf(
  { at, end, superseded }: ReleaseProgress,
  reason: string,
): Pick<RolloutOutcome, "outcome" | "reason" | "endSeconds"> {
  if (end !== null) {
    const endSeconds = toSeconds(end - at);
    return { outcome: "promoted", reason: "NewReplicaSetAvailable", endSeconds };
  }
  const why = superseded === null ? reason : `${superseded.reason}; ${superseded.by} took over`;
  return { outcome: "unfinished", reason: why, endSeconds: null };
}

function rolloutsOf(model: Model): readonly RolloutOutcome[] {
  // Which of several releases it was that a user met is not kept.
  const isCounted = (workload: string): boolean =>
    tellsUsersApart(model) &&
    model.rollouts.filter((rollout) => rollout.workload === workload).length === 1;
  return model.rollouts.map((rollout) => {
    const { outcome, reason, end, stages } = rollout.progress;
    const service = model.plan.services.findIndex(({ name }) => name === rollout.workload);
    return {
      workload: rollout.workload,
      revision: rollout.revision,
      policy: rollout.name,
      outcome,
      reason,
      atSeconds: toSeconds(rollout.startTime - model.scenario.warmUp),
      endSeconds: end === null ? null : toSeconds(end - rollout.startTime),
      stages: stages.map((stage) => ({
        percent: Math.round(stage.weight * 10_000) / 100,
        startSeconds: toSeconds(stage.start - rollout.startTime),
        requests: stage.requests,
        failures: stage.failures,
      })),
      usersHurt: isCounted(rollout.workload) ? model.recorder.hurt[service]!.size : null,
    };
  });
}
