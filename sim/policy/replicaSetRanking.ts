import type { Micros } from "../kernel/time.ts";
import type { PodObservation } from "./autoscaler.ts";

/** What decides which of its pods a ReplicaSet deletes first. */
export interface RankedPod extends Pick<PodObservation, "phase" | "ready"> {
  /** Null while it is not scheduled. */
  readonly node: string | number | null;
  readonly createdAt: Micros;
  readonly restarts: number;
  /** Annotation `controller.kubernetes.io/pod-deletion-cost`; 0 without one. */
  readonly deletionCost: number;
}

export interface RankingContext {
  readonly now: Micros;
  /** How many active pods of the same Deployment are on a node, these included. */
  readonly podsOnNode: (node: string | number) => number;
}

/**
 * Indexes of the pods in the order in which a ReplicaSet deletes them: the ones that are missed
 * least come first. Ages count by powers of two, so that neither the oldest pods nor the youngest
 * ones always go. Where Kubernetes leaves it to chance (random UIDs), the lower index goes first.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
 */
export function deletionOrder(
  pods: readonly RankedPod[],
  context: RankingContext,
): readonly number[] {
  const crowding = pods.map(({ node }) => (node === null ? 0 : context.podsOnNode(node)));
  const compare = (i: number, j: number): number => {
    const [a, b] = [pods[i]!, pods[j]!];
    return (
      Number(a.node !== null) - Number(b.node !== null) ||
      PHASE_RANKS[a.phase] - PHASE_RANKS[b.phase] ||
      Number(isReady(a)) - Number(isReady(b)) ||
      a.deletionCost - b.deletionCost ||
      crowding[j]! - crowding[i]! ||
      compareTimes(readySince(a), readySince(b), context.now, i - j) ||
      b.restarts - a.restarts ||
      compareTimes(a.createdAt, b.createdAt, context.now, i - j) ||
      i - j
    );
  };
  return [...pods.keys()].sort(compare);
}

/** Finished pods are never asked for: they are not the ReplicaSet's any more. */
const PHASE_RANKS: Readonly<Record<PodObservation["phase"], number>> = {
  Pending: 0,
  Unknown: 1,
  Running: 2,
  Succeeded: 0,
  Failed: 0,
};

const isReady = ({ ready }: RankedPod): boolean => ready?.status === true;

const readySince = (pod: RankedPod): Micros | null =>
  pod.ready?.status === true ? pod.ready.lastTransition : null;

/**
 * The younger power of two goes first; different times within one power are told apart by
 * `otherwise`. Zero when the times are equal or unknown.
 */
function compareTimes(a: Micros | null, b: Micros | null, now: Micros, otherwise: number): number {
  if (a === null || b === null || a === b) return 0;
  return ageRank(now - a) - ageRank(now - b) || otherwise;
}

/** ⌊log₂⌋ of an age in nanoseconds, −1 when it has none. Halving is exact, a logarithm is not. */
function ageRank(ageMicros: number): number {
  let rank = -1;
  for (let nanos = ageMicros * 1_000; nanos >= 1; nanos /= 2) rank += 1;
  return rank;
}
