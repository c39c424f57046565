import { errorFunction } from "simple-statistics";

/**
 * Kolmogorov's distance between samples and a continuous distribution, times √n: below 1.95 in 999
 * of 1000 cases when the samples are from it. Seeds are fixed, so a test that passes once passes
 * always.
 */
export function kolmogorovDistance(
  samples: readonly number[],
  cdf: (value: number) => number,
): number {
  const sorted = [...samples].sort((a, b) => a - b);
  let distance = 0;
  for (const [i, value] of sorted.entries()) {
    const expected = cdf(value);
    distance = Math.max(distance, expected - i / sorted.length, (i + 1) / sorted.length - expected);
  }
  return distance * Math.sqrt(sorted.length);
}

/** What Kolmogorov's distance stays below with probability 0.999. */
export const KOLMOGOROV_LIMIT = 1.95;

/**
 * Pearson's statistic, as a number of standard deviations above what chance gives (Wilson &
 * Hilferty, 1931).
 */
export function chiSquareScore(observed: readonly number[], expected: readonly number[]): number {
  let statistic = 0;
  for (const [i, count] of observed.entries()) {
    statistic += (count - expected[i]!) ** 2 / expected[i]!;
  }
  const freedom = observed.length - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(statistic / freedom) - (1 - spread)) / Math.sqrt(spread);
}

/**
 * Pearson's correlation of two samples, times √n: a standard normal number when they are
 * independent.
 */
export function correlationScore(a: readonly number[], b: readonly number[]): number {
  const n = a.length;
  const meanA = a.reduce((sum, x) => sum + x, 0) / n;
  const meanB = b.reduce((sum, x) => sum + x, 0) / n;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let i = 0; i < n; i++) {
    const x = a[i]! - meanA;
    const y = b[i]! - meanB;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return (ab / Math.sqrt(aa * bb)) * Math.sqrt(n);
}

export const normalCdf = (z: number): number => (1 + errorFunction(z / Math.SQRT2)) / 2;

/** Distribution function of the gamma distribution of scale 1; shapes are multiples of one half. */
export function gammaCdf(shape: number, x: number): number {
  let gammaOfNext = Number.isInteger(shape) ? 1 : Math.sqrt(Math.PI);
  for (let a = Number.isInteger(shape) ? 1 : 0.5; a <= shape; a++) gammaOfNext *= a;
  let term = (x ** shape * Math.exp(-x)) / gammaOfNext;
  let sum = 0;
  for (let n = 1; term > 1e-16 * sum; n++) {
    sum += term;
    term *= x / (shape + n);
  }
  return Math.min(1, sum);
}
