import type { Estimate } from "../../sim/result/result.ts";
import { fixed, marginDecimals } from "../format.ts";
import { flushRight } from "./table.ts";
import { dim, type Line } from "./textStyle.ts";

/** Half the interval; null when there is none. */
function halfWidth({ low, high }: Estimate): number | null {
  return low === null || high === null ? null : (high - low) / 2;
}

/**
 * "21 ± 1", with more decimals where half the interval needs them to be seen; only the mean where
 * nothing varies or there is no interval.
 */
export function plusMinus(estimate: Estimate, decimals: number): Line {
  const half = halfWidth(estimate);
  if (half === null || half === 0) return [fixed(estimate.mean, decimals)];
  const more = Math.max(decimals, marginDecimals(half));
  return [fixed(estimate.mean, more), dim(` ± ${fixed(half, more)}`)];
}

export interface EstimateColumnOptions {
  readonly decimals: number;
  readonly intervals: boolean;
}

/** A column of estimates whose means, signs and half widths stand under each other. */
export function estimateColumn(
  estimates: readonly (Estimate | null)[],
  { decimals, intervals }: EstimateColumnOptions,
): readonly Line[] {
  const means = flushRight(
    estimates.map((estimate) => (estimate === null ? "–" : fixed(estimate.mean, decimals))),
  );
  const halves = estimates.map((estimate) => (estimate === null ? null : halfWidth(estimate)));
  if (!intervals || halves.every((half) => half === null)) return means.map((mean) => [mean]);
  const shown = flushRight(halves.map((half) => (half === null ? "" : fixed(half, decimals))));
  return means.map((mean, index) => {
    const half = shown[index] ?? "";
    return halves[index] === null ? [mean, "   ", half] : [mean, dim(` ± ${half}`)];
  });
}
