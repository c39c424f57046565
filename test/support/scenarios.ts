import type { CallObserver } from "../../sim/dataplane/callObserver.ts";
import type { Micros } from "../../sim/kernel/time.ts";
import { builtInPolicies, type PolicyRegistry } from "../../sim/policy/index.ts";
import { Model, type ModelSnapshot } from "../../sim/scenario/build/model.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";

/** What a scenario's file says; JSON is YAML, so tests go the user's way through the loader. */
export type ScenarioText = Readonly<Record<string, unknown>>;

/** Every set of policies of a scenario that is known to be right. */
export function scenariosOf(written: ScenarioText): readonly Scenario[] {
  const text = JSON.stringify({
    peakday: 1,
    name: "test",
    warmUp: "0s",
    duration: "10s",
    objective: { p95: "1s" },
    ...written,
  });
  const { scenarios, problems } = loadScenario({ file: "test.yaml", text, readFile: () => null });
  if (problems.length > 0) throw new Error(JSON.stringify(problems, null, 1));
  return scenarios;
}

export const scenarioOf = (written: ScenarioText): Scenario => scenariosOf(written)[0]!;

/** A model of the first policy set, at rest. */
export function modelOf(
  written: ScenarioText | Scenario,
  { replication = 0, registry = builtInPolicies, ...more }: ModelOptions = {},
): Model {
  const scenario = isScenario(written) ? written : scenarioOf(written);
  return new Model({ scenario, replication, registry, ...more });
}

export interface ModelOptions {
  readonly replication?: number;
  readonly registry?: PolicyRegistry;
  readonly observer?: CallObserver;
}

const isScenario = (written: ScenarioText | Scenario): written is Scenario =>
  "version" in written && "objective" in written && Array.isArray(written["services"]);

/** A model that has run to its end. */
export function ran(written: ScenarioText | Scenario, options?: ModelOptions): Model {
  const model = modelOf(written, options);
  model.run();
  return model;
}

/** Runs to `at`, writes a snapshot as text, reads it into a new model, and runs that to the end. */
export function throughText(written: ScenarioText | Scenario, at: Micros): Model {
  const before = modelOf(written);
  before.run(at);
  const text = JSON.stringify(before.snapshot());
  const after = modelOf(written);
  after.restore(JSON.parse(text) as ModelSnapshot); // what was just written
  after.run();
  return after;
}

/** A policy set in which a service has so many replicas from certain moments on. */
export const scaled = (
  service: string,
  ...actions: readonly (readonly [at: string, replicas: number])[]
): ScenarioText => {
  const schedule = actions.map(([at, replicas]) => ({ at, replicas }));
  const autoscalers = { [service]: { scheduled: { maxReplicas: 9, schedule } } };
  return { policies: { scaled: { autoscalers } } };
};

/** Evenly spaced arrivals: `count` of them, `gap` milliseconds apart, the first one after `gap`. */
export const evenly = (count: number, gap: number): ScenarioText => ({
  arrivals: "paced",
  rate: {
    steps: [
      { at: "0s", rate: `${1000 / gap}/s` },
      { at: `${count * gap}ms`, rate: "0/s" },
    ],
  },
});
