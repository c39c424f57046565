import type { Micros } from "../kernel/time.ts";
import type { AutoscalerObservation } from "../policy/autoscaler.ts";
import type { NodeAutoscalerObservation, NodeRemoval } from "../policy/nodeAutoscaler.ts";
import type { RolloutObservation, RouteRule, ScaleSelector } from "../policy/rollout.ts";
import type {
  DeploymentObservation,
  DeploymentWrite,
} from "../policy/rollouts/deployment/contract.ts";
import type {
  StatefulSetObservation,
  StatefulSetWrite,
} from "../policy/rollouts/statefulSet/contract.ts";
import type { Fault } from "./fault.ts";

/**
 * All that a controller can do to the world and learn from it. Both ways are synchronous: commands
 * are accepted now and carried out later, observations are the latest snapshot that has arrived (a
 * real platform polls in the background). Implemented by `sim/cluster` and by the real stack;
 * nothing here tells which.
 */
export interface Platform {
  /** Sets `spec.replicas` of a workload. */
  scale(workload: string, replicas: number): void;
  observeWorkload(workload: string): AutoscalerObservation;

  /** Calls back when something about the workload's pods or spec has changed. */
  watch(workload: string, changed: () => void): void;
  /** Makes a revision the wanted pod template of a Deployment or a StatefulSet. */
  setTemplate(workload: string, revision: string): void;
  /** Sets `spec.paused` of a Deployment. */
  setPaused(workload: string, paused: boolean): void;
  observeDeployment(workload: string): DeploymentObservation;
  writeReplicaSets(workload: string, writes: readonly DeploymentWrite[]): void;

  observeStatefulSet(workload: string): StatefulSetObservation;
  writeStatefulSet(workload: string, writes: readonly StatefulSetWrite[]): void;

  /**
   * A rollout of this revision begins: until it is promoted or removed, the rollout says how many
   * replicas each revision has, and `scale` only how many there should be in all. From now on
   * `observeWorkload` lists the pods that `selector` says.
   */
  startRevision(workload: string, revision: string, selector: ScaleSelector): void;
  scaleRevision(workload: string, revision: string, replicas: number): void;
  setRoutes(workload: string, routes: readonly RouteRule[]): void;
  resetRevisionCounters(workload: string): void;
  /** The revision becomes the stable one; the other goes away. */
  promoteRevision(workload: string, revision: string): void;
  removeRevision(workload: string, revision: string): void;
  /** `windows`: over which the traffic is wanted, beside since the last reset. */
  observeRollout(workload: string, canary: string, windows?: readonly Micros[]): RolloutObservation;

  /** Nodes and pools, and what is on them. */
  observeNodes(): NodeAutoscalerObservation;
  addNodes(pool: string, count: number): void;
  /** Gives up nodes that have not come. */
  cancelNodes(pool: string, count: number): void;
  /** Drains nodes and takes them down, if their pods may be evicted in time. */
  removeNodes(removals: readonly NodeRemoval[]): void;

  injectFault(fault: Fault): void;
  clearFault(fault: Fault): void;

  /** Keeps what a controller decided, for the result. */
  record(event: ControlEvent): void;
}

/** Something that a controller decided or did, or that happened to a pod or a node. */
export interface ControlEvent {
  readonly controller: string;
  readonly subject: string;
  readonly kind: "scale" | "rollout" | "fault" | "pod" | "node";
  readonly reason: string;
  readonly message: string;
  /** Replicas before and after, for scale decisions; of a pool of nodes, its target size. */
  readonly from: number | null;
  readonly to: number | null;
}
