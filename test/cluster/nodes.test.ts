import { describe, expect, it } from "vitest";
import type { Pod } from "../../sim/cluster/pod.ts";
import type { TimedEvent } from "../../sim/cluster/simulatedCluster.ts";
import { chainSettings } from "../../sim/experiment/chainSettings.ts";
import { halvedLinks } from "../../sim/experiment/halved.ts";
import { summariseModel } from "../../sim/experiment/replication.ts";
import { micros } from "../../sim/kernel/time.ts";
import type { Model, ModelSnapshot } from "../../sim/scenario/build/model.ts";
import { evenly, modelOf, ran, type ScenarioText, scenarioOf } from "../support/scenarios.ts";

const action = (at: string, replicas: number): ScenarioText => ({
  at,
  minReplicas: replicas,
  maxReplicas: replicas,
});

/** Scales services to so many replicas at certain moments; syncs come every 15 s. */
const scaled = (
  plans: Readonly<Record<string, readonly (readonly [at: string, replicas: number])[]>>,
): ScenarioText =>
  Object.fromEntries(
    Object.entries(plans).map(([service, actions]) => [
      service,
      {
        scheduled: { maxReplicas: 100, schedule: actions.map(([at, n]) => action(at, n)) },
      },
    ]),
  );

const service = (replicas: number, podSpec: ScenarioText = {}): ScenarioText => ({
  replicas,
  resources: { requests: { cpu: 1, memory: "1Gi" } },
  startup: "3s",
  terminationGracePeriodSeconds: 5,
  deployment: { template: { spec: { containers: [{}], ...podSpec } } },
  endpoints: { get: [{ wait: "10ms" }] },
});

const world = (more: ScenarioText): ScenarioText => ({
  duration: "120s",
  services: { shop: service(1) },
  traffic: { t: { ...evenly(100, 1000), call: "shop" } },
  ...more,
  cluster: { scheduling: "500ms", endpointLag: "1s", ...(more["cluster"] as object | undefined) },
});

const eventsOf = (model: Model, reason: string): readonly TimedEvent[] =>
  model.cluster.events.filter((event) => event.reason === reason);

const podsOf = (model: Model, workload: number): readonly Pod[] =>
  model.cluster.pods.filter((pod) => pod.workload === workload);

const nodeNames = (model: Model, pods: readonly Pod[]): readonly (string | null)[] =>
  pods.map(({ node }) => (node === null ? null : model.cluster.nodes[node]!.spec.name));

describe("a pod that fits nowhere", () => {
  it("waits, and tells why in Kubernetes' words", () => {
    const model = ran(
      world({
        cluster: { nodes: [{ count: 2, cpu: "1500m", memory: "8Gi" }] },
        policies: { p: { autoscalers: scaled({ shop: [["10s", 3]] }) } },
      }),
    );
    const [failed, ...more] = eventsOf(model, "FailedScheduling");
    expect(more).toEqual([]);
    expect(failed).toMatchObject({ controller: "scheduler", kind: "pod", subject: "shop-v1-2" });
    expect(failed!.message).toBe(
      "0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: " +
        "2 No preemption victims found for incoming pod.",
    );
    const waiting = podsOf(model, 0)[2]!;
    expect(waiting.unschedulable).toBe(failed!.message);
    expect([waiting.consideredAt, waiting.scheduledAt]).toEqual([15_500_000, null]);
  });

  it("gets a node of a pool, which comes after a scan and the time that it takes", () => {
    const cluster = {
      nodePools: {
        general: { min: 1, max: 5, node: { cpu: 2, memory: "8Gi" }, provision: "40s" },
      },
    };
    const model = ran(
      world({
        cluster,
        policies: {
          p: {
            nodeAutoscaler: { "cluster-autoscaler": {} },
            autoscalers: scaled({ shop: [["10s", 5]] }),
          },
        },
      }),
    );
    // Pods 3 to 5 need two nodes more; the scan at 20 s sees them.
    expect(eventsOf(model, "TriggeredScaleUp")).toMatchObject([
      { time: 20_000_000, subject: "general", from: 1, to: 3 },
    ]);
    expect(eventsOf(model, "NodeReady").map(({ time, subject }) => [time, subject])).toEqual([
      [60_000_000, "general-2"],
      [60_000_000, "general-3"],
    ]);
    const pods = podsOf(model, 0);
    expect(pods.map(({ scheduledAt }) => scheduledAt! / 1e6)).toEqual([0, 15.5, 60, 60, 60]);
    // Both nodes came in one instant: the three pods are spread over them.
    expect(nodeNames(model, pods)).toEqual([
      "general-1",
      "general-1",
      "general-2",
      "general-3",
      "general-2",
    ]);
  });
});

