import type { Estimate } from "../result/result.ts";
import { confidenceInterval } from "../stats/intervals.ts";

/** Mean of at least one sample, with its interval as a result has it. */
export function estimate(samples: readonly number[], level: number): Estimate {
  const { mean, low, high, n } = confidenceInterval({ samples, level });
  return { mean, low, high, n };
}

/**
 * The same of shares in percent. Student's interval knows no bounds, and shares have them: what it
 * holds beyond them is cut off, which leaves its coverage as it is.
 */
export function percentEstimate(samples: readonly number[], level: number): Estimate {
  const { mean, low, high, n } = estimate(samples, level);
  const within = (bound: number | null): number | null =>
    bound === null ? null : Math.min(100, Math.max(0, bound));
  return { mean, low: within(low), high: within(high), n };
}
