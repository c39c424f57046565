import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../../sim/kernel/json.ts";
import { micros, millis, seconds, ZERO } from "../../../sim/kernel/time.ts";
import { rateLimiters } from "../../../sim/policy/resilience/index.ts";
import { slidingWindowLog } from "../../../sim/policy/resilience/slidingWindowLog.ts";

const LIMIT = 5;
const configs: Readonly<Record<string, unknown>> = {
  "token-bucket": { ratePerSecond: LIMIT, burst: LIMIT },
  "fixed-window": { limit: LIMIT, windowSeconds: 1 },
  "sliding-window-log": { limit: LIMIT, windowSeconds: 1 },
  "sliding-window-counter": { limit: LIMIT, windowSeconds: 1 },
};
const request = (key: string, cost = 1) => ({ key, cost, priority: 0, draw: 0 });

describe.each(Object.entries(rateLimiters))("%s", (name, limiter) => {
  const begin = (): Json => limiter.init(configs[name], ZERO);

  it("lets no more through than its burst and rate, of each key", () => {
    const arrivals = fc.array(
      fc.tuple(fc.integer({ min: 0, max: 400 }), fc.constantFrom("a", "b")),
      {
        maxLength: 200,
      },
    );
    fc.assert(
      fc.property(arrivals, (gaps) => {
        const state = begin();
        const permitted: Record<string, number[]> = { a: [], b: [] };
        let now = 0;
        for (const [gap, key] of gaps) {
          now += gap;
          if (limiter.tryAcquire(state, request(key), millis(now)).permitted) {
            permitted[key]!.push(now);
          }
        }
        // A fixed window lets twice its limit through around its edge; no limiter lets more.
        const most = name === "sliding-window-log" ? LIMIT : 2 * LIMIT;
        for (const times of Object.values(permitted)) {
          for (const [index, time] of times.entries()) {
            const before = times[index - most];
            if (before !== undefined) expect(time - before).toBeGreaterThanOrEqual(1000);
          }
        }
      }),
    );
  });

  it("refuses until the time that retryAfter gives, and no longer", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 }), (gaps) => {
        const state = begin();
        let now = 0;
        for (const gap of gaps) {
          now += gap * 1000;
          const wait = limiter.retryAfter(state, request(""), micros(now))!;
          const isPermitted = (time: number): boolean =>
            limiter.tryAcquire(structuredClone(state), request(""), micros(time)).permitted;
          expect(wait === 0).toBe(isPermitted(now));
          expect(isPermitted(now + Math.floor(wait) + 1)).toBe(true);
          if (wait > 2) expect(isPermitted(now + Math.ceil(wait) - 2)).toBe(false);
          limiter.tryAcquire(state, request(""), micros(now));
        }
      }),
    );
  });

  it("never lets through what costs more than it holds, and charges what a call costs", () => {
    const state = begin();
    expect(limiter.retryAfter(state, request("", LIMIT + 1), ZERO)).toBe(null);
    expect(limiter.tryAcquire(state, request("", LIMIT + 1), ZERO).permitted).toBe(false);
    expect(limiter.tryAcquire(state, request("", LIMIT), ZERO).permitted).toBe(true);
    expect(limiter.tryAcquire(state, request(""), ZERO).permitted).toBe(false);
  });

  it("forgets keys that say nothing any more", () => {
    const state = begin();
    for (let i = 0; i < 10_000; i++) limiter.tryAcquire(state, request(`user-${i}`), seconds(i));
    expect(JSON.stringify(state).length).toBeLessThan(200_000);
  });
});

it("a sliding window log keeps nothing of calls that have left the window", () => {
  const state = slidingWindowLog.init({ limit: 3, windowSeconds: 1 }, ZERO);
  for (let i = 0; i < 100; i++) slidingWindowLog.tryAcquire(state, request(""), millis(i * 600));
  expect(state.passed.entries[""]!.times.length).toBeLessThanOrEqual(3);
});
