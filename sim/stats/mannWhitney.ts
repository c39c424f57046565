import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import { assert } from "../kernel/assert.ts";
import { midRanks } from "./midRanks.ts";

/** `greater`: values of `b` tend to be larger than those of `a`. */
export type Alternative = "two-sided" | "greater" | "less";

/** Up to so many samples of both the ways to give a U are counted exactly in doubles. */
const EXACT_MAX = 50;

export interface MannWhitneyTest {
  /** Pairs in which the value of `b` is the larger one; equal ones count one half. */
  readonly u: number;
  /** Chance that a value of `b` exceeds one of `a`, ties one half: u / (|a| |b|). */
  readonly effect: number;
  readonly pValue: number;
}

/**
 * The Mann-Whitney U test (Wilcoxon's rank sum test) of whether values of `b` tend to be larger, or
 * smaller, than those of `a` (Hollander, Wolfe & Chicken, "Nonparametric Statistical Methods",
 * §4.1).
 * `exact` counts permutations, and needs samples without ties; `asymptotic` is the normal
 * distribution with the variance that ties leave and a continuity correction of ½. `automatic`
 * takes the exact one of up to 50 samples without ties. At least one sample of each.
 */
export function mannWhitneyTest({
  a,
  b,
  alternative = "two-sided",
  method = "automatic",
}: {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly alternative?: Alternative;
  readonly method?: "exact" | "asymptotic" | "automatic";
}): MannWhitneyTest {
  assert(a.length > 0 && b.length > 0, "a test of two samples needs both");
  const ranks = midRanks([...a, ...b]);
  const rankSum = ranks.slice(a.length).reduce((sum, rank) => sum + rank, 0);
  const u = rankSum - (b.length * (b.length + 1)) / 2;
  const pairs = a.length * b.length;
  const hasTies = new Set(ranks).size < ranks.length;
  const isSmall = ranks.length <= EXACT_MAX && !hasTies;
  const isExact = method === "exact" || (method === "automatic" && isSmall);
  const atLeast = isExact
    ? exactTail(a.length, b.length)
    : asymptoticTail(a.length, b.length, ranks);
  const [greater, less] = [atLeast(u), atLeast(pairs - u)];
  const pValue = {
    greater,
    less,
    "two-sided": Math.min(1, 2 * Math.min(greater, less)),
  }[alternative];
  return { u, effect: u / pairs, pValue };
}

/** The probability of a U of at least so much under the hypothesis, which is symmetric. */
type Tail = (u: number) => number;

/** Counts the subsets of the ranks that `b` may have, by their sums. */
function exactTail(aSize: number, bSize: number): Tail {
  const pairs = aSize * bSize;
  // ways[k][u]: subsets of k of the ranks so far whose sum exceeds the least one by u.
  const ways = Array.from({ length: bSize + 1 }, () => new Float64Array(pairs + 1));
  ways[0]![0] = 1;
  for (let rank = 0; rank < aSize + bSize; rank++) {
    for (let k = Math.min(rank, bSize - 1); k >= 0; k--) {
      // The k-th smallest of a subset exceeds its least value by as many ranks as it skips.
      const skipped = rank - k;
      const [from, to] = [ways[k]!, ways[k + 1]!];
      for (let u = pairs - skipped; u >= 0; u--) to[u + skipped]! += from[u]!;
    }
  }
  const counts = ways[bSize]!;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return (u) => {
    let tail = 0;
    for (let i = Math.ceil(u - 1e-9); i <= pairs; i++) tail += counts[i]!;
    return tail / total;
  };
}

function asymptoticTail(aSize: number, bSize: number, ranks: readonly number[]): Tail {
  const n = aSize + bSize;
  const counts = new Map<number, number>();
  for (const rank of ranks) counts.set(rank, (counts.get(rank) ?? 0) + 1);
  const ties = [...counts.values()].reduce((sum, count) => sum + count ** 3 - count, 0);
  const variance = ((aSize * bSize) / 12) * (n + 1 - ties / (n * (n - 1)));
  const middle = (aSize * bSize) / 2;
  // All are equal: nothing speaks for a difference.
  if (variance <= 0) return () => 1;
  return (u) => normalCdf(-(u - middle - 0.5) / Math.sqrt(variance), 0, 1);
}
