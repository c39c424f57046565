import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import { assert } from "../kernel/assert.ts";
import { midRanks } from "./midRanks.ts";

/** Up to so many differences the number of signs that give a sum is exact in a double. */
const EXACT_MAX = 50;

export interface SignedRankTest {
  /** Sum of the ranks of the positive differences. */
  readonly positiveRanks: number;
  /** Two-sided. */
  readonly pValue: number;
  /** Differences that are not 0: those that are say nothing of a direction. */
  readonly n: number;
  /** Whether the p-value counts all signs, or comes from the normal distribution. */
  readonly isExact: boolean;
}

/**
 * Wilcoxon's signed-rank test of b − a over pairs (Hollander, Wolfe & Chicken, "Nonparametric
 * Statistical Methods", §3.1): assumes symmetry, not the normal distribution. Ties share their
 * ranks. Exact up to 50 differences, ties included; beyond, normal with the variance that the ties
 * leave, and no correction for continuity.
 */
export function signedRankTest({
  a,
  b,
}: {
  readonly a: readonly number[];
  readonly b: readonly number[];
}): SignedRankTest {
  assert(a.length === b.length, `pairs: ${a.length} samples of a, ${b.length} of b`);
  const differences = b.map((value, i) => value - a[i]!).filter((difference) => difference !== 0);
  const n = differences.length;
  const ranks = midRanks(differences.map((difference) => Math.abs(difference)));
  const positiveRanks = ranks.reduce((sum, rank, i) => sum + (differences[i]! > 0 ? rank : 0), 0);
  const isExact = n <= EXACT_MAX;
  const pValue = isExact ? exact(ranks, positiveRanks) : normal(ranks, positiveRanks);
  return { positiveRanks, pValue, n, isExact };
}

/**
 * Share of all 2^n signs whose sum lies at least as far from the middle. Twice the ranks are
 * whole, so that sums can be counted one rank after another.
 */
function exact(ranks: readonly number[], positiveRanks: number): number {
  const doubled = ranks.map((rank) => 2 * rank);
  const total = doubled.reduce((sum, rank) => sum + rank, 0);
  const ways = new Float64Array(total + 1);
  ways[0] = 1;
  for (const rank of doubled) {
    for (let sum = total; sum >= rank; sum--) ways[sum]! += ways[sum - rank]!;
  }
  const low = Math.min(2 * positiveRanks, total - 2 * positiveRanks);
  let tail = 0;
  for (let sum = 0; sum <= low; sum++) tail += ways[sum]!;
  return Math.min(1, (2 * tail) / 2 ** ranks.length);
}

/** Given the ranks, the variance of the sum is a quarter of their squares, ties or not. */
function normal(ranks: readonly number[], positiveRanks: number): number {
  const middle = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
  const variance = ranks.reduce((sum, rank) => sum + rank * rank, 0) / 4;
  return 2 * normalCdf(-Math.abs(positiveRanks - middle) / Math.sqrt(variance), 0, 1);
}
