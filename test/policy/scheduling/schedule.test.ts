import { describe, expect, it } from "vitest";
import { type SchedulingDecision, schedule } from "../../../sim/policy/scheduling/schedule.ts";
import { SchedulingCluster } from "../../../sim/policy/scheduling/schedulingCluster.ts";
import type { BoundPod, DisruptionBudgets } from "../../../sim/policy/scheduling/spec.ts";
import { bound, node, pending } from "./cluster.ts";

/** Budgets by name, each with the pods that it selects and the disruptions that it allows. */
function budgets(
  list: Readonly<Record<string, { readonly pods: readonly string[]; readonly allowed: number }>>,
): DisruptionBudgets {
  return {
    budgetsOf: ({ name }) => Object.keys(list).filter((key) => list[key]!.pods.includes(name)),
    disruptionsAllowed: (budget) => list[budget]!.allowed,
  };
}

describe("where a pod goes", () => {
  it("to the emptiest node", () => {
    const cluster = new SchedulingCluster([node("a"), node("b")], [bound("p", "a")]);
    expect(schedule(pending(), cluster)).toEqual({ kind: "bound", node: "b" });
  });

  it("of equal nodes to the first", () => {
    const cluster = new SchedulingCluster([node("z"), node("a")]);
    expect(schedule(pending(), cluster)).toEqual({ kind: "bound", node: "z" });
  });

  it("to the node that it was nominated for, even if others are emptier", () => {
    const cluster = new SchedulingCluster([node("a"), node("b")], [bound("p", "a")]);
    cluster.nominate(pending(), "a");
    expect(schedule(pending(), cluster)).toEqual({ kind: "bound", node: "a" });
    cluster.bind(bound("new", "a"));
    expect(cluster.nominatedNode("new")).toBeUndefined();
    expect(schedule(pending({}, "next"), cluster)).toEqual({ kind: "bound", node: "b" });
  });

  it("to a node that got room when a pod or its cordon went", () => {
    const full = bound("p", "a", { cpu: 4000 });
    const cluster = new SchedulingCluster([node("a"), node("b", { unschedulable: true })], [full]);
    expect(schedule(pending(), cluster)).toMatchObject({ kind: "unschedulable" });
    cluster.updateNode(node("b"));
    expect(schedule(pending(), cluster)).toEqual({ kind: "bound", node: "b" });
    cluster.removeNode("b");
    cluster.unbind("p");
    expect(schedule(pending(), cluster)).toEqual({ kind: "bound", node: "a" });
  });
});

describe("a pod that fits nowhere is told why", () => {
  const taints = [{ key: "pool", value: "batch", effect: "NoSchedule" as const }];
  const nodes = [node("t1", { taints }), node("t2", { taints }), node("a"), node("b"), node("c")];

  it("in Kubernetes' words", () => {
    const cluster = new SchedulingCluster(nodes, [
      bound("1", "a", { cpu: 3500, gib: 15.5 }),
      bound("2", "b", { cpu: 3500 }),
      bound("3", "c", { cpu: 3500 }),
    ]);
    expect(schedule(pending(), cluster)).toEqual({
      kind: "unschedulable",
      reasons: {
        "node(s) had untolerated taint {pool: batch}": 2,
        "Insufficient cpu": 3,
        "Insufficient memory": 1,
      },
      message:
        "0/5 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint " +
        "{pool: batch}, 3 Insufficient cpu. preemption: 0/5 nodes are available: " +
        "2 Preemption is not helpful for scheduling, " +
        "3 No preemption victims found for incoming pod.",
    });
  });

  it("when there are no nodes", () => {
    expect(schedule(pending(), new SchedulingCluster())).toEqual({
      kind: "unschedulable",
      reasons: {},
      message: "no nodes available to schedule pods",
    });
  });

  it("when it is larger than every node", () => {
    const cluster = new SchedulingCluster([node("a")], [bound("1", "a", { priority: -1 })]);
    expect(schedule(pending({ cpu: 4001 }), cluster)).toMatchObject({
      message:
        "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are available: " +
        "1 Preemption is not helpful for scheduling.",
    });
  });

  it("when its class does not preempt", () => {
    const cluster = new SchedulingCluster([node("a")], [bound("1", "a", { cpu: 4000 })]);
    const pod = pending({ priority: 10, preemptionPolicy: "Never" });
    expect(schedule(pod, cluster)).toMatchObject({
      kind: "unschedulable",
      message:
        "0/1 nodes are available: 1 Insufficient cpu. " +
        "preemption: not eligible due to preemptionPolicy=Never.",
    });
  });
});

