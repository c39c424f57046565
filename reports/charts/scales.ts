/** Round steps for axes: 1, 2 or 5 times a power of ten. */
function roundStep(rough: number): number {
  let power = 1;
  while (power * 10 <= rough) power *= 10;
  while (power > rough) power /= 10;
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999) ?? 10;
  return factor * power;
}

/** Round values from 0 to at least `max`, about `count` steps. */
export function ticksFromZero(max: number, count: number): readonly number[] {
  if (!(max > 0)) return [0, 1];
  const step = roundStep(max / count);
  return ticksBetween(0, Math.ceil(max / step - 1e-9) * step, step);
}

/** Round values around a range, both ends included. */
export function ticksAround(low: number, high: number, count: number): readonly number[] {
  const spread = high > low ? high - low : Math.abs(low) || 1;
  const step = roundStep(spread / count);
  const first = Math.floor(low / step + 1e-9) * step;
  return ticksBetween(first, Math.ceil(high / step - 1e-9) * step, step);
}

function ticksBetween(first: number, last: number, step: number): readonly number[] {
  const steps = Math.max(1, Math.round((last - first) / step));
  return Array.from({ length: steps + 1 }, (_, index) =>
    Number((first + index * step).toPrecision(12)),
  );
}

/** 1, 3, 10, 30 … around a range of positive values, for logarithmic axes. */
export function logTicks(low: number, high: number): readonly number[] {
  const ticks: number[] = [];
  let power = 1e-3;
  while (power * 10 <= low) power *= 10;
  for (let tick = power, three = false; ; three = !three) {
    const next = three ? (tick / 3) * 10 : tick * 3;
    if (Number(next.toPrecision(6)) > low) ticks.push(Number(tick.toPrecision(6)));
    if (tick >= high && ticks.length > 1) return ticks;
    tick = next;
  }
}

export function lastOf(ticks: readonly number[]): number {
  return ticks.at(-1) ?? 1;
}

export function firstOf(ticks: readonly number[]): number {
  return ticks[0] ?? 0;
}

/** Vega expression of a latency on an axis: "300 ms", "1 s". */
export const LATENCY_LABEL =
  "datum.value >= 1000 ? (datum.value / 1000) + ' s' : datum.value + ' ms'";

/** Vega expression of a count on an axis: "500", "4 k". */
export const COUNT_LABEL =
  "datum.value >= 1000000 ? (datum.value / 1000000) + ' M' : " +
  "datum.value >= 10000 || (datum.value >= 1000 && datum.value % 100 == 0) " +
  "? (datum.value / 1000) + ' k' : '' + datum.value";

/** The unit of a time axis, by the length of what it shows. */
export interface TimeUnit {
  readonly name: "seconds" | "minutes" | "hours";
  readonly seconds: number;
}

export function timeUnit(durationSeconds: number): TimeUnit {
  if (durationSeconds <= 180) return { name: "seconds", seconds: 1 };
  if (durationSeconds <= 4 * 3600) return { name: "minutes", seconds: 60 };
  return { name: "hours", seconds: 3600 };
}

/** Round times within a duration, in its unit. */
export function timeTicks(duration: number, count: number): readonly number[] {
  const steps = [1, 2, 3, 5, 6, 10, 12, 15, 20, 24, 30, 60, 120, 240];
  const fitting = steps.find((candidate) => duration / candidate <= count);
  const step = fitting ?? roundStep(duration / count);
  return Array.from({ length: Math.floor(duration / step + 1e-9) + 1 }, (_, i) => i * step);
}
