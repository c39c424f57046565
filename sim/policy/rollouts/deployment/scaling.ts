import type { ReplicaSetObservation } from "./contract.ts";
import { allOf, isActive, type Pass, type ReplicaSets, scaleTo, totalReplicas } from "./pass.ts";

/** Somebody changed `spec.replicas` since a ReplicaSet with replicas was last written. */
export const isScaled = ({ wanted }: Pass, sets: ReplicaSets): boolean =>
  allOf(sets).some((set) => isActive(set) && set.spec.desiredReplicas !== wanted.replicas);

/**
 * Brings the ReplicaSets to the Deployment's new size without rolling on: a lone one takes the
 * full count; several share it in proportion, so that a roll in progress keeps its risk.
 */
export function scale(pass: Pass, sets: ReplicaSets): void {
  const { replicas } = pass.wanted;
  const active = allOf(sets).filter(isActive);
  if (active.length <= 1) {
    const target = active[0] ?? sets.current ?? sets.old.at(-1);
    if (target !== undefined && target.spec.replicas !== replicas) {
      scaleTo(pass, target, replicas, "OnlyActive");
    }
  } else if (isSaturated(pass, sets.current)) {
    const youngestFirst = sets.old.filter(isActive).reverse();
    for (const set of youngestFirst) scaleTo(pass, set, 0, "Saturated");
  } else if (pass.settings.strategy.type === "RollingUpdate") {
    scaleInProportion(pass, active);
  }
}

/** It is as large as the Deployment, was written so, and all of it is available. */
function isSaturated({ wanted }: Pass, set: ReplicaSetObservation | null): boolean {
  if (set === null) return false;
  const { replicas, desiredReplicas } = set.spec;
  return [replicas, desiredReplicas, set.status.availableReplicas].every(
    (count) => count === wanted.replicas,
  );
}

/**
 * Shares out what is missing to replicas + surge, or what is too much. Largest first; among
 * equals the younger grows first and the older shrinks first; what rounding leaves over is the
 * first one's.
 */
function scaleInProportion(pass: Pass, active: readonly ReplicaSetObservation[]): void {
  const { wanted, limits } = pass;
  const allowed = wanted.replicas === 0 ? 0 : wanted.replicas + limits.maxSurge;
  const toAdd = allowed - totalReplicas(active);
  const place = placeOf(wanted.replicaSets);
  const ordered = [...active].sort(
    (a, b) => b.spec.replicas - a.spec.replicas || Math.sign(toAdd) * (place(b) - place(a)),
  );
  let added = 0;
  const sizes = ordered.map((set) => {
    const share = shareOf(pass, set, toAdd - added);
    added += share;
    return set.spec.replicas + share;
  });
  ordered.forEach((set, index) => {
    const leftover = index === 0 ? toAdd - added : 0;
    scaleTo(pass, set, Math.max(0, sizes[index]! + leftover), "Proportional");
  });
}

/** A ReplicaSet's place in order of creation; one just updated is found by its template. */
const placeOf =
  (all: readonly ReplicaSetObservation[]) =>
  ({ template }: ReplicaSetObservation): number =>
    all.findIndex((set) => set.template === template);

/**
 * What a ReplicaSet gains, or loses, when the Deployment's size including surge changes from what
 * is noted on it: never more than what is `left` to hand out.
 */
function shareOf(pass: Pass, { spec }: ReplicaSetObservation, left: number): number {
  if (left === 0) return 0;
  const { wanted, limits, status } = pass;
  const gain = (): number => {
    if (wanted.replicas === 0) return -spec.replicas;
    const before = spec.maxReplicas > 0 ? spec.maxReplicas : status.replicas;
    if (before === 0) return 0;
    const now = wanted.replicas + limits.maxSurge;
    return Math.floor((spec.replicas * now) / before + 0.5) - spec.replicas;
  };
  return left > 0 ? Math.min(gain(), left) : Math.max(gain(), left);
}
