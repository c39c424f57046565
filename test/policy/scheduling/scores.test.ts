import { describe, expect, it } from "vitest";
import { SchedulingCluster } from "../../../sim/policy/scheduling/schedulingCluster.ts";
import {
  SCORE_WEIGHTS,
  type ScorePlugin,
  scoresByPlugin,
  totalScores,
} from "../../../sim/policy/scheduling/scores.ts";
import type { BoundPod, PendingPod, SchedulingNode } from "../../../sim/policy/scheduling/spec.ts";
import { HOSTNAME_LABEL, ZONE_LABEL } from "../../../sim/policy/scheduling/spec.ts";
import { bound, node, pending, selects } from "./cluster.ts";

function scores(
  plugin: ScorePlugin,
  pod: PendingPod,
  nodes: readonly SchedulingNode[],
  pods: readonly BoundPod[] = [],
): readonly number[] {
  const cluster = new SchedulingCluster(nodes, pods);
  return scoresByPlugin(pod.spec, cluster.nodes, cluster).get(plugin) ?? nodes.map(() => 0);
}

describe("NodeResourcesFit, least allocated", () => {
  it.each([
    // cpu (4000 − 1000)/4000 = 75, memory 15/16 = 93.75 → 93; mean 84.
    { why: "an empty node", pods: [], pod: pending(), want: 84 },
    // cpu 50, memory 14/16 = 87.5 → 87; mean 68.5.
    { why: "a node with one pod", pods: [bound("p", "n")], pod: pending(), want: 68 },
    // Assumed: 100 m → 97.5 → 97, 200 MB → 98.78 → 98; mean 97.5.
    { why: "no requests", pods: [], pod: pending({ cpu: 0, gib: 0 }), want: 97 },
    // Two assumed ones: 95 and 97.55 → 97; mean 96.
    {
      why: "no requests next to one like it",
      pods: [bound("p", "n", { cpu: 0, gib: 0 })],
      pod: pending({ cpu: 0, gib: 0 }),
      want: 96,
    },
    // cpu full, memory 15/16 → 93; mean 46.5.
    { why: "a node that it fills", pods: [], pod: pending({ cpu: 4000 }), want: 46 },
  ])("$why", ({ pods, pod, want }) => {
    expect(scores("NodeResourcesFit", pod, [node("n")], pods)).toEqual([want]);
  });
});

describe("NodeResourcesBalancedAllocation", () => {
  it.each([
    // Shares 1/4 and 1/16: σ = 0.09375.
    { why: "uneven", pod: pending(), want: 90 },
    { why: "even", pod: pending({ cpu: 1000, gib: 4 }), want: 100 },
    // Shares 1 and 0: σ = 0.5.
    { why: "one sided", pod: pending({ cpu: 4000, gib: 0 }), want: 50 },
    { why: "nothing requested", pod: pending({ cpu: 0, gib: 0 }), want: 0 },
  ])("$why", ({ pod, want }) => {
    expect(scores("NodeResourcesBalancedAllocation", pod, [node("n")])).toEqual([want]);
  });
});

it("TaintToleration prefers fewer taints that are not tolerated", () => {
  const soft = (...keys: string[]) => ({
    taints: keys.map((key) => ({ key, effect: "PreferNoSchedule" as const })),
  });
  const nodes = [node("0"), node("1", soft("x")), node("3", soft("x", "y", "z"))];
  // Of the worst, with three: 0, 33, 100 percent.
  expect(scores("TaintToleration", pending(), nodes)).toEqual([100, 67, 0]);
  const tolerations = [{ operator: "Exists" as const }];
  expect(scores("TaintToleration", pending({ tolerations }), nodes)).toEqual([100, 100, 100]);
});

it("NodeAffinity adds the weights of the preferences that hold", () => {
  const wants = (weight: number, key: string) => ({
    weight,
    preference: { matchExpressions: [{ key, operator: "Exists" as const }] },
  });
  const affinity = {
    nodeAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [wants(80, "ssd"), wants(20, "gpu")],
    },
  };
  const nodes = [
    node("none"),
    node("gpu", { labels: { gpu: "" } }),
    node("ssd", { labels: { ssd: "" } }),
  ];
  // Sums 0, 20, 80: of 80.
  expect(scores("NodeAffinity", pending({ affinity }), nodes)).toEqual([0, 25, 100]);
});

