import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { micros, seconds } from "../../../sim/kernel/time.ts";
import type {
  StatefulSetDecision,
  StatefulSetPod,
} from "../../../sim/policy/rollouts/statefulSet/contract.ts";
import {
  type StatefulSetConfig,
  validateStatefulSetConfig,
} from "../../../sim/policy/rollouts/statefulSet/spec.ts";
import { statefulSet } from "../../../sim/policy/rollouts/statefulSet/statefulSet.ts";

type Pod = { -readonly [Key in keyof StatefulSetPod]: StatefulSetPod[Key] };

/** A StatefulSet whose pods become ready and go when the test says so. Times are seconds. */
class World {
  replicas: number;
  template = "v1";
  now = 0;
  pods: Pod[] = [];
  #state;

  constructor(replicas: number, config: StatefulSetConfig = {}) {
    this.replicas = replicas;
    this.#state = statefulSet.init(config);
  }

  /** A StatefulSet of v1 whose pods are all ready. */
  static complete(replicas: number, config: StatefulSetConfig = {}): World {
    const world = new World(replicas, config);
    for (let i = 0; i < replicas; i++) world.#create(i, "v1");
    world.pods.forEach((_, i) => {
      world.makeReady(i);
    });
    world.now = 1000;
    expect(world.settle()).toEqual([]);
    return world;
  }

  step(): StatefulSetDecision {
    const { replicas, template, pods } = this;
    const observation = { replicas, template, pods };
    const result = statefulSet.step(this.#state, observation, seconds(this.now), () => 0.5);
    this.#state = result.state;
    const { decision } = result;
    for (const write of decision.kind === "write" ? decision.writes : []) {
      if (write.kind === "create") this.#create(write.ordinal, write.template);
      else this.pod(write.ordinal).deleted = true;
    }
    return decision;
  }

  /** What was written until it came to rest: +2 a creation, -2 a deletion. */
  settle(): readonly string[] {
    const written: string[] = [];
    for (let step = 0; step < 100; step++) {
      const decision = this.step();
      if (decision.kind === "hold") return written;
      for (const { kind, ordinal } of decision.writes) {
        written.push(`${kind === "create" ? "+" : "-"}${ordinal}`);
      }
    }
    throw new Error("it does not come to rest");
  }

  pod(ordinal: number): Pod {
    const pod = this.pods.find((other) => other.ordinal === ordinal);
    if (pod === undefined) throw new Error(`no pod ${ordinal}`);
    return pod;
  }

  makeReady(ordinal: number, status = true): void {
    this.pod(ordinal).ready = { status, lastTransition: seconds(this.now) };
  }

  remove(ordinal: number): void {
    this.pods = this.pods.filter((pod) => pod.ordinal !== ordinal);
  }

  get templates(): readonly string[] {
    return [...this.pods].sort((a, b) => a.ordinal - b.ordinal).map(({ template }) => template);
  }

  #create(ordinal: number, template: string): void {
    const exists = this.pods.some((pod) => pod.ordinal === ordinal);
    expect(exists).toBe(false);
    const ready = { status: false, lastTransition: micros(0) };
    this.pods.push({ ordinal, template, deleted: false, ready });
  }
}

/** What an update deletes, a look each, when pods go and become ready between any two looks. */
function updateOrder(world: World): readonly string[] {
  const looks: string[] = [];
  for (let look = 0; look < 50; look++) {
    const written = world.settle();
    if (written.length === 0) return looks;
    const deletions = written.filter((write) => write.startsWith("-"));
    if (deletions.length > 0) looks.push(deletions.join(" "));
    for (const { ordinal } of world.pods.filter(({ deleted }) => deleted)) world.remove(ordinal);
    for (const { ordinal } of world.pods) world.makeReady(ordinal);
  }
  throw new Error("the update does not end");
}

