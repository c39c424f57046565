import pow from "@stdlib/math-base-special-pow";

/** How the seconds of a window count: alike, or the later the more. */
export type Aggregation = "linear" | "weighted-exponential";

/** Values of the last seconds, one a second at most; times are whole seconds. */
export type MetricWindow = {
  /** By second modulo their number; the window's length in seconds. */
  readonly buckets: readonly number[];
  /** Of those that are in it without a gap as long as the window; null for none ever. */
  readonly firstWrite: number | null;
  readonly lastWrite: number | null;
};

/** Averages are rounded to so many digits, so that sums of many seconds compare as they should. */
const DIGITS = 1e6;
/** The weights of a window sum up to this at least. */
const WEIGHT = 0.9999;
/** However long the window, the last second counts this much. */
const LEAST_WEIGHT = 0.2;

export const emptyWindow = (seconds: number): MetricWindow => ({
  buckets: new Array<number>(seconds).fill(0),
  firstWrite: null,
  lastWrite: null,
});

/** Nothing was recorded for longer than the window: there is nothing to decide on. */
export const isEmpty = ({ buckets, lastWrite }: MetricWindow, second: number): boolean =>
  lastWrite === null || second - lastWrite > buckets.length;

/** Adds a value to the second's; seconds come in order. */
export function record(window: MetricWindow, second: number, value: number): MetricWindow {
  const { lastWrite } = window;
  const size = window.buckets.length;
  const isNew = lastWrite === null || isEmpty(window, second);
  const buckets = isNew ? new Array<number>(size).fill(0) : [...window.buckets];
  if (!isNew) {
    for (let at = Math.max(lastWrite + 1, second - size + 1); at <= second; at++) {
      buckets[at % size] = 0;
    }
  }
  buckets[second % size]! += value;
  return { buckets, firstWrite: isNew ? second : window.firstWrite, lastWrite: second };
}

/**
 * The average at a second. Seconds before the first value do not count; those without one, in
 * between, count as 0, and those after the last one are left out.
 */
export function average(window: MetricWindow, second: number, aggregation: Aggregation): number {
  const { firstWrite, lastWrite, buckets } = window;
  if (firstWrite === null || lastWrite === null) return 0;
  const silent = Math.max(0, second - lastWrite);
  if (silent >= buckets.length) return 0;
  return aggregation === "linear"
    ? linear(buckets, { firstWrite, lastWrite, silent })
    : weighted(buckets, { lastWrite, silent });
}

/** Buckets of a window, from the last one written back, that are not older than the window. */
function* latest(
  buckets: readonly number[],
  { lastWrite, silent }: { readonly lastWrite: number; readonly silent: number },
): Generator<number> {
  const size = buckets.length;
  for (let age = 0; age < size - silent; age++) {
    const at = (lastWrite - age) % size;
    yield buckets[at < 0 ? at + size : at]!;
  }
}

function linear(
  buckets: readonly number[],
  times: { readonly firstWrite: number; readonly lastWrite: number; readonly silent: number },
): number {
  let sum = 0;
  for (const value of latest(buckets, times)) sum += value;
  const { firstWrite, lastWrite, silent } = times;
  const count = Math.min(lastWrite - firstWrite + 1, buckets.length - silent);
  return Math.round((sum / count) * DIGITS) / DIGITS;
}

function weighted(
  buckets: readonly number[],
  times: { readonly lastWrite: number; readonly silent: number },
): number {
  const coefficient = Math.max(1 - pow(1 - WEIGHT, 1 / buckets.length), LEAST_WEIGHT);
  let weight = coefficient * pow(1 - coefficient, times.silent);
  let sum = 0;
  for (const value of latest(buckets, times)) {
    sum += value * weight;
    weight *= 1 - coefficient;
  }
  return sum;
}
