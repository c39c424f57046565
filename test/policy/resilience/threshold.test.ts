import { describe, expect, it } from "vitest";
import { micros, seconds } from "../../../sim/kernel/time.ts";
import { type ThresholdConfig, threshold } from "../../../sim/policy/resilience/threshold.ts";

const REQUEST = { key: "", cost: 1, priority: 0, draw: 0 };

/**
 * Calls of no duration, a second apart, x fails, all others succeed: the first letter of the phase
 * after each, or - where the call was refused.
 */
function phases(config: ThresholdConfig, calls: string): string {
  const state = threshold.init(config, micros(0));
  return [...calls]
    .map((outcome, second) => {
      const now = seconds(second);
      const { permitted, ticket } = threshold.tryAcquire(state, REQUEST, now);
      const result = { outcome: outcome === "x" ? "failure" : "success", ticket } as const;
      if (permitted) threshold.onResult(state, { ...result, duration: micros(0) }, now);
      return permitted ? threshold.phase(state)[0] : "-";
    })
    .join("");
}

describe("the readings of the threshold breaker", () => {
  const config = { failureThreshold: 3, resetTimeoutSeconds: 2, halfOpenSuccesses: 3 };
  it.each([
    { why: "failures need not be consecutive", calls: "xoxox", reading: {}, want: "CCCCO" },
    {
      why: "unless a success resets them",
      calls: "xoxxoxxx",
      reading: { successResetsFailures: true },
      want: "CCCCCCCO",
    },
    { why: "any failure re-opens", calls: "xxxoox-o", reading: {}, want: "CCO-HO-H" },
    {
      why: "a failure before the first success re-opens in every reading",
      calls: "xxx-x-o",
      reading: { reopensOn: "failures-in-a-row" as const },
      want: "CCO-O-H",
    },
    {
      why: "after a first success only the threshold in a row does",
      calls: "xxx-oxxoxxx",
      reading: { reopensOn: "failures-in-a-row" as const },
      want: "CCO-HHHHHHO",
    },
  ])("$why", ({ calls, reading, want }) => {
    expect(phases({ ...config, ...reading }, calls)).toBe(want);
  });
});

it("names what is wrong with a configuration", () => {
  const config = { failureThreshold: 0, resetTimeout: 5, reopensOn: "never" };
  expect(threshold.validate(config).map(({ path }) => path.join("."))).toEqual([
    "failureThreshold",
    "reopensOn",
    "resetTimeout",
  ]);
});
