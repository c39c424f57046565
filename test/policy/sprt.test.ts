import fc from "fast-check";
import { expect, it } from "vitest";
import { logLikelihoodRatio, sprtVerdict, sprtWalk } from "../../sim/policy/judges/sprt.ts";

const config = { p0: 0.005, p1: 0.02, alpha: 0.05, beta: 0.05 };

it("never rejects because of an answer, nor accepts because of an error", () => {
  const walk = sprtWalk(config);
  fc.assert(
    fc.property(fc.nat(2000), fc.nat(40), (good, errors) => {
      const at = (more: number, wrong: number) =>
        sprtVerdict(
          walk,
          logLikelihoodRatio(walk, {
            requests: good + errors + more + wrong,
            errors: errors + wrong,
          }),
        );
      if (at(0, 0) === "accept") expect(at(1, 0)).toBe("accept");
      if (at(0, 0) === "reject") expect(at(0, 1)).toBe("reject");
    }),
  );
});

it("knows a good release after 194 answers, and a bad one after 3 errors", () => {
  const walk = sprtWalk(config);
  const verdict = (requests: number, errors: number) =>
    sprtVerdict(walk, logLikelihoodRatio(walk, { requests, errors }));
  expect(verdict(193, 0)).toBe("continue");
  expect(verdict(194, 0)).toBe("accept");
  expect(verdict(3, 2)).toBe("continue");
  expect(verdict(3, 3)).toBe("reject");
});
