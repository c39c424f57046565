import { afterAll, describe, expect, it } from "vitest";
import type { Executor } from "../../sim/experiment/executor.ts";
import { inProcess } from "../../sim/experiment/executors/inProcess.ts";
import { workerThreads } from "../../sim/experiment/executors/workerThreads.ts";
import { byPolicy, replicationTasks } from "../../sim/experiment/experiment.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { micros } from "../../sim/kernel/time.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { type Result, resultSchema } from "../../sim/result/result.ts";
import { richScenario } from "../support/richScenario.ts";
import { modelOf, ran, type ScenarioText, scenariosOf } from "../support/scenarios.ts";

const RUNS = 2;
const executors: Executor[] = [];
afterAll(async () => {
  await Promise.all(executors.map((executor) => executor.close()));
});

async function resultOf(executor: Executor, written: ScenarioText = richScenario): Promise<Result> {
  executors.push(executor);
  const scenarios = scenariosOf(written);
  const tasks = replicationTasks({ scenarios, runs: RUNS, from: null });
  const outputs = await executor.run(tasks, () => {});
  const identity = { version: "0.0.0", file: "rich.yaml", scenarioDigest: "0", level: 0.95 };
  return summarise({
    identity,
    scenarios,
    outputs: byPolicy(outputs, RUNS),
    against: scenarios[0]!.policy.name,
  });
}

const threads = (workers: number): Executor => workerThreads({ workers, policies: null });
const bytes = (result: Result): string => JSON.stringify(result);

describe("one scenario and one seed", () => {
  const first = resultOf(inProcess(builtInPolicies));

  it("give a result that its schema accepts", async () => {
    const result = await first;
    expect(resultSchema.parse(result)).toEqual(result);
    expect(JSON.parse(bytes(result))).toEqual(result);
  });

  it("give the same bytes again", async () => {
    expect(bytes(await resultOf(inProcess(builtInPolicies)))).toBe(bytes(await first));
  });

  it.each([1, 2])("give the same bytes over worker threads: %i", async (workers) => {
    expect(bytes(await resultOf(threads(workers)))).toBe(bytes(await first));
  });

  it("differ by replication, policy and seed in the events that they go through", async () => {
    const digests = ({ policies }: Result): readonly (string | null)[] =>
      policies.flatMap(({ replications }) => replications.map(({ digest }) => digest));
    const other = await resultOf(inProcess(builtInPolicies), { ...richScenario, seed: 4 });
    const all = [...digests(await first), ...digests(other)];
    expect(new Set(all).size).toBe(8);
    expect(other.digest).not.toBe((await first).digest);
  });

  it("give the same fleet and figures in whatever slices the clock is moved on", () => {
    const whole = ran(richScenario);
    const summary = (model: typeof whole): unknown => ({
      digest: model.simulation.digest.hex(),
      recorder: model.recorder.state(),
      pods: model.cluster.pods,
      events: model.cluster.events,
    });
    for (const slice of [6_944, 16_667, 33_333, 100_000, 7_777_777]) {
      const model = modelOf(richScenario);
      for (let at = 0; at < model.end; at += slice) model.run(micros(at));
      model.run();
      expect(summary(model)).toEqual(summary(whole));
    }
  });
});
