import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeploymentWrite } from "../../../sim/policy/rollouts/deployment/contract.ts";
import { recreate, rolling } from "../../../sim/policy/rollouts/deployment/deployment.ts";
import { rollingLimits } from "../../../sim/policy/rollouts/deployment/fenceposts.ts";
import { DeploymentWorld } from "./deploymentWorld.ts";

const limit = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 0, max: 100 }).map((percent) => `${percent}%`),
);
const rollingUpdate = fc.record({ maxSurge: limit, maxUnavailable: limit });
const replicas = fc.integer({ min: 0, max: 40 });
const template = fc.constantFrom("v1", "v2", "v3", "v4");

type Happening =
  | { readonly kind: "template"; readonly template: string }
  | { readonly kind: "replicas"; readonly replicas: number }
  | { readonly kind: "paused"; readonly paused: boolean }
  | { readonly kind: "available"; readonly template: string; readonly share: number };

const happenings = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("template"), template }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("replicas"), replicas }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("paused"), paused: fc.boolean() }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("available"),
        template,
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
  ),
  { maxLength: 25 },
) satisfies fc.Arbitrary<Happening[]>;

/** What happens to the Deployment, before it is reconciled. */
function happen(world: DeploymentWorld, happening: Happening): void {
  if (happening.kind === "available") {
    const set = world.replicaSets.find((other) => other.template === happening.template);
    if (set === undefined) return;
    const count = Math.floor(happening.share * set.spec.replicas);
    const status = { ...set.status, readyReplicas: count, availableReplicas: count };
    world.patchReplicaSet(set.template, { status });
  } else {
    const { kind: _, ...fields } = happening;
    world.wanted = { ...world.wanted, ...fields };
  }
}

const reasonsOf = (writes: readonly DeploymentWrite[]): readonly string[] =>
  writes.map(({ reason }) => reason);

describe("whatever happens to a rolling Deployment", () => {
  it("its own writes keep within surge and above the minimum, and it comes to rest", () => {
    const property = fc.property(rollingUpdate, replicas, happenings, (limits, count, list) => {
      const world = DeploymentWorld.complete(rolling, count, {
        strategy: { rollingUpdate: limits },
      });
      for (const happening of list) {
        happen(world, happening);
        restWithinLimits(world);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });

  it("it ends with all replicas of the wanted template once pods become available", () => {
    const property = fc.property(rollingUpdate, replicas, happenings, (limits, count, list) => {
      const world = DeploymentWorld.complete(rolling, count, {
        strategy: { rollingUpdate: limits },
      });
      for (const happening of list) happen(world, happening);
      expectCompletion(world);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

describe("whatever happens to a Deployment with Recreate", () => {
  it("never are there replicas of two templates, and it ends complete", () => {
    const property = fc.property(replicas, happenings, (count, list) => {
      const world = DeploymentWorld.complete(recreate, count);
      for (const happening of list) {
        happen(world, happening);
        world.rest();
        expect(world.replicaSets.filter(({ spec }) => spec.replicas > 0).length).toBeLessThan(2);
      }
      expectCompletion(world);
    });
    fc.assert(property, { numRuns: 200 });
  });
});

/** Each reconciliation until rest keeps its promises. */
function restWithinLimits(world: DeploymentWorld): void {
  const { strategy } = world.state.settings;
  const { replicas: wanted } = world.wanted;
  const { maxSurge, maxUnavailable } = rollingLimits(strategy, wanted);
  for (let step = 0; ; step += 1) {
    expect(step).toBeLessThan(50);
    const before = { total: world.total, available: world.availableReplicas };
    const writes = world.step();
    if (writes.length === 0) break;
    const reasons = reasonsOf(writes);
    // Growing never exceeds the surge; what was there before may.
    expect(world.total).toBeLessThanOrEqual(Math.max(before.total, wanted + maxSurge));
    if (reasons.includes("AvailableOld")) {
      expect(world.availableReplicas).toBeGreaterThanOrEqual(wanted - maxUnavailable);
    } else if (reasons.includes("UnhealthyOld")) {
      expect(world.availableReplicas).toBe(before.available);
    }
  }
  expect(world.total).toBeLessThanOrEqual(wanted + maxSurge);
}

function expectCompletion(world: DeploymentWorld): void {
  world.change({ paused: false });
  world.settle();
  const { replicas: wanted, template: current } = world.wanted;
  expect(world.sizes[current]).toBe(wanted);
  expect(world.total).toBe(wanted);
  expect(world.progressing).toBe("True/NewReplicaSetAvailable");
  expect(world.state.status.available?.status).toBe("True");
}
