/**
 * A pod: plain data, with the moment of every link of its coming up. Times are microseconds; null
 * means "not yet". Its number is the data plane's replica number, and never used twice.
 */
export interface Pod {
  readonly number: number;
  readonly workload: number;
  readonly revision: number;
  /** How many pods of the workload were created before it. */
  readonly ordinal: number;
  readonly createdAt: number;
  node: number | null;
  /** The scheduler looked at it first: what comes after is waiting for a node with room. */
  consideredAt: number | null;
  /** Bound to a node: `status.startTime`. */
  scheduledAt: number | null;
  imageAt: number | null;
  /** The process listens. */
  listeningAt: number | null;
  readyAt: number | null;
  /** Callers knew it first. */
  endpointAt: number | null;
  /** Callers know it now. */
  known: boolean;
  deletedAt: number | null;
  goneAt: number | null;
  /** The Ready condition, and when it last changed. */
  ready: boolean;
  readyChangedAt: number | null;
  probeSuccesses: number;
  probeFailures: number;
}

export function newPod(fields: {
  readonly number: number;
  readonly workload: number;
  readonly revision: number;
  readonly ordinal: number;
  readonly createdAt: number;
}): Pod {
  return {
    ...fields,
    node: null,
    consideredAt: null,
    scheduledAt: null,
    imageAt: null,
    listeningAt: null,
    readyAt: null,
    endpointAt: null,
    known: false,
    deletedAt: null,
    goneAt: null,
    ready: false,
    readyChangedAt: null,
    probeSuccesses: 0,
    probeFailures: 0,
  };
}

export const exists = (pod: Pod): boolean => pod.goneAt === null;
/** It counts towards its ReplicaSet's replicas: it exists and is not terminating. */
export const isActive = (pod: Pod): boolean => pod.deletedAt === null && pod.goneAt === null;
