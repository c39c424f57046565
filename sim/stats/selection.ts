import pow from "@stdlib/math-base-special-pow";
import { sampleVariance } from "simple-statistics";
import { assert } from "../kernel/assert.ts";

export interface Selection {
  /** Index of the system that is chosen; null while more samples are needed. */
  readonly best: number | null;
  /** Samples of each system after which it was out; null for those that are still in. */
  readonly eliminatedAfter: readonly (number | null)[];
  /** Samples of each system that were looked at. */
  readonly samples: number;
}

/**
 * The procedure KN of Kim & Nelson ("A fully sequential procedure for indifference-zone selection
 * in simulation", ACM TOMACS 11(3), 2001; constant c = 1): of k systems it chooses the one with
 * the smallest mean with at least the given probability whenever that mean is smaller than all
 * others by the indifference; of nearer ones it chooses one of the good. Samples are normal, and
 * sample r of all systems may come from common random numbers: only their differences count, so
 * the choice needs fewer the better they are paired. Systems that are plainly worse are left out
 * early, and need no samples from then on. It looks at samples in their order; more of them than
 * it needed change nothing.
 */
export function kimNelson({
  samples,
  first,
  indifference,
  probability,
}: {
  /** By system; of those still in, equally many. */
  readonly samples: readonly (readonly number[])[];
  /** Samples of each system before any is left out. */
  readonly first: number;
  readonly indifference: number;
  readonly probability: number;
}): Selection {
  const k = samples.length;
  assert(k >= 2, `a choice is among two systems or more, got ${k}`);
  assert(first >= 2, `a variance needs two samples or more, got ${first}`);
  assert(indifference > 0, `the indifference is above 0, got ${indifference}`);
  assert(
    probability > 1 / k && probability < 1,
    `the probability lies between ${1 / k}, a guess, and 1, got ${probability}`,
  );
  const eta = (pow((2 * (1 - probability)) / (k - 1), -2 / (first - 1)) - 1) / 2;
  const factor = 2 * eta * (first - 1);
  const variances = samples.map((a) =>
    samples.map((b) => (a === b ? 0 : differenceVariance(a, b, first))),
  );
  const sums = samples.map(() => 0);
  const eliminatedAfter = samples.map((): number | null => null);
  let left = samples.map((_, index) => index);
  for (let r = 1; ; r++) {
    if (left.some((i) => samples[i]!.length < r)) {
      return { best: null, eliminatedAfter, samples: r - 1 };
    }
    for (const i of left) sums[i]! += samples[i]![r - 1]!;
    if (r < first) continue;
    const slack = (i: number, other: number): number =>
      Math.max(0, (factor * variances[i]![other]!) / (2 * indifference) - (indifference * r) / 2);
    const stay = left.filter((i) => left.every((l) => sums[i]! <= sums[l]! + slack(i, l)));
    for (const i of left) if (!stay.includes(i)) eliminatedAfter[i] = r;
    // Without slack only equal ones are left together: any is as good.
    const isOver = stay.every((i) => stay.every((l) => i === l || slack(i, l) === 0));
    if (isOver) return { best: stay[0]!, eliminatedAfter, samples: r };
    left = stay;
  }
}

function differenceVariance(a: readonly number[], b: readonly number[], first: number): number {
  assert(
    a.length >= first && b.length >= first,
    `each system needs ${first} samples to begin with`,
  );
  return sampleVariance(a.slice(0, first).map((value, i) => value - b[i]!));
}
