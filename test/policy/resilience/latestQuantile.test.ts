import { expect, it } from "vitest";
import { latestQuantile } from "../../../sim/policy/resilience/latestQuantile.ts";

it("the latest quantile is that of the last 1000 times, looked up every 100", () => {
  const state = latestQuantile.init(0.95);
  const add = (from: number, to: number): void => {
    for (let time = from; time <= to; time++) latestQuantile.add(state, time);
  };
  add(1, 99);
  expect(state.value).toBe(null);
  add(100, 100);
  expect(state.value).toBe(95);
  add(101, 199);
  expect(state.value).toBe(95);
  add(200, 1000);
  expect(state.value).toBe(950);
  add(1001, 3500);
  expect(state.value).toBe(3450);
  expect(state.times).toHaveLength(1000);
});
