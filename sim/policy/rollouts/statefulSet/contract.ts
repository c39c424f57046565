import type { Micros } from "../../../kernel/time.ts";
import type { PodObservation } from "../../autoscaler.ts";
import type { Policy } from "../../policy.ts";
import type { StatefulSetConfig, StatefulSetSettings } from "./spec.ts";

/**
 * A policy that keeps the pods of a StatefulSet for as long as it lives. Call `step` whenever
 * something of its observation changed, and at a hold's `recheckAt`, until it holds.
 */
export type StatefulSetPolicy = Policy<
  StatefulSetConfig,
  StatefulSetState,
  StatefulSetObservation,
  StatefulSetDecision
>;

/** What the API server lists of a StatefulSet and its pods. */
export interface StatefulSetObservation {
  /** `spec.replicas`: what an autoscaler writes. */
  readonly replicas: number;
  /** Identity of the wanted pod template: the update revision. */
  readonly template: string;
  /** Those that exist, terminating ones included; each ordinal at most once. */
  readonly pods: readonly StatefulSetPod[];
}

export interface StatefulSetPod extends Pick<PodObservation, "deleted" | "ready"> {
  /** Label `apps.kubernetes.io/pod-index`. */
  readonly ordinal: number;
  /** The template it was created from. */
  readonly template: string;
}

export type StatefulSetState = {
  readonly settings: StatefulSetSettings;
  /** `status.currentRevision`: what pods below the partition are of. Null before the first step. */
  readonly currentRevision: string | null;
};

export type StatefulSetWrite =
  | {
      readonly kind: "create";
      readonly ordinal: number;
      readonly template: string;
      readonly reason: "MissingReplica";
    }
  | {
      readonly kind: "delete";
      readonly ordinal: number;
      readonly reason: "ScaleDown" | "Update";
    };

/** `write` has at least one write, and its reason is the first one's. */
export type StatefulSetDecision =
  | {
      readonly kind: "hold";
      readonly reason: "AtRest" | "WaitsForPod" | "WaitsForTermination";
      /** When a ready pod becomes available by the mere passing of time; null when none will. */
      readonly recheckAt: Micros | null;
    }
  | {
      readonly kind: "write";
      readonly reason: StatefulSetWrite["reason"];
      readonly writes: readonly StatefulSetWrite[];
    };
