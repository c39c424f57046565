import { describe, expect, it } from "vitest";
import {
  recreate,
  rolling,
  withSettings,
} from "../../../sim/policy/rollouts/deployment/deployment.ts";
import { deploymentSettings } from "../../../sim/policy/rollouts/deployment/spec.ts";
import { DeploymentWorld, sizesWritten } from "./deploymentWorld.ts";

describe("a rolling update", () => {
  it("takes its first steps at once, before any new pod is ready", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    expect(sizesWritten(world.change({ template: "v2" }))).toEqual([
      "v2 3 NewRevision",
      "v1 8 AvailableOld",
      "v2 5 SurgeRoom",
    ]);
  });

  it("counts spec.replicas: terminating pods take no room", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    const [v1] = world.replicaSets;
    const status = { ...v1!.status, terminatingReplicas: 50 };
    world.patchReplicaSet("v1", { status, unfinishedPods: 60 });
    world.change({ template: "v2" });
    expect(world.sizes).toEqual({ v1: 8, v2: 5 });
    expect(world.state.status.terminatingReplicas).toBe(0);
  });

  it("removes unavailable old replicas first, and may spend all its room on them", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    world.available("v1", 6);
    expect(sizesWritten(world.change({ template: "v2" }))).toEqual([
      "v2 3 NewRevision",
      "v1 8 UnhealthyOld",
      "v2 5 SurgeRoom",
    ]);
  });

  it("takes a half-rolled version back before the one that serves", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    world.change({ template: "v2" });
    expect(sizesWritten(world.change({ template: "v3" }))).toEqual([
      "v3 0 NewRevision",
      "v2 0 UnhealthyOld",
      "v3 5 SurgeRoom",
    ]);
    expect(world.sizes).toEqual({ v1: 8, v2: 0, v3: 5 });
  });

  it("goes back to an old template step by step, under a new revision number", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    world.change({ template: "v2" });
    world.available("v2", 5);
    const revisions = (): unknown => world.replicaSets.map(({ spec }) => spec.revision);
    expect(revisions()).toEqual([1, 2]);
    const first = world.change({ template: "v1" });
    expect(first[0]).toMatchObject({ kind: "update", template: "v1", reason: "CurrentRevision" });
    expect(revisions()).toEqual([3, 2]);
    expect(world.state.status.revision).toBe(3);
    expect(world.total).toBeLessThanOrEqual(13);
    world.settle();
    expect(world.sizes).toEqual({ v1: 10, v2: 0 });
  });

  it("counts replicas that are still to be created as unavailable", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    world.change({ template: "v2" });
    expect(world.state.status.unavailableReplicas).toBe(13 - 8);
  });
});

describe("scaling", () => {
  it("shares new replicas in proportion, the old version included, then rolls on", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    world.change({ template: "v2" });
    const written = sizesWritten(world.change({ replicas: 15 }));
    expect(written.slice(0, 2)).toEqual(["v1 12 Proportional", "v2 7 Proportional"]);
  });

  it.each([
    { why: "the younger of equals gets the leftover when growing", to: 5, want: ["v2 4", "v1 3"] },
    { why: "the older of equals bears the leftover when shrinking", to: 3, want: ["v1 2", "v2 3"] },
  ])("$why", ({ to, want }) => {
    const strategy = { rollingUpdate: { maxSurge: 2, maxUnavailable: 2 } };
    const world = DeploymentWorld.complete(rolling, 4, { strategy });
    world.change({ template: "v2" });
    for (const { template, spec } of world.replicaSets) {
      world.patchReplicaSet(template, { spec: { ...spec, replicas: 3 } });
    }
    const written = sizesWritten(world.change({ replicas: to }));
    expect(written.slice(0, 2)).toEqual(want.map((text) => `${text} Proportional`));
  });

  it("gives a lone ReplicaSet the full count", () => {
    const world = DeploymentWorld.complete(rolling, 4);
    expect(sizesWritten(world.change({ replicas: 9 }))).toEqual(["v1 9 OnlyActive"]);
  });

  it("empties old ones at once when the new one is full and available already", () => {
    const world = DeploymentWorld.complete(rolling, 10);
    world.change({ template: "v2" });
    const [v1, v2] = world.replicaSets;
    world.patchReplicaSet("v1", { spec: { ...v1!.spec, replicas: 2 } });
    world.patchReplicaSet("v2", {
      spec: { ...v2!.spec, replicas: 12, desiredReplicas: 12 },
      status: { replicas: 12, readyReplicas: 12, availableReplicas: 12, terminatingReplicas: 0 },
    });
    expect(sizesWritten(world.change({ replicas: 12 }))).toEqual(["v1 0 Saturated"]);
  });

  it("leaves Progressing alone, and judges Available against the new count at once", () => {
    const world = DeploymentWorld.complete(rolling, 4);
    expect(world.progressing).toBe("True/NewReplicaSetAvailable");
    world.change({ replicas: 12 });
    expect(world.progressing).toBe("True/NewReplicaSetAvailable");
    expect(world.state.status.available?.status).toBe("False");
  });
});

