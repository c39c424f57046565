import { describe, expect, it } from "vitest";
import { NodeFilters } from "../../../sim/policy/scheduling/filters.ts";
import { SchedulingCluster } from "../../../sim/policy/scheduling/schedulingCluster.ts";
import type {
  BoundPod,
  PendingPod,
  SchedulingNode,
  TopologySpreadConstraint,
} from "../../../sim/policy/scheduling/spec.ts";
import { ZONE_LABEL } from "../../../sim/policy/scheduling/spec.ts";
import { bound, node, pending, selects } from "./cluster.ts";

/** What each node is rejected for; an empty list where the pod may go. */
function rejections(
  pod: PendingPod,
  nodes: readonly SchedulingNode[],
  pods: readonly BoundPod[] = [],
): readonly (readonly string[])[] {
  const cluster = new SchedulingCluster(nodes, pods);
  const filters = new NodeFilters(pod, cluster);
  return cluster.nodes.map((entry) => filters.reject(entry)?.reasons ?? []);
}

const AFFINITY = "node(s) didn't match pod affinity rules";
const ANTI_AFFINITY = "node(s) didn't match pod anti-affinity rules";
const EXISTING = "node(s) didn't satisfy existing pods anti-affinity rules";
const SPREAD = "node(s) didn't match pod topology spread constraints";

describe("resources", () => {
  it.each([
    { why: "it fits exactly", cpu: 3000, gib: 15, want: [] },
    { why: "a millicore too much", cpu: 3001, gib: 1, want: ["Insufficient cpu"] },
    { why: "memory", cpu: 100, gib: 15.5, want: ["Insufficient memory"] },
    { why: "both", cpu: 3500, gib: 16, want: ["Insufficient cpu", "Insufficient memory"] },
  ])("$why", ({ cpu, gib, want }) => {
    expect(rejections(pending({ cpu, gib }), [node("n")], [bound("p", "n")])).toEqual([want]);
  });

  it("counts pods, and terminating ones until they are gone", () => {
    const pods = [bound("p", "n", { terminating: true })];
    expect(rejections(pending(), [node("n", { pods: 1 })], pods)).toEqual([["Too many pods"]]);
  });

  it("a pod without requests goes onto a node that is full", () => {
    const pods = [bound("p", "n", { cpu: 4000, gib: 16 })];
    expect(rejections(pending({ cpu: 0, gib: 0 }), [node("n")], pods)).toEqual([[]]);
  });

  it("leaves room for nominated pods of at least its priority", () => {
    const cluster = new SchedulingCluster([node("n")]);
    cluster.nominate(pending({ cpu: 3500, priority: 5 }, "nominated"), "n");
    const reject = (priority: number, name = "new") =>
      new NodeFilters(pending({ priority }, name), cluster).reject(cluster.entry("n"));
    expect(reject(4)?.reasons).toEqual(["Insufficient cpu"]);
    expect(reject(5)?.reasons).toEqual(["Insufficient cpu"]);
    expect(reject(6)).toBeNull();
    expect(reject(5, "nominated")).toBeNull();
    cluster.clearNomination("nominated");
    expect(reject(4)).toBeNull();
  });
});

describe("taints and cordons", () => {
  const tainted = node("t", { taints: [{ key: "pool", value: "batch", effect: "NoSchedule" }] });
  const soft = node("s", { taints: [{ key: "pool", value: "x", effect: "PreferNoSchedule" }] });
  const cordoned = node("c", { unschedulable: true });

  it("keep pods off that do not tolerate them", () => {
    expect(rejections(pending(), [tainted, soft, cordoned])).toEqual([
      ["node(s) had untolerated taint {pool: batch}"],
      [],
      ["node(s) were unschedulable"],
    ]);
  });

  it("let pods on that do", () => {
    const tolerations = [{ operator: "Exists" as const }];
    expect(rejections(pending({ tolerations }), [tainted, soft, cordoned])).toEqual([[], [], []]);
  });
});

it("node affinity comes before resources in the reasons", () => {
  const pod = pending({ cpu: 9000, nodeSelector: { disk: "ssd" } });
  expect(rejections(pod, [node("n"), node("s", { labels: { disk: "ssd" } })])).toEqual([
    ["node(s) didn't match Pod's node affinity/selector"],
    ["Insufficient cpu"],
  ]);
});

