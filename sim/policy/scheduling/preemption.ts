import { NodeFilters, type Rejection } from "./filters.ts";
import type { NodeEntry, SchedulingCluster } from "./schedulingCluster.ts";
import { type BoundPod, type DisruptionBudgets, type PendingPod, priorityOf } from "./spec.ts";

export interface RejectedNode {
  readonly entry: NodeEntry;
  readonly rejection: Rejection;
}

/** A node that would do once its victims are gone. */
export interface PreemptionCandidate {
  readonly entry: NodeEntry;
  /** The most important first. */
  readonly victims: readonly BoundPod[];
  readonly budgetViolations: number;
}

/** `minCandidateNodesPercentage` and `minCandidateNodesAbsolute`: so many are enough. */
const CANDIDATE_SHARE = 0.1;
const MIN_CANDIDATES = 100;

/**
 * Nodes where evicting pods of lower priority lets the pod in, each with the fewest evictions. As
 * in Kubernetes the search ends when it has found enough; it begins at the first node here, and at
 * a random one there. The cluster is left as it was.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/ and
 * kubernetes/kubernetes, pkg/scheduler/framework/plugins/defaultpreemption
 */
export function preemptionCandidates(
  pod: PendingPod,
  cluster: SchedulingCluster,
  rejected: readonly RejectedNode[],
  budgets: DisruptionBudgets,
): readonly PreemptionCandidate[] {
  const resolvable = rejected.filter(({ rejection }) => rejection.isResolvable);
  const share = Math.floor(resolvable.length * CANDIDATE_SHARE);
  const enough = Math.max(MIN_CANDIDATES, share);
  const found: PreemptionCandidate[] = [];
  let harmless = 0;
  for (const { entry } of resolvable) {
    const candidate = candidateOn(entry, pod, cluster, budgets);
    if (candidate === null) continue;
    found.push(candidate);
    if (candidate.budgetViolations === 0) harmless++;
    if (harmless > 0 && found.length >= enough) break;
  }
  return found;
}

/**
 * Takes all pods of lower priority off the node; if the pod then fits, puts back as many as it can,
 * those first whose eviction would break a budget, then the important ones.
 */
function candidateOn(
  entry: NodeEntry,
  pod: PendingPod,
  cluster: SchedulingCluster,
  budgets: DisruptionBudgets,
): PreemptionCandidate | null {
  const lower = [...entry.pods.values()]
    .filter((other) => priorityOf(other) < priorityOf(pod))
    .sort(byImportance);
  if (lower.length === 0) return null;
  const { violating, others } = splitByBudget(lower, budgets);
  for (const victim of lower) cluster.unbind(victim.name);
  const filters = new NodeFilters(pod, cluster);
  const fits = (): boolean => {
    // Only constraints that reach across nodes have to be counted anew.
    const current = filters.isTopological ? new NodeFilters(pod, cluster) : filters;
    return current.reject(entry) === null;
  };
  const isHelpful = fits();
  const evicted = new Set<string>();
  if (isHelpful) {
    for (const victim of [...violating, ...others]) {
      cluster.bind(victim);
      if (fits()) continue;
      cluster.unbind(victim.name);
      evicted.add(victim.name);
    }
  }
  for (const victim of lower) {
    if (!isHelpful || evicted.has(victim.name)) cluster.bind(victim);
  }
  if (!isHelpful) return null;
  const isEvicted = (victim: BoundPod): boolean => evicted.has(victim.name);
  return {
    entry,
    victims: lower.filter(isEvicted),
    budgetViolations: violating.filter(isEvicted).length,
  };
}

/** Higher priority first, then those that run for longer; names decide the rest. */
function byImportance(a: BoundPod, b: BoundPod): number {
  const byName = a.name < b.name ? -1 : 1;
  return priorityOf(b) - priorityOf(a) || a.startTime - b.startTime || byName;
}

/** Counts each budget down, pod by pod: those that come when it is used up violate it. */
function splitByBudget(
  pods: readonly BoundPod[],
  budgets: DisruptionBudgets,
): { readonly violating: readonly BoundPod[]; readonly others: readonly BoundPod[] } {
  const left = new Map<string, number>();
  const violating: BoundPod[] = [];
  const others: BoundPod[] = [];
  for (const pod of pods) {
    let isViolating = false;
    for (const budget of budgets.budgetsOf(pod)) {
      const allowed = (left.get(budget) ?? budgets.disruptionsAllowed(budget)) - 1;
      left.set(budget, allowed);
      if (allowed < 0) isViolating = true;
    }
    (isViolating ? violating : others).push(pod);
  }
  return { violating, others };
}

/**
 * The candidate that does least harm: fewest violations of budgets; then the lowest priority of its
 * highest victim; then the lowest sum of priorities; then fewest victims; then the one whose oldest
 * victim of highest priority is youngest; then the first.
 */
export function leastHarmful(
  candidates: readonly PreemptionCandidate[],
): PreemptionCandidate | undefined {
  const ranks = candidates.map(harmOf);
  let best = 0;
  ranks.forEach((rank, index) => {
    if (isLess(rank, ranks[best]!)) best = index;
  });
  return candidates[best];
}

/** Makes every priority positive, so that more victims are never a smaller sum. */
const PRIORITY_OFFSET = 2 ** 31;

function harmOf({ victims, budgetViolations }: PreemptionCandidate): readonly number[] {
  const priorities = victims.map(priorityOf);
  const highest = Math.max(...priorities);
  const starts = victims
    .filter((victim) => priorityOf(victim) === highest)
    .map(({ startTime }) => startTime);
  return [
    budgetViolations,
    highest,
    priorities.reduce((sum, priority) => sum + priority + PRIORITY_OFFSET, 0),
    victims.length,
    -Math.min(...starts),
  ];
}

function isLess(a: readonly number[], b: readonly number[]): boolean {
  const differing = a.findIndex((value, index) => value !== b[index]);
  return differing >= 0 && a[differing]! < b[differing]!;
}
