import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../sim/kernel/time.ts";
import type { AutoscalerDecision, AutoscalerObservation } from "../../../sim/policy/autoscaler.ts";
import { hpa } from "../../../sim/policy/autoscalers/hpa/hpa.ts";
import type { HpaConfig, HpaSpec } from "../../../sim/policy/autoscalers/hpa/schema.ts";
import { type HpaState, withSpec } from "../../../sim/policy/autoscalers/hpa/state.ts";
import { NOW, noDraw, observe, type PodSketch, uniform } from "./observation.ts";
import { testAutoscaler } from "./testAutoscaler.ts";

const cpuAt = (averageUtilization: number): HpaSpec => ({
  minReplicas: 1,
  maxReplicas: 100,
  metrics: [
    {
      type: "Resource",
      resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
    },
  ],
});
/** No stabilization, any rate: what remains is the calculator. */
const UNLIMITED: NonNullable<HpaSpec["behavior"]> = {
  scaleUp: { policies: [{ type: "Pods", value: 1000, periodSeconds: 1 }] },
  scaleDown: { stabilizationWindowSeconds: 0 },
};

testAutoscaler(hpa, { spec: { ...cpuAt(70), maxReplicas: 40 } });
testAutoscaler(hpa, {
  spec: {
    ...cpuAt(70),
    maxReplicas: 40,
    behavior: { scaleUp: { stabilizationWindowSeconds: 60 } },
  },
  controller: { tolerance: 0.05 },
});

/** Ticks every 15 s; returns the decisions and the last state. */
function run(
  config: HpaConfig,
  observations: readonly AutoscalerObservation[],
  from: HpaState = hpa.init(config),
): { readonly state: HpaState; readonly decisions: readonly AutoscalerDecision[] } {
  let state = from;
  const decisions = observations.map((observation, tick) => {
    const step = hpa.step(state, observation, seconds(15 * (tick + 1)), noDraw);
    state = step.state;
    return step.decision;
  });
  return { state, decisions };
}

/** What the metrics ask for in one tick at time 0. */
function raw(spec: HpaSpec, observation: AutoscalerObservation): number | null {
  const state = hpa.init({ spec: { ...spec, behavior: UNLIMITED } });
  return hpa.step(state, observation, NOW, noDraw).decision.trace.rawReplicas;
}

describe("replicas asked for by the pods' metrics", () => {
  const pending: PodSketch = { phase: "Pending", ready: null };
  it.each<{
    why: string;
    target?: number;
    pods: PodSketch[];
    replicas?: number;
    want: number | null;
  }>([
    { why: "the tolerance is inclusive", target: 100, pods: uniform(10, 110), want: 10 },
    { why: "just outside of it", target: 100, pods: uniform(10, 111), want: 12 },
    {
      why: "utilization is truncated to a whole percent",
      target: 100,
      pods: [{ cpu: 110.9 }, { cpu: 110 }],
      want: 2,
    },
    { why: "times sampled ready pods, not replicas", pods: uniform(4, 140), replicas: 9, want: 8 },
    {
      why: "an unready pod counts as idle on the way up",
      pods: [...uniform(3, 140), pending],
      want: 6,
    },
    {
      why: "an unready pod does not count on the way down",
      pods: [...uniform(3, 7), pending],
      want: 1,
    },
    {
      why: "a missing pod counts as idle on the way up",
      pods: [...uniform(3, 140), { cpu: null }],
      want: 6,
    },
    {
      why: "a missing pod counts as busy on the way down",
      pods: [...uniform(3, 35), { cpu: null }],
      want: 3,
    },
    {
      why: "assumed values must not turn the direction",
      pods: [{ cpu: 84 }, { cpu: null }],
      want: 2,
    },
    {
      why: "a missing pod is at the target when that is above 100 %",
      target: 200,
      pods: [{ cpu: 20 }, { cpu: null }],
      want: 2,
    },
    {
      why: "a terminating pod never counts",
      pods: [...uniform(2, 140), { cpu: 500, deleted: true }],
      want: 4,
    },
    {
      why: "a pod without a request fails the metric",
      pods: [{ cpu: 50 }, { cpu: 50, requestCpu: null }],
      want: null,
    },
    {
      why: "even a terminating one",
      pods: [{ cpu: 50 }, { cpu: 1, requestCpu: null, deleted: true }],
      want: null,
    },
    { why: "no sample at all", pods: [{ cpu: null }], want: null },
  ])("$why", ({ target, pods, replicas, want }) => {
    const extra =
      replicas === undefined ? {} : { specReplicas: replicas, statusReplicas: replicas };
    expect(raw(cpuAt(target ?? 70), observe(pods, extra))).toBe(want);
  });

  it.each([
    { why: "a sample from before it was ready", since: -30, sampledAt: -20, counts: false },
    { why: "a window that reaches back exactly to it", since: -30, sampledAt: -15, counts: true },
  ])("within CPU initialization: $why", ({ since, sampledAt, counts }) => {
    const fresh = { cpu: 140, start: -60, ready: { status: true, since }, sampledAt };
    expect(raw(cpuAt(70), observe([{ cpu: 140 }, fresh]))).toBe(counts ? 4 : 2);
  });

  it.each([
    { why: "turned unready 30 s after its start counts", since: -570, counts: true },
    {
      why: "turned unready before is taken for one that never was ready",
      since: -571,
      counts: false,
    },
  ])("after CPU initialization a pod that $why", ({ since, counts }) => {
    const dipped = { cpu: 7, start: -600, ready: { status: false, since } };
    expect(raw(cpuAt(70), observe([{ cpu: 210 }, dipped]))).toBe(counts ? 4 : 3);
  });

  it.each([
    { why: "short of 112 %", bytes: 1_202_590_842, percent: 111 },
    // 100 GiB × 1000 pods × 1000 × 100 wraps around 2^64.
    { why: "past int64, where the controller overflows", bytes: 107_374_182_400, percent: -7179 },
  ])("sums the memory of a thousand pods in int64: $why", ({ bytes, percent }) => {
    const target = { type: "Utilization", averageUtilization: 100 };
    const spec: HpaSpec = {
      maxReplicas: 5000,
      metrics: [{ type: "Resource", resource: { name: "memory", target } }],
    };
    const pods = Array.from({ length: 1000 }, () => ({ cpu: 1, memoryBytes: bytes }));
    const { state } = run({ spec }, [observe(pods)]);
    expect(state.status.currentMetrics).toEqual([
      { utilizationPercent: percent, averageMilli: bytes * 1000, valueMilli: null },
    ]);
  });
});

