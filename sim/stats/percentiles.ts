import { assert } from "../kernel/assert.ts";

/**
 * A quantile of samples by linear interpolation between the two around rank (n − 1) q, counted from
 * 0: type 7 of Hyndman & Fan, "Sample quantiles in statistical packages", The American Statistician
 * 50(4), 1996; what numpy and spreadsheets do. `q` is 0 … 1; at least one sample.
 */
export function interpolatedQuantile(samples: readonly number[], q: number): number {
  const sorted = ascending(samples, q);
  const rank = (sorted.length - 1) * q;
  const below = Math.floor(rank);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (rank - below) * (high - low);
}

/**
 * The smallest sample that at least a share `q` of them does not exceed (nearest rank, ⌈q n⌉): a
 * latency that was measured, never one in between.
 */
export function nearestRankQuantile(samples: readonly number[], q: number): number {
  const sorted = ascending(samples, q);
  return sorted[Math.max(1, Math.ceil(q * sorted.length - ROUNDING)) - 1]!;
}

/** q n may be a hair above a whole number. */
const ROUNDING = 1e-9;

function ascending(samples: readonly number[], q: number): readonly number[] {
  assert(samples.length > 0, "a quantile needs at least one sample");
  assert(q >= 0 && q <= 1, `a quantile lies between 0 and 1, got ${q}`);
  return [...samples].sort((a, b) => a - b);
}
