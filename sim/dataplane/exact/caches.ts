import { assert } from "../../kernel/assert.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { Lookup } from "../callplan/plan.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import { LruCache } from "./lruCache.ts";
import type { PlaneParts } from "./parts.ts";

const { FLAGS, GENERATION, PC, REPLICA, TRAFFIC } = INT;
const { REQUEST, SINCE, WAITED } = REAL;
const { LEADS } = FLAG;

/** A row and its generation: one that does not match any more is gone. */
type Waiter = readonly [row: number, generation: number];

/** A key that is being fetched: by whom, and who waits for it (single flight). */
interface Flight {
  leader: number;
  readonly lookup: number;
  readonly owner: number;
  readonly key: number;
  readonly waiters: Waiter[];
}

/** Owner of what all replicas share. */
const SHARED = -1;

/**
 * Caches whose hits emerge from what is in them: entries live for a time, the least recently used
 * one makes room, and a process that starts has none. A miss fetches, and fills in when it has;
 * where a cache coalesces, others who miss the same key meanwhile wait for that one fetch, and the
 * next of them takes over when it fails.
 */
export class Caches {
  readonly #simulation: Simulation;
  readonly #lookups: readonly Lookup[];
  readonly #recorder: Recorder;
  readonly #attributes: readonly AttributeSampler[];
  readonly #rows: CallTable;
  readonly #resume: (row: number) => void;
  readonly #takeOver: number;
  /** By lookup's cache, then by owner: a replica, or all of them. */
  readonly #stores = new Map<string, LruCache>();
  readonly #flights = new Map<string, Flight>();

  constructor(parts: PlaneParts, resume: (row: number) => void) {
    this.#simulation = parts.simulation;
    this.#lookups = parts.plan.program.lookups;
    this.#recorder = parts.recorder;
    this.#attributes = parts.attributes;
    this.#rows = parts.rows;
    this.#resume = resume;
    this.#rows.leaderGone = (row) => this.#abandon(row);
    this.#takeOver = parts.simulation.register("fetch is taken over", (row, generation) => {
      if (parts.rows.is(row, generation)) this.#resume(row);
    });
  }

  /** Where the row goes on, hit or miss; −1 when it waits for somebody else's fetch. */
  look(row: number, index: number): number {
    const lookup = this.#lookups[index]!;
    const key = this.#keyOf(row);
    const owner = this.#ownerOf(row, lookup);
    if (this.#store(lookup, owner).has(key, this.#simulation.now)) {
      this.#recorder.cacheHits[lookup.cache]!++;
      return lookup.hit;
    }
    this.#recorder.cacheMisses[lookup.cache]!++;
    if (!lookup.coalesce) return lookup.miss;
    const flight = this.#flights.get(flightId(index, owner, key));
    if (flight === undefined) {
      this.#lead(row, { leader: row, lookup: index, owner, key, waiters: [] });
      return lookup.miss;
    }
    flight.waiters.push([row, this.#rows.int[row + GENERATION]!]);
    this.#rows.real[row + SINCE] = this.#simulation.now;
    return -1;
  }

  /** The row has what it missed: it fills it in, and whoever waited for it goes on. */
  fill(row: number, index: number): void {
    const lookup = this.#lookups[index]!;
    const key = this.#keyOf(row);
    const owner = this.#ownerOf(row, lookup);
    this.#store(lookup, owner).put(key, this.#simulation.now);
    if (!lookup.coalesce) return;
    const id = flightId(index, owner, key);
    const flight = this.#flights.get(id);
    // Another one fetched it since: of a process that was started anew, for instance.
    if (flight === undefined || flight.leader !== row) return;
    this.#flights.delete(id);
    if (![...this.#flights.values()].some(({ leader }) => leader === row)) {
      this.#rows.int[row + FLAGS]! &= ~LEADS;
    }
    for (const waiter of flight.waiters) {
      if (this.#awake(waiter, lookup.hit)) this.#resume(waiter[0]);
    }
  }

  /**
   * A row that leads ends before it has what it missed: the next one tries, once whatever ended
   * that row is over.
   */
  #abandon(row: number): void {
    for (const [id, flight] of [...this.#flights]) {
      if (flight.leader !== row) continue;
      this.#flights.delete(id);
      const { miss } = this.#lookups[flight.lookup]!;
      const next = flight.waiters.findIndex((waiter) => this.#awake(waiter, miss));
      if (next < 0) continue;
      const [leader, generation] = flight.waiters[next]!;
      this.#lead(leader, { ...flight, leader, waiters: flight.waiters.slice(next + 1) });
      this.#simulation.schedule(this.#simulation.now, this.#takeOver, leader, generation);
    }
  }

  /** A process starts: whatever its predecessor knew is gone. */
  forget(replica: number): void {
    for (const { cache, scope } of this.#lookups) {
      if (scope === "replica") this.#stores.delete(storeId(cache, replica));
    }
  }

  #lead(row: number, flight: Flight): void {
    this.#rows.int[row + FLAGS]! |= LEADS;
    this.#flights.set(flightId(flight.lookup, flight.owner, flight.key), flight);
  }

  /** Lets a waiter go on at an instruction; false when it is gone. */
  #awake([row, generation]: Waiter, target: number): boolean {
    const { int, real } = this.#rows;
    if (!this.#rows.is(row, generation)) return false;
    int[row + PC] = target;
    real[row + WAITED]! += this.#simulation.now - real[row + SINCE]!;
    return true;
  }

  #keyOf(row: number): number {
    const { int, real } = this.#rows;
    return this.#attributes[int[row + TRAFFIC]!]!.key(real[row + REQUEST]!);
  }

  #ownerOf(row: number, { scope }: Lookup): number {
    return scope === "shared" ? SHARED : this.#rows.int[row + REPLICA]!;
  }

  #store(lookup: Lookup, owner: number): LruCache {
    const id = storeId(lookup.cache, owner);
    let store = this.#stores.get(id);
    if (store === undefined) {
      store = new LruCache(lookup);
      this.#stores.set(id, store);
    }
    return store;
  }

  state(): Json {
    return {
      stores: [...this.#stores].map(([id, store]) => [id, store.state()]),
      flights: [...this.#flights].map(([id, { waiters, ...flight }]) => [
        id,
        { ...flight, waiters: waiters.map(([row, generation]) => [row, generation]) },
      ]),
    };
  }

  restore(state: Json): void {
    const { stores, flights } = savedState<CachesState>(state);
    for (const [id, saved] of stores) {
      const cache = Number(id.split(" ")[0]);
      const lookup = this.#lookups.find((one) => one.cache === cache);
      assert(lookup !== undefined, "a snapshot is of the same scenario");
      const store = new LruCache(lookup);
      store.restore(saved);
      this.#stores.set(id, store);
    }
    for (const [id, flight] of flights) this.#flights.set(id, flight);
  }
}

interface CachesState {
  readonly stores: readonly (readonly [string, Json])[];
  readonly flights: readonly (readonly [string, Flight])[];
}

const storeId = (cache: number, owner: number): string => `${cache} ${owner}`;
const flightId = (lookup: number, owner: number, key: number): string =>
  `${lookup} ${owner} ${key}`;