describe("metrics of the whole workload", () => {
  const external = (target: object): HpaSpec => ({
    ...cpuAt(70),
    metrics: [{ type: "External", external: { metric: { name: "queue" }, target } }],
  });
  const queue = (milli: number[]) => ({ externalMetrics: { queue: milli } });
  it("AverageValue takes status.replicas and needs no pods", () => {
    const seen = { ...observe([], queue([90_000, 30_000])), specReplicas: 4, statusReplicas: 2 };
    expect(raw(external({ type: "AverageValue", averageValue: "30" }), seen)).toBe(4);
  });
  it("Value multiplies running and ready pods, terminating ones included", () => {
    const pods: PodSketch[] = [{}, { deleted: true }, { ready: { status: false, since: -9 } }];
    expect(raw(external({ type: "Value", value: 10 }), observe(pods, queue([20_000])))).toBe(4);
  });
  it("an empty series fails", () => {
    const { state, decisions } = run({ spec: external({ type: "Value", value: 10 }) }, [
      observe(uniform(3, 1), queue([])),
    ]);
    expect(decisions[0]?.reason).toBe("FailedGetExternalMetric");
    expect(state.status.conditions.ableToScale?.reason).toBe("SucceededGetScale");
  });
});

describe("stabilization and limits", () => {
  it("without behavior at most doubles, from 4", () => {
    const { decisions } = run({ spec: cpuAt(70) }, [observe(uniform(10, 700))]);
    expect(decisions[0]).toMatchObject({ kind: "scale", replicas: 20, reason: "ScaleUpLimit" });
    expect(decisions[0]?.trace).toEqual({
      metric: "cpu 700 % of 70 %",
      rawReplicas: 100,
      stabilizedReplicas: 100,
    });
  });

  it("takes percentages in doubles: 50 at 10 % becomes 56", () => {
    const behavior = { scaleUp: { policies: [{ type: "Percent", value: 10, periodSeconds: 60 }] } };
    const { decisions } = run({ spec: { ...cpuAt(70), behavior } }, [observe(uniform(50, 700))]);
    expect(decisions[0]).toMatchObject({ replicas: 56 });
  });

  it.each([
    { why: "without behavior exactly 300 s still count", behavior: null, downAt: 21 },
    { why: "with behavior they do not", behavior: {}, downAt: 20 },
  ])("the first tick holds the count for a window: $why", ({ behavior, downAt }) => {
    const ticks = Array.from({ length: 25 }, () => observe(uniform(10, 35)));
    const { decisions } = run({ spec: { ...cpuAt(70), behavior } }, ticks);
    expect(decisions.findIndex(({ kind }) => kind === "scale")).toBe(downAt);
    expect(decisions[0]?.reason).toBe("ScaleDownStabilized");
  });

  it("a policy's base undoes the changes of its period", () => {
    const behavior = { scaleUp: { policies: [{ type: "Pods", value: 5, periodSeconds: 60 }] } };
    const ticks = [5, 10, 10, 10, 10, 15].map((count) => observe(uniform(count, 700)));
    const { decisions } = run({ spec: { ...cpuAt(70), behavior } }, ticks);
    const counts = decisions.map((decision) => (decision.kind === "scale" ? decision.replicas : 0));
    expect(counts).toEqual([10, 0, 0, 0, 15, 0]);
  });

  it.each(["Min", "Disabled"] as const)("selectPolicy %s", (selectPolicy) => {
    const behavior = {
      scaleUp: { selectPolicy },
      scaleDown: { selectPolicy, stabilizationWindowSeconds: 0 },
    };
    const spec = { ...cpuAt(70), behavior };
    const up = run({ spec }, [observe(uniform(10, 700))]).decisions[0];
    expect(up).toMatchObject(
      selectPolicy === "Min" ? { replicas: 14 } : { kind: "hold", reason: "ScaleUpLimit" },
    );
    const down = run({ spec }, [observe(uniform(10, 7))]).decisions[0];
    expect(down).toMatchObject(
      selectPolicy === "Min" ? { replicas: 1 } : { kind: "hold", reason: "ScaleDownLimit" },
    );
  });

  it("outside of its bounds it jumps, reads nothing and remembers the change", () => {
    const spec = { ...cpuAt(70), minReplicas: 5, behavior: {} };
    const { state, decisions } = run({ spec }, [observe(uniform(2, 700))]);
    expect(decisions[0]).toMatchObject({ kind: "scale", replicas: 5, reason: "TooFewReplicas" });
    expect(state.status.currentMetrics).toBeNull();
    expect(state.scaleUpEvents.map(({ change }) => change)).toEqual([3]);
    expect(state.recommendations).toEqual([{ replicas: 2, time: seconds(15) }]);
  });
});

