import type { Estimate } from "../result/result.ts";
import { confidenceInterval } from "../stats/intervals.ts";

/** Mean of at least one sample, with its interval as a result has it. */
export function estimate(samples: readonly number[], level: number): Estimate {
  const { mean, low, high, n } = confidenceInterval({ samples, level });
  return { mean, low, high, n };
}

/** The same of shares in percent. */
export const percentEstimate = (samples: readonly number[], level: number): Estimate =>
  withinPercent(estimate(samples, level));

/**
 * Student's interval knows no bounds, and shares in percent have them: what it holds beyond them is
 * cut off, which leaves its coverage as it is.
 */
export function withinPercent({ mean, low, high, n }: Estimate): Estimate {
  const within = (bound: number | null): number | null =>
    bound === null ? null : Math.min(100, Math.max(0, bound));
  return { mean, low: within(low), high: within(high), n };
}

/** Null when any sample is missing, or there are none. */
export function estimateOrNull(
  samples: readonly (number | null)[],
  level: number,
  estimated = estimate,
): Estimate | null {
  const known = allKnown(samples);
  return known === null || known.length === 0 ? null : estimated(known, level);
}

/** Null when any of them is missing. */
export function allKnown(samples: readonly (number | null)[]): readonly number[] | null {
  const known = samples.filter((sample) => sample !== null);
  return known.length === samples.length ? known : null;
}
