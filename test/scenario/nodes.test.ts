import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";
import { type ScenarioText, scenarioOf } from "../support/scenarios.ts";

const base: ScenarioText = {
  peakday: 1,
  name: "test",
  duration: "60s",
  objective: { p95: "1s" },
  services: { shop: { endpoints: { get: [] } } },
  traffic: { t: { rate: "1/s", call: "shop" } },
};

const template = (spec: ScenarioText): ScenarioText => ({
  shop: {
    endpoints: { get: [] },
    deployment: { template: { spec: { containers: [{}], ...spec } } },
  },
});

describe("what makes no sense of nodes is told", () => {
  it.each<{ why: string; written: ScenarioText; message: string }>([
    {
      why: "an autoscaler of nodes without pools",
      written: { policies: { p: { nodeAutoscaler: { "cluster-autoscaler": {} } } } },
      message: "there is no pool of nodes to scale",
    },
    {
      why: "a misspelt autoscaler of nodes",
      written: {
        cluster: { nodePools: { a: { max: 1, node: { cpu: 2, memory: "4Gi" } } } },
        policies: { p: { nodeAutoscaler: { "cluster-autoscale": {} } } },
      },
      message: 'no node autoscaler "cluster-autoscale"',
    },
    {
      why: "a pool with more at first than at most",
      written: {
        cluster: { nodePools: { a: { min: 2, max: 1, node: { cpu: 2, memory: "4Gi" } } } },
      },
      message: "min is at most max, found 2 > 1",
    },
    {
      why: "a price of nodes that nobody described",
      written: { price: { nodeHour: 1 } },
      message: "nodes that nobody described have no price",
    },
    {
      why: "an unknown priority class",
      written: { services: template({ priorityClassName: "urgent" }) },
      message: 'no priority class "urgent"',
    },
    {
      why: "an unknown operator of a toleration",
      written: { services: template({ tolerations: [{ key: "a", operator: "Equals" }] }) },
      message: "operator is one of Exists, Equal",
    },
    {
      why: "a drain of a node that there is not",
      written: { faults: [{ drain: "node-9", at: "1s", for: "2s" }] },
      message: 'no node "node-9"',
    },
    {
      why: "a drain of a service's pods",
      written: { faults: [{ drain: "node-1", service: "shop", at: "1s", for: "2s" }] },
      message: '"service" does not go with drain',
    },
    {
      why: "parallel pulls that the kubelet does one by one",
      written: { cluster: { kubelet: { maxParallelImagePulls: 3 } } },
      message: "images are pulled one after the other",
    },
  ])("$why", ({ written, message }) => {
    const text = JSON.stringify({ ...base, ...written });
    const { problems } = loadScenario({ file: "test.yaml", text, readFile: () => null });
    expect(problems.map((problem) => problem.message).join("\n")).toContain(message);
  });
});

describe("a pod template pasted in", () => {
  it("keeps its labels and what it says about nodes; its class becomes a number", () => {
    const scenario = scenarioOf({
      services: template({
        nodeSelector: { disk: "ssd" },
        priorityClassName: "system-cluster-critical",
        tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
      }),
      traffic: { t: { rate: "1/s", call: "shop" } },
    });
    expect(scenario.cluster.workloads[0]!.scheduling).toEqual({
      labels: { app: "shop" },
      nodeSelector: { disk: "ssd" },
      tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
      priority: 2_000_000_000,
    });
  });

  it("takes the default class where it names none", () => {
    const priorityClasses = {
      low: -10,
      usual: { value: 7, globalDefault: true, preemptionPolicy: "Never" },
    };
    const scenario = scenarioOf({
      services: { shop: { endpoints: { get: [] } } },
      traffic: { t: { rate: "1/s", call: "shop" } },
      cluster: { priorityClasses },
    });
    expect(scenario.cluster.workloads[0]!.scheduling).toEqual({
      labels: { app: "shop" },
      priority: 7,
      preemptionPolicy: "Never",
    });
  });
});
