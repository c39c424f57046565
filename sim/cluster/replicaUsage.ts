import { type Json, plainState, savedState } from "../kernel/json.ts";

/** Usage that is billed: pods that have a node times time, and the replicas' extremes. */
export interface WorkloadUsage {
  readonly podMicros: number;
  readonly min: number;
  readonly max: number;
}

interface Count {
  podMicros: number;
  /** Up to when `podMicros` has been added up. */
  since: number;
  /** Pods that have a node now. */
  placed: number;
  /** Pods that the scheduler has not looked at yet. */
  coming: number;
  /** The fewest that were placed or about to be: a pod that is replaced at once is not missed. */
  min: number;
  /** The most that were placed. */
  max: number;
}

/**
 * Counts every workload's pods, from when they have a node until they are gone, over virtual time.
 * Those that fit nowhere are no replicas.
 */
export class ReplicaUsage {
  readonly #clock: { readonly now: number };
  readonly #counts: readonly Count[];

  constructor(workloads: number, clock: { readonly now: number }) {
    this.#clock = clock;
    const none = { podMicros: 0, since: 0, placed: 0, coming: 0, min: 0, max: 0 };
    this.#counts = Array.from({ length: workloads }, () => ({ ...none }));
  }

  created(workload: number): void {
    this.#change(workload, { placed: 0, coming: 1 });
  }

  /** The scheduler has found no node for a pod that it looks at for the first time. */
  unschedulable(workload: number): void {
    this.#change(workload, { placed: 0, coming: -1 });
  }

  /** A pod has got a node; `waited`: it was unschedulable until now. */
  placed(workload: number, waited: boolean): void {
    this.#change(workload, { placed: 1, coming: waited ? 0 : -1 });
  }

  gone(workload: number, from: "node" | "waiting" | "coming"): void {
    const [placed, coming] = [from === "node" ? -1 : 0, from === "coming" ? -1 : 0];
    this.#change(workload, { placed, coming });
  }

  /** Starts the bill anew, with the pods that there are. */
  reset(): void {
    for (const usage of this.#counts) {
      usage.podMicros = 0;
      usage.since = this.#clock.now;
      usage.min = usage.placed + usage.coming;
      usage.max = usage.placed;
    }
  }

  of(workload: number): WorkloadUsage {
    const { podMicros, placed, coming, since, min, max } = this.#counts[workload]!;
    return {
      podMicros: podMicros + placed * (this.#clock.now - since),
      min: Math.min(min, placed + coming),
      max: Math.max(max, placed),
    };
  }

  state(): Json {
    return plainState(this.#counts);
  }

  restore(state: Json): void {
    savedState<readonly Count[]>(state).forEach((saved, workload) => {
      Object.assign(this.#counts[workload]!, saved);
    });
  }

  #change(workload: number, change: { readonly placed: number; readonly coming: number }): void {
    const usage = this.#counts[workload]!;
    const { now } = this.#clock;
    // What does not last is not seen.
    if (now > usage.since) {
      Object.assign(usage, this.of(workload));
      usage.since = now;
    }
    usage.placed += change.placed;
    usage.coming += change.coming;
  }
}
