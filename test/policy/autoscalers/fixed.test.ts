import { expect, it } from "vitest";
import { fixed } from "../../../sim/policy/autoscalers/fixed.ts";
import { NOW, noDraw, observe, uniform } from "./observation.ts";
import { testAutoscaler } from "./testAutoscaler.ts";

testAutoscaler(fixed, { replicas: 12 });

it("goes back to its count after somebody changed it", () => {
  const state = fixed.init({ replicas: 12 });
  const decide = (count: number) =>
    fixed.step(state, observe(uniform(count, 1)), NOW, noDraw).decision;
  expect(decide(7)).toMatchObject({ kind: "scale", replicas: 12, reason: "FixedReplicas" });
  expect(decide(12)).toMatchObject({ kind: "hold" });
});

it("refuses a negative or broken count", () => {
  expect(fixed.validate({ replicas: -1 })).toEqual([
    { path: ["replicas"], expected: "at least 0", received: "-1" },
  ]);
  expect(fixed.validate({ replicas: 1.5 })).toMatchObject([
    { path: ["replicas"], received: "1.5" },
  ]);
});
