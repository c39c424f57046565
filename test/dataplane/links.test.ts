import { describe, expect, it } from "vitest";
import { booksOf, callsTo, requestsOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

/** Users in "home", servers in "away": 7 ms each way. */
const far = {
  cluster: { nodes: [{ cpu: 100, memory: "100Gi", region: "away" }], endpointLag: "1s" },
  links: [{ from: "home", to: "away", latency: "7ms" }],
};
const at = (call: string, more: ScenarioText = {}): ScenarioText => ({
  ...evenly(3, 100),
  call,
  population: { regions: { home: 1 } },
  ...more,
});
const outcomes = (written: ScenarioText): readonly string[] =>
  requestsOf(modelOf({ ...far, ...written })).map(({ end, outcome }) => `${end} ${outcome}`);

describe("a link", () => {
  it("delays calls both ways", () => {
    const services = { front: { endpoints: { get: [{ wait: "10ms" }] } } };
    expect(outcomes({ services, traffic: { t: at("front") } })).toEqual([
      "124 ok",
      "224 ok",
      "324 ok",
    ]);
  });

  it("delays nothing between replicas of one place", () => {
    const services = {
      front: { endpoints: { get: [{ call: "back" }] } },
      back: { endpoints: { get: [{ wait: "10ms" }] } },
    };
    expect(outcomes({ services, traffic: { t: at("front") } })[0]).toBe("124 ok");
  });

  it("is part of what a caller waits for", () => {
    const services = { front: { endpoints: { get: [{ wait: "10ms" }] } } };
    expect(outcomes({ services, traffic: { t: at("front", { timeout: "23ms" }) } })[0]).toBe(
      "123 timeout",
    );
    expect(outcomes({ services, traffic: { t: at("front", { timeout: "25ms" }) } })[0]).toBe(
      "124 ok",
    );
  });

  it("gives the slot back when the answer is sent, not when it has come", () => {
    const services = {
      front: { cpu: "fifo", concurrency: 1, endpoints: { get: [{ work: "100ms" }] } },
    };
    expect(outcomes({ services, traffic: { t: at("front") } })).toEqual([
      "214 ok",
      "314 ok",
      "414 ok",
    ]);
  });

  it("carries failures back too, each of them once", () => {
    const branches = [{ call: { service: "back", timeout: "5ms" } }, { wait: "8ms" }];
    const services = {
      front: { endpoints: { get: [{ parallel: branches }, { call: "after" }] } },
      back: { endpoints: { get: [{ wait: "1s" }] } },
      after: { endpoints: { get: [] } },
    };
    const model = modelOf({ ...far, services, traffic: { t: at("front") } });
    const requests = requestsOf(model);
    // There at 107, failed at 112, back at 119; the other branch ends at 115 and revives nothing.
    expect(requests.map(({ end, outcome }) => `${end} ${outcome}`)).toEqual([
      "119 timeout",
      "219 timeout",
      "319 timeout",
    ]);
    expect(callsTo(model, "after")).toBe(0);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("carries the news of a kill, after which the dead request does nothing more", () => {
    for (const step of [{ wait: "10ms" }, { work: "10ms" }, { call: "back" }]) {
      const services = {
        front: { cpu: "fifo", concurrency: 5, endpoints: { get: [step, { call: "after" }] } },
        back: { endpoints: { get: [{ wait: "6ms" }] } },
        after: { endpoints: { get: [] } },
      };
      const faults = [{ at: "110ms", service: "front", kill: true }];
      const traffic = { t: { ...at("front"), ...evenly(1, 100) } };
      const model = modelOf({ ...far, services, traffic, faults });
      const requests = requestsOf(model);
      expect(requests.map(({ end, outcome }) => `${end} ${outcome}`)).toEqual(["117 killed"]);
      expect(callsTo(model, "after")).toBe(0);
      expect(booksOf(model).liveRows).toBe(0);
      expect(booksOf(model).busySlots.every((slots) => slots === 0)).toBe(true);
      expect(booksOf(model).cpuRate.every((rate) => rate === 0)).toBe(true);
    }
  });

  it("may bring an answer too late", () => {
    const services = { front: { endpoints: { get: [{ wait: "10ms" }] } } };
    const faults = [{ at: "110ms", service: "front", kill: true }];
    const traffic = { t: { ...at("front", { timeout: "15ms" }), ...evenly(1, 100) } };
    expect(outcomes({ services, traffic, faults })).toEqual(["115 timeout"]);
  });
});