describe("OrderedReady", () => {
  it("creates a pod when all before it are ready", () => {
    const world = new World(3);
    expect(world.settle()).toEqual(["+0"]);
    expect(world.settle()).toEqual([]);
    world.makeReady(0);
    expect(world.settle()).toEqual(["+1"]);
    world.makeReady(0, false);
    world.makeReady(1);
    expect(world.settle()).toEqual([]);
    world.makeReady(0);
    expect(world.settle()).toEqual(["+2"]);
  });

  it("waits for minReadySeconds, and says until when", () => {
    const world = new World(2, { minReadySeconds: 10 });
    world.settle();
    world.now = 5;
    world.makeReady(0);
    expect(world.step()).toMatchObject({ reason: "WaitsForPod", recheckAt: seconds(15) });
    world.now = 15;
    expect(world.settle()).toEqual(["+1"]);
  });

  it("scales down from the highest ordinal, one gone before the next goes", () => {
    const world = World.complete(4);
    world.replicas = 1;
    expect(world.settle()).toEqual(["-3"]);
    expect(world.step()).toMatchObject({ kind: "hold", reason: "WaitsForTermination" });
    world.remove(3);
    expect(world.settle()).toEqual(["-2"]);
    world.remove(2);
    expect(world.settle()).toEqual(["-1"]);
    world.remove(1);
    expect(world.settle()).toEqual([]);
  });

  it("scales down no pod while a lower one is not ready, but that one itself", () => {
    const world = World.complete(4);
    world.replicas = 2;
    world.makeReady(0, false);
    expect(world.step()).toMatchObject({ kind: "hold", reason: "WaitsForPod" });
    world.makeReady(0);
    world.makeReady(2, false);
    // The highest is healthy: it may go, and then the unhealthy one.
    expect(world.settle()).toEqual(["-3"]);
    world.remove(3);
    expect(world.settle()).toEqual(["-2"]);
  });

  it("brings a lost pod back under its own ordinal, when it is gone", () => {
    const world = World.complete(3);
    world.pod(1).deleted = true;
    expect(world.settle()).toEqual([]);
    world.remove(1);
    expect(world.settle()).toEqual(["+1"]);
  });

  it("is stuck with a broken update, as Kubernetes documents", () => {
    const world = World.complete(3);
    world.template = "v2";
    expect(world.settle()).toEqual(["-2"]);
    world.remove(2);
    expect(world.settle()).toEqual(["+2"]);
    world.template = "v3";
    expect(world.step()).toMatchObject({ kind: "hold", reason: "WaitsForPod" });
  });
});

describe("Parallel", () => {
  it("scales both ways at once", () => {
    const world = new World(3, { podManagementPolicy: "Parallel" });
    expect(world.settle()).toEqual(["+0", "+1", "+2"]);
    world.replicas = 0;
    expect(world.settle()).toEqual(["-2", "-1", "-0"]);
  });

  it("updates one by one all the same, and replaces what is broken of an older revision", () => {
    const world = World.complete(3, { podManagementPolicy: "Parallel" });
    world.template = "v2";
    expect(world.settle()).toEqual(["-2"]);
    world.remove(2);
    expect(world.settle()).toEqual(["+2"]);
    world.template = "v3";
    expect(world.settle()).toEqual(["-2"]);
  });
});

