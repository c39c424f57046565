import { assert } from "../kernel/assert.ts";
import type { ReplicaSetStatus } from "../policy/replicaSet.ts";
import type { RouteRule, ScaleSelector } from "../policy/rollout.ts";
import type {
  DeploymentObservation,
  ReplicaSetSpec,
} from "../policy/rollouts/deployment/contract.ts";
import type { WorkloadSpec } from "./clusterSpec.ts";

/** A ReplicaSet; the revision of its pods names it. */
export interface ReplicaSet {
  /** Index of the revision. */
  readonly revision: number;
  spec: ReplicaSetSpec;
  status: ReplicaSetStatus;
}

/**
 * A workload with its ReplicaSets: plain data. The cluster numbers services; `service` is its
 * number there.
 */
export interface Workload {
  readonly spec: WorkloadSpec;
  readonly service: number;
  readonly revisions: readonly string[];
  /** By revision: the spec as its pods have it. */
  readonly templates: readonly WorkloadSpec[];
  /** `spec.replicas`. */
  replicas: number;
  /** Grows with every change of the Deployment's spec. */
  generation: number;
  /** `spec.paused`: its Deployment's rollouts stand still. */
  paused: boolean;
  /** Index of the revision of the wanted pod template. */
  template: number;
  /** In order of creation; of a StatefulSet none. */
  readonly replicaSets: ReplicaSet[];
  /** Index of the revision that is known to be good. */
  stable: number;
  routes: readonly RouteRule[];
  /** Index of the revision that a rollout is bringing in; null when none is under way. */
  rollout: number | null;
  /** Which pods autoscalers see; as the last rollout has set it. */
  scaleSelector: ScaleSelector;
}

const NO_PODS: ReplicaSetStatus = {
  replicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  terminatingReplicas: 0,
};

export function newWorkload(
  spec: WorkloadSpec,
  service: number,
  revisions: readonly string[],
): Workload {
  const workload: Workload = {
    spec,
    service,
    revisions,
    templates: revisions.map((revision) => ({ ...spec, ...spec.revisions[revision] })),
    replicas: spec.replicas,
    generation: 1,
    paused: spec.paused,
    template: 0,
    replicaSets: [],
    stable: 0,
    routes: [],
    rollout: null,
    scaleSelector: "all",
  };
  if (spec.statefulSet !== undefined) return workload;
  replicaSetOf(workload, 0).spec = { ...sizedSpec(workload, spec.replicas), revision: 1 };
  return workload;
}

/** The number of a workload, by its name; an assertion fails where there is none. */
export function workloadIndex(workloads: readonly Workload[], name: string): number {
  const index = workloads.findIndex(({ spec }) => spec.name === name);
  assert(index >= 0, `no workload ${name}`);
  return index;
}

/** The ReplicaSet of a revision, which is created empty where there is none. */
export function replicaSetOf(workload: Workload, revision: number): ReplicaSet {
  const found = workload.replicaSets.find((set) => set.revision === revision);
  if (found !== undefined) return found;
  const set: ReplicaSet = { revision, spec: sizedSpec(workload, 0), status: NO_PODS };
  workload.replicaSets.push(set);
  return set;
}

/** The number of a revision, by its name; an assertion fails where there is none. */
export function revisionIndex({ revisions, spec }: Workload, name: string): number {
  const index = revisions.indexOf(name);
  assert(index >= 0, `no revision ${name} of ${spec.name}`);
  return index;
}

/** The revision whose pods alone are in the scale's status and selector; null: all are. */
export function scaledRevision(workload: Workload): number | null {
  const { scaleSelector, routes, stable, revisions } = workload;
  if (scaleSelector === "all") return null;
  const weights = routes.at(-1)?.weights ?? {};
  const active = Object.keys(weights).find((name) => weights[name] === 1);
  return active === undefined ? stable : revisions.indexOf(active);
}

/** A ReplicaSet's spec as a rollout writes it, which keeps no annotations of size. */
export function sizedSpec(workload: Workload, replicas: number): ReplicaSetSpec {
  return {
    replicas,
    minReadySeconds: workload.spec.deployment.minReadySeconds,
    revision: 0,
    desiredReplicas: workload.replicas,
    maxReplicas: workload.replicas,
  };
}

/** Replicas that all its ReplicaSets should have, or a StatefulSet. */
export const wantedReplicas = ({ spec, replicas, replicaSets }: Workload): number =>
  spec.statefulSet === undefined
    ? replicaSets.reduce((sum, set) => sum + set.spec.replicas, 0)
    : replicas;

/** What the API server lists of a Deployment. */
export function observeDeployment(
  workload: Workload,
  unfinishedPods: (revision: number) => number,
): DeploymentObservation {
  const { generation, replicas, paused, template, revisions, replicaSets } = workload;
  return {
    generation,
    replicas,
    paused,
    template: revisions[template]!,
    replicaSets: replicaSets.map(({ revision, spec, status }) => ({
      template: revisions[revision]!,
      spec,
      status,
      unfinishedPods: unfinishedPods(revision),
    })),
  };
}
