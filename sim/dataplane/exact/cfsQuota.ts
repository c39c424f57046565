import { type Json, savedState } from "../../kernel/json.ts";
import { SharedCpu } from "./sharedCpu.ts";

/** `cpu.cfs_period_us`, as the kubelet sets it. */
export const CFS_PERIOD = 100_000;
/** The least quota of a period that the kubelet sets: 1 ms, whatever the limit. */
const LEAST_QUOTA = 1_000;

/**
 * CPU as the kernel limits it (CFS bandwidth control): in each period the threads run at full
 * speed, on up to `parallelism` cores, until they have used the quota of the period; then all stop
 * until the next one begins. What a period leaves is lost; what it uses too much (less than a
 * microsecond of every core, because events are whole microseconds) the next one pays back.
 *
 * The periods of a replica begin at a moment of their own, since the kernel starts each group's
 * timer at a random offset. Not modelled: the slices of 5 ms in which cores draw from the quota.
 *
 * When the node leaves it less than its limit (`cores`), threads share that much evenly on top.
 *
 * Source: Linux, Documentation/scheduler/sched-bwc.rst; Turner, Rao & Rao, "CPU bandwidth control
 * for CFS" (Linux Symposium, 2010); kubelet, `MilliCPUToQuota`.
 */
export class CfsQuota extends SharedCpu {
  #limit: number;
  #parallelism: number;
  /** Quota of a period in microseconds of CPU time. */
  #quota: number;
  /** What is left of it; none at all means throttled. */
  #left: number;
  #periodEnd: number;
  #throttled = 0;

  constructor({ limit, parallelism, periodEnd }: CfsSettings) {
    super(limit);
    this.#limit = limit;
    this.#parallelism = parallelism;
    this.#quota = Math.max(LEAST_QUOTA, limit * CFS_PERIOD);
    this.#left = this.#quota;
    this.#periodEnd = periodEnd;
  }

  get rate(): number {
    return this.#isThrottled ? 0 : this.#width;
  }

  advance(now: number): void {
    if (this.jobs === 0) {
      this.virtual = 0;
      this.since = now;
      if (now < this.#periodEnd) return;
      this.#periodEnd += Math.floor((now - this.#periodEnd) / CFS_PERIOD) * CFS_PERIOD;
      this.#refill();
      return;
    }
    while (this.#periodEnd <= now) {
      this.#run(this.#periodEnd);
      this.#refill();
    }
    this.#run(now);
  }

  nextEnd(now: number): number {
    if (this.jobs === 0) return Number.POSITIVE_INFINITY;
    if (this.#isThrottled) return this.#periodEnd;
    const work = this.nextWork;
    if (work <= 0) return now;
    const end = now + Math.ceil((work * this.jobs) / this.#width - 1e-6);
    return Math.min(end, this.#exhaustion(now));
  }

  throttled(now: number): number {
    if (this.jobs === 0 || !this.#isThrottled) return this.#throttled;
    return this.#throttled + Math.min(now, this.#periodEnd) - this.since;
  }

  override state(): Json {
    return {
      shared: super.state(),
      limit: this.#limit,
      parallelism: this.#parallelism,
      quota: this.#quota,
      left: this.#left,
      periodEnd: this.#periodEnd,
      throttled: this.#throttled,
    };
  }

  override restore(state: Json): void {
    const saved = savedState<CfsState>(state);
    super.restore(saved.shared);
    this.#limit = saved.limit;
    this.#parallelism = saved.parallelism;
    this.#quota = saved.quota;
    this.#left = saved.left;
    this.#periodEnd = saved.periodEnd;
    this.#throttled = saved.throttled;
  }

  get #isThrottled(): boolean {
    return this.#left <= 1e-6;
  }

  /** Cores in use while it runs. */
  get #width(): number {
    const most = this.cores < this.#limit ? this.cores : this.#parallelism;
    return Math.min(this.jobs, this.#parallelism, most);
  }

  /** Lets time pass within a period: all of it running, or all of it throttled. */
  #run(until: number): void {
    const span = until - this.since;
    this.since = until;
    if (this.#isThrottled) {
      this.#throttled += span;
      return;
    }
    const width = this.#width;
    this.virtual += (span * width) / this.jobs;
    this.#left -= span * width;
  }

  #refill(): void {
    this.#periodEnd += CFS_PERIOD;
    this.#left = Math.min(this.#quota, this.#left + this.#quota);
  }

  /** When the quota of this period or of the next one is used up; never, if it is enough. */
  #exhaustion(now: number): number {
    const width = this.#width;
    const end = now + Math.ceil(this.#left / width - 1e-6);
    if (end < this.#periodEnd) return end;
    if (this.#quota >= width * CFS_PERIOD) return Number.POSITIVE_INFINITY;
    return this.#periodEnd + Math.ceil(this.#quota / width - 1e-6);
  }
}

export interface CfsSettings {
  /** The quota, in cores. */
  readonly limit: number;
  /** How many threads can run at the same time. */
  readonly parallelism: number;
  /** When the period ends that is going on. */
  readonly periodEnd: number;
}

interface CfsState extends CfsSettings {
  readonly shared: Json;
  readonly quota: number;
  readonly left: number;
  readonly throttled: number;
}