describe("a pause", () => {
  it("holds a new template back, but not a new size", () => {
    const world = DeploymentWorld.complete(rolling, 4);
    expect(world.change({ paused: true, template: "v2" })).toEqual([]);
    expect(world.progressing).toBe("Unknown/DeploymentPaused");
    expect(sizesWritten(world.change({ replicas: 6 }))).toEqual(["v1 6 OnlyActive"]);
    world.change({ paused: false });
    expect(Object.keys(world.sizes)).toEqual(["v1", "v2"]);
  });

  it("starts the deadline's clock anew when it ends", () => {
    const world = DeploymentWorld.complete(rolling, 4, { progressDeadlineSeconds: 30 });
    world.change({ template: "v2" });
    world.now = 20;
    world.change({ paused: true });
    world.now = 500;
    world.change({ paused: false });
    expect(world.progressing).toBe("Unknown/DeploymentResumed");
    world.now = 530;
    world.rest();
    expect(world.progressing).toBe("Unknown/DeploymentResumed");
    world.now = 531;
    world.rest();
    expect(world.progressing).toBe("False/ProgressDeadlineExceeded");
  });
});

describe("the progress deadline", () => {
  it("is exceeded after its last second, stops nothing, and is forgotten with progress", () => {
    const world = DeploymentWorld.complete(rolling, 4, { progressDeadlineSeconds: 30 });
    world.now = 100;
    world.change({ template: "v2" });
    world.now = 130;
    expect(world.rest()).toEqual([]);
    expect(world.progressing).toBe("True/ReplicaSetUpdated");
    world.now = 131;
    world.rest();
    expect(world.progressing).toBe("False/ProgressDeadlineExceeded");
    expect(world.available("v2", 1).length).toBeGreaterThan(0);
    expect(world.progressing).toBe("True/ReplicaSetUpdated");
  });

  it("no longer concerns a rollout that was complete, even if its pods die", () => {
    const world = DeploymentWorld.complete(rolling, 4, { progressDeadlineSeconds: 30 });
    world.available("v1", 0);
    world.now = 10_000;
    world.rest();
    expect(world.progressing).toBe("True/NewReplicaSetAvailable");
    expect(world.state.status.available?.reason).toBe("MinimumReplicasUnavailable");
  });

  it("can be switched off, and then there is no condition", () => {
    const config = { progressDeadlineSeconds: 2_147_483_647 };
    const world = DeploymentWorld.complete(rolling, 4, config);
    world.change({ template: "v2" });
    expect(world.progressing).toBeNull();
  });
});

describe("the history", () => {
  it("loses its oldest revisions once the Deployment is complete, not before", () => {
    const world = DeploymentWorld.complete(rolling, 4, { revisionHistoryLimit: 1 });
    for (const template of ["v2", "v3", "v4"]) world.change({ template });
    expect(Object.keys(world.sizes)).toEqual(["v1", "v2", "v3", "v4"]);
    world.settle();
    expect(world.sizes).toEqual({ v3: 0, v4: 4 });
  });

  it("is cut after a change of the spec only once the status speaks of that spec", () => {
    const world = DeploymentWorld.complete(rolling, 4);
    world.change({ template: "v2" });
    world.settle();
    world.state = withSettings(world.state, deploymentSettings({ revisionHistoryLimit: 0 }));
    expect(world.changeAndStep({}).map(({ kind }) => kind)).toEqual(["status"]);
    expect(world.step().map(({ kind }) => kind)).toEqual(["delete"]);
  });

  it("keeps a revision that still has pods, even above the limit", () => {
    const world = DeploymentWorld.complete(rolling, 4, { revisionHistoryLimit: 0 });
    world.change({ template: "v2" });
    world.patchReplicaSet("v1", {
      spec: { ...world.replicaSets[0]!.spec, replicas: 0 },
      status: { replicas: 1, readyReplicas: 0, availableReplicas: 0, terminatingReplicas: 0 },
    });
    world.patchReplicaSet("v2", { spec: { ...world.replicaSets[1]!.spec, replicas: 4 } });
    world.available("v2", 4);
    expect(Object.keys(world.sizes)).toEqual(["v1", "v2"]);
  });
});

