import { z } from "zod";
import { type Micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { PERMITTED, refusal } from "./admission.ts";
import {
  emptyTable,
  entryOf,
  type KeyTable,
  type RateLimiter,
  type WindowConfig,
} from "./rateLimiter.ts";

export const windowConfigSchema: z.ZodType<WindowConfig> = z.strictObject({
  limit: z.number().positive(),
  windowSeconds: z.number().positive(),
});

/** What passed in window number `window`. */
type Count = { window: number; used: number };

export type FixedWindowState = {
  readonly limit: number;
  readonly window: Micros;
  readonly counts: KeyTable<Count>;
};

const SPENT = refusal("RateLimited");

/**
 * A fixed window: so many calls in each of the windows into which time is cut, from 0 on. Twice as
 * many pass around a window's edge. Refused calls do not count.
 * Source: the counters of https://redis.io/docs/latest/commands/incr/ ("Pattern: Rate limiter").
 */
export const fixedWindow: RateLimiter<WindowConfig, FixedWindowState> = {
  name: "fixed-window",
  validate: (config) => problemsOf(windowConfigSchema, config),
  init: ({ limit, windowSeconds }) => ({
    limit,
    window: seconds(windowSeconds),
    counts: emptyTable<Count>(),
  }),

  tryAcquire(state, { key, cost }, now) {
    const count = countOf(state, key, now);
    if (count.used + cost > state.limit) return SPENT;
    count.used += cost;
    return PERMITTED;
  },

  retryAfter(state, { key, cost }, now) {
    if (cost > state.limit) return null;
    if (countOf(state, key, now).used + cost <= state.limit) return 0;
    return state.window - (now % state.window);
  },

  onResult() {},
  nextTimer: () => null,
  onTimer() {},
};

function countOf({ window, counts }: FixedWindowState, key: string, now: Micros): Count {
  const current = Math.floor(now / window);
  const count = entryOf(
    counts,
    key,
    () => ({ window: current, used: 0 }),
    (other) => other.window < current,
  );
  if (count.window !== current) {
    count.window = current;
    count.used = 0;
  }
  return count;
}
