import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BasicCanaryInput,
  basicCanaryCounts,
} from "../../../../sim/policy/rollouts/argo/basicCanary.ts";
import { canaryLimits } from "../../../../sim/policy/rollouts/argo/replicas.ts";
import type { CanaryStep } from "../../../../sim/policy/rollouts/argo/steps.ts";
import {
  type TrafficRoutedInput,
  trafficRoutedCounts,
} from "../../../../sim/policy/rollouts/argo/trafficRouted.ts";

/** Iterated until nothing changes; every replica becomes available between two rounds. */
function settled(input: Partial<BasicCanaryInput>): string {
  const replicas = input.replicas ?? 10;
  let canary = input.canary ?? { spec: 0, available: 0 };
  let stable = input.stable ?? { spec: replicas, available: replicas };
  for (let round = 0; round < 100; round += 1) {
    const next = basicCanaryCounts({
      maxSurge: null,
      maxUnavailable: null,
      weight: 0,
      otherSpec: 0,
      ...input,
      replicas,
      canary,
      stable,
    });
    if (next.canary === canary.spec && next.stable === stable.spec) break;
    canary = { spec: next.canary, available: next.canary };
    stable = { spec: next.stable, available: next.stable };
  }
  return `${canary.spec}+${stable.spec}`;
}

describe("without a router", () => {
  it.each([
    { why: "5 % of ten come nearest with one replica more", weight: 5, maxSurge: 3, want: "1+10" },
    { why: "25 % of ten: 3 of 11", weight: 25, maxSurge: 3, want: "3+8" },
    { why: "95 % of ten", weight: 95, maxSurge: 3, want: "10+1" },
    { why: "5 % of ten without surge", weight: 5, maxSurge: 0, want: "1+9" },
    // Argo's list of options is empty: 10 would leave no stable one, and 9 is as far off as 10.
    { why: "95 % of ten without surge has no canary", weight: 95, maxSurge: 0, want: "0+10" },
    { why: "half of three, surging", replicas: 3, weight: 50, maxSurge: 1, want: "2+2" },
    { why: "1 % still has a canary", weight: 1, want: "1+10" },
    { why: "99 % still has a stable one", weight: 99, want: "10+1" },
    { why: "0 % has none", weight: 0, want: "0+10" },
    { why: "100 % has nothing else", weight: 100, want: "10+0" },
    { why: "one replica, no surge, half", replicas: 1, maxSurge: 0, weight: 50, want: "1+0" },
    { why: "one replica, no surge, less", replicas: 1, maxSurge: 0, weight: 49, want: "0+1" },
    { why: "one replica with surge", replicas: 1, maxSurge: 1, weight: 1, want: "1+1" },
    { why: "no replicas", replicas: 0, weight: 50, want: "0+0" },
  ])("$why: $want", ({ want, replicas = 10, weight, maxSurge = 3 }) => {
    expect(settled({ replicas, weight, maxSurge, maxUnavailable: 1 })).toBe(want);
  });

  const ten = { replicas: 10, maxSurge: 3, maxUnavailable: 1 };

  it("keeps the stable side up while the canary does not come up", () => {
    const canary = { spec: 4, available: 0 };
    const stable = { spec: 9, available: 9 };
    const counts = basicCanaryCounts({ ...ten, weight: 50, canary, stable, otherSpec: 0 });
    expect(counts).toEqual({ canary: 4, stable: 9 });
  });

  it("scales nothing down while an older ReplicaSet has replicas", () => {
    const full = { spec: 5, available: 5 };
    const both = { canary: full, stable: full };
    const now = (otherSpec: number) =>
      basicCanaryCounts({ ...ten, ...both, weight: 20, otherSpec });
    expect(now(1)).toEqual({ canary: 5, stable: 7 });
    expect(now(0)).toEqual({ canary: 4, stable: 8 });
  });

  const limit = fc.option(
    fc.oneof(
      fc.nat(8),
      fc.nat(100).map((percent) => `${percent}%`),
    ),
  );
  const set = fc
    .tuple(fc.nat(30), fc.nat(30))
    .map(([spec, missing]) => ({ spec, available: Math.max(0, spec - missing) }));

  it("never counts below zero, nor above the surge unless it was there already", () => {
    const input = fc.record({
      replicas: fc.nat(30),
      maxSurge: limit,
      maxUnavailable: limit,
      weight: fc.nat(100),
      canary: set,
      stable: set,
      otherSpec: fc.nat(3),
    });
    fc.assert(
      fc.property(input, (written) => {
        const { canary, stable } = basicCanaryCounts(written);
        expect(Math.min(canary, stable)).toBeGreaterThanOrEqual(0);
        const { maxSurge } = canaryLimits(written, written.replicas);
        const before = written.canary.spec + written.stable.spec;
        const most = Math.max(before, written.replicas + maxSurge - written.otherSpec);
        expect(canary + stable).toBeLessThanOrEqual(most);
      }),
      { numRuns: 1000 },
    );
  });

  it("settles, with both sides from 1 to 99 %, on as many replicas as wanted or one more", () => {
    const input = fc.record({
      replicas: fc.integer({ min: 2, max: 30 }),
      weight: fc.integer({ min: 1, max: 99 }),
      maxSurge: fc.nat(5),
    });
    /** The one case in which Argo has no option: see the table above. */
    const hasNone = ({
      replicas,
      weight,
      maxSurge,
    }: Pick<BasicCanaryInput, "replicas" | "weight"> & { maxSurge: number }) =>
      maxSurge === 0 && replicas * (weight / 100) === replicas - 0.5;
    fc.assert(
      fc.property(input, (written) => {
        if (hasNone(written)) {
          expect(settled({ ...written, maxUnavailable: 2 })).toBe(`0+${written.replicas}`);
          return;
        }
        const [canary = 0, stable = 0] = settled({ ...written, maxUnavailable: 2 })
          .split("+")
          .map(Number);
        expect(Math.min(canary, stable)).toBeGreaterThanOrEqual(1);
        const extra = canary + stable - written.replicas;
        expect(extra === 0 || (extra === 1 && written.maxSurge > 0)).toBe(true);
      }),
    );
  });
});

