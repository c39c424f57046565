import { scaledValue } from "../../intOrPercent.ts";
import type { DeploymentStrategy } from "./spec.ts";

/** How far a rolling update may go at once, in replicas. */
export interface RollingLimits {
  /** Replicas above the wanted ones. */
  readonly maxSurge: number;
  /** Wanted replicas that may be unavailable. */
  readonly maxUnavailable: number;
}

/**
 * Surge rounds up, unavailable rounds down, so that a percentage errs on the safe side. Small
 * Deployments would stand still if both came out as 0: then one replica may be unavailable. More
 * than all replicas cannot be.
 */
export function rollingLimits(strategy: DeploymentStrategy, replicas: number): RollingLimits {
  if (strategy.type === "Recreate") return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = scaledValue(strategy.maxSurge, { total: replicas, round: "up" });
  const share = scaledValue(strategy.maxUnavailable, { total: replicas, round: "down" });
  const maxUnavailable = maxSurge === 0 && share === 0 ? 1 : share;
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, replicas) };
}
