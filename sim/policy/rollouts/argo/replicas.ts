import type { IntOrPercent } from "../../intOrPercent.ts";
import { type RollingLimits, rollingLimits } from "../deployment/fenceposts.ts";

const DEFAULT_LIMIT = "25%";

/** The limits of a canary without traffic router are those of a Deployment; null: 25 %. */
export const canaryLimits = (
  written: {
    readonly maxSurge: IntOrPercent | null;
    readonly maxUnavailable: IntOrPercent | null;
  },
  replicas: number,
): RollingLimits =>
  rollingLimits(
    {
      type: "RollingUpdate",
      maxSurge: written.maxSurge ?? DEFAULT_LIMIT,
      maxUnavailable: written.maxUnavailable ?? DEFAULT_LIMIT,
    },
    replicas,
  );

/** Replicas for a weight out of `maxWeight`, rounded up: a share of the traffic needs a replica. */
export const replicasForWeight = (weight: number, replicas: number, maxWeight: number): number =>
  Math.ceil((weight * replicas) / maxWeight);