describe("conditions and status", () => {
  it("one failing metric of two blocks the way down, not the way up", () => {
    const [cpu] = cpuAt(70).metrics ?? [];
    const rps = {
      type: "Pods",
      pods: { metric: { name: "rps" }, target: { type: "AverageValue", averageValue: "10" } },
    };
    const spec = { ...cpuAt(70), metrics: cpu ? [rps, cpu] : [rps], behavior: UNLIMITED };
    const down = run({ spec }, [observe(uniform(10, 7))]);
    expect(down.decisions[0]).toMatchObject({ kind: "hold", reason: "FailedGetPodsMetric" });
    expect(down.state.recommendations).toHaveLength(1);
    expect(run({ spec }, [observe(uniform(10, 140))]).decisions[0]).toMatchObject({ replicas: 20 });
  });

  it("replicas at zero switch it off", () => {
    const { state, decisions } = run({ spec: cpuAt(70) }, [observe([])]);
    expect(decisions[0]).toMatchObject({ kind: "hold", reason: "ScalingDisabled" });
    expect(state.status.conditions.scalingActive?.status).toBe("False");
  });

  it("wakes from a zero of its own, and only from such a one", () => {
    const spec: HpaSpec = {
      minReplicas: 0,
      maxReplicas: 9,
      metrics: [
        {
          type: "External",
          external: { metric: { name: "q" }, target: { type: "AverageValue", averageValue: "10" } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    };
    const controller = { featureGates: { HPAScaleToZero: true } };
    const work = (milli: number, count: number) =>
      observe(uniform(count, 1), { externalMetrics: { q: [milli] } });
    const own = run({ spec, controller }, [work(0, 2), work(0, 0), work(25_000, 0)]);
    expect(own.decisions).toMatchObject([{ replicas: 0 }, { kind: "hold" }, { replicas: 3 }]);
    const foreign = run({ spec, controller }, [work(25_000, 0)]);
    expect(foreign.decisions[0]).toMatchObject({ kind: "hold", reason: "ScalingDisabled" });
    const slept = run({ spec, controller }, [work(0, 2)]);
    const raised = run({ spec }, [work(0, 0)], withSpec(slept.state, { ...spec, minReplicas: 2 }));
    expect(raised.decisions[0]).toMatchObject({ replicas: 2 });
  });

  it("an edit keeps what it remembers and its status", () => {
    const { state } = run({ spec: cpuAt(70) }, [observe(uniform(10, 70))]);
    const edited = withSpec(state, { ...cpuAt(70), maxReplicas: 5 });
    expect(edited.recommendations).toEqual(state.recommendations);
    expect(edited.status).toEqual(state.status);
    expect(hpa.boundsOf(edited)).toEqual({ minReplicas: 1, maxReplicas: 5 });
  });
});

describe("validation", () => {
  it("reports everything at once, and the nearest name", () => {
    const problems = hpa.validate({
      spec: {
        minReplicas: 0,
        maxReplica: 5,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: "70" } },
          },
          {
            type: "Pods",
            pods: {
              metric: { name: "rps" },
              target: { type: "AverageValue", averageValue: "10x" },
            },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 4000 } },
      },
      controller: { tolerance: -1 },
    });
    const texts = problems.map(({ path, expected, received }) => [
      path.join("."),
      expected,
      received,
    ]);
    expect(texts).toEqual([
      ["spec.metrics.0.resource.target.averageUtilization", "a number", '"70"'],
      ["spec.metrics.1.pods.target.averageValue", "a quantity like 500m, 1 or 2Gi", '"10x"'],
      [
        "spec.maxReplica",
        "maxReplicas (one of scaleTargetRef, minReplicas, maxReplicas, metrics, behavior)",
        "the unknown field maxReplica",
      ],
      ["controller.tolerance", "at least 0", "-1"],
      ["spec.minReplicas", "at least 1 (0 needs the feature gate HPAScaleToZero)", "0"],
      ["spec.maxReplicas", "at least 1", "nothing"],
      ["spec.metrics", "an Object or External metric, since minReplicas is 0", '"Resource,Pods"'],
      ["spec.behavior.scaleDown.stabilizationWindowSeconds", "0 to 3600 seconds", "4000"],
    ]);
  });

  it("takes a whole manifest, as kubectl prints a live one", () => {
    const manifest = {
      apiVersion: "autoscaling/v2",
      kind: "HorizontalPodAutoscaler",
      metadata: { name: "web" },
      spec: {
        ...cpuAt(70),
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      },
      status: { currentReplicas: 4, desiredReplicas: 5, conditions: [] },
    };
    expect(hpa.validate(manifest)).toEqual([]);
  });
});

