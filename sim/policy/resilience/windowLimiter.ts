import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { type Micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { PERMITTED } from "./admission.ts";
import {
  emptyTable,
  entryOf,
  type KeyTable,
  RATE_LIMITED,
  type RateLimiter,
} from "./rateLimiter.ts";

/** A window in which so much may pass; `limit` counts calls, or their cost where they have one. */
export interface WindowConfig {
  readonly limit: number;
  readonly windowSeconds: number;
}

const configSchema: z.ZodType<WindowConfig> = z.strictObject({
  limit: z.number().positive(),
  windowSeconds: z.number().positive(),
});

/** What a window limiter is set to, plain JSON. */
export type Window = { readonly limit: number; readonly window: Micros };

export type WindowState<Entry extends Json> = Window & { readonly passed: KeyTable<Entry> };

/** How a limiter remembers what a key's calls have used of its window. */
export interface WindowMemory<Entry extends Json> {
  /** Of a key that has not come before. */
  create(window: Micros, now: Micros): Entry;
  /** Whether nothing that is remembered lies in the window any more. */
  isIdle(entry: Entry, window: Micros, now: Micros): boolean;
  /** Forgets what has left the window. */
  advance(entry: Entry, window: Micros, now: Micros): void;
  isOver(entry: Entry, settings: Window, cost: number, now: Micros): boolean;
  use(entry: Entry, cost: number, now: Micros): void;
  /** Microseconds until a call that is over the limit is not; null for never. */
  wait(entry: Entry, settings: Window, cost: number, now: Micros): number | null;
}

/** A limiter of what passes in a window, of each key. Refused calls do not count. */
export function windowLimiter<Entry extends Json>(
  name: string,
  memory: WindowMemory<Entry>,
): RateLimiter<WindowConfig, WindowState<Entry>> {
  const entryAt = ({ window, passed }: WindowState<Entry>, key: string, now: Micros): Entry => {
    const entry = entryOf(
      passed,
      key,
      () => memory.create(window, now),
      (other) => memory.isIdle(other, window, now),
    );
    memory.advance(entry, window, now);
    return entry;
  };
  return {
    name,
    validate: (config) => problemsOf(configSchema, config),
    init: ({ limit, windowSeconds }) => ({
      limit,
      window: seconds(windowSeconds),
      passed: emptyTable<Entry>(),
    }),

    tryAcquire(state, { key, cost }, now) {
      const entry = entryAt(state, key, now);
      if (memory.isOver(entry, state, cost, now)) return RATE_LIMITED;
      memory.use(entry, cost, now);
      return PERMITTED;
    },

    retryAfter(state, { key, cost }, now) {
      const entry = entryAt(state, key, now);
      return memory.isOver(entry, state, cost, now) ? memory.wait(entry, state, cost, now) : 0;
    },

    onResult() {},
    nextTimer: () => null,
    onTimer() {},
  };
}
