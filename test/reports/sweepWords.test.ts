import { describe, expect, it } from "vitest";
import { loadSentence, variesLoad } from "../../reports/sweepWords.ts";
import { pickOf, sentenceText, verdictSentence } from "../../reports/verdict.ts";
import type { Result, SweepResult } from "../../sim/result/result.ts";
import { sampleResult } from "./sampleResult.ts";

interface Row {
  readonly base?: string;
  readonly values: readonly string[];
  readonly held: boolean;
  readonly cost: number;
}

/** A sweep over these settings, with a point for each row. */
function sweepOf(paths: Readonly<Record<string, string>>, rows: readonly Row[]): Result {
  const sample = sampleResult({ n: 5, policies: ["scheduled"] });
  const policy = sample.policies[0]!;
  const sweep: SweepResult = {
    axes: Object.entries(paths).map(([name, path]) => ({ name, path, values: [] })),
    points: rows.map(({ base = "as-is", values }) => ({ base, values: [...values] })),
  };
  const policies = rows.map(({ base = "as-is", values, held, cost }) => ({
    ...policy,
    name: [base, ...values].join(", "),
    objective: { ...policy.objective, held },
    metrics: { ...policy.metrics, costUsd: { mean: cost, low: null, high: null, n: 1 } },
  }));
  return { ...sample, policies, sweep, comparisons: [] };
}

const RATE = { rate: "traffic.shoppers.rate" };
const GRID = { replicas: "services.shop.replicas", ...RATE };

describe("a sweep over traffic", () => {
  it.each([
    {
      why: "which rates hold",
      result: sweepOf(RATE, [
        { values: ["50/s"], held: true, cost: 0.1 },
        { values: ["90/s"], held: true, cost: 0.2 },
        { values: ["200/s"], held: false, cost: 0.3 },
      ]),
      want: "The objective is held at rate=50/s and rate=90/s; missed at rate=200/s.",
    },
    {
      why: "the cheapest for each rate",
      result: sweepOf(GRID, [
        { values: ["2", "50/s"], held: true, cost: 0.1 },
        { values: ["2", "90/s"], held: false, cost: 0.1 },
        { values: ["2", "200/s"], held: false, cost: 0.1 },
        { values: ["4", "50/s"], held: true, cost: 0.2 },
        { values: ["4", "90/s"], held: true, cost: 0.2 },
        { values: ["4", "200/s"], held: false, cost: 0.2 },
      ]),
      want:
        "The cheapest that holds the objective is replicas=2 ($0.10) at rate=50/s, " +
        "replicas=4 ($0.20) at rate=90/s and none at rate=200/s.",
    },
    {
      why: "which policy, where there are several",
      result: sweepOf({ users: "traffic.crowd.users" }, [
        { base: "hpa", values: ["5"], held: true, cost: 0.1 },
        { base: "fixed", values: ["5"], held: true, cost: 0.2 },
        { base: "hpa", values: ["50"], held: false, cost: 0.4 },
        { base: "fixed", values: ["50"], held: true, cost: 0.3 },
      ]),
      want:
        "The cheapest that holds the objective is hpa ($0.10) at users=5 " +
        "and fixed ($0.30) at users=50.",
    },
  ])("says $why", ({ result, want }) => {
    expect(loadSentence(result)).toBe(want);
    expect(sentenceText(verdictSentence(result))).toBe(want);
    expect(pickOf(result)).toBeNull();
  });

  it("that varies other settings only, or one rate, has one cheapest point", () => {
    const rows = [
      { values: ["2", "50/s"], held: false, cost: 0.1 },
      { values: ["4", "50/s"], held: true, cost: 0.2 },
    ];
    const result = sweepOf({ ...GRID }, rows);
    expect(variesLoad(result)).toBe(false);
    expect(pickOf(result)?.name).toBe("as-is, 4, 50/s");
    const timeout = { retries: "traffic.shoppers.retries", timeout: "traffic.shoppers.timeout" };
    expect(variesLoad(sweepOf(timeout, rows))).toBe(false);
    expect(variesLoad(sampleResult({ n: 5 }))).toBe(false);
  });
});
