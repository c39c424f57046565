import fc from "fast-check";
import { expect, it } from "vitest";
import { flagBucket, isFlagEnabled } from "../../sim/policy/percentageFlag.ts";

it("keeps a flag for everybody who has it while its percentage grows", () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.integer({ min: 0, max: 100 }),
      fc.integer({ min: 0, max: 100 }),
      (flag, user, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        if (isFlagEnabled(flag, user, less)) expect(isFlagEnabled(flag, user, more)).toBe(true);
        expect(isFlagEnabled(flag, user, 0)).toBe(false);
        expect(isFlagEnabled(flag, user, 100)).toBe(true);
      },
    ),
  );
});

it("hashes names in UTF-8, and flags apart", () => {
  expect(flagBucket("search.v2", "zoë")).toBe(15);
  expect(flagBucket("new-checkout", "alice")).toBe(53);
  expect(flagBucket("dark-mode", "user-42")).toBe(8);
});