describe("nodes of a pool", () => {
  const cluster = {
    nodePools: {
      general: { min: 1, max: 5, node: { cpu: 2, memory: "8Gi" }, provision: "40s" },
    },
  };
  const policies = {
    p: {
      nodeAutoscaler: { "cluster-autoscaler": {} },
      autoscalers: scaled({
        shop: [
          ["10s", 6],
          ["100s", 1],
        ],
      }),
    },
  };
  const spike = world({ duration: "1200s", cluster, policies, price: { nodeHour: 0.36 } });

  it("go ten minutes after they were last needed, and are billed until then", () => {
    const model = ran(spike);
    const removed = eventsOf(model, "NodeRemoved");
    expect(removed.map(({ subject }) => subject).sort()).toEqual(["general-2", "general-3"]);
    // The fleet shrinks at 105 s, the last pods are gone within 6 s, and the scan at 120 s sees it.
    const [first] = eventsOf(model, "ScaleDownEmpty");
    expect(first!.time / 1e6).toBeGreaterThan(700);
    expect(first!.time / 1e6).toBeLessThanOrEqual(740);
    const alive = model.cluster.nodes.map(({ spec, removedAt }) => {
      const asked = spec.name === "general-1" ? 0 : 20;
      return (removedAt ?? model.end) / 1e6 - asked;
    });
    const { result } = summariseModel(model, 0, false);
    const whole = alive.reduce((sum, seconds) => sum + seconds, 0);
    // 0.36 dollars an hour are a hundredth of a cent a second.
    expect(result.costUsd).toBeCloseTo(whole * 1e-4, 9);
  });

  it("come and go alike when the run goes on from a snapshot", () => {
    const scenario = scenarioOf(spike);
    const whole = ran(scenario);
    for (const at of [18_000_000, 45_000_000, 108_000_000, 710_000_000, 725_000_000]) {
      const before = modelOf(scenario);
      before.run(micros(at));
      const after = modelOf(scenario);
      after.restore(JSON.parse(JSON.stringify(before.snapshot())) as ModelSnapshot);
      after.run();
      expect(after.cluster.events).toEqual(whole.cluster.events);
      expect(after.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
      expect(after.cluster.nodeMicros).toBe(whole.cluster.nodeMicros);
    }
  });
});

describe("a pod template", () => {
  const zones = { nodes: [{ count: 6, cpu: 8, memory: "64Gi", zones: ["a", "b", "c"] }] };
  const self = { matchLabels: { app: "shop" } };

  it("whose pods avoid each other has one on each node, and no more", () => {
    const affinity = {
      podAntiAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: self, topologyKey: "kubernetes.io/hostname" },
        ],
      },
    };
    const model = ran(
      world({
        services: { shop: service(2, { affinity }) },
        cluster: zones,
        policies: { p: { autoscalers: scaled({ shop: [["10s", 7]] }) } },
      }),
    );
    const pods = podsOf(model, 0);
    const placed = pods.filter(({ node }) => node !== null);
    expect(new Set(nodeNames(model, placed)).size).toBe(6);
    expect(pods).toHaveLength(7);
    const [failed] = eventsOf(model, "FailedScheduling");
    expect(failed!.message).toContain("6 node(s) didn't match pod anti-affinity rules");
  });

  it("with a spread constraint is even over the zones", () => {
    const topologySpreadConstraints = [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: self,
      },
    ];
    const model = ran(
      world({
        services: { shop: service(9, { topologySpreadConstraints }) },
        cluster: zones,
      }),
    );
    const counts = ["a", "b", "c"].map(
      (zone) =>
        podsOf(model, 0).filter(({ node }) => model.cluster.nodes[node!]!.spec.zone === zone)
          .length,
    );
    expect(counts).toEqual([3, 3, 3]);
  });

  it("keeps off tainted nodes; goes to them when it tolerates them, and where it is told", () => {
    const nodes = [
      { name: "plain", cpu: 2, memory: "8Gi" },
      {
        name: "gpu",
        cpu: 64,
        memory: "256Gi",
        labels: { accelerator: "a100" },
        taints: [{ key: "nvidia.com/gpu", value: "yes", effect: "NoSchedule" }],
      },
    ];
    const tolerations = [{ key: "nvidia.com/gpu", operator: "Exists" }];
    const trainer = service(3, { tolerations, nodeSelector: { accelerator: "a100" } });
    const model = ran(world({ services: { shop: service(3), trainer }, cluster: { nodes } }));
    expect(nodeNames(model, podsOf(model, 0))).toEqual(["plain-1", "plain-1", null]);
    expect(nodeNames(model, podsOf(model, 1))).toEqual(["gpu-1", "gpu-1", "gpu-1"]);
    expect(eventsOf(model, "FailedScheduling")[0]!.message).toContain(
      "1 node(s) had untolerated taint {nvidia.com/gpu: yes}",
    );
  });

  it("of a higher class takes the place of others, which end with their grace", () => {
    const model = ran(
      world({
        services: {
          shop: service(0, { priorityClassName: "urgent" }),
          batch: service(2, { priorityClassName: "low" }),
        },
        cluster: {
          nodes: [{ cpu: 2, memory: "8Gi" }],
          priorityClasses: { urgent: 1000, low: { value: -5, preemptionPolicy: "Never" } },
        },
        policies: { p: { autoscalers: scaled({ shop: [["10s", 1]] }) } },
      }),
    );
    const [urgent] = podsOf(model, 0);
    const preempted = eventsOf(model, "Preempted");
    expect(preempted).toHaveLength(1);
    expect(preempted[0]!.message).toBe("makes room for shop-v1-0");
    const victim = podsOf(model, 1).find(({ deletedAt }) => deletedAt !== null)!;
    expect(victim.deletedAt).toBe(urgent!.consideredAt);
    expect(urgent!.scheduledAt).toBe(victim.goneAt);
    expect(victim.goneAt! - victim.deletedAt!).toBeGreaterThan(0);
    // What was evicted finds no place, and takes none.
    expect(podsOf(model, 1).filter(({ node }) => node === null)).toHaveLength(1);
  });
});

