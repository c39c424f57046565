import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros, seconds } from "../../sim/kernel/time.ts";
import { type ReplicaSetPod, reconcileReplicaSet } from "../../sim/policy/replicaSet.ts";
import { deletionOrder } from "../../sim/policy/replicaSetRanking.ts";

const NOW = seconds(100_000);

interface PodSketch extends Partial<Omit<ReplicaSetPod, "createdAt" | "ready">> {
  /** Seconds. */
  readonly age?: number;
  readonly readyFor?: number | null;
}

const pod = ({ age = 1_000, readyFor = 900, ...fields }: PodSketch = {}): ReplicaSetPod => ({
  node: "a",
  phase: "Running",
  deleted: false,
  createdAt: micros(NOW - seconds(age)),
  ready:
    readyFor === null
      ? { status: false, lastTransition: NOW }
      : { status: true, lastTransition: micros(NOW - seconds(readyFor)) },
  restarts: 0,
  deletionCost: 0,
  ...fields,
});

describe("the pod that a ReplicaSet deletes first", () => {
  it.each([
    { why: "has no node", first: { node: null }, other: { phase: "Pending" } },
    { why: "is pending", first: { phase: "Pending" }, other: { phase: "Unknown" } },
    { why: "is of unknown state", first: { phase: "Unknown" }, other: { readyFor: null } },
    { why: "is not ready", first: { readyFor: null }, other: { deletionCost: -5 } },
    { why: "costs less to delete", first: { deletionCost: -5 }, other: { node: "crowded" } },
    { why: "is on the fuller node", first: { node: "crowded" }, other: { readyFor: 1 } },
    { why: "is ready for less long", first: { readyFor: 1 }, other: { restarts: 9 } },
    { why: "restarted more", first: { restarts: 9 }, other: { age: 950 } },
    { why: "is younger by a power of two", first: { age: 950 }, other: { age: 5_000 } },
  ] as const)("$why", ({ first, other }) => {
    const podsOnNode = (node: string | number): number => (node === "crowded" ? 3 : 1);
    const context = { now: NOW, podsOnNode };
    expect(deletionOrder([pod(other), pod(first)], context)).toEqual([1, 0]);
    expect(deletionOrder([pod(first), pod(other)], context)).toEqual([0, 1]);
  });

  it.each([
    { why: "9 s and 17 s are of one power of two: the lower index goes", a: 17, b: 9, want: 0 },
    { why: "8 s is of the power below", a: 9, b: 8, want: 1 },
    { why: "no time at all comes before a microsecond", a: 0.000_001, b: 0, want: 1 },
  ])("ready for $a s or $b s: $why", ({ a, b, want }) => {
    const context = { now: NOW, podsOnNode: () => 1 };
    const order = deletionOrder([pod({ readyFor: a }), pod({ readyFor: b })], context);
    expect(order[0]).toBe(want);
  });
});

describe("a ReplicaSet", () => {
  const reconcile = (pods: readonly ReplicaSetPod[], replicas: number, minReadySeconds = 0) =>
    reconcileReplicaSet({ pods, replicas, minReadySeconds, podsOnNode: () => 1 }, NOW);

  it("replaces failed and terminating pods at once", () => {
    const pods = [pod(), pod({ phase: "Failed", readyFor: null }), pod({ deleted: true })];
    const { create, delete: victims, status } = reconcile(pods, 3);
    expect([create, victims]).toEqual([2, []]);
    expect(status).toEqual({
      replicas: 1,
      readyReplicas: 1,
      availableReplicas: 1,
      terminatingReplicas: 1,
    });
  });

  it("calls a pod available once it was ready for minReadySeconds, the edge included", () => {
    const pods = [pod({ readyFor: 10 }), pod({ readyFor: 9 }), pod({ readyFor: null })];
    const { status, nextAvailable } = reconcile(pods, 3, 10);
    expect(status).toMatchObject({ readyReplicas: 2, availableReplicas: 1 });
    expect(nextAvailable).toBe(NOW + seconds(1));
    expect(reconcile(pods, 3).nextAvailable).toBeNull();
  });

  it("always ends with the replicas it should have, and deletes none twice", () => {
    const sketch = fc.record({
      phase: fc.constantFrom("Pending", "Running", "Failed"),
      deleted: fc.boolean(),
      age: fc.integer({ min: 0, max: 5_000 }),
      readyFor: fc.oneof(fc.constant(null), fc.integer({ min: 0, max: 5_000 })),
      restarts: fc.integer({ min: 0, max: 2 }),
    }) satisfies fc.Arbitrary<PodSketch>;
    const wanted = fc.integer({ min: 0, max: 12 });
    const property = fc.property(fc.array(sketch), wanted, (sketches, replicas) => {
      const pods = sketches.map(pod);
      const { create, delete: victims, status } = reconcile(pods, replicas);
      expect(status.replicas + create - victims.length).toBe(replicas);
      expect(new Set(victims).size).toBe(victims.length);
      for (const index of victims) expect(pods[index]).toMatchObject({ deleted: false });
    });
    fc.assert(property, { numRuns: 200 });
  });
});
