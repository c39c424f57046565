/** A count, or a share of the replicas like `25%`. */
export type CountOrPercent = number | string;

export interface Limits {
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

const DEFAULT_LIMIT = "25%";

/**
 * How many replicas more and fewer than wanted there may be. Surge rounds up, unavailable rounds
 * down; only if both come out as 0 one may be unavailable, lest nothing ever moves.
 */
export function limitsOf(
  {
    maxSurge,
    maxUnavailable,
  }: { readonly maxSurge: CountOrPercent | null; readonly maxUnavailable: CountOrPercent | null },
  replicas: number,
): Limits {
  const surge = countOf(maxSurge ?? DEFAULT_LIMIT, replicas, Math.ceil);
  const unavailable = countOf(maxUnavailable ?? DEFAULT_LIMIT, replicas, Math.floor);
  const least = surge === 0 && unavailable === 0 ? 1 : unavailable;
  return { maxSurge: surge, maxUnavailable: Math.min(least, replicas) };
}

function countOf(
  value: CountOrPercent,
  replicas: number,
  round: (value: number) => number,
): number {
  if (typeof value === "number") return value;
  return round((Number(value.replace("%", "")) * replicas) / 100);
}

/** Replicas for a weight out of `maxWeight`, rounded up: a share of the traffic needs a replica. */
export const replicasForWeight = (weight: number, replicas: number, maxWeight: number): number =>
  Math.ceil((weight * replicas) / maxWeight);
