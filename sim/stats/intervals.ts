import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import tCdf from "@stdlib/stats-base-dists-t-cdf";
import tQuantile from "@stdlib/stats-base-dists-t-quantile";
import { mean as arithmeticMean, sampleStandardDeviation } from "simple-statistics";
import { assert } from "../kernel/assert.ts";

/** Arithmetic mean; at least one sample. */
export function mean(samples: readonly number[]): number {
  assert(samples.length > 0, "a mean needs at least one sample");
  return arithmeticMean([...samples]);
}

/**
 * With a single sample there is an estimate, but nothing is known about its error: the bounds are
 * null.
 */
export interface ConfidenceInterval {
  readonly mean: number;
  readonly halfWidth: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
  readonly level: number;
}

/**
 * Two-sided Student t interval for the mean of independent samples (Law, "Simulation Modeling",
 * §4.5).
 */
export function confidenceInterval({
  samples,
  level,
}: {
  readonly samples: readonly number[];
  readonly level: number;
}): ConfidenceInterval {
  assertLevel(level);
  const n = samples.length;
  const center = mean(samples);
  if (n === 1) return { mean: center, halfWidth: null, low: null, high: null, n, level };
  const standardError = sampleStandardDeviation([...samples]) / Math.sqrt(n);
  const halfWidth = tQuantile((1 + level) / 2, n - 1) * standardError;
  return {
    mean: center,
    halfWidth,
    low: center - halfWidth,
    high: center + halfWidth,
    n,
    level,
  };
}

export type Verdict = "better" | "worse" | "no difference shown";

/** Mean of b − a over paired samples, and whether b is shown to be better or worse than a. */
export interface PairedDifference {
  readonly mean: number;
  readonly low: number | null;
  readonly high: number | null;
  readonly n: number;
  readonly level: number;
  readonly verdict: Verdict;
  /** Two-sided, of the paired t test that belongs to the interval; null with a single pair. */
  readonly pValue: number | null;
}

/**
 * Paired t interval for b − a, where sample i of both comes from one replication with common random
 * numbers. The verdict is about b: it needs an interval that does not reach 0.
 */
export function pairedDifference({
  a,
  b,
  level,
  lowerIsBetter,
}: {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly level: number;
  readonly lowerIsBetter: boolean;
}): PairedDifference {
  assert(
    a.length === b.length,
    `pairs need as many samples of a as of b: ${a.length}, ${b.length}`,
  );
  const samples = b.map((value, i) => value - a[i]!);
  const { mean, low, high, n } = confidenceInterval({ samples, level });
  const verdict = judge(low, high, lowerIsBetter);
  return { mean, low, high, n, level, verdict, pValue: pairedTest(samples, mean) };
}

function pairedTest(differences: readonly number[], mean: number): number | null {
  const n = differences.length;
  if (n === 1) return null;
  if (mean === 0) return 1;
  const standardError = sampleStandardDeviation([...differences]) / Math.sqrt(n);
  return standardError === 0 ? 0 : 2 * tCdf(-Math.abs(mean) / standardError, n - 1);
}

function judge(low: number | null, high: number | null, lowerIsBetter: boolean): Verdict {
  if (low === null || high === null) return "no difference shown";
  if (high < 0) return lowerIsBetter ? "better" : "worse";
  if (low > 0) return lowerIsBetter ? "worse" : "better";
  return "no difference shown";
}

export interface ProportionInterval {
  readonly share: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Wilson's score interval for a share (Brown, Cai & DasGupta, "Interval estimation for a binomial
 * proportion", Statistical Science 16(2), 2001): stays within 0 … 1, and says something about 0 of
 * n.
 */
export function proportionInterval({
  successes,
  trials,
  level,
}: {
  readonly successes: number;
  readonly trials: number;
  readonly level: number;
}): ProportionInterval {
  assertLevel(level);
  assert(trials > 0, "a share needs at least one trial");
  assert(successes >= 0 && successes <= trials, `${successes} of ${trials} is no share`);
  const z = normalQuantile((1 + level) / 2, 0, 1);
  const share = successes / trials;
  const z2 = (z * z) / trials;
  const center = (share + z2 / 2) / (1 + z2);
  const halfWidth = (z / (1 + z2)) * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials));
  return {
    share,
    // At the ends the bound is exact, and rounding must not cross it.
    low: successes === 0 ? 0 : Math.max(0, center - halfWidth),
    high: successes === trials ? 1 : Math.min(1, center + halfWidth),
  };
}

function assertLevel(level: number): void {
  assert(level > 0 && level < 1, `a confidence level lies between 0 and 1, got ${level}`);
}