describe("PodTopologySpread", () => {
  const nodes = [node("a1"), node("a2"), node("b1", { zone: "b" })];
  const pods = [bound("1", "a1"), bound("2", "a1"), bound("3", "a2"), bound("4", "b1")];
  const constraint = (topologyKey: string, maxSkew = 1) => ({
    maxSkew,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway" as const,
    labelSelector: selects({ app: "web" }),
  });
  const score = (pod: PendingPod, some: readonly BoundPod[] = pods) =>
    scores("PodTopologySpread", pod, nodes, some);

  it.each([
    // Two zones with 3 and 1 pods: counts · ln 4 = 4.16, 1.39 → 4, 4, 1; 100 · (4 + 1 − s)/4.
    { why: "over zones", keys: [constraint(ZONE_LABEL)], want: [25, 25, 100] },
    // Hosts with 2, 1, 1: counts · ln 5 = 3.22, 1.61, 1.61 → 3, 2, 2; 100 · (3 + 2 − s)/3.
    { why: "over hosts", keys: [constraint(HOSTNAME_LABEL)], want: [66, 100, 100] },
    // A tolerated skew of 5 adds 4: 8.16, 8.16, 5.39 → 8, 8, 5; 100 · (13 − s)/8.
    { why: "with a larger skew", keys: [constraint(ZONE_LABEL, 5)], want: [62, 62, 100] },
    // Sums: 3·ln 4 + 2·ln 5 = 7.38 → 7, 5.77 → 6, 3.00 → 3; 100 · (10 − s)/7.
    {
      why: "over both",
      keys: [constraint(ZONE_LABEL), constraint(HOSTNAME_LABEL)],
      want: [42, 57, 100],
    },
  ])("$why", ({ keys, want }) => {
    expect(score(pending({ topologySpreadConstraints: keys }))).toEqual(want);
  });

  it("is even where nothing is", () => {
    const topologySpreadConstraints = [constraint(ZONE_LABEL)];
    expect(score(pending({ topologySpreadConstraints }), [])).toEqual([100, 100, 100]);
  });

  it("spreads a workload's pods over hosts and zones by default", () => {
    // Hosts 2, 1, 1 · ln 5 + 2 and zones 3, 3, 1 · ln 4 + 4: 13.38, 11.77, 9.00; 100 · (22 − s)/13.
    const ownerSelector = selects({ app: "web" });
    expect(score(pending({ ownerSelector }))).toEqual([69, 76, 100]);
    expect(score(pending())).toEqual([0, 0, 0]);
  });

  it("gives nothing to nodes without the label", () => {
    const bare = { ...node("bare"), labels: {} };
    const pod = pending({ topologySpreadConstraints: [constraint(ZONE_LABEL)] });
    expect(scores("PodTopologySpread", pod, [...nodes, bare], pods)).toEqual([25, 25, 100, 0]);
  });
});

describe("InterPodAffinity", () => {
  const nodes = [node("a1"), node("a2"), node("b1", { zone: "b" })];
  const near = (app: string, topologyKey = ZONE_LABEL) => ({
    labelSelector: selects({ app }),
    topologyKey,
  });
  const preferred = (weight: number, podAffinityTerm: ReturnType<typeof near>) => ({
    preferredDuringSchedulingIgnoredDuringExecution: [{ weight, podAffinityTerm }],
  });
  const cache = bound("cache", "a1", { labels: { app: "cache" } });

  it("prefers the company that it likes", () => {
    const pod = pending({ affinity: { podAffinity: preferred(10, near("cache")) } });
    expect(scores("InterPodAffinity", pod, nodes, [cache])).toEqual([100, 100, 0]);
  });

  it("avoids the company that it does not like, the more the more there is", () => {
    const affinity = { podAntiAffinity: preferred(10, near("web", HOSTNAME_LABEL)) };
    const pods = [bound("1", "a1"), bound("2", "a1"), bound("3", "a2")];
    // Sums −20, −10, 0.
    expect(scores("InterPodAffinity", pending({ affinity }), nodes, pods)).toEqual([0, 50, 100]);
  });

  it("minds the likes of those that are there", () => {
    const likes = bound("likes", "b1", {
      labels: { app: "db" },
      affinity: { podAffinity: preferred(5, near("web")) },
    });
    expect(scores("InterPodAffinity", pending(), nodes, [likes])).toEqual([0, 0, 100]);
    const needs = bound("needs", "b1", {
      labels: { app: "db" },
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [near("web")] } },
    });
    expect(scores("InterPodAffinity", pending(), nodes, [needs])).toEqual([0, 0, 100]);
  });

  it("is nothing where nobody minds", () => {
    expect(scores("InterPodAffinity", pending(), nodes, [cache])).toEqual([0, 0, 0]);
  });
});

it("ImageLocality counts megabytes that are there, less where few nodes have them", () => {
  const nodes = [node("has"), node("lacks")];
  const cluster = new SchedulingCluster(nodes);
  const MEGABYTE = 1024 * 1024;
  const score = (images: readonly string[]) =>
    scoresByPlugin(pending({ images }).spec, cluster.nodes, cluster).get("ImageLocality");
  cluster.addImage("has", "web:v1", 1046 * MEGABYTE);
  cluster.addImage("has", "tiny", 20 * MEGABYTE);
  // Half of the nodes have it: 523 of (23 … 1000) megabytes.
  expect(score(["web:v1"])).toEqual([51, 0]);
  expect(score(["tiny"])).toEqual([0, 0]);
  expect(score(["unknown"])).toEqual([0, 0]);
  cluster.addImage("lacks", "web:v1", 1046 * MEGABYTE);
  expect(score(["web:v1"])).toEqual([100, 100]);
  cluster.removeNode("has");
  expect(score(["web:v1"])).toEqual([100]);
});

it("the total is the weighted sum", () => {
  const cluster = new SchedulingCluster([node("n")], [bound("p", "n")]);
  const { spec } = pending();
  // TaintToleration 100 · 3, least allocated 68, balance: shares 2/4 and 2/16, σ = 0.1875 → 81.
  expect(Array.from(totalScores(spec, cluster.nodes, cluster))).toEqual([300 + 68 + 81]);
  expect(SCORE_WEIGHTS).toMatchObject({ TaintToleration: 3, PodTopologySpread: 2 });
});
