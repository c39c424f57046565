import { z } from "zod";
import { assert } from "../../kernel/assert.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { type AdmissionPolicy, refusal } from "./admission.ts";

/** Fields as in resilience4j's semaphore bulkhead. */
export interface SemaphoreConfig {
  /** Calls under way at once, of each key. Default 25. */
  readonly maxConcurrentCalls?: number | undefined;
}

const configSchema: z.ZodType<SemaphoreConfig> = z.strictObject({
  maxConcurrentCalls: z.int32().nonnegative().optional(),
});

export type SemaphoreState = {
  readonly maxConcurrentCalls: number;
  /** Number of each key; the ticket of its calls. */
  readonly numbers: { [key: string]: number };
  /** Calls under way, by number of the key. */
  readonly underWay: number[];
};

const FULL = refusal("BulkheadFull");

/**
 * A bulkhead: so many calls at once, and one more is refused without waiting, so that one callee or
 * tenant does not take all of the caller's means.
 * Source: M. Nygard, Release It!, 2nd ed. (2018), "Bulkheads"; resilience4j.readme.io/docs/bulkhead
 * with its `maxWaitDuration` of 0.
 */
export const semaphore: AdmissionPolicy<SemaphoreConfig, SemaphoreState> = {
  name: "semaphore",
  validate: (config) => problemsOf(configSchema, config),
  init: ({ maxConcurrentCalls = 25 }) => ({ maxConcurrentCalls, numbers: {}, underWay: [] }),

  tryAcquire(state, { key }) {
    const { numbers, underWay, maxConcurrentCalls } = state;
    if (!Object.hasOwn(numbers, key)) numbers[key] = underWay.push(0) - 1;
    const number = numbers[key]!;
    if (underWay[number]! >= maxConcurrentCalls) return FULL;
    underWay[number]!++;
    return { permitted: true, reason: "Permitted", ticket: number };
  },

  onResult({ underWay }, { ticket }) {
    assert((underWay[ticket] ?? 0) > 0, "more calls ended than were let through");
    underWay[ticket]!--;
  },

  nextTimer: () => null,
  onTimer() {},
};
