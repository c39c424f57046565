/**
 * Virtual time and durations: whole microseconds since the start of the run.
 * A double holds them exactly for 285 years. Seconds exist only at the edges (files, reports).
 */
export type Micros = number & { readonly __unit: "microseconds" };

const PER_MILLI = 1_000;
const PER_SECOND = 1_000_000;

/** Brands a number that is already a whole count of microseconds. */
export const micros = (value: number): Micros => value as Micros; // the one place that brands
/** Milliseconds to the nearest microsecond. */
export const millis = (value: number): Micros => micros(roundHalfEven(value * PER_MILLI));
/** Seconds to the nearest microsecond. */
export const seconds = (value: number): Micros => micros(roundHalfEven(value * PER_SECOND));
export const minutes = (value: number): Micros => seconds(value * 60);
export const toSeconds = (time: number): number => time / PER_SECOND;
export const toMillis = (time: number): number => time / PER_MILLI;

export const ZERO: Micros = micros(0);

/** Nearest whole number; exact halves go to the even neighbour, so that rounding has no bias. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
