import { type Micros, micros, seconds } from "../kernel/time.ts";
import type { PodObservation } from "./autoscaler.ts";
import { deletionOrder, type RankedPod } from "./replicaSetRanking.ts";

/** A pod as its ReplicaSet sees it. */
export interface ReplicaSetPod extends RankedPod, Pick<PodObservation, "deleted"> {}

export interface ReplicaSetStatus {
  /** Pods that are neither finished nor being deleted. */
  readonly replicas: number;
  readonly readyReplicas: number;
  /** Ready for at least minReadySeconds. */
  readonly availableReplicas: number;
  /** Being deleted, and not finished. */
  readonly terminatingReplicas: number;
}

export interface ReplicaSetDecision {
  /** How many pods to create. */
  readonly create: number;
  /** Indexes of the pods to delete, first one first. */
  readonly delete: readonly number[];
  /** Counted before that: the next reconciliation sees what became of it. */
  readonly status: ReplicaSetStatus;
  /** When the next ready pod becomes available by the mere passing of time; null when none will. */
  readonly nextAvailable: Micros | null;
}

/**
 * One reconciliation of a ReplicaSet. Finished pods and those being deleted are not its replicas:
 * they are replaced at once.
 */
export function reconcileReplicaSet(
  parts: {
    readonly replicas: number;
    readonly minReadySeconds: number;
    readonly pods: readonly ReplicaSetPod[];
    /** How many active pods of the same Deployment are on a node. */
    readonly podsOnNode: (node: string | number) => number;
  },
  now: Micros,
): ReplicaSetDecision {
  const { replicas, minReadySeconds, pods, podsOnNode } = parts;
  const active = [...pods.keys()].filter((index) => isActive(pods[index]!));
  const surplus = active.length - replicas;
  const ranked = (): readonly number[] => {
    const candidates = active.map((index) => pods[index]!);
    return deletionOrder(candidates, { now, podsOnNode }).map((place) => active[place]!);
  };
  const minReady = seconds(minReadySeconds);
  const readySince = active.flatMap((index) => {
    const { ready } = pods[index]!;
    return ready?.status === true ? [ready.lastTransition] : [];
  });
  const waiting = readySince.filter((since) => since + minReady > now);
  return {
    create: Math.max(0, -surplus),
    delete: surplus > 0 ? ranked().slice(0, surplus) : [],
    status: {
      replicas: active.length,
      readyReplicas: readySince.length,
      availableReplicas: readySince.length - waiting.length,
      terminatingReplicas: pods.filter((pod) => pod.deleted && !isFinished(pod)).length,
    },
    nextAvailable: waiting.length === 0 ? null : micros(Math.min(...waiting) + minReady),
  };
}

/** It counts as a replica. */
const isActive = (pod: Pick<PodObservation, "phase" | "deleted">): boolean =>
  !pod.deleted && !isFinished(pod);

/** Its containers have ended for good. */
export const isFinished = ({ phase }: Pick<PodObservation, "phase">): boolean =>
  phase === "Succeeded" || phase === "Failed";