describe("Recreate", () => {
  it("starts nothing new while an old pod is left, terminating ones included", () => {
    const world = DeploymentWorld.complete(recreate, 4);
    expect(sizesWritten(world.change({ template: "v2" }))).toEqual([
      "v1 0 RecreateDown",
      "v2 4 NewRevision",
    ]);
    world.settle();
    const terminating = { ...world.replicaSets[1]!.status, replicas: 0, terminatingReplicas: 4 };
    world.wanted = { ...world.wanted, template: "v3" };
    expect(sizesWritten(world.step())).toEqual(["v2 0 RecreateDown"]);
    world.patchReplicaSet("v2", { status: terminating, unfinishedPods: 4 });
    expect(sizesWritten(world.rest())).toEqual([]);
    world.patchReplicaSet("v2", { unfinishedPods: 1 });
    expect(sizesWritten(world.rest())).toEqual([]);
    world.patchReplicaSet("v2", { unfinishedPods: 0 });
    expect(sizesWritten(world.rest())).toEqual(["v3 4 NewRevision"]);
  });

  it("scales an old template up again when it comes back", () => {
    const world = DeploymentWorld.complete(recreate, 4);
    world.change({ template: "v2" });
    expect(sizesWritten(world.change({ template: "v1" })).slice(-2)).toEqual([
      "v2 0 RecreateDown",
      "v1 4 RecreateUp",
    ]);
  });
});

describe.each([rolling, recreate])("the policy $name", (policy) => {
  it.each([
    { bad: null },
    { bad: 3 },
    { bad: [] },
    { bad: { stratgy: {} } },
    { bad: { strategy: { type: "Canary" } } },
    { bad: { minReadySeconds: -1 } },
    { bad: { progressDeadlineSeconds: 10, minReadySeconds: 10 } },
    { bad: { strategy: { rollingUpdate: { maxSurge: "a lot" } } } },
    { bad: { strategy: { type: "Recreate", rollingUpdate: {} } } },
  ])("explains why $bad is no configuration", ({ bad }) => {
    const problems = policy.validate(bad);
    expect(problems.length).toBeGreaterThan(0);
    for (const { expected, received } of problems) {
      expect(expected).not.toBe("");
      expect(received).not.toBe("");
    }
  });

  it("accepts an empty configuration, and goes on from a state that went through JSON", () => {
    expect(policy.validate({})).toEqual([]);
    const world = DeploymentWorld.complete(policy, 7);
    const other = DeploymentWorld.complete(policy, 7);
    other.state = JSON.parse(JSON.stringify(other.state));
    expect(other.change({ template: "v2" })).toEqual(world.change({ template: "v2" }));
    expect(other.state).toEqual(world.state);
  });
});

it.each([
  { maxSurge: 0, maxUnavailable: "0%", path: "maxUnavailable" },
  { maxSurge: "0%", maxUnavailable: 0, path: "maxUnavailable" },
  { maxSurge: 1, maxUnavailable: "101%", path: "maxUnavailable" },
  { maxSurge: -1, maxUnavailable: 1, path: "maxSurge" },
  { maxSurge: 1.5, maxUnavailable: 1, path: "maxSurge" },
])("a rolling update of $maxSurge and $maxUnavailable is refused at $path", (rollingUpdate) => {
  const { path, ...limits } = rollingUpdate;
  const problems = rolling.validate({ strategy: { rollingUpdate: limits } });
  expect(problems.map((problem) => problem.path.at(-1))).toEqual([path]);
});
