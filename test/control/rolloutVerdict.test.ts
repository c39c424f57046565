import { describe, expect, it } from "vitest";
import { micros, seconds } from "../../sim/kernel/time.ts";
import { outcomeOf } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const ROUTER = { trafficRouting: { nginx: { stableIngress: "shop" } } };
const metric = {
  name: "errors",
  interval: "10s",
  count: 3,
  failureLimit: 0,
  successCondition: "result[0] < 0.02",
  provider: { prometheus: { query: "errors" } },
};
const analysed = {
  analysisTemplates: [{ metadata: { name: "errors" }, spec: { metrics: [metric] } }],
  bindings: { errors: "canary-error-rate" },
};
const analysis = { templates: [{ templateName: "errors" }] };

const released = (revision: "v1" | "v2", policy: ScenarioText, duration = "5m"): ScenarioText => ({
  duration,
  services: {
    shop: {
      replicas: 10,
      resources: { requests: { cpu: "100m", memory: "64Mi" } },
      revisions: { v0: {}, v1: {}, v2: { errors: "20%" } },
      endpoints: { get: [{ wait: "10ms" }] },
    },
  },
  traffic: { users: { rate: "100/s", call: "shop" } },
  policies: { set: { rollouts: { shop: { revision, at: "10s", ...policy } } } },
});

const canary = (strategy: ScenarioText): ScenarioText => ({
  "argo-canary": {
    ...analysed,
    strategy: { canary: { ...strategy, steps: [{ setWeight: 10 }, { analysis }] } },
  },
});

const blueGreen: ScenarioText = {
  "blue-green": { ...analysed, strategy: { blueGreen: { postPromotionAnalysis: analysis } } },
};

/** Start of the pods, a measurement or two: well before any delay of a scale-down is over. */
const SOON = 20;

describe("a release that is stopped", () => {
  it.each([
    { why: "by a canary behind a router", policy: canary(ROUTER), percent: 10 },
    { why: "by a canary without a router", policy: canary({}), percent: 10 },
    { why: "after a blue-green switch", policy: blueGreen, percent: 100 },
  ])("was caught $why in the stage that failed, when it failed", ({ policy, percent }) => {
    const outcome = outcomeOf(ran(released("v2", policy)));
    expect(outcome.outcome).toBe("rolled-back");
    expect(outcome.stages.at(-1)?.percent).toBe(percent);
    expect(outcome.stages.at(-1)?.failures).toBeGreaterThan(0);
    expect(outcome.endSeconds).toBeLessThan(SOON);
  });

  it("was stopped, though the run ends before its pods do", () => {
    const outcome = outcomeOf(ran(released("v2", canary(ROUTER), "40s")));
    expect(outcome).toMatchObject({ outcome: "rolled-back" });
  });

  it("keeps its verdict over a snapshot, and its pods until their delay is over", () => {
    const written = released("v2", canary(ROUTER));
    const before = modelOf(written);
    before.run(seconds(10 + SOON));
    expect(before.rollouts[0]!.isOver).toBe(false);
    const after = modelOf(written);
    after.restore(before.snapshot());
    after.run();
    expect(after.rollouts[0]!.isOver).toBe(true);
    expect(outcomeOf(after).endSeconds).toBeLessThan(SOON);
    const delay = micros(after.rollouts[0]!.progress.end! + seconds(29));
    expect(before.cluster.observeRollout("shop", "v2").canary.replicas).toBe(1);
    expect(after.simulation.now).toBeGreaterThan(delay);
    expect(after.cluster.observeRollout("shop", "v2").canary.replicas).toBe(0);
  });
});

describe("a release that passes", () => {
  it("was promoted when its steps were done, not when the old pods went", () => {
    const outcome = outcomeOf(ran(released("v1", canary(ROUTER))));
    expect(outcome.outcome).toBe("promoted");
    expect(outcome.stages.map(({ percent }) => percent)).toEqual([10, 100]);
    // Two starts of pods and three measurements ten seconds apart; the delay alone is 30 s.
    expect(outcome.endSeconds).toBeLessThan(45);
  });
});

describe("a release that never ends", () => {
  const paused = { canary: { ...ROUTER, steps: [{ setWeight: 10 }, { pause: {} }] } };
  const staged = { stages: [10, 100], minimumRequests: 1_000_000, shortStage: "extend" };

  it.each([
    { policy: { "argo-canary": { strategy: paused } }, reason: "CanaryPauseStep" },
    {
      policy: { "blue-green": { strategy: { blueGreen: { autoPromotionEnabled: false } } } },
      reason: "BlueGreenPause",
    },
    { policy: { "staged-canary": staged }, reason: "WaitingForRequests" },
  ])("says what it waits for: $reason", ({ policy, reason }) => {
    const outcome = outcomeOf(ran(released("v1", policy)));
    expect(outcome).toMatchObject({ outcome: "unfinished", reason, endSeconds: null });
  });
});
