import { type Json, savedState } from "../../kernel/json.ts";

/** Flags of a row. */
export const ABANDONED = 1;
/** A branch of a parallel step: it shares its parent's slot and has no caller of its own. */
export const BRANCH = 2;
/** It holds a concurrency slot of its replica. */
export const HOLDS_SLOT = 4;
/** It arrived in the measured time (client rows). */
export const MEASURED = 8;
/** It has reached a replica and counts there. */
export const ADMITTED = 16;
/** It waits for a connection of a pool. */
export const WAITS_FOR_CONNECTION = 32;
/** It stands in the slot queue of its replica. */
export const QUEUED = 64;

const INITIAL = 1024;

/**
 * Rows of everything that is under way: client journeys, calls and branches. Struct of arrays with
 * a free list, so that a request allocates nothing. `generation` tells a row from the next tenant
 * of the same place: events and children carry it, and one that does not match speaks of a row that
 * is gone.
 */
export class CallTable {
  parent = new Int32Array(INITIAL);
  parentGeneration = new Int32Array(INITIAL);
  generation = new Int32Array(INITIAL);
  pc = new Int32Array(INITIAL);
  replica = new Int32Array(INITIAL).fill(-1);
  site = new Int32Array(INITIAL);
  attempt = new Int32Array(INITIAL);
  pending = new Int32Array(INITIAL);
  flags = new Int32Array(INITIAL);
  key = new Int32Array(INITIAL);
  traffic = new Int32Array(INITIAL);
  /** Pool of which it holds a connection; −1 for none. */
  pool = new Int32Array(INITIAL).fill(-1);
  /**
   * Link of the queue that the row stands in (a row stands in one at most), or of the free list.
   */
  next = new Int32Array(INITIAL);
  /** Timer of the call's timeout in the site's lane, if it has one. */
  timer = new Float64Array(INITIAL);
  request = new Float64Array(INITIAL);
  /** When the caller sent it (calls), or when the step's first attempt was due (clients). */
  start = new Float64Array(INITIAL);
  /** When it began to wait for what it waits for now; of a virtual user, its journey. */
  since = new Float64Array(INITIAL);
  /** CPU demand of the work in progress. */
  demand = new Float64Array(INITIAL);
  /** Factor of its revision on all its times. */
  factor = new Float64Array(INITIAL);
  /** Time spent waiting for slots, cores and connections; and in its own work and waits. */
  queued = new Float64Array(INITIAL);
  served = new Float64Array(INITIAL);
  /** Delay of the link between caller and replica, one way; set where there are links at all. */
  link = new Float64Array(INITIAL);

  #used = 0;
  #free = -1;
  #live = 0;

  /** Rows that have ever been used: scans go up to here. */
  get used(): number {
    return this.#used;
  }

  get live(): number {
    return this.#live;
  }

  /**
   * A row whose fields the caller fills in. Only its flags and sums are reset; its replica and pool
   * are −1.
   */
  take(): number {
    let row = this.#free;
    if (row >= 0) this.#free = this.next[row]!;
    else {
      if (this.#used === this.pc.length) this.#grow();
      row = this.#used++;
    }
    this.#live++;
    this.flags[row] = 0;
    this.queued[row] = 0;
    this.served[row] = 0;
    return row;
  }

  /**
   * Whoever still speaks of the row finds its generation changed. It must hold no connection any
   * more.
   */
  release(row: number): void {
    this.generation[row]!++;
    this.replica[row] = -1;
    this.next[row] = this.#free;
    this.#free = row;
    this.#live--;
  }

  state(): Json {
    const columns: Record<string, readonly number[]> = {};
    for (const name of COLUMNS) columns[name] = Array.from(this[name].subarray(0, this.#used));
    return { used: this.#used, free: this.#free, live: this.#live, columns };
  }

  restore(state: Json): void {
    const { used, free, live, columns } = savedState<TableState>(state);
    while (this.pc.length < used) this.#grow();
    this.#used = used;
    this.#free = free;
    this.#live = live;
    for (const name of COLUMNS) this[name].set(columns[name]!);
  }

  #grow(): void {
    const length = this.pc.length * 2;
    for (const name of INTEGER_COLUMNS) {
      const larger = new Int32Array(length).fill(NOTHING_IS_MINUS_ONE.has(name) ? -1 : 0);
      larger.set(this[name]);
      this[name] = larger;
    }
    for (const name of FLOAT_COLUMNS) {
      const larger = new Float64Array(length);
      larger.set(this[name]);
      this[name] = larger;
    }
  }
}

interface TableState {
  readonly used: number;
  readonly free: number;
  readonly live: number;
  readonly columns: Readonly<Record<string, readonly number[]>>;
}

const INTEGER_COLUMNS = [
  "parent",
  "parentGeneration",
  "generation",
  "pc",
  "replica",
  "site",
  "attempt",
  "pending",
  "flags",
  "key",
  "traffic",
  "pool",
  "next",
] as const;
const FLOAT_COLUMNS = [
  "timer",
  "request",
  "start",
  "since",
  "demand",
  "factor",
  "queued",
  "served",
  "link",
] as const;
const NOTHING_IS_MINUS_ONE: ReadonlySet<string> = new Set(["replica", "pool"]);
const COLUMNS = [...INTEGER_COLUMNS, ...FLOAT_COLUMNS];
