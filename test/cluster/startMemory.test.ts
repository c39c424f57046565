import { describe, expect, it } from "vitest";
import { seconds } from "../../sim/kernel/time.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const MIB = 1024 ** 2;

/** Two pods whose processes are killed at 30 s, and take longer than the run to start again. */
const world = (shop: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  duration: "300s",
  services: {
    shop: {
      replicas: 2,
      startup: "1000s",
      resources: { requests: { cpu: 1, memory: "100Mi" }, limits: { memory: "200Mi" } },
      memory: { base: "80Mi" },
      endpoints: { get: [{ wait: "10ms" }] },
      ...shop,
    },
  },
  traffic: { t: { ...evenly(10, 1000), call: "shop" } },
  faults: [{ crash: true, service: "shop", at: "30s" }],
  ...more,
});

const hpaOn = (averageUtilization: number): ScenarioText => ({
  minReplicas: 1,
  maxReplicas: 10,
  metrics: [
    {
      type: "Resource",
      resource: { name: "memory", target: { type: "Utilization", averageUtilization } },
    },
  ],
  behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
});

describe("the memory of a process that is starting", () => {
  it("is what the process has without requests, and what its sidecars have", () => {
    const sidecars = [{ name: "mesh", memory: "20Mi" }];
    const policies = { set: { autoscalers: { shop: { hpa: hpaOn(100) } } } };
    const model = modelOf(world({ sidecars }, { policies }));
    model.run(seconds(100));
    expect(model.cluster.pods.map(({ container }) => container?.listening)).toEqual([false, false]);
    const { resourceMetrics } = model.cluster.observeWorkload("shop");
    const used = resourceMetrics?.map(({ containers }) => containers.map((c) => c.memoryBytes));
    expect(used).toEqual([
      [80 * MIB, 20 * MIB],
      [80 * MIB, 20 * MIB],
    ]);
  });

  it("keeps an HPA on memory from scaling down", () => {
    const policies = { set: { autoscalers: { shop: { hpa: hpaOn(80) } } } };
    const { events } = ran(world({}, { policies })).cluster;
    expect(events.filter(({ kind }) => kind === "scale")).toEqual([]);
  });

  it("is too much for a limit below it, again and again", () => {
    const resources = { limits: { memory: "64Mi" } };
    const { pods, events } = ran(world({ replicas: 1, resources, startup: "20s" })).cluster;
    const [{ restarts, lastTermination }] = [pods[0]!];
    expect(lastTermination?.reason).toBe("OOMKilled");
    expect(lastTermination?.finishedAt).toBe(lastTermination?.startedAt);
    // At the start of the run, and after 0, 10, 20, 40, 80 s and so on: no start lasts.
    expect(
      events.filter(({ reason }) => reason === "OOMKilled").map(({ time }) => time / 1e6),
    ).toEqual([0, 0, 10, 30, 70, 150]);
    expect(restarts).toBe(5);
  });
});
