import type { Micros } from "../kernel/time.ts";
import type { DisruptionBudgetSpec } from "../policy/disruptionBudget.ts";
import type { DeploymentSettings } from "../policy/rollouts/deployment/spec.ts";
import type { StatefulSetSettings } from "../policy/rollouts/statefulSet/spec.ts";
import type { Labels, PodSchedulingSpec, Taint } from "../policy/scheduling/spec.ts";
import type { DistributionSpec } from "../workload/distributions.ts";
import type { ImagePullSettings } from "./images.ts";
import type { MetricsSpec } from "./metricsSpec.ts";

export interface NodeSpec {
  readonly name: string;
  readonly zone: string;
  readonly region: string;
  /** `status.allocatable`. */
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
  /** The most pods that its kubelet takes. */
  readonly pods: number;
  /** Beside those of its name, zone and region. */
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** Null: of none, and never removed. */
  readonly pool: string | null;
}

/** A group of like nodes that a node autoscaler keeps at the right size. */
export interface NodePoolSpec {
  readonly name: string;
  readonly minSize: number;
  readonly maxSize: number;
  /** Nodes take turns. */
  readonly zones: readonly string[];
  readonly node: Omit<NodeSpec, "name" | "zone" | "pool">;
  /** From asking for a node until it is ready. */
  readonly provision: DistributionSpec;
}

/** A pool's nodes count from 1. */
export const poolNode = ({ name, zones, node }: NodePoolSpec, number: number): NodeSpec => ({
  ...node,
  name: `${name}-${number}`,
  zone: zones[(number - 1) % zones.length]!,
  pool: name,
});

/**
 * How a probe asks (`core/v1` ProbeHandler). `httpGet` and `grpc` are requests to the process.
 * `tcpSocket` is a connection, which the kernel accepts for whoever listens, however busy. `exec`
 * is a process of its own in the container: it takes CPU time, and no worker of the server's.
 */
export type ProbeHandler = "httpGet" | "tcpSocket" | "exec" | "grpc";

/** A probe (`core/v1` Probe). */
export interface ProbeSpec {
  readonly handler: ProbeHandler;
  readonly initialDelay: Micros;
  readonly period: Micros;
  /** An answer that takes longer is a failure. */
  readonly timeout: Micros;
  readonly successThreshold: number;
  readonly failureThreshold: number;
  /** Of a container that is killed for failing it; null for the pod's. */
  readonly terminationGracePeriod: Micros | null;
}

/** A container and its resources; null is none said. */
export interface ContainerSpec {
  readonly name: string;
  readonly requests: { readonly cpuMillicores: number | null; readonly memoryBytes: number | null };
  readonly limits: { readonly cpuMillicores: number | null; readonly memoryBytes: number | null };
}

/** A container beside the one that serves. Nothing happens to it. */
export interface SidecarSpec extends ContainerSpec {
  /** Always; of CPU as far as its node lets it. */
  readonly uses: { readonly cpuMillicores: number; readonly memoryBytes: number };
}

/** A workload: what Kubernetes is told about a service. */
export interface WorkloadSpec {
  readonly name: string;
  readonly replicas: number;
  /** The one that serves. */
  readonly container: ContainerSpec;
  readonly sidecars: readonly SidecarSpec[];
  /** What the scheduler counts. */
  readonly podRequests: { readonly cpuMillicores: number; readonly memoryBytes: number };
  /** What else the scheduler reads of a pod; its labels are those of its template. */
  readonly scheduling: Omit<PodSchedulingSpec, "requests" | "ownerSelector" | "images">;
  /** How a Deployment rolls. */
  readonly deployment: DeploymentSettings;
  /** `spec.paused` of its Deployment when the run begins. */
  readonly paused: boolean;
  /** It is a StatefulSet, and this is how its pods start and are replaced; else a Deployment. */
  readonly statefulSet?: StatefulSetSettings;
  readonly startupProbe: ProbeSpec | null;
  readonly readinessProbe: ProbeSpec | null;
  readonly livenessProbe: ProbeSpec | null;
  /**
   * When a pod without readiness probe is ready: in Kubernetes when its container runs, listening
   * or not.
   */
  readonly readyWhen: "listening" | "running";
  readonly terminationGracePeriod: Micros;
  /** How long the preStop hook takes, before SIGTERM. */
  readonly preStop: Micros;
  /**
   * What the process does with new requests from SIGTERM on: `serve` them until no caller knows it
   * any more, or `refuse` them, its listener closed.
   */
  readonly onSigterm: "serve" | "refuse";
  /**
   * What its pods have as `controller.kubernetes.io/pod-deletion-cost`: nothing, or the requests
   * and messages in them, as workers set it themselves, so that busy pods are deleted last.
   */
  readonly podDeletionCost: "none" | "in-flight";
  /** From the start of the container until the process listens. */
  readonly startup: DistributionSpec;
  /** CPU that it uses meanwhile; under a smaller limit it takes longer in proportion. */
  readonly startupCpuMillicores: number;
  /** Memory of the process from the start of its container on, before any request. */
  readonly idleMemoryBytes: number;
  /** Probes that its processes never answer well. */
  readonly failsProbes: readonly ("startup" | "readiness" | "liveness")[];
  /** How long a pull takes where the size is not known. */
  readonly imagePull: DistributionSpec;
  /** Pulled with the node's bandwidth; null: it takes a time that is drawn. */
  readonly imageBytes: number | null;
  /** All init containers, one after the other; null for none. */
  readonly initContainers: DistributionSpec | null;
  /** What the pod templates of revisions have instead, by the revision's name. */
  readonly revisions: Readonly<Record<string, RevisionTemplate>>;
}

