import binomialCdf from "@stdlib/stats-base-dists-binomial-cdf";
import binomialQuantile from "@stdlib/stats-base-dists-binomial-quantile";
import { assert } from "../kernel/assert.ts";

/** Ranks from 1 of the order statistics that bound a quantile. */
export interface QuantileRanks {
  readonly low: number;
  readonly high: number;
  /** Chance that they enclose the quantile: at least the level that was asked for. */
  readonly coverage: number;
}

/**
 * Order statistics of n independent samples that enclose their q-quantile with at least the given
 * chance, whatever the distribution (David & Nagaraja, "Order Statistics", §7.1; Le Boudec,
 * "Performance Evaluation of Computer and Communication Systems", theorem 2.1): the number of
 * samples below the quantile is binomial. Each end is missed by at most half of what is left. Null
 * when the samples are too few for it: 6 for a median at 95 %, 72 for a 95th percentile.
 */
export function quantileRanks({
  n,
  q,
  level,
}: {
  readonly n: number;
  readonly q: number;
  readonly level: number;
}): QuantileRanks | null {
  assert(q > 0 && q < 1, `a quantile lies between 0 and 1, got ${q}`);
  assert(level > 0 && level < 1, `a confidence level lies between 0 and 1, got ${level}`);
  assert(n > 0, "a quantile needs at least one sample");
  const tail = (1 - level) / 2;
  // Greatest rank with P(B < low) ≤ tail: the quantile function gives the least k with P(B ≤ k) ≥
  // tail, which is one too far where that is met exactly.
  const first = binomialQuantile(tail, n, q);
  const low = binomialCdf(first, n, q) <= tail ? first + 1 : first;
  // Least rank with P(B ≥ high) ≤ tail.
  const high = binomialQuantile(1 - tail, n, q) + 1;
  if (low < 1 || high > n) return null;
  return { low, high, coverage: binomialCdf(high - 1, n, q) - binomialCdf(low - 1, n, q) };
}

export interface QuantileInterval {
  /** The sample of rank ⌈q × n⌉; of a median, the middle of the two where n is even. */
  readonly value: number;
  /** Null where there are too few samples. */
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
}

/** A quantile of independent samples and the order statistics that enclose it. */
export function quantileInterval({
  samples,
  q,
  level,
}: {
  readonly samples: readonly number[];
  readonly q: number;
  readonly level: number;
}): QuantileInterval {
  const n = samples.length;
  const ranks = quantileRanks({ n, q, level });
  const sorted = [...samples].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(q * n * (1 - 2 ** -50)));
  const upper = q === 0.5 && n % 2 === 0 ? rank + 1 : rank;
  return {
    value: (sorted[rank - 1]! + sorted[upper - 1]!) / 2,
    low: ranks === null ? null : sorted[ranks.low - 1]!,
    high: ranks === null ? null : sorted[ranks.high - 1]!,
    n,
  };
}
