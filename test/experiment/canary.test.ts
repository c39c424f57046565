import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { canaryPlan, canaryTasks } from "../../sim/experiment/canary.ts";
import { canaryResult } from "../../sim/experiment/canaryResult.ts";
import { type ReplicationOutput, runReplication } from "../../sim/experiment/replication.ts";
import { seconds } from "../../sim/kernel/time.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { stagedCanary } from "../../sim/policy/rollouts/stagedCanary.ts";
import { proportionInterval } from "../../sim/stats/intervals.ts";
import { scenariosOf } from "../support/scenarios.ts";

interface ThresholdRule {
  readonly params: {
    readonly totalRps: number;
    readonly canaryErrorRate: number;
    readonly productionErrorRate: number;
  };
  readonly expected: {
    readonly baselineEmptyAt100: { readonly floor: number };
    readonly poissonArrivalsRandomRouting: {
      readonly rolledBack: number;
      readonly standardError: number;
      readonly firstFailByStage: readonly number[];
    };
  };
}

const table: { readonly cases: readonly ThresholdRule[] } = JSON.parse(
  readFileSync(join(import.meta.dirname, "../conformance/canary/threshold-rule.json"), "utf8"),
);

const caseOf = (rps: number, errors: number): ThresholdRule =>
  table.cases.find(({ params }) => params.totalRps === rps && params.canaryErrorRate === errors)!;

/** A service of constant latency, so that only errors can speak against a release. */
const service = (errors: number) => ({
  replicas: 4,
  startup: "1s",
  revisions: { stable: { errors: 0.005 }, next: { errors } },
  endpoints: { "GET /": [{ wait: "10ms" }] },
});

/** The rollouts of a release with this share of errors under one level of traffic. */
function rollouts(rps: number, errors: number, runs: number) {
  const scenarios = scenariosOf({
    duration: "10m",
    services: { shop: service(errors) },
    traffic: { shoppers: { rate: "1/s", call: "shop" } },
    policies: { staged: { rollouts: { shop: { revision: "next", "staged-canary": {} } } } },
    canary: { rates: [`${rps}/s`], errors: [errors], healthy: errors, bug: { errors: 1 } },
  });
  const plan = canaryPlan(scenarios, runs);
  const release = { ...plan, cells: plan.cells.slice(0, 1) };
  const outputs = canaryTasks(release).map((task) => runReplication(task, builtInPolicies));
  return { outputs, cell: canaryResult(release, outputs, 0.95).cells[0]! };
}

/** Shares judged below: four of rollbacks, and of one case those of four stages. */
const FAMILY = 8;
const RIGHT_WITH = 0.99;

/** The interval of a share that covers the truth in all members of the family with 99 %. */
function interval(successes: number, trials: number) {
  const level = 1 - (1 - RIGHT_WITH) / FAMILY;
  return proportionInterval({ successes, trials, level });
}

/** Beside its own standard error, a stage may last a second longer than in the table. */
const margin = (standardError: number): number => 3 * standardError + 0.002;

const stoppedAt = (outputs: readonly ReplicationOutput[], percent: number): number =>
  outputs.filter(
    ({ rollouts: [rollout] }) =>
      rollout?.outcome === "rolled-back" && rollout.stages.at(-1)?.percent === percent,
  ).length;

describe("rollbacks by the rule on errors alone", () => {
  it.each([
    { rps: 100, errors: 0.01, runs: 60 },
    { rps: 100, errors: 0.02, runs: 30 },
    { rps: 1000, errors: 0.01, runs: 10 },
  ])("are as frequent as computed: $errors at $rps/s", ({ rps, errors, runs }) => {
    const { rolledBack, standardError } = caseOf(rps, errors).expected.poissonArrivalsRandomRouting;
    const { cell } = rollouts(rps, errors, runs);
    const { low, high } = interval(cell.rolledBack, cell.rollouts);
    expect(cell.rollouts).toBe(runs);
    expect(low - margin(standardError)).toBeLessThanOrEqual(rolledBack);
    expect(high + margin(standardError)).toBeGreaterThanOrEqual(rolledBack);
  });

  it("stop a healthy release at 100/s as often as computed, stage by stage", () => {
    const { expected } = caseOf(100, 0.005);
    const { rolledBack, standardError, firstFailByStage } = expected.poissonArrivalsRandomRouting;
    const { cell, outputs } = rollouts(100, 0.005, 120);
    const { low, high } = interval(cell.rolledBack, cell.rollouts);
    expect(low - margin(standardError)).toBeLessThanOrEqual(rolledBack);
    expect(high + margin(standardError)).toBeGreaterThanOrEqual(rolledBack);
    // The rule that takes the missing production at 100 % for faultless is told apart.
    expect(high).toBeLessThan(expected.baselineEmptyAt100.floor);
    expect(stoppedAt(outputs, 1)).toBe(0);
    for (const [stage, percent] of [5, 10, 25, 50].entries()) {
      const share = interval(stoppedAt(outputs, percent), outputs.length);
      const computed = firstFailByStage[stage + 1]!;
      expect(share.low - margin(standardError), `${percent} %`).toBeLessThanOrEqual(computed);
      expect(share.high + margin(standardError), `${percent} %`).toBeGreaterThanOrEqual(computed);
    }
  });
});

describe("the stage of 100 %", () => {
  const observation = {
    replicas: 4,
    stable: revision("stable", { weight: 0, requests: 3, failures: 0 }),
    canary: revision("next", { weight: 1, requests: 6000, failures: 30 }),
    regions: [],
  };
  const last = (counters: "fresh" | "cumulative") => ({
    ...stagedCanary.init({ stages: [100], counters }),
    phase: "observing" as const,
    stageStart: seconds(0),
  });

  it("takes the stragglers of production for no baseline", () => {
    const { decision } = stagedCanary.step(last("fresh"), observation, seconds(60), () => 0);
    expect(decision.kind).toBe("promote");
  });

  it("compares with the stages before when counters go on", () => {
    const { decision } = stagedCanary.step(last("cumulative"), observation, seconds(60), () => 0);
    expect(decision).toMatchObject({ kind: "rollback", reason: expect.stringContaining("times") });
  });
});

function revision(name: string, counts: { weight: number; requests: number; failures: number }) {
  const quantiles = { p50Ms: 50, p95Ms: 80, p99Ms: 90 };
  return { revision: name, replicas: 4, availableReplicas: 4, ...counts, ...quantiles };
}
