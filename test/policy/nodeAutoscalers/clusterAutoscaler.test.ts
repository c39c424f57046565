import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../sim/kernel/time.ts";
import { nodeAutoscalers } from "../../../sim/policy/index.ts";
import { clusterAutoscaler } from "../../../sim/policy/nodeAutoscalers/clusterAutoscaler.ts";
import {
  autoscaler,
  noDraw,
  observe,
  on,
  pool,
  there,
  waiting,
  waitingPods,
} from "./observation.ts";

it("is listed under its own name", () => {
  expect(Object.keys(nodeAutoscalers)).toEqual(["cluster-autoscaler"]);
  expect(clusterAutoscaler.name).toBe("cluster-autoscaler");
  expect(clusterAutoscaler.syncPeriod(clusterAutoscaler.init({}))).toBe(seconds(10));
  expect(clusterAutoscaler.syncPeriod(clusterAutoscaler.init({ scanIntervalSeconds: 30 }))).toBe(
    seconds(30),
  );
});

describe("its configuration", () => {
  it("is valid when empty, and with every flag", () => {
    expect(clusterAutoscaler.validate({})).toEqual([]);
    const config = {
      scanIntervalSeconds: 20,
      scaleDownUtilizationThreshold: 0.65,
      maxNodesTotal: 9,
    };
    expect(clusterAutoscaler.validate(config)).toEqual([]);
  });

  it.each([
    {
      config: { scaleDownUnneededSecond: 5 },
      path: ["scaleDownUnneededSecond"],
      expected: /^scaleDownUnneededSeconds \(one of /,
    },
    {
      config: { scanIntervalSeconds: 0 },
      path: ["scanIntervalSeconds"],
      expected: /^more than 0$/,
    },
    {
      config: { scaleDownUtilizationThreshold: 50 },
      path: ["scaleDownUtilizationThreshold"],
      expected: /^at most 1$/,
    },
    {
      config: { maxDrainParallelism: 0 },
      path: ["maxDrainParallelism"],
      expected: /^more than 0$/,
    },
    {
      config: { initialNodeGroupBackoffSeconds: 60, maxNodeGroupBackoffSeconds: 30 },
      path: ["initialNodeGroupBackoffSeconds"],
      expected: /^at most maxNodeGroupBackoffSeconds \(30\)$/,
    },
    {
      config: { maxScaleDownParallelism: 2, maxDrainParallelism: 3 },
      path: ["maxDrainParallelism"],
      expected: /^at most maxScaleDownParallelism \(2\)$/,
    },
    { config: 3, path: [], expected: /^an object$/ },
  ])("explains what is wrong with $config", ({ config, path, expected }) => {
    const problem = {
      path,
      expected: expect.stringMatching(expected),
      received: expect.any(String),
    };
    expect(clusterAutoscaler.validate(config)).toEqual([problem]);
  });
});

describe("adds nodes", () => {
  it("as many as the pods take", () => {
    // Nine pods of one core, four a node.
    const seen = observe({ pools: [pool("general")], pendingPods: waitingPods(9) });
    expect(autoscaler().at(10, seen)).toMatchObject({
      kind: "add",
      pool: "general",
      count: 3,
      reason: "TriggeredScaleUp",
      trace: { options: [{ pool: "general", nodes: 3, pods: 9 }], helpless: [] },
    });
  });

  it("packs the largest pods first", () => {
    // 3 + 1, 3 + 1: two nodes; in order of coming it would be 1 + 1, 3, 3.
    const sizes = [1000, 1000, 3000, 3000];
    const pendingPods = sizes.map((cpu, i) => waiting(`w${i}`, { cpu }));
    const seen = observe({ pools: [pool("general")], pendingPods });
    expect(autoscaler().at(10, seen)).toMatchObject({ kind: "add", count: 2 });
  });

  it("no more than the pool's maximum, nor than all pools together may have", () => {
    const seen = observe({
      pools: [pool("general", { targetSize: 1, maxSize: 3 })],
      nodes: [there("n", { sketch: { cpu: 0 } })],
      pendingPods: waitingPods(40),
    });
    expect(autoscaler().at(10, seen)).toMatchObject({ kind: "add", count: 2 });
    expect(autoscaler({ maxNodesTotal: 2 }).at(10, seen)).toMatchObject({ kind: "add", count: 1 });
    expect(autoscaler({ maxNodesTotal: 1 }).at(10, seen)).toMatchObject({
      kind: "hold",
      reason: "NotTriggerScaleUp",
      trace: { options: [{ excluded: "MaxNodesTotalReached" }] },
    });
  });

  it("of the pool that is used best", () => {
    // Two pods of 3 cores and 3 Gi. Small: two nodes with 4 cores, 16 Gi: 1/4 and 13/16 unused.
    // Large: one with 16 cores, 64 Gi: 10/16 and 58/64. Tight: two with 3 cores, 4 Gi: 0 and 1/4.
    const pools = [
      pool("small"),
      pool("large", { node: { cpu: 16_000, gib: 64 } }),
      pool("tight", { node: { cpu: 3000, gib: 4 } }),
      pool("tiny", { node: { cpu: 1000 } }),
    ];
    const seen = observe({ pools, pendingPods: waitingPods(2, { cpu: 3000, gib: 3 }) });
    const decision = autoscaler().at(10, seen);
    expect(decision).toMatchObject({ kind: "add", pool: "tight", count: 2 });
    expect(decision.trace.options).toEqual([
      { pool: "small", nodes: 2, pods: 2, waste: 1 / 4 + 13 / 16, excluded: null },
      { pool: "large", nodes: 1, pods: 2, waste: 10 / 16 + 58 / 64, excluded: null },
      { pool: "tight", nodes: 2, pods: 2, waste: 1 / 4, excluded: null },
      { pool: "tiny", nodes: 0, pods: 0, waste: null, excluded: "NoPodFits" },
    ]);
  });

  it("that the pods' taints, selectors and anti-affinity allow", () => {
    const taints = [{ key: "pool", value: "batch", effect: "NoSchedule" as const }];
    const pools = [
      pool("batch", { node: { taints } }),
      pool("ssd", { node: { labels: { disk: "ssd" } } }),
    ];
    const picky = waitingPods(3, {
      cpu: 100,
      nodeSelector: { disk: "ssd" },
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            {
              labelSelector: { matchLabels: { app: "web" } },
              topologyKey: "kubernetes.io/hostname",
            },
          ],
        },
      },
    });
    const seen = observe({ pools, pendingPods: picky });
    expect(autoscaler().at(10, seen)).toMatchObject({ kind: "add", pool: "ssd", count: 3 });
    expect(autoscaler().at(10, { ...seen, pools: pools.slice(0, 1) })).toMatchObject({
      kind: "hold",
      reason: "NotTriggerScaleUp",
      trace: { helpless: ["w0", "w1", "w2"], options: [{ excluded: "NoPodFits" }] },
    });
  });

  it("not for pods that fit on nodes that are to come, or that are not ready yet", () => {
    const starting = {
      ready: { status: false, lastTransition: seconds(5) },
      registeredAt: seconds(5),
    };
    const seen = observe({
      pools: [pool("general", { targetSize: 2 })],
      nodes: [there("n1", starting)],
      pendingPods: waitingPods(8),
    });
    expect(autoscaler().at(10, seen)).toMatchObject({ kind: "hold", trace: { options: [] } });
    const more = { ...seen, pendingPods: waitingPods(9) };
    expect(autoscaler().at(10, more)).toMatchObject({ kind: "add", count: 1 });
  });

  it.each([
    {
      why: "the scheduler has not looked at it",
      pod: waiting("w", {}, { isUnschedulable: false }),
    },
    { why: "it waits for its victims", pod: waiting("w", {}, { nominatedNode: "n1" }) },
    { why: "it is expendable", pod: waiting("w", { priority: -11 }) },
  ])("not for a pod when $why", ({ pod }) => {
    const full = [on("p", "n1", { cpu: 4000 })];
    const seen = observe({
      pools: [pool("general", { targetSize: 1 })],
      nodes: [there("n1")],
      pods: full,
      pendingPods: [pod],
    });
    expect(autoscaler().at(10, seen)).toMatchObject({ kind: "hold" });
  });
});

