import { type Micros, micros } from "../../kernel/time.ts";
import type { SchedulingNode } from "./spec.ts";

/** `kubectl cordon`: no further pods. */
export const cordoned = (node: SchedulingNode): SchedulingNode => ({
  ...node,
  unschedulable: true,
});

export interface DrainedPod {
  readonly name: string;
  /** Its DaemonSet would put it back at once: it stays, and ends with the node. */
  readonly isDaemon: boolean;
  readonly terminating: boolean;
  readonly terminationGracePeriod: Micros;
}

export interface Drain<Budgets> {
  /** To be deleted now, each with its grace period. */
  readonly evict: readonly { readonly name: string; readonly gracePeriod: Micros }[];
  /**
   * Refused by a budget: ask again after a while (`kubectl drain` after 5 s, the cluster autoscaler
   * after 10 s).
   */
  readonly refused: readonly string[];
  /** Only pods of DaemonSets are left, and the node may go. */
  readonly isDone: boolean;
  /** The budgets after these evictions. */
  readonly budgets: Budgets;
}

/**
 * One round of a drain of a cordoned node: asks to evict every pod that is left, one after the
 * other, through `evict`, which answers as the eviction API does and says what becomes of the
 * budgets. Grace periods are cut to `maxGracePeriod`; null leaves them to the pods.
 * Source: https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/
 */
export function drain<Budgets>(of: {
  readonly pods: readonly DrainedPod[];
  readonly budgets: Budgets;
  readonly evict: (
    pod: string,
    budgets: Budgets,
  ) => { readonly isAllowed: boolean; readonly budgets: Budgets };
  readonly maxGracePeriod: Micros | null;
}): Drain<Budgets> {
  const { pods, maxGracePeriod } = of;
  const left = pods.filter(({ isDaemon }) => !isDaemon);
  let { budgets } = of;
  const evict: { readonly name: string; readonly gracePeriod: Micros }[] = [];
  const refused: string[] = [];
  for (const { name, terminating, terminationGracePeriod } of left) {
    if (terminating) continue;
    const answer = of.evict(name, budgets);
    budgets = answer.budgets;
    if (!answer.isAllowed) {
      refused.push(name);
      continue;
    }
    const most = maxGracePeriod ?? terminationGracePeriod;
    evict.push({ name, gracePeriod: micros(Math.min(most, terminationGracePeriod)) });
  }
  return { evict, refused, isDone: left.length === 0, budgets };
}
