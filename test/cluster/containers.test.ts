import { describe, expect, it } from "vitest";
import { Kubelet } from "../../sim/cluster/kubelet.ts";
import { podStatus } from "../../sim/cluster/kubeletStatus.ts";
import { newPod } from "../../sim/cluster/pod.ts";
import type { SimulatedCluster } from "../../sim/cluster/simulatedCluster.ts";
import { Simulation } from "../../sim/kernel/simulation.ts";
import { micros } from "../../sim/kernel/time.ts";
import { sum } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText, scenarioOf } from "../support/scenarios.ts";
import { ConstructedPlane, constructedCluster } from "./constructedPlane.ts";

/** Conditions of the first pod as "Type=status@second". */
const conditionsOf = (cluster: SimulatedCluster): readonly string[] =>
  podStatus(cluster.pods[0]!).conditions.map(
    ({ type, status, lastTransition }) => `${type}=${status}@${lastTransition / 1e6}`,
  );

describe("a pod's status", () => {
  it("goes through phases and conditions, each with the time of its change", () => {
    const { cluster, until } = constructedCluster({
      shop: {
        initContainers: "2s",
        image: { pull: "3s" },
        startup: "4s",
        readinessProbe: { periodSeconds: 10 },
      },
      cluster: { scheduling: "1s" },
      answer: ({ at }) => ({ ok: at < 30, after: 0 }),
    });
    const seen = [0, 1, 5, 6, 9, 16, 60].map((second) => {
      until(second);
      const { phase, state } = podStatus(cluster.pods[0]!);
      const what = state.kind === "waiting" ? state.reason : state.kind;
      return [second, phase, what, ...conditionsOf(cluster)].join(" ");
    });
    const scheduled = "PodScheduled=true@1";
    const unready = "ContainersReady=false@1 Ready=false@1";
    expect(seen).toEqual([
      "0 Pending PodInitializing",
      `1 Pending PodInitializing ${scheduled} Initialized=false@1 ${unready}`,
      `5 Pending PodInitializing ${scheduled} Initialized=false@1 ${unready}`,
      `6 Running running ${scheduled} Initialized=true@6 ${unready}`,
      `9 Running running ${scheduled} Initialized=true@6 ${unready}`,
      `16 Running running ${scheduled} Initialized=true@6 ContainersReady=true@16 Ready=true@16`,
      `60 Running running ${scheduled} Initialized=true@6 ContainersReady=false@56 Ready=false@56`,
    ]);
    expect(cluster.observeWorkload("shop").pods).toEqual([
      {
        name: "shop-v1-0",
        phase: "Running",
        deleted: false,
        startTime: 1e6,
        ready: { status: false, lastTransition: 56e6 },
        containers: [{ name: "shop", cpuMillicores: null, memoryBytes: null }],
      },
    ]);
  });

  it("says that a pod fits nowhere", () => {
    const { cluster, until } = constructedCluster({
      shop: { resources: { requests: { cpu: 2 } } },
      cluster: { nodes: [{ cpu: 3, memory: "8Gi" }], scheduling: "1s" },
      replicas: 2,
    });
    until(30);
    expect(cluster.pods.map((pod) => podStatus(pod).phase)).toEqual(["Running", "Pending"]);
    expect(podStatus(cluster.pods[1]!).conditions).toEqual([
      { type: "PodScheduled", status: false, reason: "Unschedulable", lastTransition: 1e6 },
    ]);
  });
});

describe("a pod without readiness probe", () => {
  it.each([
    { readyWhen: undefined, ready: 20 },
    { readyWhen: "listening", ready: 20 },
    { readyWhen: "running", ready: 0 },
  ])("is ready when its container is: $readyWhen", ({ readyWhen, ready }) => {
    const { cluster, plane, until } = constructedCluster({
      shop: { startup: "20s", ...(readyWhen && { readyWhen }) },
    });
    until(19);
    expect(plane.endpoints).toEqual(ready === 0 ? [0] : []);
    until(30);
    expect(cluster.pods[0]!.readyAt).toBe(ready * 1e6);
    expect(cluster.pods[0]!.listeningAt).toBe(20e6);
  });

  it("alone can be told when it is ready", () => {
    const shop = { readyWhen: "running", readinessProbe: {} };
    expect(() => constructedCluster({ shop })).toThrow("readyWhen is for pods without readiness");
  });

  it("gets requests before it listens, when it is ready because it runs", () => {
    const action = (at: string, n: number) => ({ at, minReplicas: n, maxReplicas: n });
    const failures = (readyWhen: string): unknown => {
      const model = ran({
        duration: "60s",
        services: {
          shop: { replicas: 1, startup: "10s", readyWhen, endpoints: { get: [{ wait: "1ms" }] } },
        },
        cluster: { endpointLag: "2s", scheduling: "0s" },
        traffic: { users: { ...evenly(5000, 10), call: "shop" } },
        policies: {
          set: {
            autoscalers: {
              shop: { scheduled: { maxReplicas: 2, schedule: [action("12s", 2)] } },
            },
          },
        },
      });
      return model.recorder.failed;
    };
    expect(failures("listening")).toBe(0);
    // Every other request from 2 s after its start until it listens, 8 s later.
    expect(failures("running")).toBe(400);
  });
});