describe("preemption", () => {
  /** A decision for a pod of priority 100 that takes 2 of a node's 4 cores. */
  function preempt(
    pods: readonly BoundPod[],
    rules: DisruptionBudgets = budgets({}),
  ): SchedulingDecision {
    const names = [...new Set(pods.map((pod) => pod.node))].sort();
    const cluster = new SchedulingCluster(
      names.map((name) => node(name)),
      pods,
    );
    return schedule(pending({ cpu: 2000, priority: 100 }), cluster, rules);
  }
  const half = (name: string, on: string, priority: number, startSeconds = 0) =>
    bound(name, on, { cpu: 2000, priority, startSeconds });
  const quarter = (name: string, on: string, priority: number, startSeconds = 0) =>
    bound(name, on, { cpu: 1000, priority, startSeconds });

  it("takes no more victims than it needs, the least important ones", () => {
    const pods = [
      quarter("old", "a", 1, 10),
      quarter("young", "a", 1, 20),
      quarter("high", "a", 5),
      quarter("low", "a", 0),
    ];
    expect(preempt(pods)).toMatchObject({
      kind: "preempt",
      node: "a",
      victims: ["young", "low"],
      reasons: { "Insufficient cpu": 1 },
    });
  });

  it("never takes pods of its own priority or above", () => {
    expect(preempt([half("1", "a", 100), half("2", "a", 200)])).toMatchObject({
      kind: "unschedulable",
    });
  });

  it("leaves the cluster as it was", () => {
    const pods = [half("1", "a", 1), half("2", "a", 2), quarter("3", "b", 100), half("4", "b", 0)];
    const cluster = new SchedulingCluster([node("a"), node("b")], pods);
    const pod = pending({ cpu: 3000, priority: 100 });
    const decision = schedule(pod, cluster);
    expect(decision).toMatchObject({ kind: "preempt", node: "b", victims: ["4"] });
    expect(schedule(pod, cluster)).toEqual(decision);
    const names = cluster.nodes.map((entry) => [...entry.pods.keys()].sort());
    expect(names).toEqual([
      ["1", "2"],
      ["3", "4"],
    ]);
    expect(cluster.nodes.map((entry) => entry.cpuMillicores)).toEqual([4000, 3000]);
  });

  it.each<{ why: string; pods: readonly BoundPod[]; node: string; guarded?: readonly string[] }>([
    {
      why: "fewest violations of budgets, whatever the priorities",
      pods: [half("a1", "a", 1), half("a2", "a", 1), half("b1", "b", 50), half("b2", "b", 50)],
      guarded: ["a1", "a2"],
      node: "b",
    },
    {
      why: "the lowest highest priority",
      pods: [half("a1", "a", 7), half("a2", "a", 9), half("b1", "b", 5), half("b2", "b", 6)],
      node: "b",
    },
    {
      why: "the lowest sum of priorities",
      pods: [
        ...[quarter("a1", "a", 5), quarter("a2", "a", 4), half("a3", "a", 100)],
        ...[quarter("b1", "b", 5), quarter("b2", "b", 3), half("b3", "b", 100)],
      ],
      node: "b",
    },
    {
      why: "fewer victims, although their priorities are negative",
      pods: [
        ...[quarter("a1", "a", -5), quarter("a2", "a", -5), half("a3", "a", 100)],
        ...[half("b1", "b", -5), half("b2", "b", 100)],
      ],
      node: "b",
    },
    {
      why: "the youngest",
      pods: [
        ...[half("a1", "a", 5, 10), half("a2", "a", 100)],
        ...[half("b1", "b", 5, 30), half("b2", "b", 100)],
        ...[half("c1", "c", 5, 20), half("c2", "c", 100)],
      ],
      node: "b",
    },
    {
      why: "the first",
      pods: [half("a1", "a", 5), half("a2", "a", 5), half("b1", "b", 5), half("b2", "b", 5)],
      node: "a",
    },
  ])("chooses the node with $why", ({ pods, node: want, guarded = [] }) => {
    const rules = budgets({ pdb: { pods: guarded, allowed: 0 } });
    expect(preempt(pods, rules)).toMatchObject({ kind: "preempt", node: want });
  });

  it("spares pods that a budget protects, and breaks the budget if nothing else helps", () => {
    const pods = [half("guarded", "a", 1), half("free", "a", 50)];
    const strict = budgets({ pdb: { pods: ["guarded"], allowed: 0 } });
    expect(preempt(pods, strict)).toMatchObject({ victims: ["free"] });
    const all = budgets({ pdb: { pods: ["guarded", "free"], allowed: 0 } });
    expect(preempt(pods, all)).toMatchObject({ victims: ["guarded"] });
  });

  it("counts a budget down: what it allows goes to the important pods first", () => {
    // Two of four are needed. The budget lets one go: 3 as the most important takes that, so the
    // others violate it, are put back first, and 3 itself goes with the least of them.
    const pods = [3, 2, 1, 0].map((priority) => quarter(String(priority), "a", priority));
    const one = budgets({ pdb: { pods: ["0", "1", "2", "3"], allowed: 1 } });
    expect(preempt(pods, one)).toMatchObject({ victims: ["3", "0"] });
  });

  it("makes way against anti-affinity and skew as well", () => {
    const near = { labelSelector: { matchLabels: { app: "noisy" } }, topologyKey: "zone" };
    const affinity = {
      podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near] },
    };
    const zone = (name: string) => node(name, { labels: { zone: name } });
    const noisy = (name: string, on: string, priority: number) =>
      bound(name, on, { labels: { app: "noisy" }, priority });
    const cluster = new SchedulingCluster(
      [zone("a"), zone("b")],
      [noisy("a1", "a", 1), noisy("a2", "a", 1), noisy("b1", "b", 2), bound("quiet", "b")],
    );
    const pod = pending({ priority: 100, affinity });
    expect(schedule(pod, cluster)).toMatchObject({
      kind: "preempt",
      node: "a",
      victims: ["a1", "a2"],
    });
  });

  it("waits while its victims are going, unless the node has become useless", () => {
    const pod = pending({ cpu: 2000, priority: 100 });
    const cluster = new SchedulingCluster(
      [node("a"), node("b")],
      [...[half("1", "a", 1), half("2", "a", 1), half("3", "b", 1), half("4", "b", 1)]],
    );
    cluster.nominate(pod, "a");
    cluster.markTerminating("1");
    expect(schedule(pod, cluster)).toMatchObject({
      kind: "unschedulable",
      message: expect.stringContaining("a terminating pod on the nominated node"),
    });
    cluster.updateNode(node("a", { unschedulable: true }));
    expect(schedule(pod, cluster)).toMatchObject({ kind: "preempt", node: "b" });
    cluster.updateNode(node("a"));
    cluster.unbind("1");
    expect(schedule(pod, cluster)).toEqual({ kind: "bound", node: "a" });
  });
});
