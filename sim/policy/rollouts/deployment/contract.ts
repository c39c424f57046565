import type { Micros } from "../../../kernel/time.ts";
import type { Policy } from "../../policy.ts";
import type { ReplicaSetStatus } from "../../replicaSet.ts";
import type { DeploymentConfig, DeploymentSettings } from "./spec.ts";

/**
 * A policy that keeps the ReplicaSets of a Deployment for as long as the Deployment lives: unlike
 * a `RolloutPolicy` it is not started for one revision and has no verdict to come to. Call `step`
 * whenever something of its observation changed, and once per `syncPeriod` for its deadline, until
 * it holds. Its memory is what Kubernetes keeps in the Deployment's status, so that policies of
 * this kind can take over from one another.
 */
export type DeploymentPolicy = Policy<
  DeploymentConfig,
  DeploymentState,
  DeploymentObservation,
  DeploymentDecision
>;

/** What the API server lists of a Deployment and of the ReplicaSets it owns. */
export interface DeploymentObservation {
  /** Grows by one with every change of the Deployment's spec. */
  readonly generation: number;
  /** `spec.replicas`: what an autoscaler writes. */
  readonly replicas: number;
  readonly paused: boolean;
  /** Identity of the wanted pod template: equal strings mean equal templates. */
  readonly template: string;
  /** In order of creation, each template at most once. */
  readonly replicaSets: readonly ReplicaSetObservation[];
}

export interface ReplicaSetObservation {
  /** Its pod template, which names it among the ReplicaSets of its Deployment. */
  readonly template: string;
  readonly spec: ReplicaSetSpec;
  readonly status: ReplicaSetStatus;
  /** Pods that are neither Succeeded nor Failed, those being deleted included. */
  readonly unfinishedPods: number;
}

/** What the Deployment writes to a ReplicaSet. */
export interface ReplicaSetSpec {
  readonly replicas: number;
  readonly minReadySeconds: number;
  /** `deployment.kubernetes.io/revision`: greatest when its template became current last. */
  readonly revision: number;
  /**
   * `deployment.kubernetes.io/desired-replicas` and `…/max-replicas`: the Deployment's replicas,
   * without and with surge, when it last wrote this size.
   */
  readonly desiredReplicas: number;
  readonly maxReplicas: number;
}

/** A condition of `apps/v1`, with Kubernetes' own reasons. */
export type DeploymentCondition = {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly lastUpdate: Micros;
  readonly lastTransition: Micros;
};

export type DeploymentStatus = {
  /** Null until there is a ReplicaSet of the wanted template. */
  readonly revision: number | null;
  readonly observedGeneration: number;
  readonly replicas: number;
  readonly updatedReplicas: number;
  readonly readyReplicas: number;
  readonly availableReplicas: number;
  readonly unavailableReplicas: number;
  readonly terminatingReplicas: number;
  readonly progressing: DeploymentCondition | null;
  readonly available: DeploymentCondition | null;
};

export type DeploymentState = {
  readonly settings: DeploymentSettings;
  readonly status: DeploymentStatus;
};

/** Writes are to be carried out in their order; each says why it is made. */
export type DeploymentWrite =
  | {
      readonly kind: "create" | "update";
      readonly template: string;
      readonly spec: ReplicaSetSpec;
      readonly reason: WriteReason;
    }
  | { readonly kind: "delete"; readonly template: string; readonly reason: "HistoryLimit" }
  | { readonly kind: "status"; readonly status: DeploymentStatus; readonly reason: "Status" };

export type WriteReason =
  | "NewRevision"
  | "CurrentRevision"
  | "OnlyActive"
  | "Saturated"
  | "Proportional"
  | "SurgeRoom"
  | "AboveReplicas"
  | "UnhealthyOld"
  | "AvailableOld"
  | "RecreateDown"
  | "RecreateUp";

/** `write` has at least one write, and its reason is the first one's. */
export type DeploymentDecision =
  | { readonly kind: "hold"; readonly reason: string }
  | {
      readonly kind: "write";
      readonly reason: string;
      readonly writes: readonly DeploymentWrite[];
    };
