import type { NodeEntry, SchedulingCluster } from "./schedulingCluster.ts";
import {
  matchesNodeAffinity,
  matchesSelector,
  narrowedSelector,
  untoleratedTaint,
} from "./selectors.ts";
import {
  type LabelSelector,
  namespaceOf,
  type PodSchedulingSpec,
  type TopologySpreadConstraint,
} from "./spec.ts";

/** Pods by domain: by value of one topology label. */
export type DomainCounts = Map<string, number>;

/** Adds up pods by a label of their nodes; nodes without the label are in no domain. */
export function countInDomains(
  counts: DomainCounts,
  topologyKey: string,
  pods: Iterable<readonly [NodeEntry, { readonly all: number }]>,
  weight = 1,
): void {
  for (const [{ node }, { all }] of pods) {
    const value = node.labels[topologyKey];
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + weight * all);
  }
}

/** A spread constraint as it holds for one pod. */
export interface Spread {
  readonly constraint: TopologySpreadConstraint;
  readonly selector: LabelSelector | undefined;
}

export function spreadsOf(
  spec: PodSchedulingSpec,
  whenUnsatisfiable: TopologySpreadConstraint["whenUnsatisfiable"],
): readonly Spread[] {
  return (spec.topologySpreadConstraints ?? [])
    .filter((constraint) => constraint.whenUnsatisfiable === whenUnsatisfiable)
    .map((constraint) => ({ constraint, selector: narrowedSelector(constraint, spec.labels) }));
}

/** Pods on each node that a constraint's selector means; terminating pods do not count. */
export function spreadPods(
  cluster: SchedulingCluster,
  spec: PodSchedulingSpec,
  selector: LabelSelector | undefined,
): ReadonlyMap<NodeEntry, number> {
  const pods = new Map<NodeEntry, number>();
  for (const group of cluster.groups) {
    if (namespaceOf(group.spec) !== namespaceOf(spec)) continue;
    if (!matchesSelector(selector, group.spec.labels)) continue;
    for (const [entry, { all, terminating }] of group.counts) {
      pods.set(entry, (pods.get(entry) ?? 0) + all - terminating);
    }
  }
  return pods;
}

/** Whether a constraint looks at a node's domain and pods. */
export function isIncluded(
  { nodeAffinityPolicy = "Honor", nodeTaintsPolicy = "Ignore" }: TopologySpreadConstraint,
  spec: PodSchedulingSpec,
  { node }: NodeEntry,
): boolean {
  if (nodeAffinityPolicy === "Honor" && !matchesNodeAffinity(spec, node)) return false;
  if (nodeTaintsPolicy === "Ignore") return true;
  return untoleratedTaint(node, spec.tolerations) === undefined;
}

export const hasTopologies = ({ node }: NodeEntry, spreads: readonly Spread[]): boolean =>
  spreads.every(({ constraint }) => node.labels[constraint.topologyKey] !== undefined);
