import { expect } from "vitest";
import type { Model } from "../../sim/scenario/build/model.ts";
import { confidenceInterval } from "../../sim/stats/intervals.ts";
import { modelOf, type ScenarioText, scenarioOf } from "./scenarios.ts";

/** A whole file of checks errs with this probability when the seeds are changed. */
const FAMILY_ERROR = 1e-3;

/** What `read` says of each of `runs` independent replications. */
export function replicated<Value>(
  written: ScenarioText,
  runs: number,
  read: (model: Model) => Value,
): readonly Value[] {
  const scenario = scenarioOf(written);
  return Array.from({ length: runs }, (_, replication) => {
    const model = modelOf(scenario, { replication });
    model.run();
    return read(model);
  });
}

/**
 * The interval of the samples holds the theory's value, at a level that makes one false alarm among
 * `checks` unlikely; and it is narrow enough (`within`, relative) for the check to mean something.
 */
export function expectMean(
  samples: readonly number[],
  theory: number,
  { checks = 60, within = 0.16 }: { readonly checks?: number; readonly within?: number } = {},
): void {
  const { mean, halfWidth } = confidenceInterval({ samples, level: 1 - FAMILY_ERROR / checks });
  expect(halfWidth).toBeLessThan(within * theory);
  expect(Math.abs(mean - theory), `${mean} is not ${theory} ± ${halfWidth}`).toBeLessThanOrEqual(
    halfWidth ?? 0,
  );
}
