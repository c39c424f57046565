import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ReplicationOutput, runReplication } from "../../sim/experiment/replication.ts";
import { missedPercent } from "../../sim/experiment/topics.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import type { ReplicationResult } from "../../sim/result/result.ts";
import { loadScenario } from "../../sim/scenario/load.ts";

const RUNS = 4;
const file = "scenarios/video-encoder.yaml";
const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const { scenarios } = loadScenario({ file, text, readFile: () => null });

const outputs = new Map(
  scenarios.map((scenario) => [
    scenario.policy.name,
    Array.from(
      { length: RUNS },
      (_, replication): ReplicationOutput =>
        runReplication({ scenario, replication, detail: true, from: null }, builtInPolicies),
    ),
  ]),
);

const resultsOf = (policy: string): readonly ReplicationResult[] =>
  outputs.get(policy)!.map(({ result }) => result);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const missed = (policy: string): number =>
  mean(resultsOf(policy).map((result) => missedPercent(result) ?? Number.NaN));
const makespanMinutes = (policy: string): number =>
  mean(resultsOf(policy).map(({ topics }) => topics![0]!.makespanSeconds!)) / 60;
const lost = (policy: string): number =>
  mean(resultsOf(policy).map(({ topics }) => topics![0]!.lost));
const cost = (policy: string): number => mean(resultsOf(policy).map(({ costUsd }) => costUsd!));

describe("the video encoder", () => {
  it("is described as the case study has it", () => {
    const { workloads } = scenarios.find(({ policy }) => policy.name === "fixed-100")!.cluster;
    expect(workloads[0]!.replicas).toBe(100);
    expect(workloads[0]!.container.requests.cpuMillicores).toBe(8000);
    expect(workloads[0]!.container.limits.cpuMillicores).toBe(16_000);
  });

  it("meets the same titles under every policy, and loses track of none", () => {
    const published = resultsOf("fixed-100").map(({ topics }) => topics![0]!.published);
    for (const policy of outputs.keys()) {
      const topics = resultsOf(policy).map((result) => result.topics![0]!);
      expect(topics.map((topic) => topic.published)).toEqual(published);
      for (const { consumed, lag, deadLettered, published: all } of topics) {
        expect(consumed + lag + deadLettered).toBe(all);
      }
    }
  });

  it("takes longer than the cores need at least, and not twice as long", () => {
    // 600 titles of 2 core-hours on 20 nodes of 47.8 cores.
    const bound = (600 * 2 * 60) / (20 * 47.8);
    for (const policy of ["fixed-100", "queue", "cpu", "scheduled"]) {
      expect(makespanMinutes(policy)).toBeGreaterThan(bound);
      expect(makespanMinutes(policy)).toBeLessThan(2 * bound);
    }
  });

  it("is late by about the time that nodes take, unless they are there before the jobs", () => {
    // 3 min for a node and 30 s for its image, less what 15 to 25 workers do meanwhile.
    const late = makespanMinutes("queue") - makespanMinutes("scheduled");
    expect(late).toBeGreaterThan(1.5);
    expect(late).toBeLessThan(6);
    const waits = resultsOf("queue").map(({ provisioning }) => provisioning!.meanWaitSeconds!);
    expect(mean(waits)).toBeGreaterThan(60);
    expect(mean(waits)).toBeLessThan(300);
  });

  it("misses more deadlines the later its nodes come", () => {
    expect(missed("fixed-100")).toBeLessThan(1);
    expect(missed("scheduled")).toBeLessThan(1);
    // Of the same titles: the minutes that nodes take make some of the last ones late.
    expect(missed("queue")).toBeGreaterThan(2 * missed("scheduled"));
    expect(missed("cpu")).toBeGreaterThan(missed("queue"));
  });

  it("costs a third less when the nodes come for the catalogue alone", () => {
    expect(cost("scheduled") / cost("fixed-100")).toBeGreaterThan(0.6);
    expect(cost("scheduled") / cost("fixed-100")).toBeLessThan(0.75);
    expect(cost("fixed-100")).toBeCloseTo(20 * 4 * 2.304, 6);
  });

  it("loses encoders that are killed before they are done, and none with an hour of grace", () => {
    for (const policy of ["fixed-100", "queue", "cpu", "scheduled"]) expect(lost(policy)).toBe(0);
    expect(lost("queue-30s-grace")).toBeGreaterThan(30);
    expect(missed("queue-30s-grace")).toBeGreaterThan(missed("queue"));
  });

  it("loses few where idle encoders go first: those on nodes that are removed", () => {
    expect(lost("queue-busy-last")).toBeGreaterThan(0);
    expect(lost("queue-busy-last")).toBeLessThan(lost("queue-30s-grace") / 3);
  });
});
