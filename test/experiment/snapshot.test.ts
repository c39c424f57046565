import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { summariseModel } from "../../sim/experiment/replication.ts";
import { micros } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { randomScenario } from "../support/randomScenario.ts";
import { richScenario } from "../support/richScenario.ts";
import { modelOf, ran, scenarioOf, scenariosOf, throughText } from "../support/scenarios.ts";

/** Everything that is reported; the number of events counts from the snapshot on. */
function outputOf(model: Model): unknown {
  const { events: _, ...output } = summariseModel(model, 0, true);
  return output;
}

describe("a model that goes on from a snapshot", () => {
  it("does what it would have done, at any moment of a run with a bit of everything", () => {
    for (const scenario of scenariosOf(richScenario)) {
      const whole = outputOf(ran(scenario));
      const end = scenario.warmUp + scenario.duration;
      const property = fc.property(fc.integer({ min: 0, max: end - 1 }), (at) => {
        expect(outputOf(throughText(scenario, micros(at)))).toEqual(whole);
      });
      fc.assert(property, { seed: 5, numRuns: 10, examples: [[0], [scenario.warmUp], [end - 1]] });
    }
  });

  it("does what it would have done, whatever the system", () => {
    const moments = fc.integer({ min: 0, max: 15_000_000 });
    const property = fc.property(randomScenario, moments, (written, at) => {
      const scenario = scenarioOf({ ...written, duration: "20s" });
      expect(outputOf(throughText(scenario, micros(at)))).toEqual(outputOf(ran(scenario)));
    });
    fc.assert(property, { seed: 6, numRuns: 60 });
  });

  it("leaves the snapshot and the model that it came from as they are", () => {
    const scenario = scenarioOf(richScenario);
    const model = modelOf(scenario);
    model.run(micros(60_000_000));
    const snapshot = model.snapshot();
    const text = JSON.stringify(snapshot);
    model.run();
    const copies = [0, 1].map(() => {
      const copy = modelOf(scenario);
      copy.restore(snapshot);
      copy.run();
      return copy;
    });
    expect(JSON.stringify(snapshot)).toBe(text);
    for (const copy of copies) expect(outputOf(copy)).toEqual(outputOf(model));
  });

  it("is refused by a model of another shape", () => {
    const [canary, plain] = scenariosOf(richScenario);
    const model = modelOf(canary!);
    model.run(micros(1_000_000));
    expect(() => modelOf(plain!).restore(model.snapshot())).toThrow("another shape");
  });
});
