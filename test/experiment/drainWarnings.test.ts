import { describe, expect, it } from "vitest";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { scenariosOf } from "../support/scenarios.ts";

function warningsOf(budget: object, fault: object): readonly string[] {
  const scenarios = scenariosOf({
    duration: "2m",
    services: {
      shop: {
        replicas: 2,
        resources: { requests: { cpu: 1, memory: "1Gi" } },
        podDisruptionBudget: budget,
        endpoints: { get: [{ wait: "1ms" }] },
      },
    },
    traffic: { users: { rate: "5/s", call: "shop" } },
    cluster: { nodes: [{ count: 2, cpu: 4, memory: "8Gi" }] },
    faults: [{ drain: "node-1", at: "30s", ...fault }],
  });
  const runs = [0, 1].map((replication) =>
    runReplication(
      { scenario: scenarios[0]!, replication, detail: replication === 0, from: null },
      builtInPolicies,
    ),
  );
  const identity = { version: "0.0.0", file: "t.yaml", scenarioDigest: "0", level: 0.95 };
  const result = summarise({ identity, scenarios, outputs: [runs], against: "as-is" });
  return result.warnings.filter((text) => text.includes("drain"));
}

describe("a drain that a budget forbids", () => {
  const text = (refusals: string) =>
    "as-is: a drain did not empty node-1 in 2 of 2 runs: 0 pods were evicted, " +
    `and a PodDisruptionBudget refused ${refusals}.`;

  it.each([
    { why: "when it is called off", fault: { for: "1m" }, refusals: "13 times" },
    { why: "when the run ends before", fault: { for: "90s" }, refusals: "19 times" },
  ])("is among the doubts $why", ({ fault, refusals }) => {
    expect(warningsOf({ maxUnavailable: 0 }, fault)).toEqual([text(refusals)]);
  });

  it("is not, where the budget has room", () => {
    expect(warningsOf({ maxUnavailable: 1 }, { for: "1m" })).toEqual([]);
  });
});