describe("nodes that do not come", () => {
  const request = observe({ pools: [pool("general")], pendingPods: waitingPods(9) });
  const promised = { ...request, pools: [pool("general", { targetSize: 3 })] };

  it("are given up after the provision time; their pool is left alone, longer each time", () => {
    const scaler = autoscaler();
    expect(scaler.at(10, request)).toMatchObject({ kind: "add", count: 3 });
    expect(scaler.at(20, promised)).toMatchObject({ kind: "hold" });
    const one = { ...promised, nodes: [there("n1")] };
    expect(scaler.at(910, one)).toMatchObject({ kind: "hold" });
    expect(scaler.at(920, one)).toMatchObject({
      kind: "cancel",
      pool: "general",
      count: 2,
      reason: "NodeProvisionTimeout",
    });
    const fewer = { ...one, pools: [pool("general", { targetSize: 1 })] };
    expect(scaler.at(930, fewer)).toMatchObject({
      kind: "hold",
      reason: "NotTriggerScaleUp",
      trace: { options: [{ excluded: "Backoff" }] },
    });
    expect(scaler.at(920 + 290, fewer)).toMatchObject({ kind: "hold" });
    expect(scaler.at(920 + 300, fewer)).toMatchObject({ kind: "add", count: 2 });
    const again = { ...fewer, pools: [pool("general", { targetSize: 3 })] };
    expect(scaler.at(2130, again)).toMatchObject({ kind: "cancel", count: 2 });
    expect(scaler.at(2130 + 590, fewer)).toMatchObject({ kind: "hold" });
    expect(scaler.at(2130 + 600, fewer)).toMatchObject({ kind: "add" });
  });

  it("another pool is asked instead", () => {
    const scaler = autoscaler({ maxNodeProvisionSeconds: 60 });
    const pools = [pool("general"), pool("other")];
    scaler.at(10, { ...request, pools });
    const waitsFor = [pool("general", { targetSize: 3 }), pool("other")];
    expect(scaler.at(80, { ...request, pools: waitsFor })).toMatchObject({ kind: "cancel" });
    expect(scaler.at(90, { ...request, pools })).toMatchObject({ kind: "add", pool: "other" });
  });

  it("count from when they were first missed if nobody here asked for them", () => {
    const scaler = autoscaler();
    const missing = observe({ pools: [pool("general", { targetSize: 1 })] });
    expect(scaler.at(100, missing)).toMatchObject({ kind: "hold" });
    expect(scaler.at(1000, missing)).toMatchObject({ kind: "hold" });
    expect(scaler.at(1001, missing)).toMatchObject({ kind: "cancel", count: 1 });
  });
});

