import { describe, expect, it } from "vitest";
import { summariseModel } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** One node with room for one pod of two. */
const crowded = (more: ScenarioText = {}): ScenarioText => ({
  warmUp: "60s",
  duration: "120s",
  services: {
    shop: {
      replicas: 3,
      resources: { requests: { cpu: 3, memory: "1Gi" } },
      endpoints: { get: [{ wait: "10ms" }] },
    },
  },
  cluster: { nodes: [{ cpu: 4, memory: "8Gi" }] },
  traffic: { t: { ...evenly(50, 1000), call: "shop" } },
  ...more,
});

const MESSAGE =
  "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: " +
  "1 No preemption victims found for incoming pod.";

const warningsOf = (models: readonly Model[]): readonly string[] => {
  const outputs = models.map((model, i) => summariseModel(model, i, true));
  const identity = { version: "0", file: "f", scenarioDigest: "", level: 0.95 };
  const { scenario } = models[0]!;
  const { name } = scenario.policy;
  return summarise({ identity, scenarios: [scenario], outputs: [outputs], against: name }).warnings;
};

describe("pods that fit nowhere", () => {
  const model = ran(crowded());

  it("are told of at the end, in the scheduler's words", () => {
    expect(warningsOf([model])).toContain(`as-is: 2 pods of shop found no node: ${MESSAGE}`);
  });

  it("are told of once for all runs, with the most that there were", () => {
    const texts = warningsOf([model, modelOf(crowded(), { replication: 1 })]);
    const told = texts.filter((text) => text.includes("found no node"));
    expect(told).toEqual([`as-is: up to 2 pods of shop found no node: ${MESSAGE}`]);
  });

  it("are an event of the measured time, when they have waited since before", () => {
    const failed = model.cluster.events.filter(({ reason }) => reason === "FailedScheduling");
    expect(failed).toMatchObject([
      { time: 60_000_000, subject: "shop-v1-1", kind: "pod", message: MESSAGE },
    ]);
  });

  it("cost nothing until they have a node", () => {
    const { result, replicas } = summariseModel(model, 0, false);
    expect(result.replicaHours).toBeCloseTo(120 / 3600, 9);
    expect(replicas).toEqual([{ service: "shop", mean: 1, min: 1, max: 1 }]);
  });

  it("are not told of where there is room, or comes to be", () => {
    const pool = { max: 3, node: { cpu: 4, memory: "8Gi" }, provision: "20s" };
    const grown = crowded({
      cluster: { nodes: [{ cpu: 4, memory: "8Gi" }], nodePools: { spare: pool } },
      policies: { set: { nodeAutoscaler: { "cluster-autoscaler": {} } } },
    });
    const warnings = warningsOf([ran(grown)]);
    expect(warnings.filter((text) => text.includes("found no node"))).toEqual([]);
  });
});
