import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ReplicationOutput, runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import type { Result } from "../../sim/result/result.ts";
import { loadScenario } from "../../sim/scenario/load.ts";

/** One replication of these policies of a scenario file of the project. */
function resultOf(name: string, policies?: readonly string[]): Result {
  const file = `scenarios/${name}.yaml`;
  const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
  const named = policies === undefined ? {} : { policies };
  const { scenarios } = loadScenario({ file, text, readFile: () => null, ...named });
  const outputs = scenarios.map((scenario): readonly ReplicationOutput[] => [
    runReplication({ scenario, replication: 0, detail: true, from: null }, builtInPolicies),
  ]);
  const identity = { version: "0", file, scenarioDigest: "0", level: 0.95 };
  return summarise({ identity, scenarios, outputs, against: scenarios[0]!.policy.name });
}

describe("Black Friday", () => {
  const result = resultOf("black-friday", ["hpa-as-documented", "hpa-fast", "scheduled"]);
  const [documented, , scheduled] = result.policies;

  it("breaks the claim with the document's own manifest, and keeps it with other settings", () => {
    const [claim] = result.claims;
    const [manifest, fast, floor] = claim!.policies;
    // Eight steps of 5 pods, a minute apart, after a window of a minute.
    expect(manifest!.seconds!.mean).toBeGreaterThan(7 * 60);
    expect(manifest!.seconds!.mean).toBeLessThan(10 * 60);
    expect([manifest!.kept, fast!.kept, floor!.kept]).toEqual([false, true, true]);
  });

  it("spends most of the manifest's reaction in its policy limit, and its links add up", () => {
    const [chain] = documented!.delayChains;
    const limit = chain!.links.find(({ link }) => link === "policy limit");
    const sum = chain!.links.reduce((total, { seconds }) => total + seconds, 0);
    expect(limit!.seconds / chain!.wholeSeconds.mean).toBeGreaterThan(0.7);
    expect(sum).toBeCloseTo(chain!.wholeSeconds.mean, 6);
  });

  it("is held by a floor raised in time, and missed by the manifest", () => {
    expect(scheduled!.objective.held).toBe(true);
    expect(documented!.objective.held).toBe(false);
    expect(documented!.metrics.failedPercent.mean).toBeGreaterThan(10);
  });
});

describe("the canary scenario", () => {
  const result = resultOf("canary");

  it("rolls the bug back at once, and spares the users that an unjudged one hurts", () => {
    const outcome = (name: string) =>
      result.policies.find((policy) => policy.name === name)!.rollouts[0]!;
    const judged = outcome("buggy-release");
    const unjudged = outcome("buggy-release-unjudged");
    expect(judged.outcome).toBe("rolled-back");
    expect(judged.stages.length).toBeLessThanOrEqual(2);
    expect(judged.endSeconds!).toBeLessThan(150);
    expect(unjudged.outcome).toBe("promoted");
    expect(unjudged.usersHurt!).toBeGreaterThan(20 * judged.usersHurt!);
  });
});

it("W3 has the latencies that every other engine finds", () => {
  const { latency } = resultOf("w3").policies[0]!.replications[0]!;
  expect(Math.abs(latency!.meanMs / 48.4 - 1)).toBeLessThan(0.01);
  expect(Math.abs(latency!.p95Ms / 95 - 1)).toBeLessThan(0.02);
  expect(Math.abs(latency!.p99Ms / 127.6 - 1)).toBeLessThan(0.02);
});
