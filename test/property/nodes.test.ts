import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exists, type Pod } from "../../sim/cluster/pod.ts";
import { micros } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import {
  evenly,
  modelOf,
  ran,
  type ScenarioText,
  scenarioOf,
  throughText,
} from "../support/scenarios.ts";

const DURATION = 240;
const NAMES = ["s0", "s1", "s2"] as const;

const budgets = fc.constantFrom<ScenarioText | null>(
  null,
  { minAvailable: 1 },
  { minAvailable: 3 },
  { minAvailable: "50%" },
  { maxUnavailable: 1 },
);

const affinities = fc.constantFrom<(name: string) => ScenarioText>(
  () => ({}),
  () => ({ tolerations: [{ key: "spot", operator: "Exists" }] }),
  (name) => ({
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: "topology.kubernetes.io/zone",
        whenUnsatisfiable: "DoNotSchedule",
        labelSelector: { matchLabels: { app: name } },
      },
    ],
  }),
  (name) => ({
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 100,
            podAffinityTerm: {
              labelSelector: { matchLabels: { app: name } },
              topologyKey: "kubernetes.io/hostname",
            },
          },
        ],
      },
    },
  }),
);

const service = fc.record({
  cpu: fc.constantFrom("300m", "700m", 1, 2),
  memory: fc.constantFrom("256Mi", "1Gi", "3Gi"),
  first: fc.integer({ min: 0, max: 6 }),
  sizes: fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 4 }),
  budget: budgets,
  priority: fc.constantFrom("low", "normal", "high"),
  scheduling: affinities,
  image: fc.constantFrom<ScenarioText | null>(null, { size: "300Mi" }, { pull: "4s" }),
});

