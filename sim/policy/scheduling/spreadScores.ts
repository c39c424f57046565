import ln from "@stdlib/math-base-special-ln";
import type { NodeEntry, SchedulingCluster } from "./schedulingCluster.ts";
import { HOSTNAME_LABEL, type LabelSelector, type PodSchedulingSpec, ZONE_LABEL } from "./spec.ts";
import { hasTopologies, isIncluded, type Spread, spreadPods, spreadsOf } from "./topology.ts";

export const MAX_NODE_SCORE = 100;

/** One constraint's view of the cluster. */
interface SpreadCounts {
  readonly topologyKey: string;
  readonly maxSkew: number;
  /** Makes the counts of few large domains comparable with those of many small ones. */
  readonly weight: number;
  countAt(entry: NodeEntry): number;
}

/**
 * PodTopologySpread: the fewer of its kind in a node's domains, the better. Each ScheduleAnyway
 * constraint adds count · ln(domains + 2) + (maxSkew − 1); the node with the least sum gets 100.
 * Pods without constraints of their own that belong to a workload are spread by the cluster's
 * default constraints, over zones and hosts.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/ and
 * kubernetes/kubernetes, pkg/scheduler/framework/plugins/podtopologyspread/scoring.go
 */
export function spreadScores(
  spec: PodSchedulingSpec,
  nodes: readonly NodeEntry[],
  cluster: SchedulingCluster,
): readonly number[] | null {
  const isDefault = (spec.topologySpreadConstraints ?? []).length === 0;
  const spreads = isDefault ? defaultSpreads(spec) : spreadsOf(spec, "ScheduleAnyway");
  if (spreads.length === 0) return null;
  // The default constraints also spread over hosts where no node has a zone.
  const isScored = (entry: NodeEntry): boolean => isDefault || hasTopologies(entry, spreads);
  const scored = isDefault ? nodes : nodes.filter(isScored);
  const bySelector = new Map<LabelSelector | undefined, ReadonlyMap<NodeEntry, number>>();
  const counts = spreads.map((spread) => {
    const { selector } = spread;
    const pods = bySelector.get(selector) ?? spreadPods(cluster, spec, selector);
    bySelector.set(selector, pods);
    return countSpread({ spec, spread, scored, isScored, pods });
  });
  const sums = nodes.map((entry) => (isScored(entry) ? sumAt(entry, counts) : null));
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const sum of sums) {
    if (sum === null) continue;
    least = Math.min(least, sum);
    most = Math.max(most, sum);
  }
  return sums.map((sum) => {
    if (sum === null) return 0;
    if (most === 0) return MAX_NODE_SCORE;
    return Math.floor((MAX_NODE_SCORE * (most + least - sum)) / most);
  });
}

/** `defaultingType: System` of the plugin's configuration. */
function defaultSpreads({ ownerSelector }: PodSchedulingSpec): readonly Spread[] {
  if (ownerSelector === undefined) return [];
  const constraint = (topologyKey: string, maxSkew: number): Spread => ({
    constraint: { topologyKey, maxSkew, whenUnsatisfiable: "ScheduleAnyway" },
    selector: ownerSelector,
  });
  return [constraint(HOSTNAME_LABEL, 3), constraint(ZONE_LABEL, 5)];
}

function countSpread(of: {
  readonly spec: PodSchedulingSpec;
  readonly spread: Spread;
  readonly scored: readonly NodeEntry[];
  readonly isScored: (entry: NodeEntry) => boolean;
  /** That the constraint's selector means, by node. */
  readonly pods: ReadonlyMap<NodeEntry, number>;
}): SpreadCounts {
  const { spec, scored, isScored, pods } = of;
  const { constraint } = of.spread;
  const { topologyKey, maxSkew } = constraint;
  const weightOf = (domains: number): number => ln(domains + 2);
  if (topologyKey === HOSTNAME_LABEL) {
    const countAt = (entry: NodeEntry): number => pods.get(entry) ?? 0;
    return { topologyKey, maxSkew, weight: weightOf(scored.length), countAt };
  }
  const domainOf = ({ node }: NodeEntry): string => node.labels[topologyKey] ?? "";
  const counts = new Map<string, number>();
  for (const entry of scored) counts.set(domainOf(entry), 0);
  // Pods on nodes that were filtered out count in the domains of those that were not.
  for (const [entry, count] of pods) {
    const sum = counts.get(domainOf(entry));
    if (sum === undefined || !isScored(entry) || !isIncluded(constraint, spec, entry)) continue;
    counts.set(domainOf(entry), sum + count);
  }
  const countAt = (entry: NodeEntry): number => counts.get(domainOf(entry)) ?? 0;
  return { topologyKey, maxSkew, weight: weightOf(counts.size), countAt };
}

/** To the nearest whole number, halves up, as Kubernetes keeps scores. */
function sumAt(entry: NodeEntry, counts: readonly SpreadCounts[]): number {
  let sum = 0;
  for (const { topologyKey, maxSkew, weight, countAt } of counts) {
    if (entry.node.labels[topologyKey] === undefined) continue;
    sum += countAt(entry) * weight + (maxSkew - 1);
  }
  return Math.round(sum);
}
