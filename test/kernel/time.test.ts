import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  millis,
  minutes,
  roundHalfEven,
  seconds,
  toMillis,
  toSeconds,
} from "../../sim/kernel/time.ts";

describe("virtual time", () => {
  it("rounds exact halves to the even neighbour, and all else to the nearest", () => {
    const table: readonly (readonly [number, number])[] = [
      [0.5, 0],
      [1.5, 2],
      [2.5, 2],
      [3.5, 4],
      [-0.5, 0],
      [-1.5, -2],
      [-2.5, -2],
      [2.4999, 2],
      [2.5001, 3],
      [7, 7],
      [2 ** 52 - 0.5, 2 ** 52],
    ];
    for (const [value, rounded] of table) expect(roundHalfEven(value) + 0).toBe(rounded + 0);
  });

  it("never moves a number by more than a half, and leaves whole numbers alone", () => {
    const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
    fc.assert(
      fc.property(value, (x) => {
        const rounded = roundHalfEven(x);
        expect(Number.isInteger(rounded)).toBe(true);
        expect(Math.abs(rounded - x)).toBeLessThanOrEqual(0.5);
        expect(roundHalfEven(rounded)).toBe(rounded);
      }),
      { seed: 15 },
    );
  });

  it("has no bias: halves go up as often as down", () => {
    let sum = 0;
    for (let i = 0; i < 1_000; i++) sum += roundHalfEven(i + 0.5) - (i + 0.5);
    expect(sum).toBe(0);
  });

  it("knows its units", () => {
    expect([millis(1.5), seconds(0.25), minutes(2)]).toEqual([1_500, 250_000, 120_000_000]);
    expect([toSeconds(seconds(12.5)), toMillis(millis(3.25))]).toEqual([12.5, 3.25]);
    expect(millis(0.0005)).toBe(0);
    expect(millis(0.0015)).toBe(2);
  });
});
