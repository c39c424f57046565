import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Micros, millis, seconds } from "../../../sim/kernel/time.ts";
import { budget, retryLimits, throttling } from "../../../sim/policy/resilience/retryLimits.ts";

describe("a retry budget", () => {
  it("grants what calls earn and what need not be earned, and no more", () => {
    const state = budget.init({ retryRatio: 0.2, minRetriesPerSecond: 0.2, ttlSeconds: 10 }, AT);
    const granted = (): number => {
      let count = 0;
      while (budget.tryRetry(state, AT)) count++;
      return count;
    };
    expect(granted()).toBe(2);
    for (let call = 0; call < 10; call++) budget.onCall(state, AT);
    expect(granted()).toBe(2);
  });

  it("forgets what was earned when its time to live is over, and what was spent", () => {
    const state = budget.init({ retryRatio: 1, minRetriesPerSecond: 0.1, ttlSeconds: 10 }, AT);
    budget.onCall(state, AT);
    expect([budget.tryRetry(state, AT), budget.tryRetry(state, AT)]).toEqual([true, true]);
    expect(budget.tryRetry(state, seconds(9.9))).toBe(false);
    expect(budget.tryRetry(state, seconds(10))).toBe(true);
    budget.onCall(state, seconds(10));
    expect(budget.tryRetry(state, seconds(40))).toBe(true);
    expect(budget.tryRetry(state, seconds(40))).toBe(false);
  });

  it("never grants more in its time to live than its share of the calls and its reserve", () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 300 });
    const property = fc.property(gaps, fc.constantFrom(0, 0.1, 0.25, 1), (pauses, retryRatio) => {
      const state = budget.init({ retryRatio, minRetriesPerSecond: 0.2, ttlSeconds: 10 }, AT);
      const granted: Micros[] = [];
      const calls: Micros[] = [];
      let now = 0;
      for (const pause of pauses) {
        now += pause;
        budget.onCall(state, millis(now));
        calls.push(millis(now));
        while (budget.tryRetry(state, millis(now))) granted.push(millis(now));
        // Whole slices of a tenth of the time to live are forgotten.
        const since = seconds(Math.floor(now / 1000) - 9);
        const recent = (times: readonly Micros[]): number =>
          times.filter((time) => time >= since).length;
        expect(recent(granted)).toBeLessThanOrEqual(2 + retryRatio * recent(calls) + 1e-6);
      }
    });
    fc.assert(property, { seed: 5, numRuns: 100 });
  });
});

const AT = seconds(0);

describe("retry throttling", () => {
  it("stops retries when half of the tokens are gone, until successes have earned them", () => {
    const state = throttling.init({ maxTokens: 4, tokenRatio: 0.5 }, AT);
    throttling.onAttempt(state, "failure");
    expect(throttling.tryRetry(state, AT)).toBe(true);
    throttling.onAttempt(state, "failure");
    expect(throttling.tryRetry(state, AT)).toBe(false);
    throttling.onAttempt(state, "success");
    expect(throttling.tryRetry(state, AT)).toBe(true);
  });

  it("keeps its tokens between none and all", () => {
    const outcome = fc.constantFrom("success" as const, "failure" as const);
    const property = fc.property(fc.array(outcome, { maxLength: 200 }), (outcomes) => {
      const state = throttling.init({ maxTokens: 5, tokenRatio: 0.3 }, AT);
      for (const one of outcomes) {
        throttling.onAttempt(state, one);
        expect(state.tokens).toBeGreaterThanOrEqual(0);
        expect(state.tokens).toBeLessThanOrEqual(5);
      }
    });
    fc.assert(property, { seed: 6 });
  });
});

it("limits of retries say what is wrong with their configuration", () => {
  expect(retryLimits["budget"]!.validate({ retryRatio: -1 })).toHaveLength(1);
  expect(retryLimits["throttling"]!.validate({ maxToken: 3 })).toHaveLength(1);
  for (const policy of Object.values(retryLimits)) expect(policy.validate({})).toEqual([]);
});
