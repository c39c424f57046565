import type { Micros } from "../../kernel/time.ts";

/**
 * What kube-scheduler reads of nodes and pods, spelled as in `core/v1`: a manifest's `affinity`,
 * `tolerations` and `topologySpreadConstraints` fit in as they are. Quantities are parsed.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/
 */
export type Labels = Readonly<Record<string, string>>;

export const HOSTNAME_LABEL = "kubernetes.io/hostname";
export const ZONE_LABEL = "topology.kubernetes.io/zone";

export type TaintEffect = "NoSchedule" | "PreferNoSchedule" | "NoExecute";

export interface Taint {
  readonly key: string;
  readonly value?: string | undefined;
  readonly effect: TaintEffect;
}

export interface NodeResources {
  readonly cpuMillicores: number;
  readonly memoryBytes: number;
}

export interface SchedulingNode {
  readonly name: string;
  readonly labels: Labels;
  readonly taints: readonly Taint[];
  /** `status.allocatable`; `pods` is the most pods that the kubelet takes. */
  readonly allocatable: NodeResources & { readonly pods: number };
  /** `spec.unschedulable`: it is cordoned. */
  readonly unschedulable: boolean;
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[] | undefined;
}

export interface LabelSelector {
  readonly matchLabels?: Labels | undefined;
  readonly matchExpressions?: readonly LabelRequirement[] | undefined;
}

export interface NodeRequirement {
  readonly key: string;
  readonly operator: LabelRequirement["operator"] | "Gt" | "Lt";
  readonly values?: readonly string[] | undefined;
}

export interface NodeSelectorTerm {
  readonly matchExpressions?: readonly NodeRequirement[] | undefined;
  /** Of `metadata.name` only, as in Kubernetes. */
  readonly matchFields?: readonly NodeRequirement[] | undefined;
}

export interface NodeAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?:
    | { readonly nodeSelectorTerms: readonly NodeSelectorTerm[] }
    | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?:
    | readonly { readonly weight: number; readonly preference: NodeSelectorTerm }[]
    | undefined;
}

export interface PodAffinityTerm {
  readonly labelSelector?: LabelSelector | undefined;
  readonly topologyKey: string;
  /** Default: the pod's own. A `namespaceSelector` is not modelled. */
  readonly namespaces?: readonly string[] | undefined;
  readonly matchLabelKeys?: readonly string[] | undefined;
  readonly mismatchLabelKeys?: readonly string[] | undefined;
}

export interface WeightedPodAffinityTerm {
  readonly weight: number;
  readonly podAffinityTerm: PodAffinityTerm;
}

/** Of a `podAffinity`, and of a `podAntiAffinity`. */
export interface PodAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly PodAffinityTerm[] | undefined;
  readonly preferredDuringSchedulingIgnoredDuringExecution?:
    | readonly WeightedPodAffinityTerm[]
    | undefined;
}

export interface Toleration {
  /** Absent, with the operator Exists: every taint. */
  readonly key?: string | undefined;
  readonly operator?: "Exists" | "Equal" | undefined;
  readonly value?: string | undefined;
  readonly effect?: TaintEffect | undefined;
  /** How long a NoExecute taint is tolerated; absent: for good. */
  readonly tolerationSeconds?: number | undefined;
}

export interface TopologySpreadConstraint {
  readonly maxSkew: number;
  readonly topologyKey: string;
  readonly whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway";
  readonly labelSelector?: LabelSelector | undefined;
  readonly minDomains?: number | undefined;
  readonly matchLabelKeys?: readonly string[] | undefined;
  /** Default Honor. */
  readonly nodeAffinityPolicy?: "Honor" | "Ignore" | undefined;
  /** Default Ignore. */
  readonly nodeTaintsPolicy?: "Honor" | "Ignore" | undefined;
}

/**
 * Of a pod, or of all pods of a template: those that share the object are counted together, which
 * is what makes large clusters quick.
 */
export interface PodSchedulingSpec {
  /** Default `default`. */
  readonly namespace?: string | undefined;
  readonly labels: Labels;
  /** Sums over the containers; 0 where nothing is requested. */
  readonly requests: NodeResources;
  readonly nodeSelector?: Labels | undefined;
  readonly affinity?:
    | {
        readonly nodeAffinity?: NodeAffinity | undefined;
        readonly podAffinity?: PodAffinity | undefined;
        readonly podAntiAffinity?: PodAffinity | undefined;
      }
    | undefined;
  readonly tolerations?: readonly Toleration[] | undefined;
  readonly topologySpreadConstraints?: readonly TopologySpreadConstraint[] | undefined;
  /**
   * Selector of the Service, ReplicaSet or StatefulSet that the pod belongs to: without constraints
   * of its own it is spread by the scheduler's default ones. Absent: it belongs to none.
   */
  readonly ownerSelector?: LabelSelector | undefined;
  /** Of its PriorityClass; default 0. */
  readonly priority?: number | undefined;
  /** Default PreemptLowerPriority. */
  readonly preemptionPolicy?: "PreemptLowerPriority" | "Never" | undefined;
  /** Of its containers. */
  readonly images?: readonly string[] | undefined;
}

export interface PendingPod {
  readonly name: string;
  readonly spec: PodSchedulingSpec;
}

export interface BoundPod extends PendingPod {
  readonly node: string;
  /** `status.startTime`. */
  readonly startTime: Micros;
  /** It has a deletion timestamp: it takes room, and counts for affinity but not for spread. */
  readonly terminating: boolean;
}

/** What a preemption may ask about PodDisruptionBudgets. */
export interface DisruptionBudgets {
  /** Names of the budgets that select a pod. */
  budgetsOf(pod: BoundPod): readonly string[];
  /** `status.disruptionsAllowed`. */
  disruptionsAllowed(budget: string): number;
}

export const priorityOf = ({ spec }: PendingPod): number => spec.priority ?? 0;
export const namespaceOf = (spec: PodSchedulingSpec): string => spec.namespace ?? "default";