describe("topology spread", () => {
  const constraint: TopologySpreadConstraint = {
    maxSkew: 1,
    topologyKey: ZONE_LABEL,
    whenUnsatisfiable: "DoNotSchedule",
    labelSelector: selects({ app: "web" }),
  };
  const three = [node("a"), node("b", { zone: "b" }), node("c", { zone: "c" })];
  const spread = (change: Partial<TopologySpreadConstraint> = {}, extra = {}) =>
    pending({ topologySpreadConstraints: [{ ...constraint, ...change }], ...extra });
  // Zones a, b, c have 2, 1, 1 pods that count.
  const pods = [bound("1", "a"), bound("2", "a"), bound("3", "b"), bound("4", "c")];

  it.each([
    { why: "the fullest zone would be two ahead", pod: spread(), want: [[SPREAD], [], []] },
    { why: "a skew of two is allowed", pod: spread({ maxSkew: 2 }), want: [[], [], []] },
    {
      why: "a pod that does not count itself adds no skew",
      pod: spread({}, { labels: { app: "job" } }),
      want: [[], [], []],
    },
    {
      why: "too few domains: the minimum is 0",
      pod: spread({ minDomains: 4 }),
      want: [[SPREAD], [SPREAD], [SPREAD]],
    },
    {
      why: "pods of other namespaces do not count",
      pod: spread({}, { namespace: "shop" }),
      want: [[], [], []],
    },
    {
      why: "preferences filter nothing",
      pod: spread({ whenUnsatisfiable: "ScheduleAnyway" }),
      want: [[], [], []],
    },
  ])("$why", ({ pod, want }) => {
    expect(rejections(pod, three, pods)).toEqual(want);
  });

  it("terminating pods do not count", () => {
    const going = [...pods.slice(1), bound("0", "a", { terminating: true })];
    expect(rejections(spread(), three, going)).toEqual([[], [], []]);
  });

  it("a node without the label is none, nor its pods", () => {
    const bare = { ...node("d"), labels: {} };
    const why = `${SPREAD} (missing required label)`;
    expect(rejections(spread(), [...three, bare], [...pods, bound("5", "d")])).toEqual([
      [SPREAD],
      [],
      [],
      [why],
    ]);
  });

  it("domains that the pod may not enter do not hold back others", () => {
    const empty = node("d", { zone: "d", labels: { disk: "hdd" } });
    const ssd = three.map((each) => ({ ...each, labels: { ...each.labels, disk: "ssd" } }));
    const pod = (nodeAffinityPolicy: "Honor" | "Ignore") =>
      spread({ nodeAffinityPolicy }, { nodeSelector: { disk: "ssd" } });
    const elsewhere = "node(s) didn't match Pod's node affinity/selector";
    const nodes = [...ssd, empty];
    expect(rejections(pod("Honor"), nodes, pods)).toEqual([[SPREAD], [], [], [elsewhere]]);
    expect(rejections(pod("Ignore"), nodes, pods)).toEqual([
      [SPREAD],
      [SPREAD],
      [SPREAD],
      [elsewhere],
    ]);
  });

  it("tainted domains count unless the constraint honours taints", () => {
    const tainted = node("d", { zone: "d", taints: [{ key: "x", effect: "NoSchedule" }] });
    const free = (nodeTaintsPolicy: "Honor" | "Ignore") =>
      rejections(spread({ nodeTaintsPolicy }), [...three, tainted], pods).filter(
        (reasons) => reasons.length === 0,
      ).length;
    expect(free("Ignore")).toBe(0);
    expect(free("Honor")).toBe(2);
  });

  it("matchLabelKeys spread each revision by itself", () => {
    const labels = { app: "web", "pod-template-hash": "v2" };
    const pod = spread({ matchLabelKeys: ["pod-template-hash"] }, { labels });
    expect(rejections(pod, three, pods)).toEqual([[], [], []]);
  });
});

describe("pod affinity", () => {
  const nodes = [node("a1"), node("a2"), node("b1", { zone: "b" })];
  const term = { labelSelector: selects({ app: "cache" }), topologyKey: ZONE_LABEL };
  const required = (...terms: (typeof term)[]) => ({
    requiredDuringSchedulingIgnoredDuringExecution: terms,
  });
  const cache = bound("cache", "a1", { labels: { app: "cache" } });

  it("keeps to the domains of the pods that it wants", () => {
    const pod = pending({ affinity: { podAffinity: required(term) } });
    expect(rejections(pod, nodes, [cache])).toEqual([[], [], [AFFINITY]]);
    expect(rejections(pod, nodes)).toEqual([[AFFINITY], [AFFINITY], [AFFINITY]]);
  });

  it("the first of a set that wants its own company goes where it likes", () => {
    const own = { ...term, labelSelector: selects({ app: "web" }) };
    const pod = pending({ affinity: { podAffinity: required(own) } });
    expect(rejections(pod, nodes, [cache])).toEqual([[], [], []]);
    expect(rejections(pod, nodes, [bound("1", "b1")])).toEqual([[AFFINITY], [AFFINITY], []]);
  });

  it("one pod has to match all terms", () => {
    const tier = { ...term, labelSelector: selects({ tier: "hot" }) };
    const pod = pending({ affinity: { podAffinity: required(term, tier) } });
    const hot = bound("hot", "a1", { labels: { tier: "hot" } });
    const both = bound("both", "b1", { labels: { app: "cache", tier: "hot" } });
    expect(rejections(pod, nodes, [cache, hot])).toEqual([[AFFINITY], [AFFINITY], [AFFINITY]]);
    expect(rejections(pod, nodes, [both])).toEqual([[AFFINITY], [AFFINITY], []]);
  });

  it("anti-affinity keeps off their domains, also when they are terminating", () => {
    const pod = pending({ affinity: { podAntiAffinity: required(term) } });
    const going = { ...cache, terminating: true };
    expect(rejections(pod, nodes, [going])).toEqual([[ANTI_AFFINITY], [ANTI_AFFINITY], []]);
  });

  it("what pods that are there keep off is kept off", () => {
    const affinity = {
      podAntiAffinity: required({ ...term, labelSelector: selects({ app: "web" }) }),
    };
    const alone = bound("alone", "b1", { labels: { app: "db" }, affinity });
    expect(rejections(pending(), nodes, [alone])).toEqual([[], [], [EXISTING]]);
    const other = pending({ labels: { app: "job" } });
    expect(rejections(other, nodes, [alone])).toEqual([[], [], []]);
  });
});
