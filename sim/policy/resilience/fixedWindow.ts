import { windowLimiter } from "./windowLimiter.ts";

/** What passed in window number `window`. */
type Count = { window: number; used: number };

/**
 * A fixed window: so many calls in each of the windows into which time is cut, from 0 on. Twice as
 * many pass around a window's edge.
 * Source: the counters of https://redis.io/docs/latest/commands/incr/ ("Pattern: Rate limiter").
 */
export const fixedWindow = windowLimiter<Count>("fixed-window", {
  create: (window, now) => ({ window: Math.floor(now / window), used: 0 }),
  isIdle: (count, window, now) => count.window < Math.floor(now / window),
  advance(count, window, now) {
    const current = Math.floor(now / window);
    if (count.window === current) return;
    count.window = current;
    count.used = 0;
  },
  isOver: ({ used }, { limit }, cost) => used + cost > limit,
  use(count, cost) {
    count.used += cost;
  },
  wait: (_count, { limit, window }, cost, now) => (cost > limit ? null : window - (now % window)),
});
