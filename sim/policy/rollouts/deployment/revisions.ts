import type { ReplicaSetObservation } from "./contract.ts";
import {
  hasDeadline,
  type Pass,
  type ReplicaSets,
  sizeNote,
  totalReplicas,
  update,
} from "./pass.ts";
import { NO_LIMIT } from "./spec.ts";
import { withCondition } from "./status.ts";

/**
 * The ReplicaSets, with the one of the wanted template brought up to date: going back to an older
 * template makes its ReplicaSet the newest revision. The Deployment's own revision follows in the
 * reconciliation after that.
 */
export function findReplicaSets(pass: Pass): ReplicaSets {
  const { wanted, settings } = pass;
  const current = wanted.replicaSets.find(({ template }) => template === wanted.template) ?? null;
  const old = wanted.replicaSets.filter((set) => set !== current);
  if (current === null) return { current, old };
  const revision = Math.max(current.spec.revision, nextRevision(old));
  const spec = { ...current.spec, revision, minReadySeconds: settings.minReadySeconds };
  const updated = update(pass, current, spec, "CurrentRevision");
  if (updated === current) {
    pass.status = { ...pass.status, revision };
    if (hasDeadline(pass) && pass.status.progressing === null) {
      pass.status = withCondition(pass, "progressing", "True", "FoundNewReplicaSet");
    }
  }
  return { current: updated, old };
}

const nextRevision = (old: readonly ReplicaSetObservation[]): number =>
  1 + old.reduce((max, { spec }) => Math.max(max, spec.revision), 0);

/** A ReplicaSet of the wanted template, with as many replicas as there is room for at once. */
export function createReplicaSet(pass: Pass, { old }: ReplicaSets): ReplicaSets {
  const { wanted, settings, status } = pass;
  const revision = nextRevision(old);
  const spec = {
    replicas: roomForCurrent(pass, { current: 0, total: totalReplicas(old) }),
    minReadySeconds: settings.minReadySeconds,
    revision,
    ...sizeNote(pass),
  };
  const { template } = wanted;
  pass.writes.push({ kind: "create", template, spec, reason: "NewRevision" });
  pass.status = { ...status, revision };
  if (hasDeadline(pass)) {
    pass.status = withCondition(pass, "progressing", "True", "NewReplicaSetCreated");
  }
  return { current: { template, spec, status: NO_PODS, unfinishedPods: 0 }, old };
}

const NO_PODS = { replicas: 0, readyReplicas: 0, availableReplicas: 0, terminatingReplicas: 0 };

/**
 * How many replicas the current ReplicaSet may have now: all for Recreate; for a rolling update no
 * more than `spec.replicas` of all ReplicaSets leave below replicas + surge. Pods do not count: a
 * slow one that is still terminating takes no room.
 */
export function roomForCurrent(
  { wanted, limits, settings }: Pass,
  { current, total }: { readonly current: number; readonly total: number },
): number {
  if (settings.strategy.type === "Recreate") return wanted.replicas;
  const room = wanted.replicas + limits.maxSurge - total;
  return current + Math.max(0, Math.min(room, wanted.replicas - current));
}

/**
 * Deletes the oldest revisions above the history limit. One that still has replicas keeps its
 * place: the limit may be exceeded rather than a younger revision lost.
 */
export function cleanUpHistory(pass: Pass, old: readonly ReplicaSetObservation[]): void {
  const { revisionHistoryLimit: limit } = pass.settings;
  if (limit === NO_LIMIT || old.length <= limit) return;
  const byRevision = [...old].sort((a, b) => a.spec.revision - b.spec.revision);
  for (const { template, spec, status } of byRevision.slice(0, old.length - limit)) {
    if (spec.replicas > 0 || status.replicas > 0) continue;
    pass.writes.push({ kind: "delete", template, reason: "HistoryLimit" });
  }
}
