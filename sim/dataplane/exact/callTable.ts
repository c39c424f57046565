import { type Json, savedState } from "../../kernel/json.ts";

/**
 * Flags of a row. Whoever uses them takes them into constants of its own module, which the compiler
 * folds where it does not fold those that are imported: a tenth of the time of a short run.
 */
export const FLAG = {
  ABANDONED: 1,
  /** A branch of a parallel step: it shares its parent's slot and has no caller of its own. */
  BRANCH: 2,
  /** It holds a concurrency slot of its replica. */
  HOLDS_SLOT: 4,
  /** It arrived in the measured time (client rows). */
  MEASURED: 8,
  /** It has reached a replica and counts there. */
  ADMITTED: 16,
  /** It waits for a connection of a pool. */
  WAITS_FOR_CONNECTION: 32,
  /** It stands in the slot queue of its replica. */
  QUEUED: 64,
  /** A probe of the kubelet's: nobody's call. */
  PROBE: 128,
  /** A call as a whole, of which the attempts are children: a branch, too. */
  CALL: 256,
  /** Its failure is that of a call of its own: the caller sees an error answer. */
  RELAYED: 512,
  /** Its limit is the request's deadline, which comes before its timeout. */
  ON_DEADLINE: 1024,
  /** Nobody needs it any more, and it has been told: it ends before its next step. */
  CANCELLED: 2048,
  /** It cancels the other copies of its call when it begins to be served. */
  TIED: 4096,
  /** The client of a message that a worker works on. */
  MESSAGE: 8192,
  /** Its answer has a part that stood in for one that failed; a bit for each kind of fallback. */
  FALLBACK: 7 << 14,
  /** Others wait for what it fetches for a cache. */
  LEADS: 1 << 17,
  /** It has locks of rows, or waits for one. */
  LOCKS: 1 << 18,
} as const;

/** Columns of `int`, to be added to a row. For their use see `FLAG`. */
export const INT = {
  PARENT: 0,
  PARENT_GENERATION: 1,
  GENERATION: 2,
  /** Next instruction of the program. */
  PC: 3,
  /** −1 for none. */
  REPLICA: 4,
  SITE: 5,
  ATTEMPT: 6,
  /**
   * Calls and branches that it waits for; of an answer on its way, the reason of the failure; of a
   * probe, its token.
   */
  PENDING: 7,
  FLAGS: 8,
  KEY: 9,
  TRAFFIC: 10,
  /** Pool of which it holds a connection; −1 for none. */
  POOL: 11,
  /** Link of the queue that it stands in (one at most), or of the free list. */
  NEXT: 12,
  /** Of a call as a whole, the attempts that are under way: three columns, −1 for none. */
  COPIES: 13,
} as const;

/** Columns of `real`, to be added to a row. For their use see `FLAG`. */
export const REAL = {
  /** Timer of its timeout: of a call in the site's lane, of a probe in the calendar. */
  TIMER: 0,
  REQUEST: 1,
  /** When the caller sent it (calls), or when the step's first attempt was due (clients). */
  START: 2,
  /** When it began to wait for what it waits for now; of a virtual user, its journey. */
  SINCE: 3,
  /** CPU demand of the work in progress. */
  DEMAND: 4,
  /** Factor of its revision on all its times. */
  FACTOR: 5,
  /** Time spent waiting for slots, cores and connections; and in its own work and waits. */
  WAITED: 6,
  SERVED: 7,
  /** Delay of the link between caller and replica, one way; set where there are links at all. */
  LINK: 8,
  /** When the request is worthless, where calls have deadlines at all; 0 for never. */
  DEADLINE: 9,
  /** What guards gave for its admission: three columns for its caller's guards. */
  TICKETS: 10,
  /** The same of the service's guards, two columns, and when they let it in. */
  SERVICE_TICKETS: 13,
  LET_IN: 15,
} as const;

/** The lowest bit of `FLAG.FALLBACK`: the bit of the first kind. */
export const FALLBACK_SHIFT = 14;

const { FLAGS, GENERATION, NEXT, POOL, REPLICA } = INT;
const { SERVED, WAITED } = REAL;

/** Columns of a row, used or not: a power of two, one cache line of integers. */
export const STRIDE = 16;
const { LEADS, LOCKS } = FLAG;
const TOLD = LEADS | LOCKS;
const INITIAL_ROWS = 1024;

/**
 * Rows of everything that is under way: client journeys, calls and branches, with a free list, so
 * that a request allocates nothing. A row is known by its offset in both arrays, a multiple of
 * `STRIDE`: what an event touches of a row lies side by side. The generation tells a row from the
 * next tenant of the same place: events and children carry it, and one that does not match speaks
 * of a row that is gone.
 *
 * Taking a row may replace both arrays: never keep them across a call that might.
 */
export class CallTable {
  int = new Int32Array(INITIAL_ROWS * STRIDE);
  real = new Float64Array(INITIAL_ROWS * STRIDE);
  /** Told of a row that ends while it leads. */
  leaderGone: (row: number) => void = () => {};
  /** Told of a row that ends with locks. */
  lockerGone: (row: number) => void = () => {};
  #end = 0;
  #free = -1;
  #live = 0;

  /** All rows that have ever been used are below: scans go up to here, by `STRIDE`. */
  get end(): number {
    return this.#end;
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
    if (row >= 0) this.#free = this.int[row + NEXT]!;
    else row = this.#append();
    this.#live++;
    this.int[row + FLAGS] = 0;
    this.real[row + WAITED] = 0;
    this.real[row + SERVED] = 0;
    return row;
  }

  /**
   * Whoever still speaks of the row finds its generation changed. It must hold no connection any
   * more.
   */
  release(row: number): void {
    const { int } = this;
    const flags = int[row + FLAGS]!;
    if ((flags & TOLD) !== 0) {
      if ((flags & LEADS) !== 0) this.leaderGone(row);
      if ((flags & LOCKS) !== 0) this.lockerGone(row);
    }
    int[row + GENERATION]!++;
    int[row + REPLICA] = -1;
    int[row + NEXT] = this.#free;
    this.#free = row;
    this.#live--;
  }

  /** Whether an event or a child that remembers this generation speaks of the row as it is. */
  is(row: number, generation: number): boolean {
    return this.int[row + GENERATION] === generation;
  }

  state(): Json {
    return {
      end: this.#end,
      free: this.#free,
      live: this.#live,
      int: Array.from(this.int.subarray(0, this.#end)),
      real: Array.from(this.real.subarray(0, this.#end)),
    };
  }

  restore(state: Json): void {
    const { end, free, live, int, real } = savedState<TableState>(state);
    while (this.int.length < end) this.#grow();
    this.#end = end;
    this.#free = free;
    this.#live = live;
    this.int.set(int);
    this.real.set(real);
  }

  #append(): number {
    if (this.#end === this.int.length) this.#grow();
    const row = this.#end;
    this.#end += STRIDE;
    this.int[row + REPLICA] = -1;
    this.int[row + POOL] = -1;
    return row;
  }

  #grow(): void {
    const int = new Int32Array(this.int.length * 2);
    int.set(this.int);
    this.int = int;
    const real = new Float64Array(this.real.length * 2);
    real.set(this.real);
    this.real = real;
  }
}

interface TableState {
  readonly end: number;
  readonly free: number;
  readonly live: number;
  readonly int: readonly number[];
  readonly real: readonly number[];
}
