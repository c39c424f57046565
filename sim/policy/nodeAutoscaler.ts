import type { Json } from "../kernel/json.ts";
import type { Micros } from "../kernel/time.ts";
import type { Policy } from "./policy.ts";
import type { BoundPod, DisruptionBudgets, PendingPod, SchedulingNode } from "./scheduling/spec.ts";

/** A group of like nodes that the cloud provider keeps at a target size. */
export interface NodePoolObservation {
  readonly name: string;
  readonly minSize: number;
  readonly maxSize: number;
  /** Nodes asked for: those that are there and those that are to come. */
  readonly targetSize: number;
  /**
   * What a new node looks like; `allocatable` without what pods of DaemonSets take. Name and
   * hostname label are those of no node in particular.
   */
  readonly template: SchedulingNode;
}

export interface NodeObservation {
  readonly node: SchedulingNode;
  /** Null: it belongs to no pool, and is never removed. */
  readonly pool: string | null;
  /** When it registered with the API server. */
  readonly registeredAt: Micros;
  /** The Ready condition, and when it last changed. */
  readonly ready: { readonly status: boolean; readonly lastTransition: Micros };
  /** It is being drained or taken down. */
  readonly isBeingRemoved: boolean;
}

/** A pod on a node. */
export interface NodePodObservation extends BoundPod {
  /** It belongs to a DaemonSet: it does not keep its node, and needs no other. */
  readonly isDaemon: boolean;
  /**
   * Why its node must stay, whatever its use: a reason like NotReplicated, LocalStorage or
   * NotSafeToEvict; null when it may be moved.
   */
  readonly keepsNode: string | null;
}

/** A pod that has no node. */
export interface PendingPodObservation extends PendingPod {
  /** The scheduler's condition PodScheduled=False, reason Unschedulable. */
  readonly isUnschedulable: boolean;
  /** `status.nominatedNodeName`: it waits for victims of a preemption there. */
  readonly nominatedNode: string | null;
}

/** What a node autoscaler sees: the API server's lists, and the cloud provider's node groups. */
export interface NodeAutoscalerObservation {
  readonly pools: readonly NodePoolObservation[];
  readonly nodes: readonly NodeObservation[];
  readonly pods: readonly NodePodObservation[];
  /** In order of creation. */
  readonly pendingPods: readonly PendingPodObservation[];
  readonly budgets: DisruptionBudgets;
  /** When the last removal failed (a pod was not evicted in time); null: never. */
  readonly lastRemovalFailure: Micros | null;
}

export interface NodeRemoval {
  readonly node: string;
  /** Pods that the removal moves; none: the node is empty. */
  readonly pods: readonly string[];
  /** Longest grace that a pod gets. */
  readonly maxGracePeriod: Micros;
}

/** How a decision came about, for people. */
export interface NodeScalingTrace {
  /** What each pool could do for the unschedulable pods. */
  readonly options: readonly {
    readonly pool: string;
    readonly nodes: number;
    readonly pods: number;
    /** Unused shares of the new nodes' cpu and memory, added up: 0 … 2; null without nodes. */
    readonly waste: number | null;
    /** Why the pool is no option; null when it is one. */
    readonly excluded: string | null;
  }[];
  /** Unschedulable pods that no pool would help. */
  readonly helpless: readonly string[];
  /** Nodes that are not needed, and since when. */
  readonly unneeded: Readonly<Record<string, Micros>>;
  /** Nodes that are little used and still stay, with the reason. */
  readonly kept: Readonly<Record<string, string>>;
}

export type NodeAutoscalerDecision = {
  readonly reason: string;
  readonly trace: NodeScalingTrace;
} & (
  | { readonly kind: "hold" }
  | { readonly kind: "add"; readonly pool: string; readonly count: number }
  | { readonly kind: "remove"; readonly removals: readonly NodeRemoval[] }
  /** Nodes that did not come in time: the pool's target goes back by so many. */
  | { readonly kind: "cancel"; readonly pool: string; readonly count: number }
);

/** Decides how many nodes each pool has: `step` at every scan. */
export type NodeAutoscalerPolicy<Config = unknown, State extends Json = Json> = Policy<
  Config,
  State,
  NodeAutoscalerObservation,
  NodeAutoscalerDecision
>;

export const NO_NODE_TRACE: NodeScalingTrace = {
  options: [],
  helpless: [],
  unneeded: {},
  kept: {},
};
