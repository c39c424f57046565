import { describe, expect, it } from "vitest";
import { seconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { outcomesOf } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText, throughText } from "../support/scenarios.ts";

/** Two by two: with a start of 2 s and 1 s until callers know, a roll of four takes some 7 s. */
const strategy = { rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } };
const shop = {
  replicas: 4,
  strategy,
  startup: "2s",
  revisions: { v1: {}, v2: {}, v3: {} },
  endpoints: { get: [{ wait: "20ms" }] },
};

const rolled = (releases: unknown, more: ScenarioText = {}): ScenarioText => ({
  duration: "120s",
  services: { shop: { ...shop, ...more } },
  traffic: { users: { rate: "20/s", call: "shop" } },
  policies: { set: { rollouts: { shop: releases } } },
});

/** Revisions of the pods that are there: v1 is 0. */
const alive = (model: Model): readonly number[] =>
  model.cluster.pods.filter(({ goneAt }) => goneAt === null).map(({ revision }) => revision);

describe("releases of a Deployment that follow each other", () => {
  it("roll over to the third revision when it comes during the second", () => {
    const model = modelOf(
      rolled([
        { rolling: {}, revision: "v2", at: "10s" },
        { revision: "v3", at: "11s" },
      ]),
    );
    model.run(seconds(12));
    // The two of v2 that were not ready yet are in nobody's way: they go first.
    expect(alive(model).filter((revision) => revision === 0)).toHaveLength(4);
    model.run();
    expect(alive(model)).toEqual([2, 2, 2, 2]);
    const [second, third] = outcomesOf(model);
    expect(second).toMatchObject({ revision: "v2", outcome: "unfinished", endSeconds: null });
    expect(second!.reason).toMatch(/; v3 took over$/u);
    expect(third).toMatchObject({ revision: "v3", outcome: "promoted" });
    expect(third!.endSeconds).toBeGreaterThan(4);
    expect(model.recorder.failuresByReason.every((count) => count === 0)).toBe(true);
  });

  it("go back to the first revision", () => {
    const model = ran(
      rolled([
        { rolling: {}, revision: "v2", at: "10s" },
        { revision: "v1", at: "60s" },
      ]),
    );
    expect(alive(model)).toEqual([0, 0, 0, 0]);
    expect(outcomesOf(model)).toMatchObject([
      { revision: "v2", outcome: "promoted" },
      { revision: "v1", outcome: "promoted" },
    ]);
  });

  it("end each for itself when a revision comes twice", () => {
    const model = ran(
      rolled([
        { rolling: {}, revision: "v2", at: "10s" },
        { revision: "v3", at: "11s" },
        { revision: "v2", at: "60s" },
      ]),
    );
    expect(outcomesOf(model).map(({ outcome }) => outcome)).toEqual([
      "unfinished",
      "promoted",
      "promoted",
    ]);
  });

  it("stand still while the Deployment is paused", () => {
    const model = modelOf(
      rolled([
        { rolling: {}, revision: "v2", at: "10s" },
        { paused: true, at: "12s" },
        { paused: false, at: "60s" },
      ]),
    );
    model.run(seconds(59));
    expect(alive(model).toSorted()).toEqual([0, 0, 0, 0, 1, 1]);
    model.run();
    expect(alive(model)).toEqual([1, 1, 1, 1]);
    const [release, ...others] = outcomesOf(model);
    expect(others).toEqual([]);
    expect(release!.endSeconds).toBeGreaterThan(50);
    const reasons = model.cluster.events.map(({ reason }) => reason);
    expect(reasons).toContain("DeploymentPaused");
    expect(reasons).toContain("DeploymentResumed");
  });

  it("wait in a Deployment whose manifest pauses it", () => {
    const model = ran(
      rolled({ rolling: {}, revision: "v2", at: "10s" }, { deployment: { paused: true } }),
    );
    expect(alive(model)).toEqual([0, 0, 0, 0]);
    expect(outcomesOf(model)).toMatchObject([
      { outcome: "unfinished", reason: "DeploymentPaused" },
    ]);
  });

  it("go on from a snapshot as if it had not been taken", () => {
    const written = rolled([
      { rolling: {}, revision: "v2", at: "10s" },
      { revision: "v3", at: "11s" },
      { paused: true, at: "12s" },
      { paused: false, at: "20s" },
    ]);
    const whole = ran(written);
    const second = throughText(written, seconds(15));
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(outcomesOf(second)).toEqual(outcomesOf(whole));
  });
});

const canary = { stages: [50, 100], stageSeconds: 20, minimumRequests: 1 };

describe("releases that a policy judges", () => {
  it("begin anew with the third revision when it comes during the second", () => {
    const model = ran(
      rolled([
        { "staged-canary": canary, revision: "v2", at: "10s" },
        { revision: "v3", at: "20s" },
      ]),
    );
    expect(alive(model)).toEqual([2, 2, 2, 2]);
    const [second, third] = outcomesOf(model);
    expect(second).toMatchObject({
      outcome: "rolled-back",
      reason: "v3 took over",
      endSeconds: 10,
    });
    expect(second!.stages.map(({ percent }) => percent)).toEqual([50]);
    expect(third).toMatchObject({ outcome: "promoted", usersHurt: null });
    expect(third!.stages.map(({ percent }) => percent)).toEqual([50, 100]);
  });

  it("are called off by the stable revision", () => {
    const model = ran(
      rolled([
        { "staged-canary": canary, revision: "v2", at: "10s" },
        { revision: "v1", at: "20s" },
      ]),
    );
    expect(alive(model)).toEqual([0, 0, 0, 0]);
    expect(outcomesOf(model)).toMatchObject([
      { outcome: "rolled-back", reason: "v1 took over", endSeconds: 10 },
      { outcome: "promoted", endSeconds: 0, stages: [] },
    ]);
  });

  it("go back in stages once the release is through", () => {
    const model = ran(
      rolled([
        { "staged-canary": canary, revision: "v2", at: "10s" },
        { revision: "v1", at: "65s" },
      ]),
    );
    expect(outcomesOf(model)).toMatchObject([
      { revision: "v2", outcome: "promoted" },
      { revision: "v1", outcome: "promoted", stages: [{ percent: 50 }, { percent: 100 }] },
    ]);
    expect(alive(model)).toEqual([0, 0, 0, 0]);
  });
});