describe("updates", () => {
  it("go from the last to the first", () => {
    const world = World.complete(3);
    world.template = "v2";
    expect(updateOrder(world)).toEqual(["-2", "-1", "-0"]);
    expect(world.templates).toEqual(["v2", "v2", "v2"]);
  });

  it("leave pods below the partition as they are, which come back of the current revision", () => {
    const world = World.complete(4, { updateStrategy: { rollingUpdate: { partition: 2 } } });
    world.template = "v2";
    expect(updateOrder(world)).toEqual(["-3", "-2"]);
    world.remove(0);
    world.settle();
    expect(world.templates).toEqual(["v1", "v1", "v2", "v2"]);
  });

  it.each([
    { maxUnavailable: 2, want: ["-4 -3", "-2 -1", "-0"] },
    { maxUnavailable: "50%", want: ["-4 -3", "-2 -1", "-0"] },
    { maxUnavailable: "10%", want: ["-4", "-3", "-2", "-1", "-0"] },
  ])("take $maxUnavailable at once", ({ maxUnavailable, want }) => {
    const world = World.complete(5, { updateStrategy: { rollingUpdate: { maxUnavailable } } });
    world.template = "v2";
    expect(updateOrder(world)).toEqual(want);
  });

  it("wait, OnDelete, until a pod is gone for another reason", () => {
    const world = World.complete(2, { updateStrategy: { type: "OnDelete" } });
    world.template = "v2";
    expect(world.settle()).toEqual([]);
    world.remove(0);
    expect(world.settle()).toEqual(["+0"]);
    expect(world.templates).toEqual(["v2", "v1"]);
  });
});

describe("a StatefulSet's settings", () => {
  it.each([
    [{ updateStrategy: { rollingUpdate: { partition: -1 } } }, ["updateStrategy"]],
    [{ updateStrategy: { rollingUpdate: { maxUnavailable: 0 } } }, ["updateStrategy"]],
    [{ updateStrategy: { rollingUpdate: { maxUnavailable: "120%" } } }, ["updateStrategy"]],
    [{ updateStrategy: { type: "OnDelete", rollingUpdate: {} } }, ["updateStrategy"]],
    [{ podManagementPolicy: "Ordered" }, ["podManagementPolicy"]],
  ])("refuses %j", (config, place) => {
    const problems = validateStatefulSetConfig(config);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.path.slice(0, 1)).toEqual(place);
  });
});

/** What may happen between two looks of the controller. */
const happening = fc.record({
  kind: fc.constantFrom("ready", "gone", "scale", "template", "later"),
  value: fc.nat({ max: 6 }),
});

function happen(world: World, { kind, value }: { kind: string; value: number }): void {
  const pod = world.pods[value % Math.max(1, world.pods.length)];
  if (kind === "ready" && pod !== undefined && !pod.deleted) world.makeReady(pod.ordinal);
  if (kind === "gone" && pod?.deleted) world.remove(pod.ordinal);
  if (kind === "scale") world.replicas = value;
  if (kind === "template") world.template = `v${value}`;
  if (kind === "later") world.now += value;
}

const isReady = (pod: Pod): boolean => pod.ready?.status === true && !pod.deleted;

describe("whatever happens to an ordered StatefulSet", () => {
  it("has at most one pod that is not ready, and no gap before it", () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), fc.nat({ max: 3 }), (all, minReady) => {
        const world = new World(3, { minReadySeconds: minReady });
        for (const event of all) {
          happen(world, event);
          world.settle();
          expect(world.pods.filter((pod) => !isReady(pod)).length).toBeLessThanOrEqual(1);
          const ordinals = world.pods.map(({ ordinal }) => ordinal).sort((a, b) => a - b);
          expect(ordinals).toEqual(ordinals.map((_, i) => i));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("comes to have what is wanted, once pods become ready and go", () => {
    fc.assert(
      fc.property(
        fc.array(happening, { maxLength: 40 }),
        fc.constantFrom("OrderedReady" as const, "Parallel" as const),
        (all, podManagementPolicy) => {
          const world = new World(2, { podManagementPolicy });
          for (const event of all) {
            happen(world, event);
            world.settle();
          }
          for (let round = 0; round < 60; round++) {
            for (const pod of [...world.pods]) {
              if (pod.deleted) world.remove(pod.ordinal);
              else world.makeReady(pod.ordinal);
            }
            world.settle();
          }
          const { replicas, template, pods } = world;
          expect(pods.map(({ ordinal }) => ordinal).sort((a, b) => a - b)).toEqual(
            Array.from({ length: replicas }, (_, i) => i),
          );
          expect(pods.every((pod) => pod.template === template && isReady(pod))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
