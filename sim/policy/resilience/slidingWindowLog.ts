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

/** Calls that were let through and are not older than the window, the oldest first. */
type Log = { readonly times: Micros[]; readonly costs: number[]; used: number };

export type SlidingWindowLogState = {
  readonly limit: number;
  readonly window: Micros;
  readonly logs: KeyTable<Log>;
};

const SPENT = refusal("RateLimited");

/**
 * A sliding window that remembers each call: so many in any window (t − window, t], exactly. It
 * costs as much memory as it lets calls through in a window. Refused calls do not count.
 * Source: https://blog.cloudflare.com/counting-things-a-lot-of-different-things/ ("sliding log").
 */
export const slidingWindowLog: RateLimiter<WindowConfig, SlidingWindowLogState> = {
  name: "sliding-window-log",
  validate: (config) => problemsOf(windowConfigSchema, config),
  init: ({ limit, windowSeconds }) => ({
    limit,
    window: seconds(windowSeconds),
    logs: emptyTable<Log>(),
  }),

  tryAcquire(state, { key, cost }, now) {
    const log = logOf(state, key, now);
    if (log.used + cost > state.limit) return SPENT;
    log.times.push(now);
    log.costs.push(cost);
    log.used += cost;
    return PERMITTED;
  },

  retryAfter(state, { key, cost }, now) {
    if (cost > state.limit) return null;
    const { times, costs, used } = logOf(state, key, now);
    let over = used + cost - state.limit;
    if (over <= 0) return 0;
    for (const [index, time] of times.entries()) {
      over -= costs[index]!;
      if (over <= 0) return time + state.window - now;
    }
    return null;
  },

  onResult() {},
  nextTimer: () => null,
  onTimer() {},
};

function logOf({ window, logs }: SlidingWindowLogState, key: string, now: Micros): Log {
  const log = entryOf(
    logs,
    key,
    () => ({ times: [], costs: [], used: 0 }),
    ({ times }) => times.length === 0 || times.at(-1)! <= now - window,
  );
  const { times, costs } = log;
  const found = times.findIndex((time) => time > now - window);
  const gone = found < 0 ? times.length : found;
  times.splice(0, gone);
  for (const cost of costs.splice(0, gone)) log.used -= cost;
  return log;
}
