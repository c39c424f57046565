import { NodeFilters } from "./filters.ts";
import { leastHarmful, preemptionCandidates, type RejectedNode } from "./preemption.ts";
import type { NodeEntry, SchedulingCluster } from "./schedulingCluster.ts";
import { totalScores } from "./scores.ts";
import { type DisruptionBudgets, type PendingPod, priorityOf } from "./spec.ts";

export type SchedulingDecision =
  | { readonly kind: "bound"; readonly node: string }
  | ({ readonly kind: "unschedulable" } & Failure)
  | ({
      readonly kind: "preempt";
      /** `status.nominatedNodeName`: the pod waits for it, and is scheduled anew. */
      readonly node: string;
      /** To be deleted, the most important first. */
      readonly victims: readonly string[];
    } & Failure);

interface Failure {
  /** Nodes by what spoke against them; one node may have several. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Of the condition PodScheduled=False and of the event FailedScheduling. */
  readonly message: string;
}

/**
 * One scheduling cycle of kube-scheduler's default profile: filter, score, choose; if no node will
 * do, preempt. Nothing is changed: the caller binds, or deletes victims and nominates. Unlike
 * Kubernetes all feasible nodes are scored, whatever their number (percentageOfNodesToScore: 100),
 * and of the best the first is taken instead of a random one.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
 */
export function schedule(
  pod: PendingPod,
  cluster: SchedulingCluster,
  budgets: DisruptionBudgets = NO_BUDGETS,
): SchedulingDecision {
  const filters = new NodeFilters(pod, cluster);
  // The node that was cleared for the pod is taken if it will do, whatever others would score.
  const nominated = cluster.nominatedNode(pod.name);
  if (nominated !== undefined && filters.reject(nominated) === null) {
    return { kind: "bound", node: nominated.node.name };
  }
  const feasible: NodeEntry[] = [];
  const rejected: RejectedNode[] = [];
  for (const entry of cluster.nodes) {
    const rejection = filters.reject(entry);
    if (rejection === null) feasible.push(entry);
    else rejected.push({ entry, rejection });
  }
  if (feasible.length === 0) return preempt(pod, cluster, rejected, budgets);
  const scores = feasible.length === 1 ? [0] : totalScores(pod.spec, feasible, cluster);
  let best = 0;
  for (let i = 1; i < scores.length; i++) if (scores[i]! > scores[best]!) best = i;
  return { kind: "bound", node: feasible[best]!.node.name };
}

/** The first of the nodes on which the pod could run as things are, without preemption. */
export function firstFit(
  pod: PendingPod,
  cluster: SchedulingCluster,
  nodes: readonly NodeEntry[],
): NodeEntry | undefined {
  const filters = new NodeFilters(pod, cluster);
  return nodes.find((entry) => filters.reject(entry) === null);
}

const NO_BUDGETS: DisruptionBudgets = { budgetsOf: () => [], disruptionsAllowed: () => 0 };

function preempt(
  pod: PendingPod,
  cluster: SchedulingCluster,
  rejected: readonly RejectedNode[],
  budgets: DisruptionBudgets,
): SchedulingDecision {
  const all = rejected.length;
  const counted = countReasons(rejected);
  const failure = (preemption: string): Failure => ({
    reasons: Object.fromEntries(counted),
    message: `${unavailable(all, counted)}${preemption === "" ? "" : ` preemption: ${preemption}`}`,
  });
  const unschedulable = (preemption: string): SchedulingDecision => ({
    kind: "unschedulable",
    ...failure(preemption),
  });
  if (all === 0) {
    return { kind: "unschedulable", reasons: {}, message: "no nodes available to schedule pods" };
  }
  if (pod.spec.preemptionPolicy === "Never") {
    return unschedulable("not eligible due to preemptionPolicy=Never.");
  }
  if (awaitsVictims(pod, cluster, rejected)) {
    return unschedulable("not eligible due to a terminating pod on the nominated node.");
  }
  const chosen = leastHarmful(preemptionCandidates(pod, cluster, rejected, budgets));
  if (chosen !== undefined) {
    const victims = chosen.victims.map(({ name }) => name);
    return { kind: "preempt", node: chosen.entry.node.name, victims, ...failure("") };
  }
  const hopeless = rejected.filter(({ rejection }) => !rejection.isResolvable).length;
  const why = new Map([
    ["Preemption is not helpful for scheduling", hopeless],
    ["No preemption victims found for incoming pod", all - hopeless],
  ]);
  return unschedulable(unavailable(all, why));
}

/** An earlier preemption of the pod has not come to its end, and still makes sense. */
function awaitsVictims(
  pod: PendingPod,
  cluster: SchedulingCluster,
  rejected: readonly RejectedNode[],
): boolean {
  const nominated = cluster.nominatedNode(pod.name);
  const isResolvable = rejected.some(
    ({ entry, rejection }) => entry === nominated && rejection.isResolvable,
  );
  if (nominated === undefined || !isResolvable) return false;
  return [...nominated.pods.values()].some(
    (other) => other.terminating && priorityOf(other) < priorityOf(pod),
  );
}

function countReasons(rejected: readonly RejectedNode[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { rejection } of rejected) {
    for (const reason of rejection.reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return counts;
}

/** Kubernetes' sentence; its parts are sorted as text, numbers included. */
function unavailable(all: number, reasons: ReadonlyMap<string, number>): string {
  const parts = [...reasons].filter(([, count]) => count > 0);
  const shown = parts.map(([reason, count]) => `${count} ${reason}`).sort();
  return `0/${all} nodes are available: ${shown.join(", ")}.`;
}
