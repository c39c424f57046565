import { describe, expect, it } from "vitest";
import { type Micros, micros, millis } from "../../../sim/kernel/time.ts";
import type { CallResult } from "../../../sim/policy/resilience/admission.ts";
import { type OpossumConfig, opossum } from "../../../sim/policy/resilience/opossum.ts";
import {
  type Resilience4jConfig,
  resilience4j,
  resilience4jMetrics,
} from "../../../sim/policy/resilience/resilience4j.ts";

const REQUEST = { key: "", cost: 1, priority: 0, draw: 0 };
const result = (outcome: CallResult["outcome"], duration: Micros = micros(0)): CallResult => ({
  outcome,
  duration,
  ticket: 0,
});

describe("resilience4j beyond its recordings", () => {
  const base: Resilience4jConfig = {
    slidingWindowSize: 2,
    minimumNumberOfCalls: 2,
    permittedNumberOfCallsInHalfOpenState: 3,
    waitDurationInOpenStateMs: 1_000,
  };

  /** Two failures at 0 open it. */
  function opened(config: Resilience4jConfig = {}) {
    const state = resilience4j.init({ ...base, ...config }, micros(0));
    for (const outcome of ["failure", "failure"] as const) {
      resilience4j.onResult(state, result(outcome), micros(0));
    }
    expect(resilience4j.phase(state)).toBe("OPEN");
    return state;
  }

  it("becomes half-open by itself where asked to, and opens again after its maximum", () => {
    const state = opened({
      automaticTransitionFromOpenToHalfOpenEnabled: true,
      maxWaitDurationInHalfOpenStateMs: 300,
    });
    expect(resilience4j.nextTimer(state)).toBe(millis(1_000));
    resilience4j.onTimer(state, millis(1_000));
    expect(resilience4j.phase(state)).toBe("HALF_OPEN");
    expect(resilience4j.nextTimer(state)).toBe(millis(1_300));
    resilience4j.onTimer(state, millis(1_300));
    expect(resilience4j.phase(state)).toBe("OPEN");
    expect(resilience4j.nextTimer(state)).toBe(millis(2_300));
  });

  it("judges a half-open breaker at the minimum number of calls where that is smaller", () => {
    const state = opened();
    for (const _ of [1, 2, 3]) resilience4j.tryAcquire(state, REQUEST, millis(1_001));
    resilience4j.onResult(state, result("success"), millis(1_002));
    expect(resilience4j.phase(state)).toBe("HALF_OPEN");
    resilience4j.onResult(state, result("success"), millis(1_003));
    expect(resilience4j.phase(state)).toBe("CLOSED");
  });

  it("takes a permission back from a call whose result is ignored", () => {
    const state = opened({ permittedNumberOfCallsInHalfOpenState: 1 });
    const isPermitted = () => resilience4j.tryAcquire(state, REQUEST, millis(1_001)).permitted;
    expect([isPermitted(), isPermitted()]).toEqual([true, false]);
    resilience4j.onResult(state, result("ignored"), millis(1_001));
    expect([isPermitted(), isPermitted()]).toEqual([true, false]);
  });

  it("compares rates as 32-bit numbers: a third reaches 33.333332 percent", () => {
    const config = { slidingWindowSize: 3, minimumNumberOfCalls: 3 };
    const phaseAt = (failureRateThreshold: number) => {
      const state = resilience4j.init({ ...config, failureRateThreshold }, micros(0));
      for (const outcome of ["success", "success", "failure"] as const) {
        resilience4j.onResult(state, result(outcome), micros(0));
      }
      return resilience4j.phase(state);
    };
    expect([phaseAt(33.333_332), phaseAt(33.333_34)]).toEqual(["OPEN", "CLOSED"]);
  });

  it("counts slow failures as both, and shows rates once there are enough calls", () => {
    const state = resilience4j.init({ ...base, slowCallDurationThresholdMs: 10 }, micros(0));
    resilience4j.onResult(state, result("failure", millis(11)), micros(0));
    expect(resilience4jMetrics(state, micros(0))).toMatchObject({ failureRate: -1, slow: 1 });
    resilience4j.onResult(state, result("success", millis(10)), micros(0));
    expect(resilience4jMetrics(state, micros(0))).toEqual({
      failureRate: 50,
      slowCallRate: 50,
      buffered: 2,
      failed: 1,
      slow: 1,
      notPermitted: 0,
    });
  });
});

describe("opossum beyond its recordings", () => {
  const acquire = (state: ReturnType<typeof opossum.init>, time: Micros) =>
    opossum.tryAcquire(state, REQUEST, time).reason;

  /** One failed call at 0 opens it. */
  function opened(config: OpossumConfig = {}) {
    const state = opossum.init({ resetTimeoutMs: 100, ...config }, micros(0));
    acquire(state, micros(0));
    opossum.onResult(state, result("failure"), micros(0));
    return state;
  }

  it("cannot open while it warms up", () => {
    const warming = { allowWarmUp: true, rollingCountTimeoutMs: 200 };
    const state = opened(warming);
    expect(opossum.phase(state)).toBe("CLOSED");
    acquire(state, millis(200));
    opossum.onResult(state, result("failure"), millis(200));
    expect(opossum.phase(state)).toBe("OPEN");
  });

  it("fails a call beyond its capacity, which may open it", () => {
    const state = opossum.init({ capacity: 1, errorThresholdPercentage: 40 }, micros(0));
    expect(acquire(state, micros(0))).toBe("Permitted");
    expect(acquire(state, micros(0))).toBe("SemaphoreLocked");
    expect(opossum.phase(state)).toBe("OPEN");
    expect(acquire(state, micros(0))).toBe("CircuitOpen");
  });

  it("lets the result of an older call close it, ignored ones too", () => {
    for (const outcome of ["success", "ignored"] as const) {
      const state = opossum.init({ resetTimeoutMs: 100 }, micros(0));
      for (const _ of [1, 2]) acquire(state, micros(0));
      opossum.onResult(state, result("failure"), millis(1));
      // One failure in two calls is not more than half.
      expect(opossum.phase(state)).toBe("CLOSED");
      for (const _ of [1, 2]) acquire(state, millis(1));
      for (const _ of [1, 2]) opossum.onResult(state, result("failure"), millis(2));
      expect(opossum.phase(state)).toBe("OPEN");
      opossum.onTimer(state, millis(102));
      opossum.onResult(state, result(outcome), millis(103));
      expect(opossum.phase(state)).toBe("CLOSED");
    }
  });

  it("remembers its failures when it has closed", () => {
    const state = opened();
    expect(acquire(state, millis(100))).toBe("Permitted");
    opossum.onResult(state, result("success"), millis(100));
    expect(opossum.phase(state)).toBe("CLOSED");
    // Two failures of three calls within the window.
    acquire(state, millis(101));
    opossum.onResult(state, result("failure"), millis(101));
    expect(opossum.phase(state)).toBe("OPEN");
  });
});
