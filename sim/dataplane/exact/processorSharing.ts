import { type Json, savedState } from "../../kernel/json.ts";

/**
 * Egalitarian processor sharing of a CPU quota (Kleinrock, 1967): n jobs on q cores each run at
 * min(1, q/n). All jobs progress alike, so a virtual time that counts the work done for each orders
 * them once and for all: a job that arrives at virtual time v with demand d leaves at v + d. A
 * binary heap of those tags; O(log n) a job.
 */
export class ProcessorSharing {
  cores: number;
  /** When the next job will end, as scheduled; infinity when nothing is. */
  scheduled = Number.POSITIVE_INFINITY;
  /** Handle of that event in the calendar. */
  event = -1;
  #virtual = 0;
  #since = 0;
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
  get rate(): number {
    return Math.min(this.#size, this.cores);
  }

  /** Brings the virtual time up to now; call before every change. */
  advance(now: number): void {
    if (this.#size > 0) {
      const speed = this.#size <= this.cores ? 1 : this.cores / this.#size;
      this.#virtual += (now - this.#since) * speed;
    } else this.#virtual = 0;
    this.#since = now;
  }

  add(row: number, demand: number): void {
    if (this.#size === this.#tags.length) this.#grow();
    const tag = this.#virtual + demand;
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

  /** When the next job ends if nothing changes: rounded up, so that its work is done by then. */
  nextEnd(now: number): number {
    if (this.#size === 0) return Number.POSITIVE_INFINITY;
    const work = this.#tags[0]! - this.#virtual;
    if (work <= 0) return now;
    const stretch = this.#size <= this.cores ? 1 : this.#size / this.cores;
    // Less than a millionth of a microsecond is rounding of the virtual time, not work.
    return now + Math.ceil(work * stretch - 1e-6);
  }

  /** The job that is done now, taken out; −1 when none is. */
  takeDone(): number {
    if (this.#size === 0 || this.#tags[0]! > this.#virtual + 1e-6) return -1;
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

  state(): Json {
    return {
      cores: this.cores,
      // Infinity is not JSON.
      scheduled: Number.isFinite(this.scheduled) ? this.scheduled : null,
      event: this.event,
      virtual: this.#virtual,
      since: this.#since,
      tags: Array.from(this.#tags.subarray(0, this.#size)),
      rows: Array.from(this.#rows.subarray(0, this.#size)),
    };
  }

  restore(state: Json): void {
    const saved = savedState<SharingState>(state);
    this.cores = saved.cores;
    this.scheduled = saved.scheduled ?? Number.POSITIVE_INFINITY;
    this.event = saved.event;
    this.#virtual = saved.virtual;
    this.#since = saved.since;
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

interface SharingState {
  readonly cores: number;
  readonly scheduled: number | null;
  readonly event: number;
  readonly virtual: number;
  readonly since: number;
  readonly tags: readonly number[];
  readonly rows: readonly number[];
}
