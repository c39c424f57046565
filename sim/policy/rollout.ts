import type { Json } from "../kernel/json.ts";
import type { Micros } from "../kernel/time.ts";
import type { Policy } from "./policy.ts";

/** Traffic of one revision, as its callers saw it. */
export interface RevisionTraffic {
  /** Fractions come from flows. */
  readonly requests: number;
  readonly failures: number;
  /** Latency quantiles of its answered requests; null when it answered none. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** One revision; its traffic counts since the rollout's last reset of the counters. */
export interface RevisionObservation extends RevisionTraffic {
  readonly revision: string;
  /** `spec.replicas` of the revision's ReplicaSet. */
  readonly replicas: number;
  readonly availableReplicas: number;
  /** Share of the requests that are sent to it, 0 … 1. */
  readonly weight: number;
  /** Its traffic over the windows that the policy reads, whatever was reset; absent for none. */
  readonly recent?: readonly (RevisionTraffic & { readonly window: Micros })[];
}

export interface RolloutObservation {
  /** Replicas that the workload should have in all (`spec.replicas`). */
  readonly replicas: number;
  readonly stable: RevisionObservation;
  /** The revision that is being rolled out. */
  readonly canary: RevisionObservation;
  /** The same counters by region, for rollouts that go region by region. */
  readonly regions: readonly { readonly region: string; readonly canary: RevisionObservation }[];
}

/** A rule of weighted routing; the first rule that matches a request decides. */
export interface RouteRule {
  /** Which requests: absent attributes match all. */
  readonly match: {
    readonly region?: string;
    readonly tenant?: string;
    readonly users?: readonly string[];
  };
  /** Shares of the revisions, adding up to 1. */
  readonly weights: Readonly<Record<string, number>>;
  /**
   * `request`: each request anew. `user`: by hash of flag and user, so that a user stays on a side.
   */
  readonly sticky: "request" | "user";
  /** Name of the flag: two flags of one service choose different users. Absent, the service's. */
  readonly flag?: string;
}

/** All traffic goes to one revision, request by request. */
export const allTo = (revision: string): readonly RouteRule[] => [
  { match: {}, weights: { [revision]: 1 }, sticky: "request" },
];

/** A share of the traffic, 0 … 1, goes to the canary, and the rest to the stable revision. */
export const splitBetween = (
  stable: string,
  canary: string,
  share: number,
): readonly RouteRule[] => [
  { match: {}, weights: { [stable]: 1 - share, [canary]: share }, sticky: "request" },
];

/** How a rollout ends. */
export type RolloutVerdict = "promoted" | "rolled-back";

/**
 * What a rollout wants next. Rolling and blue-green speak through `replicas`, canaries through
 * `routes`, flags through sticky routes, regional rollouts through routes that match a region.
 * A `verdict` says what is settled already while traffic and replicas still follow.
 */
export type RolloutDecision =
  | { readonly kind: "hold"; readonly reason: string; readonly verdict?: RolloutVerdict }
  | {
      readonly kind: "advance";
      readonly reason: string;
      readonly stage: number;
      readonly routes: readonly RouteRule[];
      /** Wanted replicas by revision; absent revisions keep theirs. */
      readonly replicas: Readonly<Record<string, number>>;
      /** Start the revisions' counters anew. */
      readonly resetCounters: boolean;
      readonly verdict?: RolloutVerdict;
    }
  | { readonly kind: "promote"; readonly reason: string }
  | { readonly kind: "rollback"; readonly reason: string };

/** The pods of a workload that its scale is about: all of them, or those that have the traffic. */
export type ScaleSelector = "all" | "active";

export interface RolloutPolicy<Config = unknown, State extends Json = Json>
  extends Policy<Config, State, RolloutObservation, RolloutDecision> {
  /** Which pods autoscalers see from the start of a rollout on. Default all. */
  readonly scaleSelector?: ScaleSelector;
  /** Windows over which it reads the traffic (`observation.canary.recent`). Default none. */
  windows?(state: State): readonly Micros[];
}
