import { expect, it } from "vitest";
import { autoscalers } from "../../sim/policy/index.ts";

it("lists every autoscaler under its own name", () => {
  expect(Object.keys(autoscalers)).toEqual(["hpa", "fixed", "scheduled"]);
  for (const [name, policy] of Object.entries(autoscalers)) expect(policy.name).toBe(name);
});
