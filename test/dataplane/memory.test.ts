import { describe, expect, it } from "vitest";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";
import { listenTo, runTo } from "./listening.ts";

const MI = 2 ** 20;

/** A request every 10 ms from 10 ms on, 25 ms long each. */
const scenario = (memory: ScenarioText, limit?: string): ScenarioText => ({
  services: {
    front: {
      memory,
      ...(limit === undefined ? {} : { resources: { limits: { memory: limit } } }),
      endpoints: { get: [{ wait: "25ms" }] },
    },
  },
  traffic: { t: { ...evenly(50, 10), call: "front" } },
});

describe("the memory of a replica", () => {
  it("has a base, and a part for each request while it is in it", () => {
    const model = modelOf(scenario({ base: "100Mi", perRequest: "2Mi" }));
    const used = [0, 15, 45, 600].map((ms) => {
      runTo(model, ms);
      return model.plane.usage(0).memoryBytes / MI;
    });
    expect(used).toEqual([100, 102, 104, 100]);
  });

  it("grows by a cache up to its maximum, and by a leak for ever", () => {
    const cache = { perRequest: "3Mi", max: "60Mi" };
    const model = modelOf(scenario({ base: "10Mi", cache, leakPerRequest: "1Mi" }));
    const used = [0, 105, 205, 405, 9000].map((ms) => {
      runTo(model, ms);
      return model.plane.usage(0).memoryBytes / MI;
    });
    expect(used).toEqual([10, 50, 90, 110, 120]);
  });

  it("is reported once, when it outgrows the limit, in the instant of that request", () => {
    const model = modelOf(scenario({ base: "10Mi", leakPerRequest: "1Mi" }, "20Mi"));
    const heard = listenTo(model);
    runTo(model, 2000);
    // Ten requests fit exactly; the eleventh comes at 110 ms.
    expect(heard).toEqual([{ at: 110, what: "0 out of memory" }]);
  });

  it("is not reported of a process that is dead by then", () => {
    const model = modelOf(scenario({ base: "10Mi", leakPerRequest: "1Mi" }, "20Mi"));
    const heard = listenTo(model);
    runTo(model, 109);
    model.plane.killReplica(0);
    runTo(model, 2000);
    expect(heard).toEqual([]);
  });

  it("may be too much from the start", () => {
    const model = modelOf(scenario({ base: "30Mi" }, "20Mi"));
    const heard = listenTo(model);
    runTo(model, 1);
    expect(heard).toEqual([{ at: 0, what: "0 out of memory" }]);
  });

  it("kills the container by its limit, with the requests in it", () => {
    const memory = { base: "10Mi", leakPerRequest: "1Mi" };
    const requests = requestsOf(modelOf(scenario(memory, "20Mi")));
    const killed = requests.filter(({ outcome }) => outcome === "killed");
    expect(killed.map(({ end }) => end)).toEqual([110, 110, 110]);
  });
});