describe("removes nodes", () => {
  const idle = (count: number) =>
    observe({
      pools: [pool("general", { targetSize: count })],
      nodes: Array.from({ length: count }, (_, i) => there(`n${i}`)),
    });

  it("that have been empty for more than the unneeded time, all at once", () => {
    const scaler = autoscaler();
    expect(scaler.at(10, idle(3))).toMatchObject({
      kind: "hold",
      reason: "NothingDue",
      trace: { unneeded: { n0: seconds(10), n1: seconds(10), n2: seconds(10) } },
    });
    expect(scaler.at(610, idle(3))).toMatchObject({ kind: "hold" });
    const maxGracePeriod = seconds(600);
    expect(scaler.at(620, idle(3))).toMatchObject({
      kind: "remove",
      reason: "ScaleDownEmpty",
      removals: [
        { node: "n0", pods: [], maxGracePeriod },
        { node: "n1", pods: [], maxGracePeriod },
        { node: "n2", pods: [], maxGracePeriod },
      ],
    });
    expect(scaler.state.unneededSince).toEqual({});
  });

  it("down to the pool's minimum, those included that are going", () => {
    const scaler = autoscaler({ scaleDownUnneededSeconds: 0 });
    const seen = idle(4);
    const nodes = seen.nodes.map((each, i) => ({ ...each, isBeingRemoved: i === 0 }));
    const pools = [pool("general", { targetSize: 4, minSize: 2 })];
    scaler.at(10, { ...seen, nodes, pools });
    expect(scaler.at(20, { ...seen, nodes, pools })).toMatchObject({ removals: [{ node: "n1" }] });
  });

  it("at most ten at a time, and one to be drained", () => {
    const scaler = autoscaler({ scaleDownUnneededSeconds: 0 });
    const pods = [on("a", "n0", { cpu: 100 }), on("b", "n1", { cpu: 100 })];
    const many = { ...idle(14), pods: [...pods, on("c", "n13", { cpu: 3000 })] };
    scaler.at(10, many);
    const decision = scaler.at(20, many);
    if (decision.kind !== "remove") throw new Error(decision.reason);
    expect(decision.removals).toHaveLength(10);
    expect(decision.removals.filter((removal) => removal.pods.length > 0)).toMatchObject([
      { node: "n0", pods: ["a"] },
    ]);
  });

  it("none that is used by half, in cpu or in memory", () => {
    const seen = {
      ...idle(4),
      pods: [
        on("cpu", "n0", { cpu: 2000 }),
        on("memory", "n1", { cpu: 0, gib: 8 }),
        on("little", "n2", { cpu: 1999 }),
        on("daemon", "n3", { cpu: 2000, isDaemon: true }),
      ],
    };
    const { trace } = autoscaler().at(10, seen);
    expect(Object.keys(trace.unneeded)).toEqual(["n2"]);
  });

  it("none whose pods have no other place; room is given away once", () => {
    // n0 and n1 hold 1.9 cores each, n2 has 2 left. What n0 holds goes to n1, which has to stay.
    const seen = {
      ...idle(3),
      pods: [
        on("a", "n0", { cpu: 1900, nodeSelector: { big: "yes" } }),
        on("b", "n1", { cpu: 1900, nodeSelector: { big: "yes" } }),
        on("c", "n2", { cpu: 2000 }),
      ],
      nodes: ["n0", "n1", "n2"].map((name) => there(name, { sketch: { labels: { big: "yes" } } })),
    };
    const scaler = autoscaler();
    expect(scaler.at(10, seen).trace).toMatchObject({
      unneeded: { n0: seconds(10) },
      kept: { n1: "NoPlaceToMovePods" },
    });
    // It is not looked at again for five minutes.
    const roomy = { ...seen, pods: seen.pods.slice(0, 2) };
    expect(scaler.at(300, roomy).trace.kept).toEqual({ n1: "RecentlyUnremovable" });
    expect(scaler.at(310, roomy).trace.kept).toEqual({ n1: "NoPlaceToMovePods" });
    // The empty one goes first, and takes no pods any more.
    expect(scaler.state.unneededSince).toEqual({ n2: seconds(300), n0: seconds(10) });
  });

  it.each([
    {
      why: "a budget allows no disruption",
      extra: {},
      budgets: { budgetsOf: () => ["pdb"], disruptionsAllowed: () => 0 },
      kept: "NotEnoughPdb",
    },
    {
      why: "a pod has no controller",
      extra: { keepsNode: "NotReplicated" },
      budgets: observe().budgets,
      kept: "NotReplicated",
    },
  ])("none where $why", ({ extra, budgets, kept }) => {
    const seen = { ...idle(2), budgets, pods: [on("a", "n0", extra)] };
    const { trace } = autoscaler().at(10, seen);
    expect(trace).toMatchObject({ kept: { n0: kept }, unneeded: { n1: seconds(10) } });
  });

  it("none that is outside of its pools, on its way out, or needed in between", () => {
    const scaler = autoscaler();
    const [first, second, third] = idle(3).nodes;
    const nodes = [{ ...first!, pool: null }, { ...second!, isBeingRemoved: true }, third!];
    const seen = { ...idle(3), nodes };
    expect(Object.keys(scaler.at(10, seen).trace.unneeded)).toEqual(["n2"]);
    scaler.at(300, { ...seen, pods: [on("p", "n2", { cpu: 2500 })] });
    expect(scaler.at(620, seen).trace.unneeded).toEqual({ n2: seconds(620) });
  });

  it("later if they are not ready", () => {
    const scaler = autoscaler();
    const nodes = [there("n0", { ready: { status: false, lastTransition: seconds(0) } })];
    const seen = { ...idle(1), nodes };
    scaler.at(910, seen);
    expect(scaler.at(910 + 1200, seen)).toMatchObject({ kind: "hold" });
    expect(scaler.at(910 + 1210, seen)).toMatchObject({ kind: "remove" });
  });

  it("not for a while after a node was added, a removal failed, or one was begun", () => {
    const cooldown = { kind: "hold", reason: "ScaleDownInCooldown" };
    const scaler = autoscaler({
      scaleDownUnneededSeconds: 0,
      scaleDownDelayAfterDeleteSeconds: 60,
    });
    const pods = [on("p", "n0", { cpu: 3000 })];
    const full = { ...idle(1), pods, pendingPods: [waiting("w", { cpu: 2000 })] };
    expect(scaler.at(10, full)).toMatchObject({ kind: "add", count: 1 });
    const grown = { ...idle(2), pods };
    expect(scaler.at(20, grown)).toMatchObject(cooldown);
    expect(scaler.at(600, grown)).toMatchObject(cooldown);
    const failed = { ...grown, lastRemovalFailure: seconds(600) };
    expect(scaler.at(770, failed)).toMatchObject(cooldown);
    expect(scaler.at(780, failed)).toMatchObject({ kind: "remove", removals: [{ node: "n1" }] });
    expect(scaler.at(790, idle(2))).toMatchObject(cooldown);
    expect(scaler.at(840, idle(2))).toMatchObject({ kind: "remove" });
  });

  it("never, if it is told so", () => {
    const scaler = autoscaler({ scaleDownEnabled: false, scaleDownUnneededSeconds: 0 });
    scaler.at(10, idle(2));
    expect(scaler.at(700, idle(2))).toMatchObject({ kind: "hold", reason: "NothingToDo" });
  });

  it("looks at so many non-empty ones at a scan, at those first that were unneeded before", () => {
    const pods = ["n0", "n1", "n2"].map((name) => on(`on-${name}`, name, { cpu: 100 }));
    const scaler = autoscaler({ scaleDownNonEmptyCandidatesCount: 1 });
    const first = { ...idle(4), pods: pods.slice(1) };
    expect(scaler.at(10, first).trace).toMatchObject({
      unneeded: { n0: seconds(10), n3: seconds(10), n1: seconds(10) },
      kept: { n2: "TooManyCandidates" },
    });
    const second = { ...first, pods };
    // n0 got a pod and was unneeded as long as n1.
    expect(Object.keys(scaler.at(20, second).trace.unneeded)).toEqual(["n3", "n0"]);
  });
});

