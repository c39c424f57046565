import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import tQuantile from "@stdlib/stats-base-dists-t-quantile";
import { assert } from "../kernel/assert.ts";
import type { ConfidenceInterval } from "./intervals.ts";
import { mean } from "./intervals.ts";

/**
 * Student t interval for a steady-state figure from non-overlapping batches of one long run:
 * around the figure of the whole run, with the spread of the batches about it ("sectioning":
 * Asmussen & Glynn, "Stochastic Simulation", §III.5). For means this is the method of batch means
 * (Law, "Simulation Modeling and Analysis", §9.5.3); a quantile of the whole run has less bias than
 * the mean of the batches' quantiles.
 */
export function batchInterval({
  batches,
  whole,
  level,
}: {
  /** The figure of each batch. */
  readonly batches: readonly number[];
  /** That of the whole run. */
  readonly whole: number;
  readonly level: number;
}): ConfidenceInterval {
  const n = batches.length;
  assert(n >= 2, `a spread needs two batches or more, got ${n}`);
  assert(level > 0 && level < 1, `a confidence level lies between 0 and 1, got ${level}`);
  const squares = batches.reduce((sum, value) => sum + (value - whole) ** 2, 0);
  const halfWidth = tQuantile((1 + level) / 2, n - 1) * Math.sqrt(squares / (n * (n - 1)));
  return { mean: whole, halfWidth, low: whole - halfWidth, high: whole + halfWidth, n, level };
}

export interface SerialCorrelation {
  /** Correlation of neighbours, −1 … 1. */
  readonly lag1: number;
  /** Of independence against a positive correlation; small when neighbours resemble each other. */
  readonly pValue: number;
}

/**
 * Whether batches are long enough to be independent: their lag-1 correlation, corrected for the
 * ends, and von Neumann's test of it (Fishman, "Grouping observations in digital simulation",
 * Management Science 24(5), 1978). Batches that do not vary are not correlated.
 */
export function serialCorrelation(samples: readonly number[]): SerialCorrelation {
  const n = samples.length;
  assert(n >= 3, `a correlation of neighbours needs three batches or more, got ${n}`);
  const center = mean(samples);
  let squares = 0;
  let steps = 0;
  samples.forEach((value, i) => {
    squares += (value - center) ** 2;
    if (i > 0) steps += (value - samples[i - 1]!) ** 2;
  });
  if (squares === 0) return { lag1: 0, pValue: 1 };
  const lag1 = 1 - steps / (2 * squares);
  const standardError = Math.sqrt((n - 2) / (n * n - 1));
  return { lag1, pValue: normalCdf(-lag1 / standardError, 0, 1) };
}
