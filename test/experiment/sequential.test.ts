import { describe, expect, it } from "vitest";
import { reproduceCommand } from "../../reports/reproduce.ts";
import { byPolicy, replicationTasks } from "../../sim/experiment/experiment.ts";
import { type ReplicationOutput, runReplication } from "../../sim/experiment/replication.ts";
import { nextRuns, type StoppingRule, withStopping } from "../../sim/experiment/sequential.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { resultSchema } from "../../sim/result/result.ts";
import { Workplace } from "../cli/support.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

const fleet = (replicas: number) => ({ autoscalers: { web: { fixed: { replicas } } } });
const written: ScenarioText = {
  duration: "10s",
  warmUp: "30s",
  objective: { p95: "1s" },
  services: {
    web: {
      cpu: "fifo",
      concurrency: 1,
      resources: { limits: { cpu: 1 } },
      endpoints: { get: [{ work: { exponential: "20ms" } }] },
    },
  },
  traffic: { users: { rate: "30/s", call: "web" } },
  policies: { one: fleet(1), two: fleet(2) },
};
const scenarios = scenariosOf(written);
const rule: StoppingRule = { untilWidth: 0.2, firstRuns: 4, maxRuns: 100, level: 0.95 };

/** As the command line does it: wave after wave. */
function replicated(by: StoppingRule) {
  const waves: number[] = [];
  let outputs: readonly (readonly ReplicationOutput[])[] = scenarios.map(() => []);
  for (;;) {
    const runs = nextRuns(scenarios, outputs, by);
    if (runs === null) return { waves, outputs };
    const done = waves.at(-1) ?? 0;
    waves.push(runs);
    const tasks = replicationTasks({ scenarios, runs, from: null, done });
    const more = byPolicy(
      tasks.map((task) => runReplication(task, builtInPolicies)),
      runs - done,
    );
    outputs = outputs.map((before, i) => [...before, ...more[i]!]);
  }
}

function resultOf(by: StoppingRule) {
  const { outputs } = replicated(by);
  const identity = { version: "0", file: "x.yaml", scenarioDigest: "0", level: by.level };
  const plain = summarise({ identity, scenarios, outputs, against: "one" });
  return withStopping(plain, scenarios, outputs, by);
}

describe("replications until a width", () => {
  it("go on until every interval is narrow enough, at most doubling", () => {
    const { waves, outputs } = replicated(rule);
    expect(waves[0]).toBe(4);
    waves.slice(1).forEach((runs, i) => {
      expect(runs).toBeGreaterThan(waves[i]!);
      expect(runs).toBeLessThanOrEqual(2 * waves[i]!);
    });
    const { policies, stopping, warnings } = resultOf(rule);
    for (const { metrics } of policies) {
      const { mean, high, n } = metrics.p95Ms!;
      expect((high! - mean) / mean).toBeLessThanOrEqual(0.2);
      expect(n).toBe(outputs[0]!.length);
    }
    expect(stopping).toMatchObject({ untilWidth: 0.2, firstRuns: 4, isReached: true });
    expect(warnings.join(" ")).not.toMatch(/until-width/);
    // Replications keep their numbers: each is there once, in order.
    const numbers = policies[1]!.replications.map(({ replication }) => replication);
    expect(numbers).toEqual(numbers.map((_, i) => i));
  });

  it("need more runs for less width", () => {
    const runs = (untilWidth: number) => replicated({ ...rule, untilWidth }).outputs[0]!.length;
    expect(runs(0.1)).toBeGreaterThan(runs(0.2));
    expect(runs(1)).toBe(4);
  });

  it("end at the cap, and say that they are not there", () => {
    const capped = resultOf({ ...rule, untilWidth: 0.0001, maxRuns: 6 });
    expect(capped.policies.map(({ replications }) => replications.length)).toEqual([6, 6]);
    expect(capped.stopping).toMatchObject({ isReached: false, widest: { metric: "p95" } });
    expect(capped.warnings.join(" ")).toMatch(/only after 6 runs.*--max-runs/);
  });

  it("judge a share near 0 by its limit, and give up on what has no value", () => {
    const idle = scenariosOf({ ...written, objective: { failed: "1%" } });
    const task = replicationTasks({ scenarios: idle, runs: 2, from: null, done: 0 })[0]!;
    const output = runReplication(task, builtInPolicies);
    const failing = (failedPercent: number): ReplicationOutput => ({
      ...output,
      result: { ...output.result, failedPercent },
    });
    const two = (a: number, b: number) => idle.map(() => [failing(a), failing(b)]);
    const firstTwo = { ...rule, firstRuns: 2 };
    // ± 12.7 × 0.0001 of a limit of 1 %, though it is many times the share itself.
    expect(nextRuns(idle, two(0, 0.0002), firstTwo)).toBeNull();
    expect(nextRuns(idle, two(0, 0.2), firstTwo)).toBe(4);
    const silent = { ...output, result: { ...output.result, latency: null } };
    const runs = scenarios.map(() => [silent, output]);
    expect(nextRuns(scenarios, runs, { ...firstTwo, maxRuns: 3 })).toBe(3);
  });
});

describe("peakday run --until-width", () => {
  const place = new Workplace({
    "shop.yaml": `peakday: 1
name: shop
duration: 5s
warmUp: 1s
objective: { p95: 1s }
services: { shop: { endpoints: { get: [work: { exponential: 20ms }] } } }
traffic: { users: { rate: 20/s, call: shop } }
`,
  });

  it("gives the same bytes with any number of workers, and again as the report says", () => {
    const line = "run shop.yaml --runs 3 --until-width 10% --json --quiet";
    const here = place.peakday(`${line} --workers 0`);
    expect(place.peakday(`${line} --workers 2`).stdout).toBe(here.stdout);
    const result = resultSchema.parse(JSON.parse(here.stdout));
    expect(result.policies[0]!.replications.length).toBeGreaterThan(3);
    expect(result.stopping?.isReached).toBe(true);
    expect(reproduceCommand(result)).toContain("--runs 3 --until-width 0.1 --max-runs 200");
  });

  it("refuses what makes no sense", () => {
    const refused = (words: string) => place.peakday(`run shop.yaml ${words}`);
    for (const words of ["--max-runs 5", "--until-width 2% --runs 1", "--until-width 0"]) {
      expect(refused(words)).toMatchObject({ status: 104, stdout: "" });
    }
    expect(refused("--until-width 2% --max-runs 5").stderr).toMatch(/--max-runs 5 is below/);
  });
});