describe("images with a size", () => {
  it("share a node's link, come one after the other, and are there for the next pod", () => {
    const sized = (size: string): ScenarioText => ({ ...service(0), image: { size } });
    const model = ran(
      world({
        services: { shop: sized("400Mi"), other: sized("200Mi") },
        cluster: { imageBandwidth: "40Mi", nodes: [{ cpu: 16, memory: "64Gi" }] },
        policies: {
          p: {
            autoscalers: scaled({
              shop: [
                ["10s", 2],
                ["50s", 3],
              ],
              other: [["10s", 1]],
            }),
          },
        },
      }),
    );
    const waits = (workload: number): readonly number[] =>
      podsOf(model, workload).map(({ scheduledAt, imageAt }) => (imageAt! - scheduledAt!) / 1e6);
    expect(waits(0)).toEqual([10, 10, 0]);
    expect(waits(1)).toEqual([15]);
  });
});

describe("a drain", () => {
  const budget = { minAvailable: 3 };
  const drained = world({
    services: { shop: { ...service(4), podDisruptionBudget: budget } },
    cluster: { nodes: [{ count: 3, cpu: 8, memory: "64Gi" }] },
    faults: [{ drain: "node-1", at: "30s", for: "60s" }],
  });

  it("evicts pods one by one where the budget has room for one, and then ends", () => {
    const model = ran(drained);
    const evicted = eventsOf(model, "Evicted");
    expect(evicted.map(({ time }) => time / 1e6)).toEqual([30, 35]);
    expect(eventsOf(model, "Drained")).toMatchObject([
      { subject: "node-1", message: "evicted 2 pods; a budget refused 1 time (429)" },
    ]);
    const later = podsOf(model, 0).filter(({ createdAt }) => createdAt >= 30_000_000);
    expect(nodeNames(model, later)).not.toContain("node-1");
    expect(model.cluster.nodes[0]!.cordons).toBe(0);
  });

  it("that a budget forbids gets nowhere; a node that fails asks no budget", () => {
    const forbidden = { ...service(4), podDisruptionBudget: { maxUnavailable: 0 } };
    const model = ran({ ...drained, services: { shop: forbidden } });
    expect(eventsOf(model, "Evicted")).toEqual([]);
    // Two pods are asked for every five seconds, from 30 s to 90 s.
    expect(eventsOf(model, "DrainEnded")[0]!.message).toBe(
      "evicted 0 pods; a budget refused 26 times (429)",
    );
    const blocked = [{ node: "node-1", evicted: 0, refusals: 26 }];
    expect(model.cluster.blockedDrains).toEqual(blocked);
    const snapshot = modelOf({ ...drained, services: { shop: forbidden } });
    snapshot.restore(model.snapshot());
    expect(snapshot.cluster.blockedDrains).toEqual(blocked);
    expect(ran(drained).cluster.blockedDrains).toEqual([]);
    const killed = ran({
      ...drained,
      services: { shop: forbidden },
      faults: [{ kill: true, node: "node-1", at: "30s" }],
    });
    expect(podsOf(killed, 0).filter(({ goneAt }) => goneAt === 30_000_000)).toHaveLength(2);
  });
});

