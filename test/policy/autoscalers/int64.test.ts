import fc from "fast-check";
import { expect, it } from "vitest";
import { sum, sumQuotient, toInt32 } from "../../../sim/policy/autoscalers/hpa/int64.ts";

it("quotients of sums are exact at any size", () => {
  const values = fc.array(fc.maxSafeNat(), { minLength: 1, maxLength: 5 });
  const small = fc.array(fc.nat(1_000_000_000), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      fc.oneof(values, small),
      fc.integer({ min: 1, max: 1_000_000 }),
      (list, divisor) => {
        const total = list.reduce((running, value) => running + BigInt(value), 0n);
        expect(sumQuotient(list, 100, divisor)).toBe(Number((total * 100n) / BigInt(divisor)));
        expect(sum(list)).toBe(Number(total));
      },
    ),
  );
});

it("wraps as int64 does", () => {
  // 1.5 × 2^63: the sum has turned negative before the division.
  expect(sumQuotient([2 ** 63, 2 ** 62], 1, 4)).toBe(-(2 ** 60));
});

it.each([
  [5.9, 5],
  [2 ** 31, -(2 ** 31)],
  [2 ** 32 + 7, 7],
  [Number.NaN, 0],
  [Number.POSITIVE_INFINITY, 0],
  [1e300, 0],
])("%d as int32 is %d", (value, want) => {
  expect(toInt32(value)).toBe(want);
});
