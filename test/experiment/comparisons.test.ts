import { describe, expect, it } from "vitest";
import { replicationTasks } from "../../sim/experiment/experiment.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import type { Result } from "../../sim/result/result.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

const fleet = (replicas: number) => ({ autoscalers: { web: { fixed: { replicas } } } });

function compared(policies: Readonly<Record<string, object>>, runs: number): Result {
  const written: ScenarioText = {
    duration: "20s",
    warmUp: "2m",
    services: {
      web: {
        cpu: "fifo",
        concurrency: 1,
        resources: { requests: { cpu: "1" }, limits: { cpu: 1 } },
        endpoints: { get: [{ work: { exponential: "20ms" } }] },
      },
    },
    traffic: { users: { rate: "30/s", call: "web" } },
    policies,
  };
  const scenarios = scenariosOf(written);
  const tasks = replicationTasks({ scenarios, runs, from: null });
  const outputs = tasks.map((task) => runReplication(task, builtInPolicies));
  return summarise({
    identity: { version: "0", file: "x.yaml", scenarioDigest: "0", level: 0.95 },
    scenarios,
    outputs: scenarios.map((_, i) => outputs.slice(i * runs, (i + 1) * runs)),
    against: scenarios[0]!.policy.name,
  });
}

describe("comparisons", () => {
  it("of two policies are judged by the interval; the signed ranks give a second opinion", () => {
    const { comparisons } = compared({ three: fleet(3), one: fleet(1) }, 8);
    const { p95Ms, costUsd } = comparisons[0]!.differences;
    expect(p95Ms).toMatchObject({ verdict: "worse", n: 8 });
    // All eight signs agree: 2 ÷ 2⁸.
    expect(p95Ms?.signedRank).toEqual({ pValue: 2 / 2 ** 8, n: 8, isExact: true });
    expect(p95Ms?.pValue).toBeLessThan(0.05);
    expect(p95Ms).not.toHaveProperty("adjustedPValue");
    expect(costUsd).toMatchObject({ verdict: "better", pValue: 0 });
  });

  it("of several are adjusted for their number, metric by metric", () => {
    const { comparisons } = compared({ a: fleet(3), same: fleet(3), b: fleet(2), c: fleet(1) }, 4);
    const p95 = comparisons.map(({ differences }) => differences.p95Ms);
    const pValues = p95.map((difference) => difference?.pValue ?? null);
    expect(pValues[0]).toBe(1);
    for (const difference of p95) {
      const { pValue, adjustedPValue, verdict } = difference!;
      expect(adjustedPValue!).toBeGreaterThanOrEqual(pValue!);
      expect(verdict === "no difference shown").toBe(adjustedPValue! > 0.05);
    }
    expect(comparisons[0]!.differences.costUsd).toMatchObject({ adjustedPValue: 1, mean: 0 });
  });

  it("of single runs have neither test", () => {
    const { comparisons } = compared({ a: fleet(3), b: fleet(2), c: fleet(1) }, 1);
    const { p95Ms } = comparisons[0]!.differences;
    expect(p95Ms).toMatchObject({ low: null, verdict: "no difference shown" });
    expect(p95Ms).not.toHaveProperty("adjustedPValue");
  });
});