describe("properties", () => {
  const policies = fc.array(
    fc.record({
      type: fc.constantFrom("Pods", "Percent"),
      value: fc.integer({ min: 1, max: 200 }),
      periodSeconds: fc.integer({ min: 1, max: 120 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const rules = fc.record({
    policies,
    selectPolicy: fc.constantFrom("Max", "Min", "Disabled"),
    stabilizationWindowSeconds: fc.integer({ min: 0, max: 120 }),
  });
  const specs = fc
    .record({
      minReplicas: fc.integer({ min: 1, max: 10 }),
      more: fc.integer({ min: 0, max: 40 }),
      behavior: fc.option(fc.record({ scaleUp: rules, scaleDown: rules })),
    })
    .map(({ minReplicas, more, behavior }): HpaSpec => {
      return { ...cpuAt(70), minReplicas, maxReplicas: minReplicas + more, behavior };
    });
  const loads = fc.array(fc.integer({ min: 0, max: 8000 }), { minLength: 1, maxLength: 30 });

  /** Counts before and after each tick under a total load in millicores. */
  function closedLoop(spec: HpaSpec, load: readonly number[], start: number) {
    let state = hpa.init({ spec });
    let replicas = start;
    return load.map((total, tick) => {
      const seen = observe(uniform(replicas, Math.floor(total / replicas)));
      const step = hpa.step(state, seen, seconds(15 * (tick + 1)), noDraw);
      state = step.state;
      const before = replicas;
      if (step.decision.kind === "scale") replicas = step.decision.replicas;
      return { before, after: replicas };
    });
  }

  it("after a tick the count is within bounds, whatever it was", () => {
    fc.assert(
      fc.property(specs, loads, fc.integer({ min: 1, max: 80 }), (spec, load, start) => {
        for (const { after } of closedLoop(spec, load, start)) {
          expect(after).toBeGreaterThanOrEqual(spec.minReplicas ?? 1);
          expect(after).toBeLessThanOrEqual(spec.maxReplicas ?? 0);
        }
      }),
      { numRuns: 150 },
    );
  });

  it("a single scale-up policy bounds the growth over any of its periods", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 8 }),
        loads,
        (value, ticks, load) => {
          const policy = { type: "Pods", value, periodSeconds: 15 * ticks };
          const spec = {
            ...cpuAt(70),
            behavior: { scaleUp: { policies: [policy] }, scaleDown: { selectPolicy: "Disabled" } },
          };
          const counts = [3, ...closedLoop(spec, load, 3).map(({ after }) => after)];
          counts.forEach((count, tick) => {
            // A change exactly one period ago no longer counts, so a period holds `ticks` changes.
            const earlier = counts[Math.max(0, tick - ticks)] ?? 3;
            expect(count - earlier).toBeLessThanOrEqual(value);
          });
        },
      ),
      { numRuns: 150 },
    );
  });
});
