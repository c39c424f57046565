import { describe, expect, it } from "vitest";
import { effortNote, expectedRequests } from "../../sim/cli/effort.ts";
import { replicationTasks } from "../../sim/experiment/experiment.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { SHOP } from "./support.ts";

/** A minute of warm-up and one of measured time, two policy sets. */
const tasksAt = (rate: string, runs: number) => {
  const text = SHOP.replace("30/s", rate);
  const { scenarios } = loadScenario({ file: "shop.yaml", text, readFile: () => null });
  return replicationTasks({ scenarios, runs, from: null });
};

describe("how much there is to simulate", () => {
  it("is the rates over the time, for every run and policy", () => {
    expect(expectedRequests(tasksAt("30/s", 1))).toBe(30 * 120 * 2);
    expect(expectedRequests(tasksAt("30/s", 7))).toBe(30 * 120 * 2 * 7);
    const steps = "{ steps: [{ at: 0s, rate: 5/s }, { at: 30s, rate: 15/s }] }";
    expect(expectedRequests(tasksAt(steps, 1))).toBe((5 * 90 + 15 * 30) * 2);
  });

  it("is told from a hundred million requests on", () => {
    expect(effortNote(tasksAt("10000/s", 40))).toBe(null);
    expect(effortNote(tasksAt("10000/s", 100))).toBe(
      "note: these are about 240 million requests, which takes minutes or more\n" +
        "      fewer --runs, a shorter duration or lower rates take less; Ctrl-C stops it",
    );
  });
});
