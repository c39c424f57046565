import type { AutoscalerPolicy } from "./autoscaler.ts";
import { fixed } from "./autoscalers/fixed.ts";
import { hpa } from "./autoscalers/hpa/hpa.ts";
import { createScheduled } from "./autoscalers/scheduled.ts";
import type { NodeAutoscalerPolicy } from "./nodeAutoscaler.ts";
import { clusterAutoscaler } from "./nodeAutoscalers/clusterAutoscaler.ts";
import type { RolloutPolicy } from "./rollout.ts";
import { argoCanary } from "./rollouts/argo/argoCanary.ts";
import { blueGreen } from "./rollouts/blueGreen.ts";
import type { DeploymentPolicy } from "./rollouts/deployment/contract.ts";
import { recreate, rolling } from "./rollouts/deployment/deployment.ts";
import { stagedCanary } from "./rollouts/stagedCanary.ts";
import type { StatefulSetPolicy } from "./rollouts/statefulSet/contract.ts";
import { statefulSet } from "./rollouts/statefulSet/statefulSet.ts";

/**
 * Policies by the name that a scenario calls them. A user's own come on top of the built-in ones.
 */
export interface PolicyRegistry {
  readonly autoscalers: Readonly<Record<string, AutoscalerPolicy>>;
  readonly rollouts: Readonly<Record<string, RolloutPolicy>>;
  readonly deployments: Readonly<Record<string, DeploymentPolicy>>;
  readonly statefulSets: Readonly<Record<string, StatefulSetPolicy>>;
}

/** Every autoscaler, by the name that a scenario calls it. */
export const autoscalers: Readonly<Record<string, AutoscalerPolicy>> = {
  hpa,
  fixed,
  scheduled: createScheduled({ hpa }),
};

/** Every rollout policy. */
const rollouts: Readonly<Record<string, RolloutPolicy>> = {
  "staged-canary": stagedCanary,
  "argo-canary": argoCanary,
  "blue-green": blueGreen,
};

/** What keeps the ReplicaSets of a Deployment. */
const deployments: Readonly<Record<string, DeploymentPolicy>> = { rolling, recreate };

/** What keeps the pods of a StatefulSet. */
const statefulSets: Readonly<Record<string, StatefulSetPolicy>> = { "stateful-set": statefulSet };

/** Every node autoscaler, by the name that a scenario calls it. */
export const nodeAutoscalers: Readonly<Record<string, NodeAutoscalerPolicy>> = {
  "cluster-autoscaler": clusterAutoscaler,
};

export const builtInPolicies: PolicyRegistry = {
  autoscalers,
  rollouts,
  deployments,
  statefulSets,
};