describe("the removal of a node", () => {
  it("is given up when a budget has refused a pod for two minutes, and tried again later", () => {
    const quick = { scaleDownUnneededSeconds: 20, scaleDownDelayAfterAddSeconds: 20 };
    const filler = { ...service(1), resources: { requests: { cpu: 3, memory: "1Gi" } } };
    const shop = {
      ...service(4),
      resources: { requests: { cpu: "500m", memory: "1Gi" } },
      startup: "130s",
      podDisruptionBudget: { minAvailable: 3 },
    };
    const model = ran(
      world({
        duration: "900s",
        services: { filler, shop },
        cluster: {
          nodes: [{ cpu: 4, memory: "16Gi" }],
          nodePools: { spare: { max: 2, node: { cpu: 4, memory: "16Gi" }, provision: "1s" } },
        },
        policies: {
          p: {
            nodeAutoscaler: { "cluster-autoscaler": quick },
            autoscalers: scaled({ filler: [["200s", 0]] }),
          },
        },
      }),
    );
    const [first, second] = eventsOf(model, "ScaleDown");
    const [failed] = eventsOf(model, "ScaleDownFailed");
    // The second pod would have left two: a replacement of the first takes 130 s.
    expect(failed!.time - first!.time).toBe(120_000_000);
    expect(failed!.message).toBe("evicted 1 pod; a budget refused 13 times (429)");
    // scaleDownDelayAfterFailure is three minutes.
    expect(second!.time - failed!.time).toBeGreaterThanOrEqual(180_000_000);
    expect(eventsOf(model, "NodeRemoved").map(({ subject }) => subject)).toEqual(["spare-1"]);
    expect(model.cluster.nodes[1]!.cordons).toBe(1);
  });
});

describe("the delay chain", () => {
  const target = { type: "Utilization", averageUtilization: 50 };
  const scenario = scenarioOf(
    world({
      duration: "200s",
      services: {
        shop: {
          ...service(1),
          resources: { requests: { cpu: 1, memory: "1Gi" }, limits: { cpu: 1 } },
          endpoints: { get: [{ work: "20ms" }] },
        },
      },
      traffic: {
        t: {
          arrivals: "paced",
          rate: {
            steps: [
              { at: "0s", rate: "10/s" },
              { at: "60s", rate: "75/s" },
            ],
          },
          call: "shop",
          timeout: "1s",
        },
      },
      cluster: {
        nodePools: {
          small: { min: 1, max: 9, node: { cpu: 1, memory: "4Gi" }, provision: "40s" },
        },
      },
      policies: {
        p: {
          nodeAutoscaler: { "cluster-autoscaler": {} },
          autoscalers: {
            shop: {
              hpa: {
                maxReplicas: 3,
                metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
              },
            },
          },
        },
      },
    }),
  );

  it("shows how long the last pod waited for a new node", () => {
    const model = ran(scenario);
    const [chain] = summariseModel(model, 0, false).chains;
    const node = chain!.links.find(({ link }) => link === "node")!;
    const last = podsOf(model, 0).filter(({ endpointAt }) => endpointAt !== null);
    const waits = last.map(({ consideredAt, scheduledAt }) => scheduledAt! - consideredAt!);
    // Up to one scan of ten seconds, and the node.
    expect(waits).toContain(node.micros);
    expect(node.micros).toBeGreaterThanOrEqual(40_000_000);
    expect(node.micros).toBeLessThanOrEqual(50_000_000);
    expect(chainSettings(scenario, "shop")["node"]).toBe(
      "cluster-autoscaler scan and small provision 40 s",
    );
    const [halved] = halvedLinks(scenario, [
      {
        service: "shop",
        n: 1,
        startSeconds: 0,
        wholeSeconds: { mean: 0, low: null, high: null, n: 1 },
        links: [
          {
            link: "node",
            group: "bringing-up",
            seconds: 0,
            setting: "",
            halvedWholeSeconds: null,
          },
        ],
      },
    ]);
    const sooner = summariseModel(ran(halved!.scenario), 0, false).chains[0]!;
    expect(sooner.links.find(({ link }) => link === "node")!.micros).toBe(node.micros - 20_000_000);
  });
});
