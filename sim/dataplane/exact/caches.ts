import { present } from "../../kernel/assert.ts";
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
  readonly leader: number;
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
  /** By lookup, then by owner: a replica, or all of them. */
  readonly #stores: readonly Map<number, LruCache>[];
  readonly #flights = new Map<string, Flight>();
  /** Ids of the flights that a row leads, in their order. */
  readonly #led = new Map<number, readonly string[]>();

  constructor(parts: PlaneParts, resume: (row: number) => void) {
    this.#simulation = parts.simulation;
    this.#lookups = parts.plan.program.lookups;
    this.#recorder = parts.recorder;
    this.#attributes = parts.attributes;
    this.#rows = parts.rows;
    this.#resume = resume;
    this.#stores = this.#lookups.map(() => new Map());
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
    if (this.#store(index, owner).has(key, this.#simulation.now)) {
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
    this.#store(index, owner).put(key, this.#simulation.now);
    if (!lookup.coalesce) return;
    const id = flightId(index, owner, key);
    const flight = this.#flights.get(id);
    // Another one fetched it since: of a process that was started anew, for instance.
    if (flight === undefined || flight.leader !== row) return;
    this.#flights.delete(id);
    this.#leadsNoMore(row, id);
    for (const waiter of flight.waiters) {
      if (this.#awake(waiter, lookup.hit)) this.#resume(waiter[0]);
    }
  }

  /**
   * A row that leads ends before it has what it missed: the next one tries, once whatever ended
   * that row is over.
   */
  #abandon(row: number): void {
    const ids = this.#led.get(row) ?? [];
    this.#led.delete(row);
    for (const id of ids) {
      const flight = present(this.#flights.get(id), "flight");
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
    for (const stores of this.#stores) stores.delete(replica);
  }

  #lead(row: number, flight: Flight): void {
    const id = flightId(flight.lookup, flight.owner, flight.key);
    this.#rows.int[row + FLAGS]! |= LEADS;
    this.#flights.set(id, flight);
    this.#led.set(row, [...(this.#led.get(row) ?? []), id]);
  }

  #leadsNoMore(row: number, id: string): void {
    const others = (this.#led.get(row) ?? []).filter((other) => other !== id);
    if (others.length > 0) {
      this.#led.set(row, others);
      return;
    }
    this.#led.delete(row);
    this.#rows.int[row + FLAGS]! &= ~LEADS;
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

  #store(index: number, owner: number): LruCache {
    const stores = this.#stores[index]!;
    let store = stores.get(owner);
    if (store === undefined) {
      store = new LruCache(this.#lookups[index]!);
      stores.set(owner, store);
    }
    return store;
  }

  state(): Json {
    return {
      stores: this.#stores.map((stores) =>
        [...stores].map(([owner, store]) => [owner, store.state()]),
      ),
      flights: [...this.#flights.values()].map(({ waiters, ...flight }) => ({
        ...flight,
        waiters: waiters.map(([row, generation]) => [row, generation]),
      })),
    };
  }

  restore(state: Json): void {
    const { stores, flights } = savedState<CachesState>(state);
    stores.forEach((saved, index) => {
      for (const [owner, entries] of saved) this.#store(index, owner).restore(entries);
    });
    for (const flight of flights) this.#lead(flight.leader, flight);
  }
}

interface CachesState {
  /** By lookup. */
  readonly stores: readonly (readonly (readonly [number, Json])[])[];
  readonly flights: readonly Flight[];
}

const flightId = (lookup: number, owner: number, key: number): string =>
  `${lookup} ${owner} ${key}`;
