import { seconds } from "../../../sim/kernel/time.ts";
import { isFinished, type ReplicaSetPod } from "../../../sim/policy/replicaSet.ts";
import type { PodEvent, PodLife } from "./rolloutDeploymentFormats.ts";

/**
 * The pods of a trajectory (test/conformance/rollout/README.md), each on a node of its own. Times
 * are whole seconds.
 */
export class TrajectoryPods {
  /** All that ever were, by number, and those that exist, in that order. */
  readonly #pods: Pod[] = [];
  #existing: Pod[] = [];

  /** Those of a ReplicaSet that exist, in order of creation. */
  of(replicaSet: number): readonly Pod[] {
    return this.#existing.filter((pod) => pod.replicaSet === replicaSet && !pod.isGone);
  }

  create(replicaSet: number, life: PodLife, t: number): Pod {
    const number = this.#pods.length;
    const [groups, delay] = life.startupSpread ?? [1, 0];
    const [modulo, rest] = life.neverReadyModulo ?? [1, -1];
    const isNeverReady = life.neverReady === true || number % modulo === rest;
    const startAt = t + life.pendingSeconds;
    const pod: Pod = {
      number,
      replicaSet,
      createdAt: t,
      startAt,
      readyAt: isNeverReady ? Infinity : startAt + life.startupSeconds + (number % groups) * delay,
      terminationSeconds: life.terminationSeconds,
      phase: "Pending",
      readySince: null,
      restarts: 0,
      goneAt: null,
      isGone: false,
    };
    this.#pods.push(pod);
    this.#existing.push(pod);
    return pod;
  }

  delete(pod: Pod, t: number): void {
    pod.goneAt = pod.phase === "Running" ? t + pod.terminationSeconds : t;
    pod.isGone = pod.goneAt === t;
  }

  /** What a second brings by itself: pods vanish, start and become ready. */
  advance(t: number): void {
    this.#existing = this.#existing.filter((pod) => !pod.isGone);
    for (const pod of this.#existing) {
      if (pod.goneAt !== null && pod.goneAt <= t) pod.isGone = true;
      if (pod.phase === "Pending" && pod.startAt <= t) pod.phase = "Running";
      const isUp = pod.phase === "Running" && pod.readyAt <= t;
      if (isUp) pod.readySince ??= t;
    }
  }

  /** What happens to a pod from outside; nothing to one that is gone or going. */
  happen({ pod: number, kind, downSeconds }: PodEvent, t: number): void {
    const pod = this.#pods[number];
    if (pod === undefined || pod.goneAt !== null) return;
    if (kind === "kill") {
      this.delete(pod, t);
    } else if (pod.phase === "Running") {
      pod.readySince = null;
      if (kind === "fail") {
        pod.phase = "Failed";
      } else {
        pod.restarts += 1;
        // A restart heals: this holds for a pod that would never have become ready, too.
        pod.readyAt = downSeconds === undefined || downSeconds === 0 ? Infinity : t + downSeconds;
      }
    }
  }
}

export interface Pod {
  readonly number: number;
  readonly replicaSet: number;
  readonly createdAt: number;
  readonly startAt: number;
  readyAt: number;
  readonly terminationSeconds: number;
  phase: "Pending" | "Running" | "Failed";
  readySince: number | null;
  restarts: number;
  /** It is being deleted and vanishes then. */
  goneAt: number | null;
  isGone: boolean;
}

export const observePod = (pod: Pod): ReplicaSetPod => ({
  phase: pod.phase,
  deleted: pod.goneAt !== null,
  node: pod.phase === "Pending" ? null : pod.number,
  ready: pod.readySince === null ? null : { status: true, lastTransition: seconds(pod.readySince) },
  createdAt: seconds(pod.createdAt),
  restarts: pod.restarts,
  deletionCost: 0,
});

export const isUnfinished = (pod: Pod): boolean => !isFinished(observePod(pod));
