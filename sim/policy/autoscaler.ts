import type { Json } from "../kernel/json.ts";
import type { Micros } from "../kernel/time.ts";
import type { Policy } from "./policy.ts";

export type PodPhase = "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";

/** A pod as the API server lists it. */
export interface PodObservation {
  readonly name: string;
  readonly phase: PodPhase;
  /** It has a deletion timestamp: it is terminating. */
  readonly deleted: boolean;
  /** `status.startTime`: when a kubelet took it; null while it is not scheduled. */
  readonly startTime: Micros | null;
  /** The Ready condition; null when the pod has none yet. */
  readonly ready: { readonly status: boolean; readonly lastTransition: Micros } | null;
  readonly containers: readonly ContainerRequests[];
}

export interface ContainerRequests {
  readonly name: string;
  /** `resources.requests.cpu`; null when there is none. */
  readonly cpuMillicores: number | null;
  /** `resources.requests.memory`; null when there is none. */
  readonly memoryBytes: number | null;
}

/** One pod in the answer of the resource metrics API (metrics-server). */
export interface PodMetricsSample {
  readonly pod: string;
  readonly timestamp: Micros;
  readonly window: Micros;
  readonly containers: readonly {
    readonly name: string;
    /** Null when the sample lacks this resource. */
    readonly cpuMillicores: number | null;
    readonly memoryBytes: number | null;
  }[];
}

/** One pod's value of a custom metric, in thousandths. */
export interface PodMetricValue {
  readonly pod: string;
  readonly timestamp: Micros;
  readonly window: Micros;
  readonly valueMilli: number;
}

/**
 * Everything that an autoscaler of a workload can know at this moment: what the API server lists
 * and what the metrics APIs answer, as late and as incomplete as those are.
 */
export interface AutoscalerObservation {
  /** `scale.spec.replicas`. */
  readonly specReplicas: number;
  /** `scale.status.replicas`. */
  readonly statusReplicas: number;
  /** Pods matched by the scale's selector, in order of creation. */
  readonly pods: readonly PodObservation[];
  /** Null when the resource metrics API does not answer. */
  readonly resourceMetrics: readonly PodMetricsSample[] | null;
  /** Custom metrics per pod, by metric name; a missing name means that the API knows none. */
  readonly podsMetrics: Readonly<Record<string, readonly PodMetricValue[]>>;
  /** Custom metrics of one object, in thousandths, by metric name. */
  readonly objectMetrics: Readonly<Record<string, number>>;
  /** External metrics: the series' values in thousandths, by metric name. */
  readonly externalMetrics: Readonly<Record<string, readonly number[]>>;
}

/**
 * How a wanted replica count came about, stage by stage; the delay chain of a report is read off
 * these.
 */
export interface ScalingTrace {
  /** The metric that asked for most, as text for people: "cpu 143 % of 70 %". */
  readonly metric: string | null;
  /** What the metrics ask for, before any limit; null when none could be read. */
  readonly rawReplicas: number | null;
  /** After stabilization. */
  readonly stabilizedReplicas: number | null;
}

/**
 * Reasons are Kubernetes' own where there is one (conditions of `autoscaling/v2`), in CamelCase.
 */
export type AutoscalerDecision =
  | { readonly kind: "hold"; readonly reason: string; readonly trace: ScalingTrace }
  | {
      readonly kind: "scale";
      readonly replicas: number;
      readonly reason: string;
      readonly trace: ScalingTrace;
    };

export type AutoscalerPolicy<Config = unknown, State extends Json = Json> = Policy<
  Config,
  State,
  AutoscalerObservation,
  AutoscalerDecision
>;

export const NO_TRACE: ScalingTrace = { metric: null, rawReplicas: null, stabilizedReplicas: null };
