import type { ClusterSpec, WorkloadSpec } from "../cluster/clusterSpec.ts";
import { askedAt } from "../cluster/metricsPrometheus.ts";
import type { MetricsSpec } from "../cluster/metricsSpec.ts";
import type { Pod } from "../cluster/pod.ts";
import type { AutoscalerTick } from "../control/autoscalerController.ts";
import type { Demand } from "./demand.ts";

export type LinkGroup = "seeing" | "deciding" | "bringing-up";

export interface ChainLink {
  readonly link: string;
  readonly group: LinkGroup;
  readonly micros: number;
}

/**
 * One slow reaction of one replication; links follow each other in time and add up to the whole.
 */
export interface Chain {
  /** Microseconds since the start of the run. */
  readonly start: number;
  readonly whole: number;
  readonly links: readonly ChainLink[];
}

const SECOND = 1_000_000;
/** Shortages closer than this belong to one reaction, in seconds. */
const SAME_REACTION = 60;

/**
 * Where the time went between the moment at which the demand crossed the autoscaler's target and
 * the moment at which the pod that ended the shortage was known to callers. The links are the
 * differences between milestones on the way of that pod, and of the decision that made it:
 *
 *   demand crosses the target → next reading of the kubelet → next scrape → a scrape whose window
 *   shows it → its answer is out → the adapter has asked for it → next sync
 *   → stabilization agrees → the metric asks for enough → the policies allow the last pod
 *   → the pod is created (a rollout, or an ordered start, may keep it waiting)
 *   → bound → image pulled → init containers done → listening → startup probe succeeded → ready
 *   → published as an endpoint → known to all callers
 *
 * Null when the replicas always held the demand, when no pod came up to end the shortage, or when
 * no autoscaler asked for more before it: it came of itself, as after a Recreate.
 */
export function delayChain(parts: {
  readonly demand: Demand;
  /**
   * Cores of one replica at the autoscaler's target; its capacity where the target is no CPU
   * figure.
   */
  readonly targetCores: number;
  readonly pods: readonly Pod[];
  readonly ticks: readonly AutoscalerTick[];
  readonly workload: WorkloadSpec;
  readonly cluster: Pick<ClusterSpec, "metrics" | "callerLag">;
  /** Start of the measured time. */
  readonly from: number;
}): Chain | null {
  const { demand, targetCores, from } = parts;
  const shortage = worstShortage(demand);
  if (shortage === null) return null;
  let first = shortage.from;
  while (first > 0 && demand.cores[first - 1]! > demand.ready[first - 1]! * targetCores) first--;
  const start = from + first * SECOND;
  const end = from + shortage.to * SECOND;
  const last = lastPod(parts.pods, start, end);
  if (last === null) return null;
  const decided = decisionBehind(parts.ticks, start, last.createdAt);
  if (decided === null) return null;
  const milestones = [
    ...decisionMilestones(decided, parts.cluster.metrics),
    ...bringingUp(last, parts.workload, parts.cluster),
  ];
  const links = linksBetween(milestones, { start, created: last.createdAt });
  return { start, whole: links.reduce((sum, link) => sum + link.micros, 0), links };
}

/**
 * The span of seconds, shortages of one reaction taken together, in which the most work was missed.
 */
function worstShortage({
  cores,
  ready,
  coresPerReplica,
}: Demand): { from: number; to: number } | null {
  let worst: { from: number; to: number; missed: number } | null = null;
  let current: { from: number; to: number; missed: number } | null = null;
  cores.forEach((needed, second) => {
    const missed = needed - ready[second]! * coresPerReplica;
    if (missed <= 0) return;
    if (current === null || second - current.to > SAME_REACTION) {
      current = { from: second, to: second + 1, missed: 0 };
    }
    current.to = second + 1;
    current.missed += missed;
    if (worst === null || current.missed > worst.missed) worst = current;
  });
  return worst;
}

/**
 * The pod that became known last before the shortage ended (a second is the grid of the shortage).
 */
function lastPod(pods: readonly Pod[], start: number, end: number): Pod | null {
  let last: Pod | null = null;
  for (const pod of pods) {
    const known = pod.callersAt;
    if (known === null || pod.createdAt < start || known > end + SECOND) continue;
    if (last === null || known > last.callersAt!) last = pod;
  }
  return last;
}

type Milestone = readonly [link: string, group: LinkGroup, time: number | null];

/** What the autoscaler saw and decided until there was that pod. */
interface DecisionBehind {
  readonly start: number;
  /** Evaluations since the crossing, up to the one that asked for the pod. */
  readonly ticks: readonly AutoscalerTick[];
  /** The one that asked for it: the last before its creation that wanted more. */
  readonly decision: AutoscalerTick;
  /** When the limits on the autoscaler were no more what the pod waited for. */
  readonly allowed: number;
}

const wantsMore = ({ decided, current }: AutoscalerTick): boolean =>
  decided !== null && decided > current;

