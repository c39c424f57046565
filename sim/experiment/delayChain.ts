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
 *   → bound → image pulled → listening → ready → known to callers
 *
 * Null when the replicas always held the demand, or when no pod came up to end the shortage.
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
  readonly metrics: MetricsSpec;
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
  const links = chainLinks({ ...parts, start, last });
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
    const known = pod.endpointAt;
    if (known === null || pod.createdAt < start || known > end + SECOND) continue;
    if (last === null || known > last.endpointAt!) last = pod;
  }
  return last;
}

type Milestone = readonly [link: string, group: LinkGroup, time: number | null];

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
  const milestones: readonly Milestone[] = [
    ["housekeeping", "seeing", read],
    ["scrape", "seeing", Math.ceil(read / scrapeInterval) * scrapeInterval],
    ["averaging window", "seeing", scrape],
    ["metrics lag", "seeing", scrape + lag],
    ["adapter cache", "seeing", answered],
    ["sync", "seeing", sync],
  ];
  // Links that the cluster does not have are none of its chain, whichever metric asked.
  return milestones.filter(([link]) => {
    if (link === "housekeeping") return metrics.housekeeping > 0;
    return link !== "adapter cache" || metrics.prometheus.adapterCache > 0;
  });
}

function chainLinks(parts: {
  readonly start: number;
  readonly last: Pod;
  readonly pods: readonly Pod[];
  readonly ticks: readonly AutoscalerTick[];
  readonly metrics: MetricsSpec;
}): readonly ChainLink[] {
  const { start, last, metrics } = parts;
  const created = last.createdAt;
  const ticks = parts.ticks.filter((tick) => tick.time >= start && tick.time <= created);
  const asks = ticks.find(({ trace, current }) => (trace.rawReplicas ?? 0) > current);
  const agreed = ticks.find(({ trace, current }) => (trace.stabilizedReplicas ?? 0) > current);
  // With that pod there were as many: what the metric had to ask for.
  const needed = parts.ticks.find((tick) => tick.time === created)?.decided ?? 0;
  const enough = ticks.find(({ trace }) => (trace.rawReplicas ?? 0) >= needed);
  const sync = asks?.time ?? created;
  const milestones: readonly Milestone[] = [
    ...seeing(metrics, { start, sync, metric: asks?.trace.metric ?? null }),
    ["stabilization", "deciding", agreed?.time ?? sync],
    ["metric ceiling", "deciding", enough?.time ?? null],
    ["policy limit", "deciding", created],
    ["schedule", "bringing-up", last.consideredAt],
    ["node", "bringing-up", last.scheduledAt],
    ["image pull", "bringing-up", last.imageAt],
    ["start", "bringing-up", last.listeningAt],
    ["readiness probe", "bringing-up", last.readyAt],
    ["endpoint", "bringing-up", last.endpointAt],
  ];
  let reached = start;
  return milestones.map(([link, group, time]) => {
    // A milestone that an earlier one has overtaken cost nothing; none lies beyond the decision it
    // led to.
    const bound = group === "bringing-up" ? (time ?? reached) : Math.min(time ?? reached, created);
    const next = Math.max(reached, bound);
    const micros = next - reached;
    reached = next;
    return { link, group, micros };
  });
}