/** Usage of the pods as the metrics API answers at a moment, in seconds. */
function samplesAt(written: ScenarioText, second: number): readonly unknown[] {
  const model = modelOf(written);
  model.run(micros(second * 1e6));
  const samples = model.cluster.observeWorkload("shop").resourceMetrics ?? [];
  return samples.map(({ pod, containers }) => [
    pod,
    sum(containers.map(({ cpuMillicores }) => cpuMillicores ?? 0)),
    sum(containers.map(({ memoryBytes }) => memoryBytes ?? 0)),
  ]);
}

describe("start-up CPU", () => {
  const action = (at: string, n: number) => ({ at, minReplicas: n, maxReplicas: n });
  const world = (shop: ScenarioText): ScenarioText => ({
    duration: "200s",
    services: { shop: { replicas: 1, endpoints: { get: [{ wait: "1ms" }] }, ...shop } },
    cluster: { scheduling: "0s", metrics: { scrapeInterval: "10s", window: "10s", lag: "1s" } },
    traffic: { users: { ...evenly(10, 100), call: "shop" } },
    policies: {
      set: {
        autoscalers: { shop: { scheduled: { maxReplicas: 2, schedule: [action("12s", 2)] } } },
      },
    },
  });
  const startup = { time: "40s", cpu: "800m" };

  it("shows in the metrics of a pod that does not listen yet", () => {
    // Created at 15 s; scraped at 20 s, 30 s, …
    const written = world({ startup });
    expect(samplesAt(written, 31)).toEqual([
      ["shop-v1-0", 0, 0],
      ["shop-v1-1", 800, 0],
    ]);
    // It listens from 55 s on.
    expect(samplesAt(written, 61)).toContainEqual(["shop-v1-1", 400, 0]);
    expect(samplesAt(written, 71)).toContainEqual(["shop-v1-1", 0, 0]);
    expect(ran(written).cluster.use.cpuMicros(0)).toBe(32e6);
  });

  it("takes longer under a smaller limit", () => {
    const model = ran(world({ startup, resources: { limits: { cpu: "500m" } } }));
    expect(model.cluster.pods[1]!.listeningAt).toBe((15 + 64) * 1e6);
    expect(model.cluster.use.cpuMicros(0)).toBe(32e6);
  });

  it("is used anew by a container that restarts", () => {
    const faults = [{ at: "75s", service: "shop", crash: true }];
    const model = ran({ ...world({ startup }), faults });
    expect(model.cluster.pods.map(({ restarts }) => restarts)).toEqual([1, 1]);
    expect(model.cluster.use.cpuMicros(0)).toBe(3 * 32e6);
  });

  it("goes slower while the node leaves it less", () => {
    const simulation = new Simulation();
    const plane = new ConstructedPlane(simulation, {
      answer: () => ({ ok: true, after: 0 }),
      drains: true,
    });
    const shop = { startup, endpoints: { get: [] } };
    const { workloads, kubelet: spec } = scenarioOf({
      services: { shop },
      traffic: { t: { rate: "1/s", call: "shop" } },
    }).cluster;
    const pod = newPod({
      number: 0,
      workload: 0,
      revision: 0,
      ordinal: 0,
      podIndex: null,
      createdAt: 0,
    });
    const replica = { replica: 0, service: 0, revision: 0, zone: 0, parallelism: 4 };
    const kubelet = new Kubelet({
      simulation,
      plane,
      pods: [pod],
      spec,
      specOf: () => workloads[0]!,
      replicaOf: () => ({ ...replica, cores: 4, memoryLimitBytes: null }),
      startupOf: () => 40e6,
      events: {
        readinessChanged: () => {},
        running: () => {},
        usesCpu: () => {},
        ended: () => {},
        happened: () => {},
      },
    });
    kubelet.start(pod);
    expect(kubelet.runnable(pod)).toBe(1);
    simulation.runUntil(micros(10e6));
    kubelet.setCores(pod, 0.2, 0);
    simulation.runUntil(micros(20e6));
    expect(kubelet.usage(pod)?.cpuMicros).toBeCloseTo(10e6, 3);
    kubelet.setCores(pod, 2, 0);
    simulation.runUntil(micros(100e6));
    // 8 s of CPU in 10 s, 2 s in the next 10 s, and the other 22 s at 800m again.
    expect(plane.starts).toEqual([{ replica: 0, at: 47.5 }]);
    expect(kubelet.runnable(pod)).toBe(0);
    expect(kubelet.lifetimeCpuMicros(pod)).toBeCloseTo(32e6, 3);
  });

  /** Replicas at the most, with half of what one replica's request allows of work. */
  const mostReplicas = (shop: ScenarioText): number => {
    const target = { type: "Utilization", averageUtilization: 70 };
    const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
    const model = ran({
      ...world({
        replicas: 4,
        resources: { requests: { cpu: "500m" } },
        endpoints: { get: [{ work: "10ms" }] },
        ...shop,
      }),
      duration: "600s",
      // 1.3 cores of 2 at first, 1.5 from 60 s on.
      traffic: {
        users: {
          arrivals: "paced",
          rate: {
            steps: [
              { at: "0s", rate: "130/s" },
              { at: "60s", rate: "160/s" },
            ],
          },
          call: "shop",
        },
      },
      policies: {
        set: { autoscalers: { shop: { hpa: { minReplicas: 4, maxReplicas: 40, metrics } } } },
      },
    });
    return model.cluster.usage(0).max;
  };

  it("sets off a runaway scale-up where pods count as ready while they start", () => {
    const slow = { time: "90s", cpu: 2 };
    expect(mostReplicas({ startup: "90s", readyWhen: "running" })).toBeLessThanOrEqual(6);
    expect(mostReplicas({ startup: slow, readyWhen: "running" })).toBeGreaterThanOrEqual(20);
    // The autoscaler leaves out the CPU of pods that are not ready.
    expect(mostReplicas({ startup: slow })).toBeLessThanOrEqual(6);
  });
});

