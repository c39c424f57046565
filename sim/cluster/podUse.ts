import { exists, type Pod, type ServingTime } from "./pod.ts";

/** Who counts what a pod has used. */
export interface PodMeter {
  /** CPU time of all containers that a pod ever had, in microseconds. */
  cpuMicros(pod: Pod): number;
  /** Of all processes that a pod ever had. */
  servingTime(pod: Pod): ServingTime;
}

/** What the pods of a workload have used since the run began, those that are gone included. */
export class PodUse {
  readonly #pods: readonly Pod[];
  readonly #meter: PodMeter;
  readonly #clock: { readonly now: number };

  constructor(parts: {
    /** All that there ever were. */
    readonly pods: readonly Pod[];
    readonly meter: PodMeter;
    readonly clock: { readonly now: number };
  }) {
    this.#pods = parts.pods;
    this.#meter = parts.meter;
    this.#clock = parts.clock;
  }

  /** CPU time of all replicas, in microseconds. */
  cpuMicros(workload: number): number {
    let sum = 0;
    for (const pod of this.#pods) {
      if (pod.workload === workload) sum += this.#meter.cpuMicros(pod);
    }
    return sum;
  }

  /** Of all processes that ever listened, terminating ones included. */
  servingTime(workload: number): ServingTime {
    let [cpuMicros, listeningMicros] = [0, 0];
    for (const pod of this.#pods) {
      if (pod.workload !== workload) continue;
      const time = this.#meter.servingTime(pod);
      cpuMicros += time.cpuMicros;
      listeningMicros += time.listeningMicros;
    }
    return { cpuMicros, listeningMicros };
  }

  /**
   * Pods of one revision that exist, the CPU time of all that there were, and their time from the
   * start of the container until they were gone, in microseconds.
   */
  ofRevision(
    workload: number,
    revision: number,
  ): { readonly pods: number; readonly cpuMicros: number; readonly runningMicros: number } {
    let [pods, cpuMicros, runningMicros] = [0, 0, 0];
    for (const pod of this.#pods) {
      if (pod.workload !== workload || pod.revision !== revision) continue;
      if (exists(pod)) pods++;
      cpuMicros += this.#meter.cpuMicros(pod);
      const end = pod.goneAt ?? this.#clock.now;
      runningMicros += end - (pod.runningAt ?? end);
    }
    return { pods, cpuMicros, runningMicros };
  }
}