/** Null when nobody asked for more between the crossing and the pod's creation. */
function decisionBehind(
  all: readonly AutoscalerTick[],
  start: number,
  created: number,
): DecisionBehind | null {
  const before = all.filter(({ time }) => time >= start && time <= created);
  const decision = before.findLast(wantsMore);
  if (decision === undefined) return null;
  const ticks = before.filter(({ time }) => time <= decision.time);
  const latest = before.at(-1) ?? decision;
  // A pod that replaces a lost one came while those that the metric asked for were held back.
  const allowed = latest !== decision && isHeldBack(latest) ? created : decision.time;
  return { start, decision, ticks, allowed };
}

const isHeldBack = ({ trace, decided, current }: AutoscalerTick): boolean =>
  (trace.stabilizedReplicas ?? 0) > (decided ?? current);

/** From the crossing to the sync that asked for more: over the way of the metric that asked. */
function seeing(
  metrics: MetricsSpec,
  asked: { readonly start: number; readonly sync: number; readonly metric: string | null },
): readonly Milestone[] {
  const { start, sync, metric } = asked;
  const isCustom = metrics.custom.some(({ name }) => metric?.startsWith(`${name} `) === true);
  const { scrapeInterval, lag } = isCustom ? metrics.prometheus : metrics;
  const housekeeping = isCustom ? 0 : metrics.housekeeping;
  const cache = isCustom ? metrics.prometheus.adapterCache : 0;
  const read = housekeeping === 0 ? start : Math.ceil(start / housekeeping) * housekeeping;
  const answered = askedAt(sync, cache);
  const scrape = Math.floor((answered - lag) / scrapeInterval) * scrapeInterval;
  // Who read no metric, such as a schedule, waited for none.
  const over = (time: number): number | null => (metric === null ? null : time);
  const milestones: readonly Milestone[] = [
    ["housekeeping", "seeing", over(read)],
    ["scrape", "seeing", over(Math.ceil(read / scrapeInterval) * scrapeInterval)],
    ["averaging window", "seeing", over(scrape)],
    ["metrics lag", "seeing", over(scrape + lag)],
    ["adapter cache", "seeing", over(answered)],
    ["sync", "seeing", sync],
  ];
  // Links that the cluster does not have are none of its chain, whichever metric asked.
  return milestones.filter(([link]) => {
    if (link === "housekeeping") return metrics.housekeeping > 0;
    return link !== "adapter cache" || metrics.prometheus.adapterCache > 0;
  });
}

function decisionMilestones(
  { start, ticks, decision, allowed }: DecisionBehind,
  metrics: MetricsSpec,
): readonly Milestone[] {
  // Bounds may have asked where no metric did.
  const asks =
    ticks.find(({ trace, current }) => (trace.rawReplicas ?? 0) > current) ??
    ticks.find(wantsMore) ??
    decision;
  const agreed = ticks.find(({ trace, current }) => (trace.stabilizedReplicas ?? 0) > current);
  // With that pod there were as many: what the metric had to ask for.
  const needed = decision.decided ?? 0;
  const enough = ticks.find(({ trace }) => (trace.rawReplicas ?? 0) >= needed);
  const metric = asks.reason === SCHEDULED ? null : asks.trace.metric;
  return [
    ...seeing(metrics, { start, sync: asks.time, metric }),
    ["stabilization", "deciding", agreed?.time ?? asks.time],
    ["metric ceiling", "deciding", enough?.time ?? null],
    ["policy limit", "deciding", allowed],
  ];
}

/** The reason of an action of a schedule. */
const SCHEDULED = "ScheduledAction";

/** From the decision until all callers know the pod. */
function bringingUp(
  pod: Pod,
  { initContainers, startupProbe }: WorkloadSpec,
  { callerLag }: Pick<ClusterSpec, "callerLag">,
): readonly Milestone[] {
  const milestones: readonly Milestone[] = [
    ["creation", "bringing-up", pod.createdAt],
    ["schedule", "bringing-up", pod.consideredAt],
    ["node", "bringing-up", pod.scheduledAt],
    ["image pull", "bringing-up", pod.imageAt],
    ["init containers", "bringing-up", pod.initializedAt],
    ["start", "bringing-up", pod.listeningAt],
    ["startup probe", "bringing-up", pod.startupProbedAt],
    ["readiness probe", "bringing-up", pod.readyAt],
    ["endpoint", "bringing-up", pod.endpointAt],
    ["callers", "bringing-up", pod.callersAt],
  ];
  // As above: links that the workload does not have are none of its chain.
  return milestones.filter(([link]) => {
    if (link === "init containers") return initContainers !== null;
    if (link === "startup probe") return startupProbe !== null;
    return link !== "callers" || callerLag !== null;
  });
}

function linksBetween(
  milestones: readonly Milestone[],
  { start, created }: { readonly start: number; readonly created: number },
): readonly ChainLink[] {
  let reached = start;
  const links = milestones.map(([link, group, time]) => {
    // A milestone that an earlier one has overtaken cost nothing; none lies beyond the decision it
    // led to.
    const bound = group === "bringing-up" ? (time ?? reached) : Math.min(time ?? reached, created);
    const next = Math.max(reached, bound);
    const micros = next - reached;
    reached = next;
    return { link, group, micros };
  });
  // A pod that nothing keeps waiting is created when it is asked for.
  return links.filter(({ link, micros }) => link !== "creation" || micros > 0);
}
