import { isActive, type Pass, type ReplicaSets, scaleTo } from "./pass.ts";
import { cleanUpHistory, createReplicaSet } from "./revisions.ts";
import { isComplete, syncRolloutStatus } from "./status.ts";

/** All old pods go, and are gone, before the first new one comes. */
export function recreateAll(pass: Pass, found: ReplicaSets): void {
  const old = found.old.filter(isActive);
  for (const set of old) scaleTo(pass, set, 0, "RecreateDown");
  if (old.length > 0 || hasOldPods(found)) {
    syncRolloutStatus(pass, found);
    return;
  }
  const sets = found.current === null ? createReplicaSet(pass, found) : found;
  const { current } = sets;
  const { replicas } = pass.wanted;
  if (current !== null && current.spec.replicas !== replicas) {
    scaleTo(pass, current, replicas, "RecreateUp");
  }
  if (isComplete(pass)) cleanUpHistory(pass, sets.old);
  syncRolloutStatus(pass, sets);
}

/** Terminating pods count, finished ones do not. */
const hasOldPods = ({ old }: ReplicaSets): boolean =>
  old.some(({ status, unfinishedPods }) => status.replicas > 0 || unfinishedPods > 0);
