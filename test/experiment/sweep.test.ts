import { describe, expect, it } from "vitest";
import { atPoint, axisNames, sweepPoints } from "../../sim/experiment/sweep.ts";
import { scenarioOf } from "../support/scenarios.ts";

const axes = [
  { path: "services.web.replicas", values: ["2", "4"] },
  { path: "traffic.users.rate", values: ["1/s", "2/s", "3/s"] },
];

describe("a sweep", () => {
  it("visits every combination, the last axis fastest", () => {
    expect(sweepPoints(axes)).toEqual([
      ["2", "1/s"],
      ["2", "2/s"],
      ["2", "3/s"],
      ["4", "1/s"],
      ["4", "2/s"],
      ["4", "3/s"],
    ]);
    expect(sweepPoints([])).toEqual([[]]);
  });

  it("names an axis by as many last words as tell it apart", () => {
    expect(axisNames(axes)).toEqual(["replicas", "rate"]);
    const twins = ["services.web.replicas", "services.db.replicas", "duration"];
    const named = axisNames(twins.map((path) => ({ path, values: ["1"] })));
    expect(named).toEqual(["web.replicas", "db.replicas", "duration"]);
  });

  it("names a point by its policy and settings", () => {
    const scenario = scenarioOf({
      services: { web: { endpoints: { get: [{ work: "1ms" }] } } },
      traffic: { users: { rate: "1/s", call: "web" } },
      policies: { calm: {} },
    });
    expect(atPoint(scenario, axes, ["4", "2/s"]).policy.name).toBe("calm, replicas=4, rate=2/s");
  });
});
