import type { Micros } from "../kernel/time.ts";
import type { DeploymentSettings } from "../policy/rollouts/deployment/spec.ts";
import type { DistributionSpec } from "../workload/distributions.ts";

export interface NodeSpec {
  readonly name: string;
  readonly zone: string;
  readonly region: string;
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

/** A probe (`core/v1` Probe). */
export interface ProbeSpec {
  readonly initialDelay: Micros;
  readonly period: Micros;
  /** An answer that takes longer is a failure. */
  readonly timeout: Micros;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** A workload: what Kubernetes is told about a service. */
export interface WorkloadSpec {
  readonly name: string;
  readonly replicas: number;
  readonly container: {
    readonly name: string;
    readonly requests: {
      readonly cpuMillicores: number | null;
      readonly memoryBytes: number | null;
    };
    readonly limits: { readonly cpuMillicores: number | null; readonly memoryBytes: number | null };
  };
  /** How a Deployment rolls. */
  readonly deployment: DeploymentSettings;
  readonly readinessProbe: ProbeSpec | null;
  readonly terminationGracePeriod: Micros;
  /** From the start of the container until the process listens. */
  readonly startup: DistributionSpec;
  readonly imagePull: DistributionSpec;
}

/** The metrics pipeline from the kubelet to the metrics API. */
export interface MetricsSpec {
  /** The kubelet's usage is read this often. */
  readonly scrapeInterval: Micros;
  /** CPU usage is the mean over this long before the scrape. */
  readonly window: Micros;
  /** From the scrape until the API answers with it. */
  readonly lag: Micros;
}

export interface ClusterSpec {
  readonly nodes: readonly NodeSpec[];
  readonly workloads: readonly WorkloadSpec[];
  readonly metrics: MetricsSpec;
  /** From the creation of a pod until the scheduler has bound it (when it fits somewhere). */
  readonly scheduling: DistributionSpec;
  /** From a pod's readiness (or its deletion) until callers know. */
  readonly endpointLag: DistributionSpec;
}
