import { describe, expect, it } from "vitest";
import type { Model } from "../../sim/scenario/build/model.ts";
import { booksOf, callsTo } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

const failing = { revisions: { v1: { errors: 1 } }, endpoints: { get: [{ wait: "1ms" }] } };

/** A model of ten requests, one every 10 ms, after its run. */
function after(services: Readonly<Record<string, ScenarioText>>, more: ScenarioText = {}): Model {
  const traffic = { t: { ...evenly(10, 10), call: "front" } };
  const model = modelOf({ services, traffic, ...more });
  model.run();
  expect(booksOf(model).liveRows).toBe(0);
  return model;
}

const calling = (service: string, fallback: ScenarioText, settings: ScenarioText = {}) => ({
  endpoints: { get: [{ call: { service, fallback, ...settings } }] },
});

/** Requests by what became of them: completed, cached, default, degraded, failed. */
const counts = ({ recorder }: Model): readonly number[] => [
  recorder.completed,
  ...recorder.degradedByKind,
  recorder.failed,
];

describe("a fallback", () => {
  it.each([
    { kind: "cached", want: [0, 10, 0, 0, 0] },
    { kind: "default", want: [0, 0, 10, 0, 0] },
    { kind: "degraded", want: [0, 0, 0, 10, 0] },
  ])("counts as what it is, never as a success: $kind", ({ kind, want }) => {
    expect(counts(after({ front: calling("back", { kind }), back: failing }))).toEqual(want);
  });

  it("does its steps at the caller, after the last attempt", () => {
    const fallback = { kind: "default", steps: [{ wait: "5ms" }, { work: "2ms" }] };
    const retries = { attempts: 3 };
    const front = calling("back", fallback, { retries });
    const model = after({ front, back: failing });
    expect(callsTo(model, "back")).toBe(30);
    expect(model.recorder.attempts.fallbacks[1]).toBe(10);
    // Three attempts of 1 ms, then the fallback's own 7 ms.
    expect(model.recorder.latency.mean).toBe(10_000);
  });

  it("does nothing when the call is answered", () => {
    const back = { endpoints: { get: [{ wait: "1ms" }] } };
    expect(counts(after({ front: calling("back", { kind: "cached" }), back }))).toEqual([
      10, 0, 0, 0, 0,
    ]);
  });

  it("that fails fails the request", () => {
    const fallback = { kind: "cached", steps: [{ call: "back" }] };
    expect(counts(after({ front: calling("back", fallback), back: failing }))).toEqual([
      0, 0, 0, 0, 10,
    ]);
  });

  it("shows through every layer above it, and the worst of several counts", () => {
    const middle = {
      endpoints: {
        get: [
          {
            parallel: [
              { call: { service: "back", fallback: { kind: "cached" } } },
              [{ wait: "2ms" }, { query: { datastore: "db", fallback: { kind: "degraded" } } }],
            ],
          },
        ],
      },
    };
    const front = { endpoints: { get: [{ call: "middle" }] } };
    const model = after(
      { front, middle, back: failing },
      {
        datastores: { db: { concurrency: 1, time: "1ms" } },
        faults: [{ at: "0ms", for: "55ms", service: "db", errors: "100%" }],
      },
    );
    expect(counts(model)).toEqual([0, 5, 0, 5, 0]);
  });

  it("comes at once when the breaker is open, and at the timeout when nothing answers", () => {
    const circuitBreaker = { threshold: { failureThreshold: 2 } };
    const settings = { timeout: "4ms", circuitBreaker };
    const back = { endpoints: { get: [{ wait: "1s" }] } };
    const model = after({ front: calling("back", { kind: "cached" }, settings), back });
    expect(counts(model)).toEqual([0, 10, 0, 0, 0]);
    expect(callsTo(model, "back")).toBe(2);
    expect(model.recorder.latency.max).toBe(4000);
    expect(model.recorder.latency.quantile(0.5)).toBe(0);
  });

  it("ends with its caller", () => {
    const fallback = { kind: "cached", steps: [{ wait: "1s" }] };
    const model = after(
      { front: { ...calling("back", fallback), startup: "1ms" }, back: failing },
      { faults: [{ at: "150ms", service: "front", kill: true }] },
    );
    expect(counts(model)).toEqual([0, 0, 0, 0, 10]);
  });
});
