import { present } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";
import type { Micros } from "../kernel/time.ts";
import type { DataPlane, ShardMembers } from "./dataPlane.ts";
import type { Pod } from "./pod.ts";

/** A datastore that has several servers, or can lose the one it has. */
export interface DatastoreSpec {
  readonly shards: number;
  /** Beside the primary of each shard. */
  readonly replicas: number;
  readonly failover: Micros;
  readonly restart: Micros;
}

interface Shard {
  primary: number | null;
  /** Replicas that run, the longest first. */
  replicas: number[];
}

/** The lists of a shard change as its servers come and go. */
const copyOf = ({ primary, replicas }: ShardMembers): Shard => ({
  primary,
  replicas: [...replicas],
});

interface Datastore {
  readonly spec: DatastoreSpec | null;
  readonly servers: number;
  readonly shards: Shard[];
  /** All servers that there are, dead or alive, with their shards. */
  readonly shardOf: Map<number, number>;
  readonly dead: Set<number>;
}

/**
 * Servers of datastores, which run outside of the cluster and manage themselves: a primary that
 * dies is replaced by a replica after the failover time, and a dead server comes back as a replica.
 */
export class Datastores {
  readonly #simulation: Simulation;
  readonly #plane: DataPlane;
  readonly #newPod: (service: number) => Pod;
  /** By service. */
  readonly #stores = new Map<number, Datastore>();
  readonly #promotion: number;
  readonly #back: number;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly plane: DataPlane;
    readonly newPod: (service: number) => Pod;
  }) {
    this.#simulation = parts.simulation;
    this.#plane = parts.plane;
    this.#newPod = parts.newPod;
    this.#promotion = parts.simulation.register("replica is promoted", (service, shard) =>
      this.#promote(service, shard),
    );
    this.#back = parts.simulation.register("datastore server is back", (service, replica) =>
      this.#restart(service, replica),
    );
  }

  /** The servers are always numbered after the first pods; primaries of the shards come first. */
  start(service: number, servers: number, spec: DatastoreSpec | null): void {
    const store: Datastore = { spec, servers, shards: [], shardOf: new Map(), dead: new Set() };
    this.#stores.set(service, store);
    const { shards, replicas } = spec ?? { shards: 1, replicas: 0 };
    for (let shard = 0; shard < shards; shard++) {
      store.shards.push({ primary: this.#startNew(service, store, shard), replicas: [] });
    }
    for (let shard = 0; shard < shards; shard++) {
      for (let i = 0; i < replicas; i++) {
        store.shards[shard]!.replicas.push(this.#startNew(service, store, shard));
      }
    }
    this.#publish(service, store);
  }

  /** One of its servers dies: only of datastores that say how they get over it. */
  kill(service: number, replica: number): void {
    const store = present(this.#stores.get(service), "datastore");
    if (store.spec === null || store.dead.has(replica)) return;
    const index = present(store.shardOf.get(replica), "server of a datastore");
    const shard = store.shards[index]!;
    store.dead.add(replica);
    shard.replicas = shard.replicas.filter((other) => other !== replica);
    if (shard.primary === replica) {
      shard.primary = null;
      this.#simulation.scheduleAfter(store.spec.failover, this.#promotion, service, index);
    }
    this.#publish(service, store);
    this.#plane.killReplica(replica);
    this.#simulation.scheduleAfter(store.spec.restart, this.#back, service, replica);
  }

  state(): Json {
    return plainState(
      [...this.#stores].map(([service, { servers, shards, shardOf, dead }]) => ({
        service,
        servers,
        shards: shards.map(copyOf),
        shardOf: [...shardOf],
        dead: [...dead],
      })),
    );
  }

  restore(state: Json, specOf: (service: number) => DatastoreSpec | null): void {
    for (const saved of savedState<readonly StoreState[]>(state)) {
      const { service, servers, shards, shardOf, dead } = saved;
      this.#stores.set(service, {
        spec: specOf(service),
        servers,
        shards: shards.map(copyOf),
        shardOf: new Map(shardOf),
        dead: new Set(dead),
      });
    }
  }

  /** The longest-running replica takes over, once there is one. */
  #promote(service: number, index: number): void {
    const store = present(this.#stores.get(service), "datastore");
    const shard = store.shards[index]!;
    if (shard.primary !== null) return;
    shard.primary = shard.replicas.shift() ?? null;
    this.#publish(service, store);
  }

  #restart(service: number, replica: number): void {
    const store = present(this.#stores.get(service), "datastore");
    const shard = store.shards[present(store.shardOf.get(replica), "server of a datastore")]!;
    store.dead.delete(replica);
    this.#run(service, store, replica);
    // Whoever comes first when there is nobody needs no vote.
    if (shard.primary === null && shard.replicas.length === 0) shard.primary = replica;
    else shard.replicas.push(replica);
    this.#publish(service, store);
  }

  #startNew(service: number, store: Datastore, shard: number): number {
    const { number } = this.#newPod(service);
    store.shardOf.set(number, shard);
    this.#run(service, store, number);
    return number;
  }

  #run(service: number, { servers }: Datastore, replica: number): void {
    this.#plane.startReplica({
      replica,
      service,
      revision: 0,
      zone: 0,
      cores: servers,
      parallelism: servers,
      memoryLimitBytes: null,
    });
  }

  #publish(service: number, { spec, shards }: Datastore): void {
    const alive = shards.flatMap(({ primary, replicas }) =>
      primary === null ? replicas : [primary, ...replicas],
    );
    if (spec !== null) {
      this.#plane.setMembers(service, shards.map(copyOf));
    }
    this.#plane.setEndpoints(service, alive);
  }
}

interface StoreState {
  readonly service: number;
  readonly servers: number;
  readonly shards: readonly ShardMembers[];
  readonly shardOf: readonly (readonly [number, number])[];
  readonly dead: readonly number[];
}
