import { describe, expect, it } from "vitest";
import { micros } from "../../sim/kernel/time.ts";
import type { ModelSnapshot } from "../../sim/scenario/build/model.ts";
import { expectMean, replicated } from "../support/estimates.ts";
import { requestsOf, seriesOf, sum } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText, scenarioOf } from "../support/scenarios.ts";

const service = (work: unknown): ScenarioText => ({
  queue: { cpu: "fifo", concurrency: 1, queue: 0, endpoints: { get: [{ work }] } },
});

const retries = (time: unknown, orbit: string): ScenarioText => ({
  attempts: "unlimited",
  backoff: { time, orbit },
});

describe("callers that were refused", () => {
  const ends = (orbit: string): readonly number[] => {
    const traffic = { t: { ...evenly(3, 1), call: "queue", retries: retries("4ms", orbit) } };
    return requestsOf(modelOf({ services: service("2500us"), traffic })).map(({ end }) => end);
  };

  it("pause each by itself", () => {
    // The second one fails at 2 and tries again at 6, the third one fails at 3, 7 and, at last, 11.
    expect(ends("classical")).toEqual([3.5, 8.5, 13.5]);
  });

  it("or stand in one line, of which one tries again at the end of each pause", () => {
    // Pauses from 2 to 6 and from 6 to 10.
    expect(ends("constant")).toEqual([3.5, 8.5, 12.5]);
  });

  const table = (orbit: string, rate: number, retryMean: string): ScenarioText => ({
    seed: 8,
    warmUp: "10s",
    duration: "200s",
    services: service({ exponential: "10ms" }),
    traffic: {
      t: {
        rate: `${rate}/s`,
        call: "queue",
        retries: retries({ exponential: retryMean }, orbit),
      },
    },
  });

  it.each([
    { id: "01", orbit: "classical", rate: 60, retryMean: "20ms", attempts: 3.25 },
    { id: "04", orbit: "constant", rate: 40, retryMean: "10ms", attempts: 1.96 },
  ])(
    "try as often as the truth table says: retrial/$id",
    ({ orbit, rate, retryMean, attempts }) => {
      const means = replicated(table(orbit, rate, retryMean), 12, (model) => {
        const { requests } = model.recorder;
        return sum(seriesOf(model, "queue").arrivals) / requests;
      });
      expectMean(means, attempts);
    },
  );

  it("go on from a snapshot as if nothing had happened", () => {
    const scenario = scenarioOf({ ...table("constant", 70, "10ms"), duration: "5s" });
    const before = modelOf(scenario);
    before.run(micros(12_345_678));
    const text = JSON.stringify(before.snapshot());
    before.run();
    const after = modelOf(scenario);
    after.restore(JSON.parse(text) as ModelSnapshot); // what was just written
    after.run();
    expect(after.simulation.digest.hex()).toBe(before.simulation.digest.hex());
    expect(JSON.stringify(after.snapshot())).toBe(JSON.stringify(before.snapshot()));
  });
});
