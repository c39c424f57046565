import { assert } from "../kernel/assert.ts";

/** A value that jumps: `values[i]` holds from `times[i]` until the next time. */
export interface StepSeries {
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/**
 * Mean over [from, to) of a value that jumps, weighted by how long it holds; it is known at `from`.
 */
export function timeWeightedMean(
  { times, values }: StepSeries,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  assert(times.length === values.length, "a step series needs one value for each time");
  assert(times.length > 0 && times[0]! <= from, "the series starts after the interval");
  assert(to > from, "a time-weighted mean needs an interval of some length");
  let integral = 0;
  for (const [i, value] of values.entries()) {
    const start = Math.max(from, times[i]!);
    const end = Math.min(to, times[i + 1] ?? to);
    if (end > start) integral += value * (end - start);
  }
  return integral / (to - from);
}

/** The same as it happens, in constant memory: set the value whenever it changes. */
export class TimeWeightedMean {
  #start: number;
  #last: number;
  #value: number;
  #integral = 0;
  #max: number;

  constructor(start: number, value: number) {
    this.#start = start;
    this.#last = start;
    this.#value = value;
    this.#max = value;
  }

  get value(): number {
    return this.#value;
  }

  /** Highest value since the start, or since `restart`. */
  get max(): number {
    return this.#max;
  }

  set(now: number, value: number): void {
    this.#integral += this.#value * (now - this.#last);
    this.#last = now;
    this.#value = value;
    if (value > this.#max) this.#max = value;
  }

  /** Value × time since the start, for instance replica-microseconds. */
  integral(now: number): number {
    return this.#integral + this.#value * (now - this.#last);
  }

  /** The value itself when no time has passed. */
  mean(now: number): number {
    return now > this.#start ? this.integral(now) / (now - this.#start) : this.#value;
  }

  /** Forgets the past, for the end of a warm-up; the value stays. */
  restart(now: number): void {
    this.#start = now;
    this.#last = now;
    this.#integral = 0;
    this.#max = this.#value;
  }

  state(): readonly number[] {
    return [this.#start, this.#last, this.#value, this.#integral, this.#max];
  }

  restore(state: readonly number[]): void {
    assert(state.length === 5, "the state of a time-weighted mean has five numbers");
    this.#start = state[0]!;
    this.#last = state[1]!;
    this.#value = state[2]!;
    this.#integral = state[3]!;
    this.#max = state[4]!;
  }
}
