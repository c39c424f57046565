import { describe, expect, it } from "vitest";
import { blueGreen } from "../../../sim/policy/rollouts/blueGreen.ts";
import { errorRateTemplate, RolloutWorld } from "./argo/rolloutWorld.ts";

const ANALYSIS = { templates: [{ templateName: "errors" }] };
const SERVICES = { activeService: "shop", previewService: "shop-preview" };

const world = (fields: object = {}, others: object = {}) =>
  new RolloutWorld(
    blueGreen,
    { strategy: { blueGreen: { ...SERVICES, ...fields } }, ...others },
    { replicas: 10 },
  );

it("comes up beside the old revision, takes all traffic at once, and outlives it", () => {
  const rollout = world();
  rollout.playTo(100);
  expect(rollout.path).toEqual(["0: 10+10 0%", "2: 10+10 100%"]);
  expect(rollout.end).toBe("promote at 33: SwitchedActive");
});

it("shows a preview of few replicas, and fills it up before the switch", () => {
  const rollout = world({ previewReplicaCount: 2, autoPromotionSeconds: 60 });
  rollout.playTo(200);
  expect(rollout.path).toEqual(["0: 2+10 0%", "62: 10+10 0%", "64: 10+10 100%"]);
});

describe("promotion", () => {
  const manual = { autoPromotionEnabled: false };

  it("waits for a person, for ever if none comes", () => {
    const rollout = world(manual);
    rollout.playTo(5000);
    expect(rollout.last.decision).toEqual({ kind: "hold", reason: "BlueGreenPause" });
    const helped = world(manual, { operator: { promoteAfterSeconds: 100 } });
    helped.playTo(500);
    expect(helped.path.slice(-1)).toEqual(["102: 10+10 100%"]);
  });

  it("or for its seconds, if it has some", () => {
    const rollout = world({ ...manual, autoPromotionSeconds: 20 });
    rollout.playTo(500);
    expect(rollout.path.slice(-1)).toEqual(["22: 10+10 100%"]);
  });

  it("follows the autoscaler before the switch, and leaves the old side alone after it", () => {
    const rollout = world({ autoPromotionSeconds: 20, scaleDownDelaySeconds: 10 });
    rollout.playTo(10);
    rollout.replicas = 12;
    rollout.playTo(25);
    rollout.replicas = 14;
    rollout.playTo(100);
    expect(rollout.path).toEqual([
      "0: 10+10 0%",
      "11: 12+12 0%",
      "22: 12+12 100%",
      "26: 14+12 100%",
    ]);
    expect(rollout.end).toBe("promote at 33: SwitchedActive");
  });
});

describe("analysis", () => {
  const bad = { requests: 100, failures: 50 };

  it("before the switch: a failure lets no traffic through", () => {
    const rollout = world({ prePromotionAnalysis: ANALYSIS }, errorRateTemplate());
    rollout.canaryTraffic = bad;
    rollout.playTo(200);
    expect(rollout.path).toEqual(["0: 10+10 0%"]);
    expect(rollout.end).toBe("rollback at 32: analysis: error-rate Failed");
  });

  it("before the switch: a success opens the way", () => {
    const rollout = world({ prePromotionAnalysis: ANALYSIS }, errorRateTemplate());
    rollout.playTo(200);
    expect(rollout.path.slice(-1)).toEqual(["22: 10+10 100%"]);
  });

  it("after the switch: a failure switches back", () => {
    const fields = { postPromotionAnalysis: ANALYSIS, abortScaleDownDelaySeconds: 5 };
    const rollout = world(fields, errorRateTemplate());
    rollout.playTo(8);
    rollout.canaryTraffic = bad;
    rollout.playTo(200);
    expect(rollout.path).toEqual(["0: 10+10 0%", "2: 10+10 100%", "13: 10+10 0%"]);
    expect(rollout.end).toBe("rollback at 18: analysis: error-rate Failed");
  });

  it("after the switch: the old replicas wait for the verdict and their delay", () => {
    const rollout = world({ postPromotionAnalysis: ANALYSIS }, errorRateTemplate());
    rollout.playTo(200);
    expect(rollout.end).toBe("promote at 53: SwitchedActive");
    expect(rollout.resets).toBe(1);
  });

  it("inconclusive: waits for a person, then asks again", () => {
    const template = errorRateTemplate({ failureCondition: "result[0] > 0.9", count: 1 });
    const others = { ...template, operator: { promoteAfterSeconds: 60 } };
    const rollout = world({ prePromotionAnalysis: ANALYSIS }, others);
    rollout.canaryTraffic = bad;
    rollout.playTo(20);
    expect(rollout.last.decision).toEqual({ kind: "hold", reason: "InconclusiveAnalysis" });
    rollout.canaryTraffic = { requests: 100, failures: 0 };
    rollout.playTo(200);
    expect(rollout.path.slice(-1)).toEqual(["62: 10+10 100%"]);
  });
});

it("an operator may abort at any time, or skip everything", () => {
  const stopped = world({}, { operator: { abortAtSeconds: 10 } });
  stopped.playTo(100);
  expect(stopped.path.slice(-1)).toEqual(["10: 10+10 0%"]);
  expect(stopped.end).toBe("rollback at 40: AbortedByOperator");
  const hurried = world(
    { autoPromotionEnabled: false },
    { operator: { promoteFullAtSeconds: 10 } },
  );
  hurried.playTo(100);
  expect(hurried.path.slice(-1)).toEqual(["10: 10+10 100%"]);
});

it("says what is wrong with a configuration", () => {
  const problems = (blueGreenFields: object, others: object = {}) =>
    blueGreen
      .validate({ strategy: { blueGreen: blueGreenFields }, ...others })
      .map(({ path, expected }) => `${path.join(".")}: ${expected}`);
  expect(problems({ previewReplicaCount: 0, autoPromotion: true })).toEqual([
    "strategy.blueGreen.previewReplicaCount: more than 0",
    expect.stringMatching(/^strategy.blueGreen.autoPromotion: .*autoPromotionEnabled/),
  ]);
  expect(problems({ postPromotionAnalysis: ANALYSIS })).toEqual([
    "strategy.blueGreen.postPromotionAnalysis.templates.0.templateName: " +
      "one of analysisTemplates (there are none)",
  ]);
  expect(problems(SERVICES)).toEqual([]);
});
