import type { Micros } from "../../kernel/time.ts";
import { windowLimiter } from "./windowLimiter.ts";

/** Calls that were let through and are not older than the window, the oldest first. */
type Log = { readonly times: Micros[]; readonly costs: number[]; used: number };

/**
 * A sliding window that remembers each call: so many in any window (t − window, t], exactly. It
 * costs as much memory as it lets calls through in a window.
 * Source: https://blog.cloudflare.com/counting-things-a-lot-of-different-things/ ("sliding log").
 */
export const slidingWindowLog = windowLimiter<Log>("sliding-window-log", {
  create: () => ({ times: [], costs: [], used: 0 }),
  isIdle: ({ times }, window, now) => times.length === 0 || times.at(-1)! <= now - window,
  advance(log, window, now) {
    const { times, costs } = log;
    const found = times.findIndex((time) => time > now - window);
    const gone = found < 0 ? times.length : found;
    times.splice(0, gone);
    for (const cost of costs.splice(0, gone)) log.used -= cost;
  },
  isOver: ({ used }, { limit }, cost) => used + cost > limit,
  use(log, cost, now) {
    log.times.push(now);
    log.costs.push(cost);
    log.used += cost;
  },
  wait({ times, costs, used }, { limit, window }, cost, now) {
    if (cost > limit) return null;
    let over = used + cost - limit;
    const last = times.find((_, index) => {
      over -= costs[index]!;
      return over <= 0;
    });
    return last === undefined ? null : last + window - now;
  },
});
