import { assert } from "../../kernel/assert.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import { CfsQuota } from "./cfsQuota.ts";
import { ProcessorSharing } from "./processorSharing.ts";
import type { SharedCpu } from "./sharedCpu.ts";

export const GONE = 0;
export const SERVING = 1;
export const DRAINING = 2;
/** Draining, and its listener is closed. */
export const CLOSED = 3;

/** What a replica without a memory limit has: infinity is not JSON. */
export const NO_LIMIT = Number.MAX_SAFE_INTEGER;

const INITIAL = 64;

/** State of every replica that there ever was, indexed by the cluster's replica number. */
export class ReplicaTable {
  service = new Int32Array(INITIAL).fill(-1);
  revision = new Int32Array(INITIAL);
  zone = new Int32Array(INITIAL);
  phase = new Int32Array(INITIAL);
  busySlots = new Int32Array(INITIAL);
  queueHead = new Int32Array(INITIAL).fill(-1);
  queueTail = new Int32Array(INITIAL).fill(-1);
  queueLength = new Int32Array(INITIAL);
  /** Requests in it, queued ones included: what a least-request balancer looks at. */
  outstanding = new Int32Array(INITIAL);
  requests = new Float64Array(INITIAL);
  cores = new Float64Array(INITIAL);
  /** Cores in use since `cpuSince`, and CPU time used up to then. */
  cpuRate = new Float64Array(INITIAL);
  cpuSince = new Float64Array(INITIAL);
  cpuMicros = new Float64Array(INITIAL);
  /** How often a process was started under this number; tells events of one from the next. */
  starts = new Int32Array(INITIAL);
  /**
   * How many processes of the service started before this one: keys its draws, since replica
   * numbers depend on other services.
   */
  ordinal = new Int32Array(INITIAL);
  /** When the process started; one that was there when the run began is warm, and older. */
  startedAt = new Float64Array(INITIAL);
  /** When the control plane first told of this process; before all time when it was there at 0. */
  publishedAt = new Float64Array(INITIAL);
  /** Bytes; above, the process is reported as out of memory. */
  memoryLimit = new Float64Array(INITIAL);
  /** Probes that it was sent: numbers their draws. */
  probes = new Float64Array(INITIAL);
  /** Event loop: the row that has the core, and those that wait for it. */
  loopRow = new Int32Array(INITIAL).fill(-1);
  loopHead = new Int32Array(INITIAL).fill(-1);
  loopTail = new Int32Array(INITIAL).fill(-1);
  /** 1 while waiting rows are being admitted, so that this does not recurse. */
  pumping = new Int32Array(INITIAL);
  sharing: (SharedCpu | null)[] = [];
  pools: (readonly ConnectionPool[])[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(replica: number): void {
    while (replica >= this.service.length) this.#grow();
    while (this.sharing.length <= replica) {
      this.sharing.push(null);
      this.pools.push([]);
    }
    this.#count = Math.max(this.#count, replica + 1);
  }

  /** A process starts under this number, for the first time or again: its counters are at 0. */
  begin(replica: number, now: number): void {
    assert(this.phase[replica] === GONE, "a replica was started that runs");
    let ordinal = 0;
    for (let other = 0; other < this.#count; other++) {
      if (this.service[other] === this.service[replica]) ordinal += this.starts[other]!;
    }
    this.ordinal[replica] = ordinal;
    this.starts[replica]!++;
    this.publishedAt[replica] = UNPUBLISHED;
    this.cpuMicros[replica] = 0;
    this.cpuSince[replica] = now;
    this.requests[replica] = 0;
    this.probes[replica] = 0;
    this.phase[replica] = SERVING;
  }

  /** The control plane lists these processes. */
  publish(replicas: readonly number[], now: number): void {
    for (const replica of replicas) {
      if (this.publishedAt[replica] !== UNPUBLISHED) continue;
      this.publishedAt[replica] = now === 0 ? LONG_AGO : now;
    }
  }

  /** Books the CPU time used so far; `rate` cores are in use from now on. */
  setCpuRate(replica: number, rate: number, now: number): void {
    this.cpuMicros[replica]! += this.cpuRate[replica]! * (now - this.cpuSince[replica]!);
    this.cpuSince[replica] = now;
    this.cpuRate[replica] = rate;
  }

  cpuUsed(replica: number, now: number): number {
    return this.cpuMicros[replica]! + this.cpuRate[replica]! * (now - this.cpuSince[replica]!);
  }

  state(): Json {
    const columns: Record<string, readonly number[]> = {};
    for (const name of COLUMNS) columns[name] = Array.from(this[name].subarray(0, this.#count));
    return {
      count: this.#count,
      columns,
      sharing: this.sharing.map((sharing) =>
        sharing === null ? null : { isCfs: sharing instanceof CfsQuota, state: sharing.state() },
      ),
      pools: this.pools.map((pools) => pools.map((pool) => pool.state())),
    };
  }

  restore(state: Json): void {
    const table = savedState<TableState>(state);
    if (table.count > 0) this.add(table.count - 1);
    for (const name of COLUMNS) this[name].set(table.columns[name]!);
    this.sharing = table.sharing.map((sharing) => {
      if (sharing === null) return null;
      const restored = sharing.isCfs
        ? new CfsQuota({ limit: 1, parallelism: 1, periodEnd: 0 })
        : new ProcessorSharing(1);
      restored.restore(sharing.state);
      return restored;
    });
    this.pools = table.pools.map((pools) =>
      pools.map((pool) => {
        const restored = new ConnectionPool(0);
        restored.restore(pool);
        return restored;
      }),
    );
  }

  #grow(): void {
    const length = this.service.length * 2;
    for (const name of INTEGER_COLUMNS) {
      const larger = new Int32Array(length).fill(EMPTY_IS_MINUS_ONE.has(name) ? -1 : 0);
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

/** Connections of one replica to a datastore; rows wait for one in order of arrival. */
export class ConnectionPool {
  size: number;
  used = 0;
  /** Pairs (row, generation); those that gave up are skipped by their generation or flag. */
  waiting: number[] = [];

  constructor(size: number) {
    this.size = size;
  }

  state(): Json {
    return { size: this.size, used: this.used, waiting: [...this.waiting] };
  }

  restore(state: Json): void {
    const pool = savedState<{ size: number; used: number; waiting: number[] }>(state);
    this.size = pool.size;
    this.used = pool.used;
    this.waiting = [...pool.waiting];
  }
}

interface TableState {
  readonly count: number;
  readonly columns: Readonly<Record<string, readonly number[]>>;
  readonly sharing: readonly ({ readonly isCfs: boolean; readonly state: Json } | null)[];
  readonly pools: readonly (readonly Json[])[];
}

const UNPUBLISHED = -1;
const LONG_AGO = -(2 ** 50);

const INTEGER_COLUMNS = [
  "service",
  "revision",
  "zone",
  "phase",
  "busySlots",
  "queueHead",
  "queueTail",
  "queueLength",
  "outstanding",
  "loopRow",
  "loopHead",
  "loopTail",
  "pumping",
  "starts",
  "ordinal",
] as const;
const FLOAT_COLUMNS = [
  "requests",
  "cores",
  "cpuRate",
  "cpuSince",
  "cpuMicros",
  "startedAt",
  "publishedAt",
  "memoryLimit",
  "probes",
] as const;
const COLUMNS = [...INTEGER_COLUMNS, ...FLOAT_COLUMNS];
const EMPTY_IS_MINUS_ONE: ReadonlySet<string> = new Set([
  "service",
  "queueHead",
  "queueTail",
  "loopRow",
  "loopHead",
  "loopTail",
]);