const world = fc.record({
  services: fc.tuple(service, service, service),
  nodes: fc.integer({ min: 1, max: 4 }),
  max: fc.integer({ min: 1, max: 5 }),
  provision: fc.integer({ min: 1, max: 60 }),
  // Off the grid of syncs and scans.
  drains: fc.array(fc.record({ node: fc.nat(), at: fc.integer({ min: 10, max: 150 }) }), {
    maxLength: 3,
  }),
  kills: fc.array(fc.record({ node: fc.nat(), at: fc.integer({ min: 10, max: 230 }) }), {
    maxLength: 2,
  }),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function serviceText(name: string, made: World["services"][number]): ScenarioText {
  const { cpu, memory, first, budget, priority, scheduling, image } = made;
  return {
    replicas: first,
    resources: { requests: { cpu, memory } },
    startup: { exponential: "4s" },
    terminationGracePeriodSeconds: 7,
    ...(image === null ? {} : { image }),
    ...(budget === null ? {} : { podDisruptionBudget: budget }),
    deployment: {
      template: {
        spec: { containers: [{}], priorityClassName: priority, ...scheduling(name) },
      },
    },
    endpoints: { get: [{ wait: "10ms" }] },
  };
}

function scheduledText({ sizes }: World["services"][number]): ScenarioText {
  const schedule = sizes.map((size, i) => ({
    at: `${20 + 50 * i}s`,
    minReplicas: size,
    maxReplicas: size,
  }));
  return { scheduled: { maxReplicas: 20, schedule } };
}

function textOf({ services, nodes, max, provision, drains, kills }: World): ScenarioText {
  const autoscalers = Object.fromEntries(
    services.flatMap((made, i) =>
      made.sizes.length === 0 ? [] : [[NAMES[i]!, scheduledText(made)]],
    ),
  );
  const node = (number: number): string => `node-${1 + (number % nodes)}`;
  return {
    duration: `${DURATION}s`,
    services: Object.fromEntries(
      services.map((made, i) => [NAMES[i]!, serviceText(NAMES[i]!, made)]),
    ),
    cluster: {
      nodes: [{ count: nodes, cpu: 4, memory: "8Gi", pods: 9, zones: ["a", "b"] }],
      nodePools: {
        spot: {
          min: 0,
          max,
          node: {
            cpu: 3,
            memory: "6Gi",
            zones: ["b", "a"],
            taints: [{ key: "spot", effect: "PreferNoSchedule" }],
          },
          provision: `${provision}s`,
        },
      },
      priorityClasses: { low: -5, normal: { value: 10, globalDefault: true }, high: 1000 },
      imageBandwidth: "50Mi",
    },
    traffic: { t: { ...evenly(200, 1000), call: "s0" } },
    faults: [
      ...drains.map(({ node: number, at }) => ({
        drain: node(number),
        at: `${at}.3s`,
        for: "60s",
      })),
      ...kills.map(({ node: number, at }) => ({ kill: true, node: node(number), at: `${at}.7s` })),
    ],
    policies: {
      set: {
        autoscalers,
        nodeAutoscaler: {
          "cluster-autoscaler": {
            scaleDownUnneededSeconds: 20,
            scaleDownDelayAfterAddSeconds: 15,
          },
        },
      },
    },
  };
}

/** No node carries more than it has, and none that is gone carries anything. */
function expectRoom(model: Model): void {
  const { pods, nodes, workloads } = model.cluster;
  for (const { spec, number, removedAt } of nodes) {
    const there = pods.filter((pod) => pod.node === number && exists(pod));
    const sum = (read: (pod: Pod) => number): number =>
      there.reduce((total, pod) => total + read(pod), 0);
    const requests = (pod: Pod) => workloads[pod.workload]!.spec.podRequests;
    expect(sum((pod) => requests(pod).cpuMillicores)).toBeLessThanOrEqual(spec.cpuMillicores);
    expect(sum((pod) => requests(pod).memoryBytes)).toBeLessThanOrEqual(spec.memoryBytes);
    expect(there.length).toBeLessThanOrEqual(spec.pods);
    if (removedAt !== null) expect(there).toEqual([]);
  }
}

/** After an eviction of a pod that served, so many serve as its budget with a count wants. */
function expectBudgetsKept(model: Model): number {
  const { disruptionBudgets } = model.scenario.cluster;
  const { pods, workloads, events } = model.cluster;
  let evictions = 0;
  for (const { time, subject, reason } of events) {
    if (reason !== "Evicted") continue;
    evictions++;
    const index = workloads.findIndex(({ spec }) => subject.startsWith(`${spec.name}-`));
    const least = disruptionBudgets.find(({ name }) => name === NAMES[index])?.spec.minAvailable;
    const mine = pods.filter((pod) => pod.workload === index);
    const evicted = mine.find(({ ordinal }) => subject === `${NAMES[index]}-v1-${ordinal}`)!;
    expect(evicted.deletedAt).toBe(time);
    if (typeof least !== "number" || evicted.readyAt === null || evicted.readyAt > time) continue;
    const serving = mine.filter(
      ({ readyAt, deletedAt }) =>
        readyAt !== null && readyAt <= time && (deletedAt === null || deletedAt > time),
    );
    const others = mine.filter(
      (pod) => pod.deletedAt === time && !isEvicted(model, pod) && (pod.readyAt ?? time) < time,
    );
    expect(serving.length + others.length).toBeGreaterThanOrEqual(least);
  }
  return evictions;
}

const isEvicted = (model: Model, pod: Pod): boolean =>
  model.cluster.events.some(
    ({ reason, subject, time }) =>
      reason === "Evicted" &&
      time === pod.deletedAt &&
      subject === `${NAMES[pod.workload]}-v1-${pod.ordinal}`,
  );

describe("whatever the pods, nodes and faults", () => {
  it("nodes carry no more than they have, and evictions keep to budgets", () => {
    let evictions = 0;
    let removals = 0;
    const property = fc.property(world, (made) => {
      const model = modelOf(textOf(made));
      for (let second = 1; second <= DURATION; second += 3) {
        model.run(micros(second * 1_000_000));
        expectRoom(model);
      }
      model.run();
      evictions += expectBudgetsKept(model);
      removals += model.cluster.events.filter(({ reason }) => reason === "NodeRemoved").length;
    });
    fc.assert(property, { seed: 11, numRuns: 40 });
    expect(evictions).toBeGreaterThan(20);
    expect(removals).toBeGreaterThan(5);
  });

  it("a run that goes on from a snapshot is the same run", () => {
    const moments = fc.integer({ min: 0, max: (DURATION - 1) * 1_000_000 });
    const property = fc.property(world, moments, (made, at) => {
      const scenario = scenarioOf(textOf(made));
      const whole = ran(scenario);
      const after = throughText(scenario, micros(at));
      expect(after.cluster.events).toEqual(whole.cluster.events);
      expect(after.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    });
    fc.assert(property, { seed: 12, numRuns: 40 });
  });
});
