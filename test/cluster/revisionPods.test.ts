import { describe, expect, it } from "vitest";
import { seconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { outcomeOf } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const MI = 1024 * 1024;

/** A rolling update one by one, from v1 to a v2 of which only `v2` is different. */
const rolled = (v2: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  duration: "200s",
  services: {
    shop: {
      replicas: 3,
      deployment: { progressDeadlineSeconds: 60 },
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      startup: "2s",
      readinessProbe: { periodSeconds: 5 },
      revisions: { v1: {}, v2 },
      endpoints: { get: [{ work: "2ms" }] },
      ...more,
    },
  },
  traffic: { users: { rate: "50/s", call: "shop" } },
  policies: { set: { rollouts: { shop: { rolling: {}, revision: "v2", at: "10s" } } } },
});

const podsOf = (model: Model, revision: number) =>
  model.cluster.pods.filter((pod) => pod.goneAt === null && pod.revision === revision);

describe("a release whose pods are worse than those before", () => {
  it.each([
    { why: "it never answers its readiness probe", v2: { failsProbes: ["readiness"] } },
    { why: "its process takes an hour to listen", v2: { startup: "1h" } },
  ])("is stuck when $why, and its deadline passes", ({ v2 }) => {
    const model = ran(rolled(v2));
    expect(podsOf(model, 0)).toHaveLength(3);
    expect(podsOf(model, 1)).toHaveLength(1);
    expect(outcomeOf(model)).toMatchObject({
      outcome: "unfinished",
      reason: "ProgressDeadlineExceeded",
    });
    const told = model.cluster.events.filter(({ reason }) => reason === "ProgressDeadlineExceeded");
    expect(told).toMatchObject([{ message: "v2 has made no progress for 60 s" }]);
    // The clock starts with the one pod that was made at 10 s.
    expect(told[0]!.time / 1e6).toBeGreaterThan(70);
    expect(told[0]!.time / 1e6).toBeLessThan(73);
    expect(model.recorder.failuresByReason.every((count) => count === 0)).toBe(true);
  });

  it("comes late when its process is slow to start", () => {
    const [fast, slow] = [{}, { startup: "22s" }].map((v2) => outcomeOf(ran(rolled(v2))));
    // Three pods, one after the other, each 20 s later.
    expect(slow!.endSeconds! - fast!.endSeconds!).toBeCloseTo(60, -1);
    expect(slow).toMatchObject({ outcome: "promoted" });
  });

  it("is restarted again and again when it fails its liveness probe", () => {
    const probe = { periodSeconds: 2, failureThreshold: 1, terminationGracePeriodSeconds: 1 };
    const model = ran(rolled({ failsProbes: ["liveness"] }, { livenessProbe: probe }));
    expect(podsOf(model, 1)[0]!.restarts).toBeGreaterThan(3);
    expect(podsOf(model, 0).every(({ restarts }) => restarts === 0)).toBe(true);
  });

  it("is killed for its memory when it takes more than its limit", () => {
    const limits = { limits: { memory: "256Mi" } };
    const model = ran(
      rolled({ memory: { base: "300Mi" } }, { resources: limits, memory: { base: "100Mi" } }),
    );
    const [pod] = podsOf(model, 1);
    expect(pod!.lastTermination).toMatchObject({ reason: "OOMKilled" });
    expect(pod!.restarts).toBeGreaterThan(2);
    expect(outcomeOf(model).reason).toBe("ProgressDeadlineExceeded");
  });

  it("leaks while the revision before does not, over the same memory", () => {
    const memory = { base: "100Mi" };
    const model = modelOf(rolled({ memory: { leakPerRequest: "1Mi" } }, { memory }));
    model.run(seconds(60));
    const [pod] = podsOf(model, 1);
    const { memoryBytes, requests } = model.plane.usage(pod!.number);
    expect(requests).toBeGreaterThan(100);
    expect(memoryBytes).toBe((100 + requests) * MI);
    expect(model.plane.usage(0).memoryBytes).toBe(100 * MI);
  });
});