const weights = (...list: number[]): CanaryStep[] =>
  list.map((weight) => ({ kind: "setWeight", weight }));

const routed = (input: Partial<TrafficRoutedInput>): string => {
  const { canary, stable } = trafficRoutedCounts({
    replicas: 10,
    steps: weights(25, 50, 80),
    stepIndex: 1,
    dynamicStableScale: false,
    minPodsPerReplicaSet: null,
    maxTrafficWeight: 100,
    abort: false,
    abortScaleDownDelaySeconds: null,
    promoteFull: false,
    actualWeights: null,
    canaryAvailable: 0,
    stableAvailable: 10,
    ...input,
  });
  return `${canary}+${stable}`;
};

describe("with a router", () => {
  const dynamic = { dynamicStableScale: true };
  const scale: CanaryStep[] = [{ kind: "setCanaryScale", scale: { replicas: 1 } }];
  it.each<{ why: string; input: Partial<TrafficRoutedInput>; want: string }>([
    { why: "stable stays whole", input: {}, want: "5+10" },
    { why: "the canary rounds up", input: { stepIndex: 0 }, want: "3+10" },
    { why: "past the last step it is whole", input: { stepIndex: 3 }, want: "10+10" },
    {
      why: "setCanaryScale stands above the weight",
      input: { steps: [...weights(50), ...scale] },
      want: "1+10",
    },
    {
      why: "the minimum is not for setCanaryScale replicas",
      input: { steps: [...weights(50), ...scale], minPodsPerReplicaSet: 3 },
      want: "1+10",
    },
    {
      why: "unless stable scales dynamically",
      input: { steps: [...weights(50), ...scale], minPodsPerReplicaSet: 3, ...dynamic },
      want: "3+10",
    },
    { why: "dynamic: stable gives up what it does not need", input: dynamic, want: "5+5" },
    {
      why: "dynamic: but not before its traffic has gone",
      input: { ...dynamic, actualWeights: { canary: 25, stable: 75 } },
      want: "5+8",
    },
    { why: "aborted: nothing for the canary", input: { abort: true }, want: "0+10" },
    {
      why: "aborted with delay 0: its scale stays",
      input: { abort: true, abortScaleDownDelaySeconds: 0, steps: [...weights(50), ...scale] },
      want: "1+10",
    },
    {
      why: "aborted, dynamic: a step back while the traffic is still there",
      input: {
        ...dynamic,
        abort: true,
        stepIndex: 0,
        canaryAvailable: 8,
        stableAvailable: 2,
        actualWeights: { canary: 80, stable: 20 },
      },
      want: "8+5",
    },
    { why: "promoted in full", input: { promoteFull: true, ...dynamic }, want: "10+0" },
    { why: "a router that counts in thousands", input: { maxTrafficWeight: 1000 }, want: "1+10" },
  ])("$why: $want", ({ input, want }) => {
    expect(routed(input)).toBe(want);
  });

  it("never gives a side fewer than zero or more than all, the minimum or the scale", () => {
    const input = fc.record({
      replicas: fc.nat(40),
      steps: fc.array(fc.nat(100), { minLength: 1, maxLength: 4 }).map((list) => weights(...list)),
      stepIndex: fc.nat(4),
      dynamicStableScale: fc.boolean(),
      minPodsPerReplicaSet: fc.option(fc.integer({ min: 1, max: 4 })),
      abort: fc.boolean(),
      promoteFull: fc.boolean(),
      actualWeights: fc.option(fc.nat(100).map((canary) => ({ canary, stable: 100 - canary }))),
      canaryAvailable: fc.nat(40),
      stableAvailable: fc.nat(40),
    });
    fc.assert(
      fc.property(input, (written) => {
        const [canary = -1, stable = -1] = routed(written).split("+").map(Number);
        const most = Math.max(written.replicas, written.minPodsPerReplicaSet ?? 0);
        expect(Math.min(canary, stable)).toBeGreaterThanOrEqual(0);
        expect(Math.max(canary, stable)).toBeLessThanOrEqual(most);
        if (!written.dynamicStableScale) expect(stable).toBe(written.replicas);
        // Together they carry everything: shares round up.
        else if (written.actualWeights === null) {
          expect(canary + stable).toBeGreaterThanOrEqual(written.replicas);
        }
      }),
    );
  });
});
