import { assert } from "../kernel/assert.ts";

/**
 * p-values adjusted for having made so many comparisons, in the order given (Benjamini & Hochberg,
 * "Controlling the false discovery rate", JRSS B 57(1), 1995): of those that are at most q, a share
 * of q is expected to be wrong; holds for independent tests, and for those that depend positively
 * on each other (Benjamini & Yekutieli, Annals of Statistics 29(4), 2001).
 */
export function benjaminiHochberg(pValues: readonly number[]): readonly number[] {
  const m = pValues.length;
  for (const p of pValues) assert(p >= 0 && p <= 1, `a p-value lies from 0 to 1, got ${p}`);
  const order = pValues.map((_, index) => index).sort((i, j) => pValues[i]! - pValues[j]!);
  const adjusted = new Array<number>(m).fill(1);
  let least = 1;
  for (let rank = m; rank >= 1; rank--) {
    const index = order[rank - 1]!;
    least = Math.min(least, (pValues[index]! * m) / rank);
    adjusted[index] = least;
  }
  return adjusted;
}
