import type { RouteRule } from "../policy/rollout.ts";
import type { DeploymentSpec } from "./clusterSpec.ts";

/**
 * A Deployment with its revisions: plain data. The cluster numbers services; `service` is its
 * number there.
 */
export interface Workload {
  readonly spec: DeploymentSpec;
  readonly service: number;
  readonly revisions: readonly string[];
  /** `spec.replicas` of the Deployment. */
  replicas: number;
  /**
   * `spec.replicas` of each revision's ReplicaSet; they add up to `replicas` unless a rollout says
   * otherwise.
   */
  readonly revisionReplicas: number[];
  /** Index of the revision that is known to be good. */
  stable: number;
  routes: readonly RouteRule[];
}

export function newWorkload(
  spec: DeploymentSpec,
  service: number,
  revisions: readonly string[],
): Workload {
  return {
    spec,
    service,
    revisions,
    replicas: spec.replicas,
    revisionReplicas: revisions.map((_, index) => (index === 0 ? spec.replicas : 0)),
    stable: 0,
    routes: [],
  };
}