export type RevisionTemplate = Partial<
  Pick<WorkloadSpec, "startup" | "startupCpuMillicores" | "idleMemoryBytes" | "failsProbes">
>;

/** A PodDisruptionBudget: what evictions of the pods of some workloads, taken together, ask. */
export interface WorkloadsBudget {
  readonly name: string;
  /** Whose pods it selects; every workload has one budget at most. */
  readonly workloads: readonly string[];
  readonly spec: DisruptionBudgetSpec;
}

/** What the sidecars use, all of them together. */
export function sidecarUse({ sidecars }: Pick<WorkloadSpec, "sidecars">): SidecarSpec["uses"] {
  const sum = (field: keyof SidecarSpec["uses"]): number =>
    sidecars.reduce((total, { uses }) => total + uses[field], 0);
  return { cpuMillicores: sum("cpuMillicores"), memoryBytes: sum("memoryBytes") };
}

/** What all containers that run at the same time ask for; null where none asks. */
export function requestsOf({
  container,
  sidecars,
}: Pick<WorkloadSpec, "container" | "sidecars">): ContainerSpec["requests"] {
  const sum = (field: keyof ContainerSpec["requests"]): number | null =>
    [container, ...sidecars].reduce<number | null>((total, { requests }) => {
      const asked = requests[field];
      return asked === null ? total : (total ?? 0) + asked;
    }, null);
  return { cpuMillicores: sum("cpuMillicores"), memoryBytes: sum("memoryBytes") };
}

export interface KubeletSpec {
  /**
   * Where the ticks of a probe are counted from. `container`: its start and the probe's initial
   * delay, so that the first probe comes exactly then. `pod`: the moment at which the kubelet took
   * the pod, as the kubelet's probe workers do, so that it comes up to a period later.
   */
  readonly probeTicks: "container" | "pod";
  readonly crashLoopBackOff: BackOffSpec;
}

/** Exponential back-off of restarts. */
export interface BackOffSpec {
  readonly initial: Micros;
  readonly max: Micros;
}

/** When autoscalers look, beside the period of each. */
export interface AutoscalerSyncSpec {
  /** The first look comes a whole period after the start, or a drawn part of it. */
  readonly phase: "aligned" | "drawn";
  /** Each look comes later by a drawn time up to this. */
  readonly jitter: Micros;
}

export interface ClusterSpec {
  /** Those that are there when the run begins. */
  readonly nodes: readonly NodeSpec[];
  readonly nodePools: readonly NodePoolSpec[];
  readonly workloads: readonly WorkloadSpec[];
  readonly disruptionBudgets: readonly WorkloadsBudget[];
  readonly metrics: MetricsSpec;
  readonly autoscalerSync: AutoscalerSyncSpec;
  readonly kubelet: KubeletSpec;
  readonly imagePulls: ImagePullSettings;
  /** From the creation of a pod until the scheduler has bound it (when it fits somewhere). */
  readonly scheduling: DistributionSpec;
  /** From a pod's readiness (or its deletion) until callers know. */
  readonly endpointLag: DistributionSpec;
  /** From then on until each calling service and the edge know, one draw each; null for at once. */
  readonly callerLag: DistributionSpec | null;
  /** How often a node that is short of CPU shares it out anew; null when none can be. */
  readonly contentionInterval: Micros | null;
}

/** Places of the nodes, in order of first mention: the data plane's zone numbers. */
export function zonesOf(
  spec: ClusterSpec,
): readonly { readonly zone: string; readonly region: string }[] {
  const zones: { zone: string; region: string }[] = [];
  const pooled = spec.nodePools.flatMap((pool) =>
    pool.zones.map((zone) => ({ zone, region: pool.node.region })),
  );
  for (const { zone, region } of [...spec.nodes, ...pooled]) {
    if (!zones.some((place) => place.zone === zone && place.region === region)) {
      zones.push({ zone, region });
    }
  }
  return zones;
}
