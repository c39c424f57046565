import type { ShardMembers } from "../../cluster/dataPlane.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { bucketOf } from "../../workload/keySpread.ts";
import type { CallPlan, PlannedReplication } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";

const { ATTEMPT, KEY, SITE, TRAFFIC } = INT;
const { REQUEST } = REAL;

const LAG_SITE = 0x5f000000;

/** What became of the calls to a datastore in the measured time. */
export interface ShardFigures {
  /** By shard. */
  readonly requests: number[];
  /** Reads from replicas, and those of them that missed a write that had been answered before. */
  replicaReads: number;
  staleReads: number;
  failovers: number;
  /** Keys whose last write no replica had when their primary died. */
  lostWrites: number;
}

/** A datastore with shards or replicas. */
interface Store {
  readonly replication: PlannedReplication;
  members: readonly ShardMembers[];
  /** When a key was last written, as its writers know. */
  readonly written: Map<number, number>;
  readonly figures: ShardFigures;
}

/**
 * Datastores of several servers: which of them a call goes to, by the key of its request, and what
 * replicas do not have yet.
 */
export class Shards {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #attributes: readonly AttributeSampler[];
  readonly #sites: CallPlan["program"]["sites"];
  /** By service; null for most. */
  readonly #stores: readonly (Store | null)[];

  constructor(parts: PlaneParts) {
    this.#simulation = parts.simulation;
    this.#draws = parts.draws;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#attributes = parts.attributes;
    this.#sites = parts.plan.program.sites;
    this.#stores = parts.plan.services.map(({ replication }) =>
      replication === null
        ? null
        : { replication, members: [], written: new Map(), figures: noFigures(replication.shards) },
    );
  }

  /** Null for what has neither shards nor replicas. */
  figures(service: number): ShardFigures | null {
    return this.#stores[service]?.figures ?? null;
  }

  resetFigures(): void {
    for (const store of this.#stores) {
      if (store !== null) Object.assign(store.figures, noFigures(store.replication.shards));
    }
  }

  /** As the datastore's own control plane has it, which all callers learn at once. */
  setMembers(service: number, members: readonly ShardMembers[]): void {
    const store = this.#stores[service];
    if (store === null || store === undefined) return;
    members.forEach(({ primary }, shard) => {
      const before = store.members[shard]?.primary;
      if (before === undefined || before === primary) return;
      if (primary === null) this.#lose(store, shard);
      else store.figures.failovers++;
    });
    store.members = members;
  }

  /** The server of this call; −1 when there is none. */
  choose(service: number, row: number): number {
    const { int } = this.#rows;
    const store = this.#stores[service]!;
    const key = this.#keyOf(row);
    const shard = bucketOf(key, store.replication.shards);
    store.figures.requests[shard]!++;
    const { primary, replicas } = store.members[shard]!;
    const { access } = this.#sites[int[row + SITE]!]!;
    if (access !== "replica-read" || replicas.length === 0) return primary ?? -1;
    store.figures.replicaReads++;
    if (this.#isStale(store, row, key)) store.figures.staleReads++;
    const load = this.#replicas.outstanding;
    return replicas.reduce((best, one) => (load[one]! < load[best]! ? one : best));
  }

  /** A call was answered: if it wrote, replicas will have that after their lag. */
  answered(service: number, row: number): void {
    const store = this.#stores[service]!;
    if (store === null || this.#sites[this.#rows.int[row + SITE]!]!.access !== "write") return;
    store.written.set(this.#keyOf(row), this.#simulation.now);
  }

  state(): Json {
    return this.#stores.map((store) =>
      store === null
        ? null
        : plainState({
            members: store.members.map(({ primary, replicas }) => ({
              primary,
              replicas: [...replicas],
            })),
            written: [...store.written].map(([key, time]) => [key, time]),
            figures: structuredClone(store.figures),
          }),
    );
  }

  restore(state: Json): void {
    savedState<readonly (StoreState | null)[]>(state).forEach((saved, service) => {
      const store = this.#stores[service]!;
      if (saved === null || store === null) return;
      store.members = saved.members;
      for (const [key, time] of saved.written) store.written.set(key, time);
      Object.assign(store.figures, structuredClone(saved.figures));
    });
  }

  /** Whether the replica lacks the latest write of the key at this moment. */
  #isStale({ written, replication }: Store, row: number, key: number): boolean {
    const last = written.get(key);
    if (last === undefined) return false;
    const { int, real } = this.#rows;
    const site = int[row + KEY]! ^ LAG_SITE;
    const lag = replication.lag.sample(
      this.#draws,
      real[row + REQUEST]!,
      site,
      int[row + ATTEMPT]!,
    );
    return last > this.#simulation.now - lag;
  }

  /** A primary is gone with what it had not passed on. */
  #lose({ written, replication, figures }: Store, shard: number): void {
    const { now } = this.#simulation;
    const lag = replication.lag.sample(this.#draws, shard, LAG_SITE, 0);
    for (const [key, time] of written) {
      if (time > now - lag && bucketOf(key, replication.shards) === shard) figures.lostWrites++;
    }
  }

  #keyOf(row: number): number {
    const { int, real } = this.#rows;
    return this.#attributes[int[row + TRAFFIC]!]!.key(real[row + REQUEST]!);
  }
}

const noFigures = (shards: number): ShardFigures => ({
  requests: Array.from({ length: shards }, () => 0),
  replicaReads: 0,
  staleReads: 0,
  failovers: 0,
  lostWrites: 0,
});

interface StoreState {
  readonly members: readonly ShardMembers[];
  readonly written: readonly (readonly [number, number])[];
  readonly figures: ShardFigures;
}
