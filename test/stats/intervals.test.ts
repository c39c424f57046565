import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  confidenceInterval,
  mean,
  pairedDifference,
  proportionInterval,
} from "../../sim/stats/intervals.ts";

describe("confidence intervals", () => {
  it("agree with tables of Student's t", () => {
    // t(0.975, 9) = 2.262157, t(0.95, 4) = 2.131847, t(0.995, 1) = 63.656741 (standard tables).
    const ten = confidenceInterval({ samples: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], level: 0.95 });
    expect(ten.mean).toBe(5.5);
    expect(ten.halfWidth).toBeCloseTo((2.262157 * 3.027650354) / Math.sqrt(10), 5);
    expect(ten.low).toBeCloseTo(5.5 - ten.halfWidth!, 12);
    expect(ten.high).toBeCloseTo(5.5 + ten.halfWidth!, 12);
    const five = confidenceInterval({ samples: [2, 4, 4, 4, 6], level: 0.9 });
    expect(five.halfWidth).toBeCloseTo((2.131847 * Math.SQRT2) / Math.sqrt(5), 5);
    const two = confidenceInterval({ samples: [0, 2], level: 0.99 });
    expect(two.halfWidth).toBeCloseTo(63.656741, 4);
  });

  it("a single sample has a mean but no interval", () => {
    expect(confidenceInterval({ samples: [7], level: 0.95 })).toEqual({
      mean: 7,
      halfWidth: null,
      low: null,
      high: null,
      n: 1,
      level: 0.95,
    });
  });

  it("need a sample, and a level between 0 and 1", () => {
    expect(() => mean([])).toThrow(/at least one sample/);
    expect(() => confidenceInterval({ samples: [1, 2], level: 95 })).toThrow(/between 0 and 1/);
  });

  it("move and stretch with the samples", () => {
    const samples = fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 2 });
    fc.assert(
      fc.property(samples, fc.integer({ min: -50, max: 50 }), (values, by) => {
        const before = confidenceInterval({ samples: values, level: 0.9 });
        const moved = values.map((value) => 2 * value + by);
        const after = confidenceInterval({ samples: moved, level: 0.9 });
        expect(after.mean).toBeCloseTo(2 * before.mean + by, 6);
        expect(after.halfWidth).toBeCloseTo(2 * before.halfWidth!, 6);
      }),
      { seed: 1 },
    );
  });
});

describe("paired differences", () => {
  const a = [100, 110, 95, 120, 105];
  const lower = a.map((value, i) => value - 20 - i);

  it("are about b − a, and tell which way is better", () => {
    const difference = pairedDifference({ a, b: lower, level: 0.95, lowerIsBetter: true });
    expect(difference.mean).toBeCloseTo(-22, 12);
    // Differences −20 … −24: s = √2.5, t(0.975, 4) = 2.776445.
    expect(difference.high! - difference.mean).toBeCloseTo(2.776445 * Math.sqrt(0.5), 5);
    expect(difference.n).toBe(5);
    expect(difference.verdict).toBe("better");
    const verdict = (b: readonly number[], lowerIsBetter: boolean): string =>
      pairedDifference({ a, b, level: 0.95, lowerIsBetter }).verdict;
    expect(verdict(lower, false)).toBe("worse");
    const higher = a.map((value, i) => value + 20 + i);
    expect([verdict(higher, true), verdict(higher, false)]).toEqual(["worse", "better"]);
  });

  it("find a small difference in samples that vary together", () => {
    const b = a.map((value, i) => value + 1 + 0.01 * i);
    const { verdict } = pairedDifference({ a, b, level: 0.99, lowerIsBetter: true });
    expect(verdict).toBe("worse");
  });

  it("show no difference when the interval reaches 0, or when there is none", () => {
    const none = "no difference shown";
    const verdict = (x: readonly number[], y: readonly number[]): string =>
      pairedDifference({ a: x, b: y, level: 0.95, lowerIsBetter: true }).verdict;
    expect(verdict([1, 2, 3], [2, 1, 4])).toBe(none);
    expect(verdict(a, a)).toBe(none);
    expect(verdict([1], [50])).toBe(none);
  });

  it("need pairs", () => {
    const odd = { a: [1, 2], b: [1], level: 0.95, lowerIsBetter: true };
    expect(() => pairedDifference(odd)).toThrow(/as many samples/);
  });
});

describe("intervals of shares", () => {
  it("agree with Wilson's formula by hand", () => {
    // z = 1.959964: (p + z²/2n ± z√(p(1−p)/n + z²/4n²)) ÷ (1 + z²/n)
    const known: readonly (readonly [number, number, number, number])[] = [
      [1, 10, 0.017876, 0.40415],
      [0, 20, 0, 0.161125],
      [20, 20, 0.838875, 1],
      [50, 1_000, 0.03813, 0.065317],
    ];
    for (const [successes, trials, low, high] of known) {
      const interval = proportionInterval({ successes, trials, level: 0.95 });
      expect(interval.share).toBe(successes / trials);
      expect(interval.low).toBeCloseTo(low, 5);
      expect(interval.high).toBeCloseTo(high, 5);
    }
  });

  it("hold the share, and lie within 0 … 1", () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(500), (successes, failures) => {
        fc.pre(successes + failures > 0);
        const trials = successes + failures;
        const { share, low, high } = proportionInterval({ successes, trials, level: 0.99 });
        expect(0 <= low && low <= share && share <= high && high <= 1).toBe(true);
      }),
      { seed: 2 },
    );
  });
});
