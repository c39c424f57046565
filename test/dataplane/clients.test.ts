import { describe, expect, it } from "vitest";
import { millis } from "../../sim/kernel/time.ts";
import { callsTo, requestsOf, watchArrivals } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const front = { endpoints: { get: [{ wait: "30ms" }], post: [{ wait: "50ms" }] } };
const users = (more: ScenarioText): ScenarioText => ({
  services: { front },
  traffic: { t: { users: 2, ...more } },
  duration: "1s",
});

describe("virtual users", () => {
  it("send one request after the other, after a pause to think", () => {
    const model = modelOf(users({ call: "front get", thinkTime: "70ms" }));
    const due = watchArrivals(model);
    model.run();
    expect(due.slice(0, 6)).toEqual([0, 0, 100, 100, 200, 200]);
    expect(model.recorder.requests).toBe(22);
  });

  it("are never more in the system than there are", () => {
    const model = modelOf(users({ call: "front get" }));
    for (let at = 1; at < 40; at++) {
      model.run(millis(at * 25));
      expect(model.plane.countInFlight()).toBe(2);
    }
  });

  it("go through their journeys step by step, each by its weight", () => {
    const journeys = [
      { name: "look", weight: 3, steps: [{ call: "front get", thinkTime: "10ms" }] },
      { name: "buy", weight: 1, steps: [{ call: "front get" }, { call: "front post" }] },
    ];
    const model = ran({ ...users({ journeys, users: 50 }), duration: "60s" });
    // A look takes 40 ms and one call, to buy takes 80 ms and two: on average 50 ms and 1.25 calls.
    const expected = (50 * 60_000 * 1.25) / 50;
    expect(Math.abs(callsTo(model, "front") / expected - 1)).toBeLessThan(0.02);
  });

  it("begin anew after a failure, and wait a millisecond when it took no time", () => {
    const none = { ...front, replicas: 0 };
    const model = ran({
      ...users({ call: "front get", thinkTime: "5ms" }),
      services: { front: none },
    });
    expect(model.recorder.failed).toBe(2 * 1001);
  });

  it("who take no step at all do not stop the clock", () => {
    const journeys = [{ name: "idle", steps: [{ call: "front get", probability: 0 }] }];
    const model = ran(users({ journeys }));
    expect(model.recorder.requests).toBe(0);
    expect(model.simulation.events).toBeLessThan(3000);
  });
});

describe("open journeys", () => {
  it("go on after an answer and end with a failure", () => {
    const journeys = [
      {
        name: "buy",
        steps: [
          { call: "front get", thinkTime: "10ms" },
          { call: "front post", timeout: "40ms" },
          { call: "front get" },
        ],
      },
    ];
    const rate = {
      steps: [
        { at: "0s", rate: "10/s" },
        { at: "100ms", rate: "0/s" },
      ],
    };
    const traffic = { t: { arrivals: "paced", rate, journeys } };
    const requests = requestsOf(modelOf({ services: { front }, traffic }));
    expect(requests.map(({ end, outcome }) => `${end} ${outcome}`)).toEqual([
      "130 ok",
      "180 timeout",
    ]);
  });
});
