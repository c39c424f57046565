import type { IntOrPercent } from "../../intOrPercent.ts";
import { canaryLimits } from "./replicas.ts";

/** A ReplicaSet: what it should have, and what of that is available. */
export interface ReplicaSetCounts {
  readonly spec: number;
  readonly available: number;
}

export interface CanaryCounts {
  readonly canary: number;
  readonly stable: number;
}

export interface BasicCanaryInput {
  readonly replicas: number;
  /** Null: 25 %. */
  readonly maxSurge: IntOrPercent | null;
  readonly maxUnavailable: IntOrPercent | null;
  /** Percent that the canary should have, 0 … 100. */
  readonly weight: number;
  readonly canary: ReplicaSetCounts;
  readonly stable: ReplicaSetCounts;
  /** `spec.replicas` of ReplicaSets older than both. */
  readonly otherSpec: number;
}

/**
 * Next counts of a canary without traffic router, where replicas are the only weights. Ups come
 * first, stable before canary, as far as the surge allows; downs as far as enough replicas stay
 * available, and only of the side that is to shrink.
 * Source: recorded runs of Argo Rollouts 1.9.1 (test/conformance/rollout/argo-basic-canary.json).
 */
export function basicCanaryCounts(input: BasicCanaryInput): CanaryCounts {
  const { replicas, weight, canary, stable, otherSpec } = input;
  const limits = canaryLimits(input, replicas);
  const wanted = nearestCounts(replicas, weight, limits.maxSurge);
  const most = replicas + limits.maxSurge;
  const raised = scaledUp(wanted, input, most - canary.spec - stable.spec - otherSpec);
  // Replicas of older revisions go before any of these two.
  if (otherSpec > 0) return raised;
  const isGrowing = wanted.canary >= canary.spec;
  const least = replicas - limits.maxUnavailable;
  const counted = countedForScaleDown(canary, !isGrowing) + countedForScaleDown(stable, isGrowing);
  if (counted <= least) return raised;
  const room = counted - least;
  if (isGrowing) {
    const drained = scaledDown(stable.spec, raised.stable, wanted.stable, room);
    const [next, kept] = withinLimits(
      { set: stable, count: drained },
      { set: canary, count: raised.canary },
      { most, least },
    );
    return { canary: kept, stable: next };
  }
  const drained = scaledDown(canary.spec, raised.canary, wanted.canary, room);
  const [next, kept] = withinLimits(
    { set: canary, count: drained },
    { set: stable, count: raised.stable },
    { most, least },
  );
  return { canary: next, stable: kept };
}

/**
 * Whole replicas whose shares come nearest to the weight, out of `replicas` or, if it may surge,
 * of one more. Exact halves go to the canary, other ties to the option that was looked at first.
 * From 1 to 99 % both sides have one at least, unless there is only one to share, or no option is
 * left: without surge, half a replica short of all of them. Argo gives the canary none then.
 */
function nearestCounts(replicas: number, weight: number, maxSurge: number): CanaryCounts {
  if (replicas === 0) return { canary: 0, stable: 0 };
  const product = replicas * weight;
  const [up, down] = [Math.ceil(product / 100), Math.floor(product / 100)];
  const mayBeZero = weight === 0 || weight === 100 || (replicas === 1 && maxSurge === 0);
  const mayRoundDown = down !== 0 || mayBeZero;
  const options: (readonly [canary: number, total: number])[] = [];
  if (up < replicas || mayBeZero) options.push([up, replicas]);
  if (mayRoundDown && !isHalf(replicas, weight)) options.push([down, replicas]);
  if (maxSurge > 0) {
    options.push([up, replicas + 1]);
    if (mayRoundDown && !isHalf(replicas + 1, weight)) options.push([down, replicas + 1]);
  }
  const [first = [0, replicas], ...others] = options;
  const error = ([canary, total]: readonly [number, number]): number =>
    Math.abs((canary * 100) / total - weight);
  const [canary, total] = others.reduce(
    (best, option) => (error(option) < error(best) ? option : best),
    first,
  );
  return { canary, stable: total - canary };
}

/** As Argo computes it: 29 % of 50 is 14.499999999999998, and no half. */
const isHalf = (total: number, weight: number): boolean => (total * (weight / 100)) % 1 === 0.5;

function scaledUp(
  wanted: CanaryCounts,
  { canary, stable }: BasicCanaryInput,
  surgeRoom: number,
): CanaryCounts {
  const stableRise = rise(stable.spec, wanted.stable, surgeRoom);
  const canaryRise = rise(canary.spec, wanted.canary, surgeRoom - stableRise);
  return { canary: canary.spec + canaryRise, stable: stable.spec + stableRise };
}

const rise = (from: number, to: number, room: number): number =>
  Math.max(0, Math.min(to - from, room));

/** How much a ReplicaSet lends to the decision whether something may go. */
function countedForScaleDown({ spec, available }: ReplicaSetCounts, ignoresHealth: boolean) {
  // More available than wanted: those are on their way out already.
  return ignoresHealth ? spec : Math.min(spec, available);
}

const scaledDown = (spec: number, count: number, wanted: number, room: number): number =>
  spec > wanted ? Math.max(wanted, spec - room) : count;

/**
 * The side that grows gives back what exceeds the surge, but for available replicas that are still
 * needed; what then exceeds it comes off the side that shrinks.
 */
function withinLimits(
  draining: { readonly set: ReplicaSetCounts; readonly count: number },
  growing: { readonly set: ReplicaSetCounts; readonly count: number },
  { most, least }: { readonly most: number; readonly least: number },
): readonly [draining: number, growing: number] {
  const excess = Math.max(0, draining.count + growing.count - most);
  const trimmed = growing.count - excess;
  const available =
    Math.min(draining.set.available, draining.count) + Math.min(growing.set.available, trimmed);
  const lost = Math.max(0, growing.set.available - trimmed);
  const kept = trimmed + Math.min(lost, Math.max(0, least - available));
  return [draining.count - Math.max(0, draining.count + kept - most), kept];
}
