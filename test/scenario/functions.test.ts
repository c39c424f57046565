import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";
import { modelOf } from "../support/scenarios.ts";

describe("the scenario of functions", () => {
  it("finds the cold starts and the instances that SimFaaS does", () => {
    const file = "scenarios/functions.yaml";
    const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
    const set = [["duration", "500000s"] as const];
    const { scenarios } = loadScenario({ file, text, set, readFile: () => null });
    const model = modelOf(scenarios[0]!);
    model.run(scenarios[0]!.warmUp);
    const before = model.plane.stationFigures(0)!;
    model.run();
    const after = model.plane.stationFigures(0)!;
    const { requests, failed } = model.recorder;
    const mean = (level: "busy" | "idle" | "settingUp"): number =>
      (after.areas[level] - before.areas[level]) / scenarios[0]!.duration;
    expect(failed).toBe(0);
    // 630 cold starts: one standard deviation is 4 %, if they were independent.
    const cold = (after.counts.coldStarts - before.counts.coldStarts) / requests;
    expect(cold).toBeGreaterThan(0.0014 * 0.88);
    expect(cold).toBeLessThan(0.0014 * 1.12);
    const running = mean("busy") + mean("settingUp");
    expect(running / 1.7879).toBeGreaterThan(0.985);
    expect(running / 1.7879).toBeLessThan(1.015);
    // The published figure is one run; three of ours of that length lie within 0.2 % of 7.72.
    expect((running + mean("idle")) / 7.6612).toBeGreaterThan(0.985);
    expect((running + mean("idle")) / 7.6612).toBeLessThan(1.02);
  });
});
