import { type Micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { PERMITTED, refusal } from "./admission.ts";
import { windowConfigSchema } from "./fixedWindow.ts";
import {
  emptyTable,
  entryOf,
  type KeyTable,
  type RateLimiter,
  type WindowConfig,
} from "./rateLimiter.ts";

/** What passed in window number `window`, and in the one before it. */
type Counts = { window: number; current: number; previous: number };

export type SlidingWindowCounterState = {
  readonly limit: number;
  readonly window: Micros;
  readonly counts: KeyTable<Counts>;
};

const SPENT = refusal("RateLimited");

/**
 * A sliding window from two counters: a call is let through while what passed in this window, plus
 * what passed in the one before it, as far as that still lies within the last `windowSeconds`, is
 * below the limit. Calls of the window before count as spread evenly. Refused calls do not count.
 * Source: https://blog.cloudflare.com/counting-things-a-lot-of-different-things/
 */
export const slidingWindowCounter: RateLimiter<WindowConfig, SlidingWindowCounterState> = {
  name: "sliding-window-counter",
  validate: (config) => problemsOf(windowConfigSchema, config),
  init: ({ limit, windowSeconds }) => ({
    limit,
    window: seconds(windowSeconds),
    counts: emptyTable<Counts>(),
  }),

  tryAcquire(state, { key, cost }, now) {
    const counts = countsOf(state, key, now);
    if (isOver(state, counts, cost, now % state.window)) return SPENT;
    counts.current += cost;
    return PERMITTED;
  },

  retryAfter(state, { key, cost }, now) {
    const { limit, window } = state;
    const counts = countsOf(state, key, now);
    const into = now % window;
    if (!isOver(state, counts, cost, into)) return 0;
    // "Below the limit" is strict: the first whole microsecond after it is reached.
    const { current, previous } = counts;
    const room = limit - cost + 1;
    const share = (room - current) / previous;
    if (previous > 0 && share > 0) return Math.floor(window * (1 - share)) + 1 - into;
    if (room <= 0) return null;
    return room > current ? window - into : Math.floor(window * (2 - room / current)) + 1 - into;
  },

  onResult() {},
  nextTimer: () => null,
  onTimer() {},
};

/**
 * Whether a call `into` its window would exceed the limit; in whole numbers, so that nothing is
 * lost. One of cost 1 passes while the weighted sum is below the limit: its last part still fits.
 */
function isOver(
  { limit, window }: SlidingWindowCounterState,
  { current, previous }: Counts,
  cost: number,
  into: number,
): boolean {
  return current * window + previous * (window - into) >= (limit - cost + 1) * window;
}

function countsOf({ window, counts }: SlidingWindowCounterState, key: string, now: Micros): Counts {
  const index = Math.floor(now / window);
  const entry = entryOf(
    counts,
    key,
    () => ({ window: index, current: 0, previous: 0 }),
    (other) => other.window < index - 1,
  );
  if (entry.window === index) return entry;
  entry.previous = entry.window === index - 1 ? entry.current : 0;
  entry.current = 0;
  entry.window = index;
  return entry;
}
