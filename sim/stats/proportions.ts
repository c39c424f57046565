import betaQuantile from "@stdlib/stats-base-dists-beta-quantile";
import hypergeometricPmf from "@stdlib/stats-base-dists-hypergeometric-pmf";
import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import { assert } from "../kernel/assert.ts";

/** So many of so many: errors of requests. */
export interface Proportion {
  readonly errors: number;
  readonly requests: number;
}

export interface ProportionTest {
  /** Positive when the share of `b` is the larger one; 0 where both are 0 or both are 1. */
  readonly z: number;
  /** One-sided: the share of `b` is larger. */
  readonly greater: number;
  readonly twoSided: number;
}

/**
 * The z test of two proportions with their pooled variance, without continuity correction (Fleiss,
 * Levin & Paik, "Statistical Methods for Rates and Proportions", §3.2). An approximation: it needs
 * some errors on both sides, else `fisherExactTest`.
 */
export function twoProportionTest(a: Proportion, b: Proportion): ProportionTest {
  check(a);
  check(b);
  const pooled = (a.errors + b.errors) / (a.requests + b.requests);
  const variance = pooled * (1 - pooled) * (1 / a.requests + 1 / b.requests);
  const difference = b.errors / b.requests - a.errors / a.requests;
  const z = variance === 0 ? 0 : difference / Math.sqrt(variance);
  return {
    z,
    greater: normalCdf(-z, 0, 1),
    twoSided: Math.min(1, 2 * normalCdf(-Math.abs(z), 0, 1)),
  };
}

/** What is at most as likely as what was seen counts, up to rounding. */
const TIE = 1 + 1e-7;

/**
 * Fisher's exact test: given the errors of both together, how likely `b` has as many as it has or
 * more (`greater`), or any number that is at most as likely (`twoSided`).
 */
export function fisherExactTest(
  a: Proportion,
  b: Proportion,
): { readonly greater: number; readonly twoSided: number } {
  check(a);
  check(b);
  const [population, errors] = [a.requests + b.requests, a.errors + b.errors];
  const pmf = (k: number): number => hypergeometricPmf(k, population, errors, b.requests);
  const seen = pmf(b.errors);
  let [greater, twoSided] = [0, 0];
  const least = Math.max(0, errors - a.requests);
  for (let k = least; k <= Math.min(errors, b.requests); k++) {
    const probability = pmf(k);
    if (k >= b.errors) greater += probability;
    if (probability <= seen * TIE) twoSided += probability;
  }
  return { greater: Math.min(1, greater), twoSided: Math.min(1, twoSided) };
}

/**
 * The interval of Clopper & Pearson ("The use of confidence or fiducial limits illustrated in the
 * case of the binomial", Biometrika 26(4), 1934): never covers less than `level`, and often more.
 */
export function exactProportionInterval(
  { errors, requests }: Proportion,
  level: number,
): { readonly low: number; readonly high: number } {
  check({ errors, requests });
  const tail = (1 - level) / 2;
  return {
    low: errors === 0 ? 0 : betaQuantile(tail, errors, requests - errors + 1),
    high: errors === requests ? 1 : betaQuantile(1 - tail, errors + 1, requests - errors),
  };
}

function check({ errors, requests }: Proportion): void {
  assert(requests > 0, "a share needs at least one request");
  assert(errors >= 0 && errors <= requests, `${errors} of ${requests} is no share`);
}
