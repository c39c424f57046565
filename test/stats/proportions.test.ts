import fc from "fast-check";
import { expect, it } from "vitest";
import {
  exactProportionInterval,
  fisherExactTest,
  twoProportionTest,
} from "../../sim/stats/proportions.ts";

const share = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 400 }))
  .map(([errors, good]) => ({ errors, requests: errors + good + 1 }));

it("is never sure of a difference that is not there", () => {
  fc.assert(
    fc.property(share, (one) => {
      const { z, twoSided } = twoProportionTest(one, one);
      expect(z).toBe(0);
      expect(twoSided).toBe(1);
      expect(fisherExactTest(one, one).twoSided).toBeCloseTo(1, 6);
    }),
  );
});

it("becomes surer with every error of the canary", () => {
  fc.assert(
    fc.property(share, share, (production, canary) => {
      const worse = { errors: canary.errors + 1, requests: canary.requests };
      if (worse.errors > worse.requests) return;
      expect(fisherExactTest(production, worse).greater).toBeLessThanOrEqual(
        fisherExactTest(production, canary).greater + 1e-12,
      );
      expect(twoProportionTest(production, worse).z).toBeGreaterThanOrEqual(
        twoProportionTest(production, canary).z - 1e-12,
      );
    }),
  );
});

it("has an interval that contains the share, and more of it at a higher level", () => {
  fc.assert(
    fc.property(share, (one) => {
      const [narrow, wide] = [0.9, 0.99].map((level) => exactProportionInterval(one, level));
      const value = one.errors / one.requests;
      expect(narrow!.low).toBeLessThanOrEqual(value);
      expect(narrow!.high).toBeGreaterThanOrEqual(value);
      expect(wide!.low).toBeLessThanOrEqual(narrow!.low);
      expect(wide!.high).toBeGreaterThanOrEqual(narrow!.high);
    }),
  );
});
