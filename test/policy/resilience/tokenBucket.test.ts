import fc from "fast-check";
import { expect, it } from "vitest";
import { micros, millis, seconds } from "../../../sim/kernel/time.ts";
import { tokenBucket } from "../../../sim/policy/resilience/tokenBucket.ts";

const ask = (state: ReturnType<typeof tokenBucket.init>, milli: number, key = ""): boolean =>
  tokenBucket.tryAcquire(state, { key, cost: 1, priority: 0, draw: 0 }, millis(milli)).permitted;

it("a token bucket lets its burst through, then its rate", () => {
  const state = tokenBucket.init({ ratePerSecond: 10, burst: 2 }, micros(0));
  const at = [0, 0, 0, 99, 100, 150, 199, 200, 5000, 5000, 5000];
  expect(at.map((milli) => ask(state, milli))).toEqual([
    ...[true, true, false, false, true, false, false, true],
    ...[true, true, false],
  ]);
});

it("each key has a bucket of its own", () => {
  const state = tokenBucket.init({ ratePerSecond: 1, burst: 1 }, micros(0));
  expect(["a", "b", "a", "constructor"].map((key) => ask(state, 0, key))).toEqual([
    ...[true, true, false, true],
  ]);
});

it("a token bucket never lets more through than its burst and its rate times the time", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 });
  const config = fc.record({
    ratePerSecond: fc.constantFrom(0, 0.5, 7, 100),
    burst: fc.integer({ min: 1, max: 20 }),
  });
  const property = fc.property(gaps, config, (pauses, written) => {
    const { ratePerSecond, burst } = written;
    const state = tokenBucket.init(written, seconds(0));
    const permitted: number[] = [];
    let now = 0;
    for (const pause of pauses) {
      now += pause;
      if (ask(state, now)) permitted.push(now);
      // From every one that was let through on.
      permitted.forEach((from, index) => {
        const most = burst + (ratePerSecond * (now - from)) / 1000 + 1e-6;
        expect(permitted.length - index).toBeLessThanOrEqual(most);
      });
    }
  });
  fc.assert(property, { seed: 9, numRuns: 60 });
});

it("a token bucket says what is wrong with its configuration", () => {
  expect(tokenBucket.validate({ ratePerSecond: -1, burst: 0 })).toHaveLength(2);
  expect(tokenBucket.validate({ ratePerSecond: 5, burst: 5 })).toEqual([]);
});
