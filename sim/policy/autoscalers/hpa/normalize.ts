import type { Micros } from "../../../kernel/time.ts";
import { scaleDownLimit, scaleUpLimit } from "./behavior.ts";
import type { HpaState, Recommendation } from "./state.ts";
import { windowsOf } from "./state.ts";

/** What the limits make of a recommendation. */
export interface Normalized {
  readonly replicas: number;
  readonly stabilizedReplicas: number;
  readonly recommendations: readonly Recommendation[];
  /** Reason of AbleToScale, whose status is True. */
  readonly ableToScale: "ReadyForNewScale" | "ScaleUpStabilized" | "ScaleDownStabilized";
  /** Reason of ScalingLimited; its status is `isLimited`. */
  readonly limit: LimitReason;
  readonly isLimited: boolean;
}

type LimitReason =
  | "DesiredWithinRange"
  | "ScaleUpLimit"
  | "ScaleDownLimit"
  | "TooManyReplicas"
  | "TooFewReplicas";

interface Limited {
  readonly replicas: number;
  readonly limit: LimitReason;
}

export interface NormalizeInput {
  readonly state: HpaState;
  readonly recommendations: readonly Recommendation[];
  readonly currentReplicas: number;
  readonly recommended: number;
  readonly now: Micros;
}

/**
 * Stabilization, then limits. A spec without `behavior` has a path of its own, which differs at the
 * window's edge, in what it stabilizes and in its limit (the larger of double and four, without
 * memory of earlier steps).
 */
export function normalize(input: NormalizeInput): Normalized {
  return input.state.spec.behavior === null
    ? normalizeWithoutBehavior(input)
    : normalizeWithBehavior(input, input.state.spec.behavior);
}

function normalizeWithoutBehavior(input: NormalizeInput): Normalized {
  const { state, recommendations, recommended, now } = input;
  const cutoff = now - state.controller.downscaleStabilization;
  let stabilized = recommended;
  let reusable = -1;
  recommendations.forEach(({ replicas, time }, index) => {
    // A recommendation exactly as old as the window still counts.
    if (time < cutoff) reusable = index;
    else stabilized = Math.max(stabilized, replicas);
  });
  const { replicas, limit } = limitWithoutBehavior(stabilized, input);
  return {
    replicas,
    stabilizedReplicas: stabilized,
    recommendations: recorded(recommendations, reusable, { replicas: recommended, time: now }),
    ableToScale: stabilized === recommended ? "ReadyForNewScale" : "ScaleDownStabilized",
    limit,
    isLimited: replicas !== stabilized,
  };
}

function limitWithoutBehavior(wanted: number, { state, currentReplicas }: NormalizeInput): Limited {
  const { minReplicas, maxReplicas } = state.spec;
  const rateLimit = Math.max(2 * currentReplicas, 4);
  if (wanted < minReplicas) return { replicas: minReplicas, limit: "TooFewReplicas" };
  if (wanted > Math.min(maxReplicas, rateLimit)) {
    return maxReplicas > rateLimit
      ? { replicas: rateLimit, limit: "ScaleUpLimit" }
      : { replicas: maxReplicas, limit: "TooManyReplicas" };
  }
  return { replicas: wanted, limit: "DesiredWithinRange" };
}

/**
 * Stabilization clamps the current count between the lowest recommendation of the up window and the
 * highest one of the down window, so that the result can be a count that no recommendation named.
 */
function normalizeWithBehavior(
  input: NormalizeInput,
  behavior: NonNullable<HpaState["spec"]["behavior"]>,
): Normalized {
  const { state, recommendations, currentReplicas, recommended, now } = input;
  const windows = windowsOf(behavior, state.controller);
  let lowest = recommended;
  let highest = recommended;
  let reusable = -1;
  recommendations.forEach(({ replicas, time }, index) => {
    // Here the exact edge is outside of the window, and its slot is not yet free.
    if (time > now - windows.up) lowest = Math.min(lowest, replicas);
    if (time > now - windows.down) highest = Math.max(highest, replicas);
    if (time < now - windows.up && time < now - windows.down) reusable = index;
  });
  const stabilized = Math.min(Math.max(currentReplicas, lowest), highest);
  const { replicas, limit } = limitWithBehavior(stabilized, input, behavior);
  const direction = recommended >= currentReplicas ? "ScaleUpStabilized" : "ScaleDownStabilized";
  return {
    replicas,
    stabilizedReplicas: stabilized,
    recommendations: recorded(recommendations, reusable, { replicas: recommended, time: now }),
    ableToScale: stabilized === recommended ? "ReadyForNewScale" : direction,
    limit,
    isLimited: replicas !== stabilized,
  };
}

function limitWithBehavior(
  wanted: number,
  { state, currentReplicas, now }: NormalizeInput,
  behavior: NonNullable<HpaState["spec"]["behavior"]>,
): Limited {
  const { minReplicas, maxReplicas } = state.spec;
  const events = { up: state.scaleUpEvents, down: state.scaleDownEvents };
  if (wanted > currentReplicas) {
    const rateLimit = Math.max(
      scaleUpLimit({ currentReplicas, events, rules: behavior.scaleUp, now }),
      currentReplicas,
    );
    const ceiling = Math.min(maxReplicas, rateLimit);
    if (wanted > ceiling) {
      const limit = maxReplicas > rateLimit ? "ScaleUpLimit" : "TooManyReplicas";
      return { replicas: ceiling, limit };
    }
  } else if (wanted < currentReplicas) {
    const rateLimit = Math.min(
      scaleDownLimit({ currentReplicas, events, rules: behavior.scaleDown, now }),
      currentReplicas,
    );
    const floor = Math.max(minReplicas, rateLimit);
    if (wanted < floor) {
      const limit = minReplicas < rateLimit ? "ScaleDownLimit" : "TooFewReplicas";
      return { replicas: floor, limit };
    }
  }
  return { replicas: wanted, limit: "DesiredWithinRange" };
}

/** The list with one more recommendation, in the last slot that is free if there is one. */
function recorded(
  recommendations: readonly Recommendation[],
  reusable: number,
  recommendation: Recommendation,
): readonly Recommendation[] {
  return reusable < 0
    ? [...recommendations, recommendation]
    : recommendations.with(reusable, recommendation);
}
