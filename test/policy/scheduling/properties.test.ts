import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../sim/kernel/time.ts";
import { schedule } from "../../../sim/policy/scheduling/schedule.ts";
import { SchedulingCluster } from "../../../sim/policy/scheduling/schedulingCluster.ts";
import {
  type BoundPod,
  HOSTNAME_LABEL,
  type PodSchedulingSpec,
  priorityOf,
  type SchedulingNode,
  ZONE_LABEL,
} from "../../../sim/policy/scheduling/spec.ts";
import { bound, node, pending, selects, spec } from "./cluster.ts";

const zone = fc.constantFrom("a", "b", "c");
const nodes = fc
  .array(
    fc.record({
      zone,
      cpu: fc.integer({ min: 500, max: 4000 }),
      pods: fc.integer({ min: 1, max: 6 }),
    }),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((list) => list.map((sketch, index) => node(`n${index}`, sketch)));

/** Templates of pods: each with its own label, some of them picky. */
const templates = fc
  .array(
    fc.record({
      cpu: fc.integer({ min: 0, max: 2000 }),
      gib: fc.integer({ min: 0, max: 6 }),
      priority: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom("plain", "apart", "spread"),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) => list.map(({ kind, ...sketch }, index) => template(kind, sketch, `app${index}`)));

function template(kind: string, sketch: object, app: string): PodSchedulingSpec {
  const labels = { app };
  const labelSelector = selects(labels);
  if (kind === "apart") {
    const required = [{ labelSelector, topologyKey: HOSTNAME_LABEL }];
    const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: required };
    return spec({ ...sketch, labels, affinity: { podAntiAffinity } });
  }
  if (kind === "spread") {
    const whenUnsatisfiable = "DoNotSchedule" as const;
    const constraint = { maxSkew: 1, topologyKey: ZONE_LABEL, whenUnsatisfiable, labelSelector };
    return spec({ ...sketch, labels, topologySpreadConstraints: [constraint] });
  }
  return spec({ ...sketch, labels, ownerSelector: labelSelector });
}

const input = fc.record({
  nodes,
  templates,
  order: fc.array(fc.nat(100), { minLength: 1, maxLength: 30 }),
});

interface Placed {
  readonly cluster: SchedulingCluster;
  readonly log: readonly string[];
}

/** Schedules pods in turn; with `evict`, victims go at once and the pod gets its node. */
function run(
  {
    nodes: list,
    templates: specs,
    order,
  }: {
    readonly nodes: readonly SchedulingNode[];
    readonly templates: readonly PodSchedulingSpec[];
    readonly order: readonly number[];
  },
  {
    evict,
    after,
  }: { readonly evict: boolean; readonly after?: (cluster: SchedulingCluster) => void },
): Placed {
  const cluster = new SchedulingCluster(list);
  const log: string[] = [];
  order.forEach((number, index) => {
    const pod = { name: `p${index}`, spec: specs[number % specs.length]! };
    const bind = (on: string) =>
      cluster.bind({ ...pod, node: on, startTime: seconds(index), terminating: false });
    const decision = schedule(pod, cluster);
    log.push(JSON.stringify(decision));
    if (decision.kind === "bound") bind(decision.node);
    if (decision.kind === "preempt" && evict) {
      for (const victim of decision.victims) {
        expect(priorityOf(cluster.pod(victim)!)).toBeLessThan(priorityOf(pod));
        cluster.unbind(victim);
      }
      cluster.nominate(pod, decision.node);
      // What was freed is enough.
      expect(schedule(pod, cluster)).toEqual({ kind: "bound", node: decision.node });
      bind(decision.node);
    }
    after?.(cluster);
  });
  return { cluster, log };
}

const podsOf = (cluster: SchedulingCluster): readonly BoundPod[] =>
  cluster.nodes.flatMap((entry) => [...entry.pods.values()]);

function expectNoOvercommitment(cluster: SchedulingCluster): void {
  for (const { node: of, pods, ...sums } of cluster.nodes) {
    const list = [...pods.values()];
    const cpu = list.reduce((sum, pod) => sum + pod.spec.requests.cpuMillicores, 0);
    const memory = list.reduce((sum, pod) => sum + pod.spec.requests.memoryBytes, 0);
    expect([sums.cpuMillicores, sums.memoryBytes]).toEqual([cpu, memory]);
    expect(cpu).toBeLessThanOrEqual(of.allocatable.cpuMillicores);
    expect(memory).toBeLessThanOrEqual(of.allocatable.memoryBytes);
    expect(list.length).toBeLessThanOrEqual(of.allocatable.pods);
  }
}

describe("whatever comes", () => {
  it("no node is over-committed, and no two pods that keep apart share one", () => {
    fc.assert(
      fc.property(input, fc.boolean(), (drawn, evict) => {
        const { cluster } = run(drawn, { evict, after: expectNoOvercommitment });
        for (const { pods } of cluster.nodes) {
          const apart = [...pods.values()].filter((pod) => pod.spec.affinity !== undefined);
          const apps = apart.map((pod) => pod.spec.labels["app"]);
          expect(new Set(apps).size).toBe(apps.length);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("a required spread is never further off than its skew, as long as pods only come", () => {
    fc.assert(
      fc.property(input, (drawn) => {
        const zones = new Set(drawn.nodes.map(({ labels }) => labels[ZONE_LABEL]!));
        run(drawn, {
          evict: false,
          after: (cluster) => {
            for (const of of drawn.templates) {
              if (of.topologySpreadConstraints === undefined) continue;
              const counts = new Map([...zones].map((name) => [name, 0]));
              for (const pod of podsOf(cluster).filter((each) => each.spec === of)) {
                const name = cluster.entry(pod.node).node.labels[ZONE_LABEL]!;
                counts.set(name, counts.get(name)! + 1);
              }
              const skew = Math.max(...counts.values()) - Math.min(...counts.values());
              expect(skew).toBeLessThanOrEqual(1);
            }
          },
        });
      }),
      { numRuns: 150 },
    );
  });

  it("decisions are the same again, and do not depend on how the cluster came about", () => {
    fc.assert(
      fc.property(input, (drawn) => {
        const first = run(drawn, { evict: true });
        expect(run(drawn, { evict: true }).log).toEqual(first.log);
        const pods = podsOf(first.cluster);
        const names = drawn.nodes.map(({ name }) => first.cluster.entry(name).node);
        const rebuilt = new SchedulingCluster(names, [...pods].reverse());
        const pod = pending({ cpu: 1500, priority: 2, ownerSelector: selects({ app: "app0" }) });
        expect(schedule(pod, rebuilt)).toEqual(schedule(pod, first.cluster));
      }),
      { numRuns: 150 },
    );
  });
});

it("places five thousand pods on a thousand nodes", () => {
  const cluster = new SchedulingCluster(
    Array.from({ length: 1000 }, (_, i) =>
      node(`n${i}`, { zone: "abc"[i % 3]!, cpu: 8000, gib: 32 }),
    ),
  );
  const specs = ["x", "y"].map((app) => spec({ labels: { app }, ownerSelector: selects({ app }) }));
  for (let i = 0; i < 5000; i++) {
    const pod = { name: `p${i}`, spec: specs[i % 2]! };
    const decision = schedule(pod, cluster);
    if (decision.kind !== "bound") throw new Error(`pod ${i} was not bound`);
    cluster.bind({ ...bound(pod.name, decision.node), spec: pod.spec });
  }
  const counts = cluster.nodes.map(({ pods }) => pods.size);
  expect(Math.min(...counts)).toBe(5);
  expect(Math.max(...counts)).toBe(5);
});
