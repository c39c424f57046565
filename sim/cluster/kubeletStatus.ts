import { type Micros, micros } from "../kernel/time.ts";
import type { PodPhase } from "../policy/autoscaler.ts";
import { exists, type Pod, type Termination } from "./pod.ts";

export const POD_CONDITIONS = ["PodScheduled", "Initialized", "ContainersReady", "Ready"] as const;

export interface PodCondition {
  readonly type: (typeof POD_CONDITIONS)[number];
  readonly status: boolean;
  readonly reason: string | null;
  readonly lastTransition: Micros;
}

/** `state` of a container status. */
export type ContainerState =
  | {
      readonly kind: "waiting";
      readonly reason: "ContainerCreating" | "PodInitializing" | "CrashLoopBackOff";
    }
  | { readonly kind: "running"; readonly startedAt: Micros }
  | { readonly kind: "terminated"; readonly exitCode: number };

/** A pod's `status`, as its kubelet writes it and controllers read it. */
export interface PodStatus {
  readonly phase: PodPhase;
  readonly conditions: readonly PodCondition[];
  readonly state: ContainerState;
  readonly lastTermination: Termination | null;
  readonly started: boolean;
  readonly ready: boolean;
  readonly restartCount: number;
}

/**
 * Running from the first start of its container on, restarts and back-off included (restartPolicy
 * Always); a pod that ended has failed when a process of it did.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-phase
 */
export function podPhase(pod: Pod): PodPhase {
  if (exists(pod)) return pod.runningAt === null ? "Pending" : "Running";
  return pod.lastTermination?.exitCode === 0 ? "Succeeded" : "Failed";
}

export function podStatus(pod: Pod): PodStatus {
  return {
    phase: podPhase(pod),
    conditions: podConditions(pod),
    state: stateOf(pod),
    lastTermination: pod.lastTermination,
    started: pod.container?.started ?? false,
    ready: pod.ready,
    restartCount: pod.restarts,
  };
}

/**
 * The conditions that a pod has at this moment; the kubelet sets all but PodScheduled when it takes
 * the pod. There are no readiness gates, so that Ready is ContainersReady.
 */
function podConditions(pod: Pod): readonly PodCondition[] {
  const { consideredAt, scheduledAt, initializedAt } = pod;
  if (scheduledAt === null) {
    if (consideredAt === null) return [];
    return [condition("PodScheduled", "Unschedulable", consideredAt)];
  }
  const initialized =
    initializedAt === null
      ? condition("Initialized", "ContainersNotInitialized", scheduledAt)
      : condition("Initialized", null, initializedAt);
  const unready = pod.ready ? null : "ContainersNotReady";
  const readySince = pod.readyChangedAt ?? scheduledAt;
  return [
    condition("PodScheduled", null, scheduledAt),
    initialized,
    condition("ContainersReady", unready, readySince),
    condition("Ready", unready, readySince),
  ];
}

const condition = (
  type: PodCondition["type"],
  reason: string | null,
  since: number,
): PodCondition => ({ type, status: reason === null, reason, lastTransition: micros(since) });

function stateOf(pod: Pod): ContainerState {
  if (pod.container !== null) {
    return { kind: "running", startedAt: micros(pod.container.startedAt) };
  }
  if (pod.backOffUntil !== null) return { kind: "waiting", reason: "CrashLoopBackOff" };
  if (pod.lastTermination !== null) {
    return { kind: "terminated", exitCode: pod.lastTermination.exitCode };
  }
  const reason = pod.initializedAt === null ? "PodInitializing" : "ContainerCreating";
  return { kind: "waiting", reason };
}
