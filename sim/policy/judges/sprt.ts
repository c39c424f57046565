import ln from "@stdlib/math-base-special-ln";

/** What a sequential test tells apart, and how often it may be wrong. Shares are 0 … 1. */
export interface SprtConfig {
  /** Error share of a release that is good: H0. */
  readonly p0: number;
  /** Error share of one that is bad: H1; more than `p0`. */
  readonly p1: number;
  /** Largest share of good releases that are rejected. */
  readonly alpha: number;
  /** Largest share of bad releases that are accepted. */
  readonly beta: number;
}

/**
 * The test as its log likelihood ratio walks: a step for every request, until a bound is reached.
 */
export interface SprtWalk {
  readonly stepError: number;
  readonly stepOk: number;
  /** At or above it the release is rejected. */
  readonly upper: number;
  /** At or below it the release is accepted. */
  readonly lower: number;
}

export type SprtVerdict = "accept" | "reject" | "continue";

/**
 * The sequential probability ratio test of an error share, with Wald's approximate bounds.
 * Source: A. Wald, "Sequential tests of statistical hypotheses", Annals of Mathematical Statistics
 * 16(2), 1945.
 */
export const sprtWalk = ({ p0, p1, alpha, beta }: SprtConfig): SprtWalk => ({
  stepError: ln(p1 / p0),
  stepOk: ln((1 - p1) / (1 - p0)),
  upper: ln((1 - beta) / alpha),
  lower: ln(beta / (1 - alpha)),
});

/** Log likelihood ratio of so many errors among so many requests, in whatever order. */
export const logLikelihoodRatio = (
  { stepError, stepOk }: SprtWalk,
  { requests, errors }: { readonly requests: number; readonly errors: number },
): number => errors * stepError + (requests - errors) * stepOk;

export function sprtVerdict({ upper, lower }: SprtWalk, ratio: number): SprtVerdict {
  if (ratio >= upper) return "reject";
  return ratio <= lower ? "accept" : "continue";
}
