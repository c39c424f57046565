import { type Json, plainState, savedState } from "../kernel/json.ts";

/** Usage that is billed: pods that exist times time, and the replicas' extremes. */
export interface WorkloadUsage {
  readonly podMicros: number;
  readonly min: number;
  readonly max: number;
}

interface Count {
  podMicros: number;
  /** Up to when `podMicros` has been added up. */
  since: number;
  /** Pods that exist now. */
  count: number;
  min: number;
  max: number;
}

/** Counts every workload's pods, from their creation until they are gone, over virtual time. */
export class ReplicaUsage {
  readonly #clock: { readonly now: number };
  readonly #counts: readonly Count[];

  constructor(workloads: number, clock: { readonly now: number }) {
    this.#clock = clock;
    const none = { podMicros: 0, since: 0, count: 0, min: 0, max: 0 };
    this.#counts = Array.from({ length: workloads }, () => ({ ...none }));
  }

  /** A pod has been created (1), or is gone (-1). */
  count(workload: number, change: 1 | -1): void {
    const usage = this.#counts[workload]!;
    const { now } = this.#clock;
    // What does not last is not seen: a pod that is replaced at once was never missing.
    if (now > usage.since) {
      usage.podMicros += usage.count * (now - usage.since);
      usage.min = Math.min(usage.min, usage.count);
      usage.max = Math.max(usage.max, usage.count);
      usage.since = now;
    }
    usage.count += change;
  }

  /** Starts the bill anew, with the pods that there are. */
  reset(): void {
    for (const usage of this.#counts) {
      usage.podMicros = 0;
      usage.since = this.#clock.now;
      usage.min = usage.count;
      usage.max = usage.count;
    }
  }

  of(workload: number): WorkloadUsage {
    const usage = this.#counts[workload]!;
    const open = usage.count * (this.#clock.now - usage.since);
    return {
      podMicros: usage.podMicros + open,
      min: Math.min(usage.min, usage.count),
      max: Math.max(usage.max, usage.count),
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
}
