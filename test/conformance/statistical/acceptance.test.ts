import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { describe, expect, it } from "vitest";
import { KeyedDraws } from "../../../sim/kernel/keyedDraws.ts";
import type { ConformanceFile } from "../groups/group.ts";
import { jointDifferences, type MetricSamples, metricDifference, misses } from "./acceptance.ts";
import { evaluateTable } from "./evaluate.ts";
import { exactly, numberAt, type StatisticalModel } from "./model.ts";

const draws = new KeyedDraws({ seed: 1, replication: 0 });
const normal = (replication: number, site: number): number =>
  normalQuantile(draws.uniform(replication, site, 0), 0, 1);

/** Replications of a mean of 1 and a deviation, plus what is wrong with them. */
function metric(site: number, bias: number, n = 40): MetricSamples {
  const samples = Array.from({ length: n }, (_, index) => 1 + bias + 0.02 * normal(index, site));
  return { ...exactly("m", 1, "mean"), samples };
}

/** A simulator of "a mean of 1" that is off by `bias`, with a deviation of `noise` a run. */
const simulator = (bias: number, noise: number): StatisticalModel => ({
  metrics: (testCase) => [exactly("m", numberAt(testCase, "expected", "m"), "mean")],
  replicate: (testCase, replication) => [
    1 + bias + noise * normal(replication, numberAt(testCase, "params", "site")),
  ],
});

const table = (cases: number): ConformanceFile => ({
  name: "table.json",
  content: {},
  cases: Array.from({ length: cases }, (_, site) => ({
    id: `case/${site}`,
    params: { site },
    expected: { m: 1 },
  })),
});

async function failed(model: StatisticalModel, cases: number): Promise<readonly string[]> {
  const results = await evaluateTable(model, table(cases), async (testCase, from, count) =>
    Array.from({ length: count }, (_, index) => model.replicate(testCase, from + index)),
  );
  return results.flatMap(({ differences }) => differences);
}

describe("statistical acceptance", () => {
  it("takes what is right and not what is off by more than its error and 0.2 %", () => {
    const family = 40;
    const right = Array.from({ length: family }, (_, site) => metric(site, 0));
    expect(right.flatMap((one) => metricDifference(one, family) ?? [])).toEqual([]);
    expect(jointDifferences(right)).toEqual([]);
    expect(metricDifference(metric(1, 0.03), family)).toContain("m: expected 1, measured 1.0");
    expect(metricDifference({ ...metric(1, 0.03), relativeTolerance: 0.05 }, family)).toBe(null);
  });

  it("sees many small errors of one sign that no case shows alone", () => {
    const biased = Array.from({ length: 40 }, (_, site) => metric(site, 0.004));
    expect(biased.flatMap((one) => metricDifference(one, 40) ?? [])).toEqual([]);
    expect(jointDifferences(biased).join()).toMatch(/bias test: mean of z/u);
  });

  it("has plain intervals that miss in 1 % of the cases", () => {
    const sites = Array.from({ length: 2000 }, (_, site) => metric(site, 0));
    const missing = sites.filter(misses).length;
    // 0.0005 and 0.9995 quantiles of Binomial(2000, 0.01).
    expect(missing).toBeGreaterThanOrEqual(7);
    expect(missing).toBeLessThanOrEqual(37);
  });

  it("passes a right simulator, adding replications until it is precise", async () => {
    expect(await failed(simulator(0, 0.3), 12)).toEqual([]);
  });

  it("fails a wrong one, and one that stays too imprecise", async () => {
    expect((await failed(simulator(0.01, 0.02), 12)).length).toBeGreaterThan(0);
    expect((await failed(simulator(0, 3), 2)).join()).toMatch(/not evaluated: m is only known/u);
  });
});
