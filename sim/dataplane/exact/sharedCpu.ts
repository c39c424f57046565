import { type Json, savedState } from "../../kernel/json.ts";

/**
 * Work of one replica that progresses alike: a virtual time that counts the work done for each job
 * orders them once and for all. A job that arrives at virtual time v with demand d leaves at v + d.
 * A binary heap of those tags; O(log n) a job. Subclasses say how fast the virtual time passes.
 */
export abstract class SharedCpu {
  /** What the replica may use at the moment. */
  cores: number;
  /** When the next event is due, as scheduled; infinity when nothing is. */
  scheduled = Number.POSITIVE_INFINITY;
  /** Handle of that event in the calendar. */
  event = -1;
  protected virtual = 0;
  protected since = 0;
  #size = 0;
  #tags = new Float64Array(16);
  #rows = new Int32Array(16);

  constructor(cores: number) {
    this.cores = cores;
  }

  get jobs(): number {
    return this.#size;
  }

  /** Cores in use. */
  abstract get rate(): number;

  /** Brings the virtual time up to now; call before every change. */
  abstract advance(now: number): void;

  /**
   * When the next job ends, or the rate changes by itself, if nothing else happens: whole
   * microseconds, rounded up, so that the work is done by then.
   */
  abstract nextEnd(now: number): number;

  /** Time up to now in which there was work and none of it was allowed to run. */
  abstract throttled(now: number): number;

  add(row: number, demand: number): void {
    if (this.#size === this.#tags.length) this.#grow();
    const tag = this.virtual + demand;
    const tags = this.#tags;
    const rows = this.#rows;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (tags[parent]! <= tag) break;
      tags[i] = tags[parent]!;
      rows[i] = rows[parent]!;
      i = parent;
    }
    tags[i] = tag;
    rows[i] = row;
  }

  /** The job that is done now, taken out; −1 when none is. */
  takeDone(): number {
    if (this.#size === 0 || this.#tags[0]! > this.virtual + 1e-6) return -1;
    const row = this.#rows[0]!;
    const last = --this.#size;
    const tag = this.#tags[last]!;
    const lastRow = this.#rows[last]!;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= last) break;
      if (child + 1 < last && this.#tags[child + 1]! < this.#tags[child]!) child++;
      if (this.#tags[child]! >= tag) break;
      this.#tags[i] = this.#tags[child]!;
      this.#rows[i] = this.#rows[child]!;
      i = child;
    }
    this.#tags[i] = tag;
    this.#rows[i] = lastRow;
    return row;
  }

  clear(): void {
    this.#size = 0;
  }

  /** What is left to do of the job that ends first; there must be one. */
  protected get nextWork(): number {
    return this.#tags[0]! - this.virtual;
  }

  state(): Json {
    return {
      cores: this.cores,
      // Infinity is not JSON.
      scheduled: Number.isFinite(this.scheduled) ? this.scheduled : null,
      event: this.event,
      virtual: this.virtual,
      since: this.since,
      tags: Array.from(this.#tags.subarray(0, this.#size)),
      rows: Array.from(this.#rows.subarray(0, this.#size)),
    };
  }

  restore(state: Json): void {
    const saved = savedState<SharedState>(state);
    this.cores = saved.cores;
    this.scheduled = saved.scheduled ?? Number.POSITIVE_INFINITY;
    this.event = saved.event;
    this.virtual = saved.virtual;
    this.since = saved.since;
    while (this.#tags.length < saved.tags.length) this.#grow();
    this.#tags.set(saved.tags);
    this.#rows.set(saved.rows);
    this.#size = saved.tags.length;
  }

  #grow(): void {
    const tags = new Float64Array(this.#tags.length * 2);
    tags.set(this.#tags);
    this.#tags = tags;
    const rows = new Int32Array(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
  }
}

interface SharedState {
  readonly cores: number;
  readonly scheduled: number | null;
  readonly event: number;
  readonly virtual: number;
  readonly since: number;
  readonly tags: readonly number[];
  readonly rows: readonly number[];
}