it("leaves its state and the observation alone, and decides the same again", () => {
  const seen = observe({
    pools: [pool("general", { targetSize: 3 })],
    nodes: [there("n0"), there("n1"), there("n2")],
    pods: [on("a", "n0", { cpu: 500 }), on("b", "n1", { cpu: 4000, gib: 10 })],
    pendingPods: waitingPods(12, { cpu: 900 }),
  });
  const state = clusterAutoscaler.init({});
  const before = structuredClone(state);
  const first = clusterAutoscaler.step(state, seen, seconds(10), noDraw);
  expect(state).toEqual(before);
  expect(clusterAutoscaler.step(state, seen, seconds(10), noDraw)).toEqual(first);
  expect(first.decision.reason).toMatch(/^[A-Z][A-Za-z]+$/);
});

it("keeps every pool within its bounds, whatever it sees", () => {
  const drawn = fc.record({
    sizes: fc.array(fc.record({ min: fc.nat(2), extra: fc.nat(4), nodes: fc.nat(6) }), {
      minLength: 1,
      maxLength: 3,
    }),
    pods: fc.array(fc.record({ node: fc.nat(20), cpu: fc.nat(3000) }), { maxLength: 12 }),
    waiting: fc.array(fc.nat(6000), { maxLength: 12 }),
    scans: fc.integer({ min: 1, max: 4 }),
  });
  const property = fc.property(drawn, ({ sizes, pods, waiting: cpus, scans }) => {
    const pools = sizes.map(({ min, extra, nodes }, i) =>
      pool(`p${i}`, { minSize: min, maxSize: min + extra, targetSize: nodes }),
    );
    const nodes = pools.flatMap(({ name, targetSize }) =>
      Array.from({ length: targetSize }, (_, i) => there(`${name}-${i}`, { pool: name })),
    );
    const names = nodes.map(({ node: { name } }) => name);
    const seen = observe({
      pools,
      nodes,
      pods:
        names.length === 0
          ? []
          : pods.map(({ node, cpu }, i) => on(`b${i}`, names[node % names.length]!, { cpu })),
      pendingPods: cpus.map((cpu, i) => waiting(`w${i}`, { cpu })),
    });
    const scaler = autoscaler({ scaleDownUnneededSeconds: 0 });
    for (let scan = 1; scan <= scans; scan++) {
      const decision = scaler.at(10 * scan, seen);
      for (const { name, minSize, maxSize, targetSize } of pools) {
        if (decision.kind === "add" && decision.pool === name) {
          expect(decision.count).toBeGreaterThan(0);
          expect(targetSize + decision.count).toBeLessThanOrEqual(maxSize);
        }
        if (decision.kind !== "remove") continue;
        const gone = decision.removals.filter(({ node }) => node.startsWith(`${name}-`)).length;
        if (gone > 0) expect(targetSize - gone).toBeGreaterThanOrEqual(minSize);
      }
    }
  });
  fc.assert(property, { numRuns: 200 });
});
