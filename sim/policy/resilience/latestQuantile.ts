import { assert } from "../../kernel/assert.ts";

/** Times that are kept, and how many new ones make the quantile be looked up again. */
const KEPT = 1000;
const STEP = 100;

export type LatestQuantileState = {
  readonly quantile: number;
  /** The latest times, the oldest at `next` once there are enough. */
  readonly times: number[];
  next: number;
  /** New ones since the value was looked up. */
  fresh: number;
  value: number | null;
};

/**
 * A quantile of the latest 1000 times, looked up anew after every 100; null before the first 100.
 * Changes in place, as whatever runs for every call.
 */
export const latestQuantile = {
  init(quantile: number): LatestQuantileState {
    assert(quantile > 0 && quantile < 1, `a quantile is between 0 and 1, got ${quantile}`);
    return { quantile, times: [], next: 0, fresh: 0, value: null };
  },

  add(state: LatestQuantileState, time: number): void {
    state.times[state.next] = time;
    state.next = (state.next + 1) % KEPT;
    state.fresh++;
    if (state.fresh < STEP) return;
    const sorted = Float64Array.from(state.times).sort();
    state.value = sorted[Math.ceil(state.quantile * sorted.length) - 1]!;
    state.fresh = 0;
  },
} as const;
