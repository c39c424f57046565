import type { ReplicaSetObservation } from "./contract.ts";
import {
  allOf,
  isActive,
  type Pass,
  type ReplicaSets,
  scaleTo,
  totalReplicas,
  totalStatus,
} from "./pass.ts";
import { cleanUpHistory, createReplicaSet, roomForCurrent } from "./revisions.ts";
import { isComplete, syncRolloutStatus } from "./status.ts";

/** Grows the current ReplicaSet into the surge, else shrinks the old ones by what is available. */
export function rollingUpdate(pass: Pass, found: ReplicaSets): void {
  const sets = found.current === null ? createReplicaSet(pass, found) : found;
  if (!scaledCurrent(pass, sets) && !scaledOld(pass, sets) && isComplete(pass)) {
    cleanUpHistory(pass, sets.old);
  }
  syncRolloutStatus(pass, sets);
}

function scaledCurrent(pass: Pass, sets: ReplicaSets): boolean {
  const { current } = sets;
  const { replicas } = pass.wanted;
  if (current === null || current.spec.replicas === replicas) return false;
  if (current.spec.replicas > replicas) {
    scaleTo(pass, current, replicas, "AboveReplicas");
    return true;
  }
  const room = { current: current.spec.replicas, total: totalReplicas(allOf(sets)) };
  const size = roomForCurrent(pass, room);
  if (size === current.spec.replicas) return false;
  scaleTo(pass, current, size, "SurgeRoom");
  return true;
}

/**
 * Old replicas may go as long as minAvailable remain, every unavailable replica of the current
 * ReplicaSet counted as one that must still come. Unavailable old ones go first: they cost nothing.
 */
function scaledOld(pass: Pass, sets: ReplicaSets): boolean {
  const { current } = sets;
  const old = sets.old.filter(isActive);
  if (current === null || old.length === 0) return false;
  const minAvailable = pass.wanted.replicas - pass.limits.maxUnavailable;
  const coming = current.spec.replicas - current.status.availableReplicas;
  const room = totalReplicas(allOf(sets)) - minAvailable - coming;
  if (room <= 0) return false;
  const healthier = removeUnhealthy(pass, old, room);
  const available = totalStatus([...old, current], "availableReplicas");
  const removed = removeAvailable(pass, healthier, available - minAvailable);
  return removed > 0 || healthier.some((set, index) => set !== old[index]);
}

/** Takes at most `room` unavailable replicas away, oldest ReplicaSet first. */
function removeUnhealthy(
  pass: Pass,
  old: readonly ReplicaSetObservation[],
  room: number,
): readonly ReplicaSetObservation[] {
  let left = room;
  return old.map((set) => {
    const unhealthy = set.spec.replicas - set.status.availableReplicas;
    const count = Math.min(left, unhealthy);
    if (count <= 0) return set;
    left -= count;
    return scaleTo(pass, set, set.spec.replicas - count, "UnhealthyOld");
  });
}

/** Takes at most `room` replicas away, oldest ReplicaSet first; returns how many. */
function removeAvailable(pass: Pass, old: readonly ReplicaSetObservation[], room: number): number {
  let removed = 0;
  for (const set of old) {
    const count = Math.min(room - removed, set.spec.replicas);
    if (count <= 0) continue;
    removed += count;
    scaleTo(pass, set, set.spec.replicas - count, "AvailableOld");
  }
  return removed;
}
