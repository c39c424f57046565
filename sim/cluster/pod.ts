import type { BackOffState } from "./kubeletBackOff.ts";
import type { SidecarUse } from "./kubeletSidecars.ts";
import type { StartUp } from "./kubeletStartUp.ts";
import { newProbeWorker, type ProbeWorker } from "./probeWorker.ts";

/**
 * A pod: plain data, with the moment of every link of its coming up. Times are microseconds; null
 * means "not yet". Its number is the data plane's replica number, and never used twice. Of its
 * containers only the first one serves, and only that one is followed.
 */
export interface Pod {
  readonly number: number;
  readonly workload: number;
  readonly revision: number;
  /** How many pods of the workload were created before it. */
  readonly ordinal: number;
  /** Its ordinal in a StatefulSet (label `apps.kubernetes.io/pod-index`); null in no such. */
  readonly podIndex: number | null;
  readonly createdAt: number;
  node: number | null;
  /** Why it has no node, in the scheduler's words; null while that is not known. */
  unschedulable: string | null;
  /** The number of the node whose victims of a preemption it waits for. */
  nominatedNode: number | null;
  /** The scheduler looked at it first: what comes after is waiting for a node with room. */
  consideredAt: number | null;
  /** Bound to a node: `status.startTime`. */
  scheduledAt: number | null;
  imageAt: number | null;
  /** The init containers are done; at once where there are none. */
  initializedAt: number | null;
  /** The first container has started for the first time. */
  runningAt: number | null;
  /**
   * The process listened: after restarts the last time before the pod was first ready, so that the
   * way to readiness is told without the detours.
   */
  listeningAt: number | null;
  /** Its startup probe succeeded, of the same container. */
  startupProbedAt: number | null;
  readyAt: number | null;
  /** It was published as an endpoint first. */
  endpointAt: number | null;
  /** All that call it had heard of that. */
  callersAt: number | null;
  /** Callers know it now. */
  known: boolean;
  /** How often its endpoint has changed, and the last change that callers have heard of. */
  endpointChanges: number;
  endpointHeard: number;
  deletedAt: number | null;
  goneAt: number | null;
  /** The Ready condition, and when it last changed. */
  ready: boolean;
  readyChangedAt: number | null;

  /** `restartCount`: tells what belongs to an earlier container from what belongs to this one. */
  restarts: number;
  /** The container that runs now; null while none does. */
  container: Container | null;
  lastTermination: Termination | null;
  /** Back-off of restarts; null while there was none. */
  backOff: BackOffState | null;
  /** Its container waits for this moment: CrashLoopBackOff. */
  backOffUntil: number | null;
  startupProbe: ProbeWorker;
  readinessProbe: ProbeWorker;
  livenessProbe: ProbeWorker;
  /** CPU time of earlier containers. */
  earlierCpuMicros: number;
  /** Of that, what processes used that listened, and how long they did. */
  earlierServing: ServingTime;
}

/** Microseconds, of processes that listened. */
export interface ServingTime {
  readonly cpuMicros: number;
  readonly listeningMicros: number;
}

/** A container that runs: `state.running`, and what its process is at. */
export interface Container {
  readonly startedAt: number;
  /** `started`: it has no startup probe, or that has succeeded. */
  started: boolean;
  /** The process takes requests: it is a replica of the data plane. */
  listening: boolean;
  /** When the process will listen, or came to. */
  listenAt: number;
  /** The CPU that its start takes; null when it takes none, and when it is over. */
  starting: StartUp | null;
  /** CPU time that its start has used, in microseconds, up to `starting.since`. */
  startupCpuMicros: number;
  sidecars: SidecarUse;
  /** It is being stopped: its preStop hook runs, or the signal is out; SIGKILL at `killAt`. */
  stopping: { readonly since: number; readonly killAt: number } | null;
  sigtermAt: number | null;
}

/** `lastState.terminated` of a container. */
export interface Termination {
  /** 0 after SIGTERM, 137 after SIGKILL, 143 when SIGTERM met no handler. */
  readonly exitCode: number;
  readonly reason: "Completed" | "Error" | "OOMKilled";
  readonly startedAt: number;
  readonly finishedAt: number;
}

export function newPod(fields: {
  readonly number: number;
  readonly workload: number;
  readonly revision: number;
  readonly ordinal: number;
  readonly podIndex: number | null;
  readonly createdAt: number;
}): Pod {
  return {
    ...fields,
    node: null,
    unschedulable: null,
    nominatedNode: null,
    consideredAt: null,
    scheduledAt: null,
    imageAt: null,
    initializedAt: null,
    runningAt: null,
    listeningAt: null,
    startupProbedAt: null,
    readyAt: null,
    endpointAt: null,
    callersAt: null,
    known: false,
    endpointChanges: 0,
    endpointHeard: 0,
    deletedAt: null,
    goneAt: null,
    ready: false,
    readyChangedAt: null,
    restarts: 0,
    container: null,
    lastTermination: null,
    backOff: null,
    backOffUntil: null,
    startupProbe: newProbeWorker(),
    readinessProbe: newProbeWorker(),
    livenessProbe: newProbeWorker(),
    earlierCpuMicros: 0,
    earlierServing: { cpuMicros: 0, listeningMicros: 0 },
  };
}

export const exists = (pod: Pod): boolean => pod.goneAt === null;
/** It counts towards its ReplicaSet's replicas: it exists and is not terminating. */
export const isActive = (pod: Pod): boolean => pod.deletedAt === null && pod.goneAt === null;
/** Its process takes requests. */
export const isListening = (pod: Pod): boolean => pod.container?.listening === true;
