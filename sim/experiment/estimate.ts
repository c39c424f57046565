import type { Estimate } from "../result/result.ts";
import { confidenceInterval } from "../stats/intervals.ts";

/** Mean of at least one sample, with its interval as a result has it. */
export function estimate(samples: readonly number[], level: number): Estimate {
  const { mean, low, high, n } = confidenceInterval({ samples, level });
  return { mean, low, high, n };
}
