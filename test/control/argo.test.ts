import { describe, expect, it } from "vitest";
import { seconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** Two pods at 75 % of their request, and a release at 60 s. */
const release = (rollout: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  duration: "400s",
  services: {
    shop: {
      replicas: 2,
      startup: "2s",
      resources: { requests: { cpu: 1, memory: "64Mi" } },
      revisions: { v1: {}, v2: {} },
      endpoints: { get: [{ work: "15ms" }] },
      ...more,
    },
  },
  traffic: { users: { arrivals: "paced", rate: "100/s", call: "shop" } },
  policies: { set: { rollouts: { shop: { revision: "v2", at: "60s", ...rollout } } } },
});

const blueGreen = (settings: ScenarioText): ScenarioText => ({
  "blue-green": { strategy: { blueGreen: { activeService: "shop", ...settings } } },
});

const eventTimes = (model: Model, kind: string, reason?: string): readonly number[] =>
  model.cluster.events
    .filter((event) => event.kind === kind && (reason ?? event.reason) === event.reason)
    .map(({ time }) => time / 1e6);

/** Pods that an autoscaler sees, by revision. */
function seenBy(model: Model): { readonly pods: readonly string[]; readonly status: number } {
  const { pods, statusReplicas } = model.cluster.observeWorkload("shop");
  return { pods: pods.map(({ name }) => name.split("-")[1]!), status: statusReplicas };
}

describe("an HPA while a blue-green rollout is under way", () => {
  const hpa = {
    minReplicas: 1,
    maxReplicas: 10,
    metrics: [
      {
        type: "Resource",
        resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
      },
    ],
  };

  it("does not count idle preview pods: 75 % of 70 % lies within the tolerance", () => {
    const text = release(blueGreen({ autoPromotionEnabled: false }));
    const policies = text["policies"] as { set: object };
    const scaled = { set: { ...policies.set, autoscalers: { shop: { hpa } } } };
    const model = ran({ ...text, policies: scaled });
    expect(seenBy(model).pods).toEqual(["v1", "v1"]);
    expect(eventTimes(model, "scale")).toEqual([]);
  });

  it("sees the pods that have the traffic, before and after the switch", () => {
    const model = modelOf(release(blueGreen({ autoPromotionSeconds: 60 })));
    model.run(seconds(100));
    expect(seenBy(model)).toEqual({ pods: ["v1", "v1"], status: 2 });
    model.run(seconds(140));
    expect(model.cluster.observeRollout("shop", "v2").canary.weight).toBe(1);
    expect(seenBy(model)).toEqual({ pods: ["v2", "v2"], status: 2 });
  });

  it("sees the pods of both versions of a canary", () => {
    const steps = [{ setWeight: 50 }, { pause: {} }];
    const canary = { "argo-canary": { strategy: { canary: { steps } } } };
    const model = ran(release(canary));
    expect([...seenBy(model).pods].sort()).toEqual(["v1", "v2"]);
  });
});

describe("minReadySeconds of a Rollout", () => {
  const deployment = { minReadySeconds: 90, template: { spec: { containers: [{}] } } };

  it("is waited for before a blue-green switch", () => {
    const started = ran(release(blueGreen({})));
    const waited = ran(release(blueGreen({}), { deployment }));
    const [at] = eventTimes(started, "rollout", "SwitchedActive");
    const [later] = eventTimes(waited, "rollout", "SwitchedActive");
    // The endpoint's lag of a second passes meanwhile.
    expect(later! - at!).toBeGreaterThanOrEqual(88);
    expect(later! - at!).toBeLessThanOrEqual(91);
  });

  it("is waited for before a canary gets traffic", () => {
    const canary = {
      "argo-canary": {
        strategy: {
          canary: { steps: [{ setWeight: 50 }, { pause: {} }], trafficRouting: { istio: {} } },
        },
      },
    };
    const model = modelOf(release(canary, { deployment }));
    const weightAt = (time: number): number => {
      model.run(seconds(time));
      return model.cluster.observeRollout("shop", "v2").canary.weight;
    };
    // Created at 60 s, it listens 2 s later.
    expect(weightAt(150)).toBe(0);
    expect(weightAt(155)).toBe(0.5);
  });
});
