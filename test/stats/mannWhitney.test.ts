import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mannWhitneyTest } from "../../sim/stats/mannWhitney.ts";

const samples = (max: number) =>
  fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: max });

describe("Mann-Whitney", () => {
  it("counts pairs, and is as sure of one side as of the other the other way round", () => {
    fc.assert(
      fc.property(samples(12), samples(12), (a, b) => {
        const there = mannWhitneyTest({ a, b, alternative: "greater" });
        const back = mannWhitneyTest({ a: b, b: a, alternative: "less" });
        const pairs = a.flatMap((x) => b.map((y) => (y > x ? 1 : y === x ? 0.5 : 0)));
        expect(there.u).toBe(pairs.reduce<number>((sum, one) => sum + one, 0));
        expect(back.pValue).toBeCloseTo(there.pValue, 12);
        expect(there.pValue).toBeGreaterThan(0);
        expect(there.pValue).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("has an exact law of which all arrangements of few values are the cases", () => {
    // Of the 6 ways to choose 2 of 4, the sums 3, 4, 5, 5, 6, 7 are U = 0, 1, 2, 2, 3, 4.
    const of = (a: readonly number[], b: readonly number[]): number =>
      mannWhitneyTest({ a, b, alternative: "greater", method: "exact" }).pValue;
    expect(of([1, 2], [3, 4])).toBeCloseTo(1 / 6, 12);
    expect(of([1, 3], [2, 4])).toBeCloseTo(2 / 6, 12);
    expect(of([2, 3], [1, 4])).toBeCloseTo(4 / 6, 12);
    expect(of([3, 4], [1, 2])).toBeCloseTo(1, 12);
  });

  it("comes to the same by the normal law where there are many", () => {
    const a = Array.from({ length: 25 }, (_, i) => i * 7);
    const b = Array.from({ length: 25 }, (_, i) => i * 7 + 3 + 20 * (i % 3));
    const exact = mannWhitneyTest({ a, b, method: "exact" }).pValue;
    const asymptotic = mannWhitneyTest({ a, b, method: "asymptotic" }).pValue;
    expect(Math.abs(exact - asymptotic)).toBeLessThan(0.005);
  });
});
