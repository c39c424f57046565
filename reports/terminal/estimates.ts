import type { Estimate } from "../../sim/result/result.ts";
import { fixed, marginDecimals } from "../format.ts";
import { flushRight } from "./table.ts";
import { dim, type Line } from "./textStyle.ts";

interface Spread {
  /** Half the interval. */
  readonly half: number;
  /** Both ends, of an interval that was cut off at what is possible; null where ± says it all. */
  readonly ends: readonly [number, number] | null;
}

/** Null when there is no interval. */
function spreadOf({ mean, low, high }: Estimate): Spread | null {
  if (low === null || high === null) return null;
  const half = (high - low) / 2;
  const isEven = Math.abs(mean - (low + high) / 2) <= 1e-9 * Math.abs(mean);
  return { half, ends: isEven ? null : [low, high] };
}

/** "[0.02, 0.04]". */
export const endsText = ([low, high]: readonly [number, number], decimals: number): string =>
  `[${fixed(low, decimals)}, ${fixed(high, decimals)}]`;

/**
 * "21 ± 1" or "0.1 [0, 0.4]", with more decimals where half the interval needs them to be seen;
 * only the mean where nothing varies or there is no interval.
 */
export function plusMinus(estimate: Estimate, decimals: number): Line {
  const spread = spreadOf(estimate);
  if (spread === null || spread.half === 0) return [fixed(estimate.mean, decimals)];
  const { half, ends } = spread;
  const more = Math.max(decimals, marginDecimals(half));
  const beside = ends === null ? ` ± ${fixed(half, more)}` : ` ${endsText(ends, more)}`;
  return [fixed(estimate.mean, more), dim(beside)];
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
  const spreads = estimates.map((estimate) => (estimate === null ? null : spreadOf(estimate)));
  if (!intervals || spreads.every((spread) => spread === null)) return means.map((mean) => [mean]);
  const halves = flushRight(
    spreads.map((spread) => (spread?.ends === null ? fixed(spread.half, decimals) : "")),
  );
  const beside = spreads.map((spread, index) => {
    if (spread === null) return `   ${halves[index] ?? ""}`;
    return spread.ends === null
      ? ` ± ${halves[index] ?? ""}`
      : ` ${endsText(spread.ends, decimals)}`;
  });
  const width = Math.max(...beside.map((text) => text.length));
  return means.map((mean, index) => [mean, dim((beside[index] ?? "").padEnd(width))]);
}
