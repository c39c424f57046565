import type { ClusterSpec } from "../cluster/clusterSpec.ts";
import type { Fault } from "../control/fault.ts";
import type { LinkSpec, ServiceSpec } from "../dataplane/serviceSpec.ts";
import type { TopicSpec } from "../dataplane/topicSpec.ts";
import type { TrafficSpec } from "../dataplane/trafficSpec.ts";
import type { Json } from "../kernel/json.ts";
import type { Micros } from "../kernel/time.ts";

/**
 * A scenario that has been read, checked and normalised: times in microseconds, rates per second,
 * shares from 0 to 1, every default filled in, every name resolved. One per policy set, since
 * policies may overlay the rest.
 */
export interface Scenario {
  readonly version: 1;
  readonly name: string;
  readonly title: string;
  readonly seed: number;
  /** Measured time; warm-up comes before it and counts for nothing. */
  readonly duration: Micros;
  readonly warmUp: Micros;
  /** Whether it is to be as long as pilots find: `warmUp: auto`. */
  readonly isWarmUpAuto: boolean;
  readonly objective: readonly Objective[];
  readonly services: readonly ServiceSpec[];
  readonly links: readonly LinkSpec[];
  readonly traffic: readonly TrafficSpec[];
  readonly topics: readonly TopicSpec[];
  readonly cluster: ClusterSpec;
  readonly faults: readonly Fault[];
  readonly policy: PolicySet;
  readonly price: Price;
  readonly claims: readonly Claim[];
  /** What `peakday canary` varies; null without a rollout that it could judge. */
  readonly canary: CanaryGrid | null;
  /** Notes that the file makes on itself (`# assumed: …` and facts), for the report. */
  readonly notes: readonly ScenarioNote[];
}

export interface Objective {
  /**
   * Latency quantiles and means in ms; `failed` in percent of the requests, `missed` in percent of
   * the messages of topics with a deadline.
   */
  readonly metric: "mean" | "p50" | "p95" | "p99" | "failed" | "missed";
  /** The objective holds while the metric is below. */
  readonly limit: number;
}

/** One named set of policies: what `compare` compares. */
export interface PolicySet {
  readonly name: string;
  readonly about: string;
  readonly autoscalers: readonly PolicyUse[];
  /** Null: pools stay as they are. */
  readonly nodeAutoscaler: Omit<PolicyUse, "workload"> | null;
  /** Those of one workload in order of time: each takes over from the one before it. */
  readonly rollouts: readonly (PolicyUse & { readonly revision: string; readonly start: Micros })[];
  readonly pauses: readonly DeploymentPause[];
}

/** `spec.paused` of a Deployment is set, or taken back. */
export interface DeploymentPause {
  readonly workload: string;
  readonly paused: boolean;
  readonly at: Micros;
}

export interface PolicyUse {
  readonly workload: string;
  /** Name in the registry of policies. */
  readonly policy: string;
  readonly config: Json;
}

/**
 * Requested resources of all pods that have a node, starting and terminating ones included; or
 * nodes.
 */
export interface Price {
  readonly vcpuHourUsd: number;
  readonly gibHourUsd: number;
  /** Of every node, from asking for it on; in place of the others. Null: pods are billed. */
  readonly nodeHourUsd: number | null;
}

/** A sentence about scaling that a run can check: from → to ready replicas within a time. */
export interface Claim {
  readonly text: string;
  readonly workload: string;
  readonly from: number;
  readonly to: number;
  readonly within: Micros;
}

/** Releases that a rollout policy is judged by, and the traffic that it judges them on. */
export interface CanaryGrid {
  /** The set of policies and, in it, the workload whose rollout is judged. */
  readonly policy: string;
  readonly workload: string;
  /** Requests per second of all traffic together; null: in proportion to the scenario's own. */
  readonly rates: readonly number[] | null;
  /** True shares of errors of the new revision, 0 … 1, ascending, the healthy one among them. */
  readonly errorShares: readonly number[];
  readonly healthyErrorShare: number;
  readonly bug: {
    readonly errorShare: number;
    readonly latencyFactor: { readonly min: number; readonly max: number };
  };
  /** Other settings of the policy: keys that replace those of its configuration. */
  readonly variants: readonly {
    readonly name: string;
    readonly change: Readonly<Record<string, Json>>;
  }[];
  /** Rollouts of each kind; null leaves it to the program. */
  readonly runs: number | null;
}

export interface ScenarioNote {
  readonly line: number;
  /** Marked as such in the file; or found when its manifests were read. */
  readonly kind: "fact" | "assumed" | "not-modelled" | "without-effect";
  readonly text: string;
}
