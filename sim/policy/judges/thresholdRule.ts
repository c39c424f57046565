import { twoProportionTest } from "../../stats/proportions.ts";

/**
 * Limits of a canary. Rates are shares, 0 … 1; each may be reached, and only more than it fails.
 */
export type ThresholdLimits = {
  readonly errorRateLimit: number;
  /** Canary's error rate over production's, which counts as at least `errorRatioFloor`. */
  readonly errorRatioLimit: number;
  readonly errorRatioFloor: number;
  readonly p50RatioLimit: number;
  /** Without production traffic the ratio rules are skipped, or production counts as faultless. */
  readonly emptyBaseline: "skip-ratios" | "floor";
  /**
   * The gate: errors speak against a canary only if the pooled one-sided test of two proportions
   * gives a p-value below this; null for no gate. Without production there is nothing to test.
   */
  readonly significanceLevel: number | null;
};

/** What is known of one revision. */
export interface RevisionSample {
  readonly requests: number;
  readonly failures: number;
  readonly p50Ms: number | null;
}

/**
 * What speaks against the canary, or null: the rule of the reference systems' row 16. The canary
 * has at least one request. Error rates are compared by counts, so that a rate that is exactly at
 * its limit does not depend on rounding.
 */
export function thresholdFault(
  limits: ThresholdLimits,
  stable: RevisionSample,
  canary: RevisionSample,
): string | null {
  const fault = errorFault(limits, stable, canary);
  if (fault !== null && isSignificant(limits, stable, canary)) return fault;
  if (stable.p50Ms === null || canary.p50Ms === null || stable.p50Ms === 0) return null;
  const slowdown = canary.p50Ms / stable.p50Ms;
  if (slowdown <= limits.p50RatioLimit) return null;
  return `p50 is ${round(slowdown)} times production's, above ${limits.p50RatioLimit}`;
}

function errorFault(
  { errorRateLimit, errorRatioLimit, errorRatioFloor, emptyBaseline }: ThresholdLimits,
  stable: RevisionSample,
  canary: RevisionSample,
): string | null {
  const rate = canary.failures / canary.requests;
  if (isMore(canary.failures, errorRateLimit * canary.requests)) {
    return `error rate ${percent(rate)} % is above ${percent(errorRateLimit)} %`;
  }
  if (stable.requests === 0 && emptyBaseline === "skip-ratios") return null;
  const baseline = stable.requests === 0 ? 0 : stable.failures / stable.requests;
  const isFloor = baseline <= errorRatioFloor;
  const isAbove = isFloor
    ? isMore(canary.failures, errorRatioLimit * errorRatioFloor * canary.requests)
    : isMore(
        canary.failures * stable.requests,
        errorRatioLimit * stable.failures * canary.requests,
      );
  if (!isAbove) return null;
  const ratio = rate / Math.max(baseline, errorRatioFloor);
  return `error rate is ${round(ratio)} times production's, above ${errorRatioLimit}`;
}

function isSignificant(
  { significanceLevel }: ThresholdLimits,
  stable: RevisionSample,
  canary: RevisionSample,
): boolean {
  if (significanceLevel === null || stable.requests === 0) return true;
  const test = twoProportionTest(
    { errors: stable.failures, requests: stable.requests },
    { errors: canary.failures, requests: canary.requests },
  );
  return test.greater < significanceLevel;
}

/** What a product of written decimals loses by rounding is no more. */
const isMore = (value: number, limit: number): boolean => value > limit * (1 + 1e-12);

const percent = (share: number): number => Math.round(share * 10_000) / 100;
const round = (value: number): number => Math.round(value * 100) / 100;