describe("containers beside the one that serves", () => {
  const container = (name: string, cpu: string, memory: string) => ({
    name,
    resources: { requests: { cpu, memory } },
  });
  const spec = (pod: ScenarioText): ScenarioText => ({
    deployment: {
      template: {
        spec: {
          containers: [container("shop", "300m", "1Gi"), container("log", "100m", "1Gi")],
          ...pod,
        },
      },
    },
    endpoints: { get: [] },
  });
  const requestsOf = (pod: ScenarioText): readonly number[] => {
    const written = {
      services: { shop: spec(pod) },
      traffic: { t: { rate: "1/s", call: "shop" } },
    };
    const { podRequests } = scenarioOf(written).cluster.workloads[0]!;
    return [podRequests.cpuMillicores, podRequests.memoryBytes / 2 ** 30];
  };

  it.each([
    { why: "containers are summed", pod: {}, want: [400, 2] },
    {
      why: "the largest init container counts where it is more",
      pod: { initContainers: [container("a", "500m", "512Mi"), container("b", "200m", "3Gi")] },
      want: [500, 3],
    },
    {
      why: "an init container that stays is one more container",
      pod: {
        initContainers: [
          { ...container("mesh", "50m", "1Gi"), restartPolicy: "Always" },
          container("migrate", "420m", "1Gi"),
        ],
      },
      want: [470, 3],
    },
  ])("count for the scheduler: $why", ({ pod, want }) => {
    expect(requestsOf(pod)).toEqual(want);
  });

  it("use what they are said to use, in the pod's metrics", () => {
    const shop = {
      ...spec({}),
      memory: { base: "100Mi" },
      sidecars: [
        { name: "mesh", cpu: "50m", memory: "40Mi" },
        { name: "log", cpu: "20m" },
      ],
    };
    const schedule = [{ at: "1s", minReplicas: 1, maxReplicas: 1 }];
    const autoscalers = { shop: { scheduled: { maxReplicas: 1, schedule } } };
    const written = {
      duration: "100s",
      services: { shop },
      traffic: { t: { ...evenly(1, 10), call: "shop" } },
      policies: { set: { autoscalers } },
    };
    expect(samplesAt(written, 51)).toEqual([["shop-v1-0", 70, 140 * 2 ** 20]]);
    expect(ran(written).cluster.use.cpuMicros(0)).toBeCloseTo(7e6, 3);
  });
});
