import type { Micros } from "../kernel/time.ts";
import type { BalancerSpec } from "../policy/balancers/index.ts";
import type { OutlierDetectionConfig } from "../policy/resilience/outlier/settings.ts";
import type { DistributionSpec } from "../workload/distributions.ts";
import type { CallSpec, GuardKey, GuardSpec } from "./callSpec.ts";
import type { StationSpec } from "./stationSpec.ts";

/**
 * How a replica spends CPU on its requests.
 * `fifo`: each concurrency slot is a server of its own; work runs to its end at full speed (the
 * M/G/c server).
 * `processor-sharing`: all requests with work share the container's CPU quota evenly, one core each
 * at most.
 * `event-loop`: one core, one piece of work at a time, in order of arrival; waits are concurrent (a
 * Node service).
 */
export type CpuDiscipline = "fifo" | "processor-sharing" | "event-loop";

/**
 * How the CPU limit holds for `processor-sharing` and `event-loop`; `fifo` has none.
 * `even`: ideally, at every moment; work slows down and never stops.
 * `cfs`: as the kernel's CFS bandwidth control does, in periods of 100 ms: at full speed until the
 * quota of the period is used, then not at all (throttling).
 */
export type QuotaEnforcement = "even" | "cfs";

/** A service or a datastore as callers meet it: how it serves, not how many replicas it has. */
export interface ServiceSpec {
  readonly name: string;
  /**
   * A datastore has one fixed server group, outside of the cluster: `concurrency` requests at once.
   */
  readonly kind: "service" | "datastore";
  readonly discipline: CpuDiscipline;
  /** Requests that a replica works on at once; null for no limit. */
  readonly concurrency: number | null;
  /**
   * Requests that may wait for a slot of a replica; null for no limit. One more is refused:
   * `queue-full`.
   */
  readonly queueLimit: number | null;
  /** Null for a service, and for a datastore of one server that never dies. */
  readonly replication: ReplicationSpec | null;
  /** Null for slots that serve first come, first served, and nothing else. */
  readonly station: StationSpec | null;
  /**
   * An asynchronous service gives its slot back while it waits for others, and takes one again
   * afterwards.
   */
  readonly asynchronous: boolean;
  readonly balancer: BalancerSpec;
  readonly quota: QuotaEnforcement;
  readonly memory: MemorySpec;
  /** Null for a service that is as fast at once as it will ever be. */
  readonly warmUp: ReplicaWarmUpSpec | null;
  /** CPU time of answering one probe of the kubelet. */
  readonly probeWork: DistributionSpec;
  /**
   * `shared`: a probe waits for a slot like every request. `own`: a thread of its own answers
   * it, as with a management port; it needs CPU only.
   */
  readonly probeThread: "shared" | "own";
  /** A request that is past its deadline when a slot comes free is dropped: `deadline-exceeded`. */
  readonly dropsExpired: boolean;
  /** How callers find out which replicas to leave alone; null: they do not. */
  readonly outlierDetection: OutlierDetectionConfig | null;
  /** Callers choose among the replicas in their own zone, while there are any. */
  readonly prefersClose: boolean;
  /** A new replica takes its part of the calls in steps over this time; null for at once. */
  readonly slowStart: Micros | null;
  /** What each request has to pass at a replica, before it takes a slot or waits for one. */
  readonly guards: readonly GuardSpec[];
  /** Connection pools of each replica. */
  readonly pools: readonly PoolSpec[];
  readonly endpoints: readonly EndpointSpec[];
  /** How revisions differ; the first is the stable one that runs at the start. */
  readonly revisions: readonly RevisionSpec[];
}

/**
 * A datastore of several servers. The keys of requests are spread over the shards; in each, one
 * server is the primary, and the others have what it wrote a little later.
 */
export interface ReplicationSpec {
  readonly shards: number;
  /** Beside the primary of each shard. */
  readonly replicas: number;
  /** From a write's answer until a replica has it. */
  readonly lag: DistributionSpec;
  /** From the death of a primary until a replica is in its place. */
  readonly failover: Micros;
  /** From the death of a server until it runs again: as a replica, if there is a primary. */
  readonly restart: Micros;
}

/** Memory of a process: all zero but the base for one that stays as it is. */
export interface MemorySpec {
  readonly baseBytes: number;
  /** While the request is in it. */
  readonly perRequestBytes: number;
  /** What each request adds to a cache that is never emptied, up to its maximum. */
  readonly cachePerRequestBytes: number;
  readonly cacheMaxBytes: number;
  /** What each request leaves behind for ever. */
  readonly leakPerRequestBytes: number;
}

/**
 * A process that has just started is slower (JIT, empty caches): work takes `factor` times as long
 * at first, and less and less, linearly, until it takes its time after `duration`.
 */
export interface ReplicaWarmUpSpec {
  readonly factor: number;
  readonly duration: Micros;
  /** Its caches are empty at first: the hit ratio rises from 0, linearly as well. */
  readonly coldCaches: boolean;
}

export interface PoolSpec {
  readonly name: string;
  readonly size: number;
  /** A query gives up waiting for a connection after this (`pool-timeout`); null waits for ever. */
  readonly acquireTimeout: Micros | null;
}

export interface RevisionSpec {
  readonly name: string;
  /** Share of the requests that are answered with an error after their work, 0 … 1. */
  readonly errorShare: number;
  /**
   * All work and waits of a request take this many times as long: uniform in [min, max], one draw a
   * request.
   */
  readonly latencyFactor: { readonly min: number; readonly max: number };
  /** Null for the service's. */
  readonly memory: MemorySpec | null;
}

export interface EndpointSpec {
  readonly name: string;
  readonly steps: readonly StepSpec[];
}

/** A row of a table that one request at a time may have. */
export interface LockSpec {
  /** Rows of one name are the same, whichever service locks them. */
  readonly table: string;
  /** What of the request says which row. */
  readonly per: GuardKey;
  /** Rows that it locks, one after the other. */
  readonly rows: number;
  /**
   * `as-drawn`: two requests can each have what the other waits for. `sorted`: that cannot happen.
   */
  readonly order: "as-drawn" | "sorted";
  /** Whoever waits longer fails: `lock-timeout`. Null waits for ever. */
  readonly timeout: Micros | null;
}

/** A cache of keys, empty at first. */
export interface CacheSpec {
  /** Entries; the least recently used one makes room. Null for no limit. */
  readonly size: number | null;
  /** How long an entry lives; null for ever. */
  readonly ttl: Micros | null;
  /** One for all replicas, or one in each process, gone with it. */
  readonly scope: "shared" | "replica";
  /** Requests that miss what is being fetched wait for it (single flight). */
  readonly coalesce: boolean;
}

export type StepSpec =
  | { readonly kind: "work"; readonly time: DistributionSpec }
  | { readonly kind: "wait"; readonly time: DistributionSpec }
  | { readonly kind: "call"; readonly call: CallSpec }
  | { readonly kind: "parallel"; readonly branches: readonly (readonly StepSpec[])[] }
  /** Takes one option by its probability; with what is left to 1 it takes none. */
  | {
      readonly kind: "choice";
      readonly options: readonly {
        readonly probability: number;
        readonly steps: readonly StepSpec[];
      }[];
    }
  | {
      readonly kind: "cache";
      readonly name: string;
      readonly hitRatio: number;
      readonly hit: readonly StepSpec[];
      readonly miss: readonly StepSpec[];
    }
  /** A look for the request's key into a cache, which knows what was put into it before. */
  | {
      readonly kind: "lookup";
      readonly name: string;
      readonly cache: CacheSpec;
      readonly hit: readonly StepSpec[];
      readonly miss: readonly StepSpec[];
    }
  /** Waits its turn for rows, and has them until the end of the transaction, or of the request. */
  | {
      readonly kind: "lock";
      readonly lock: LockSpec;
      /** Done with each row once it is locked, before the next one. */
      readonly each: readonly StepSpec[];
    }
  /** Locks taken in it are given back at its end, as is its connection of the pool. */
  | {
      readonly kind: "transaction";
      readonly pool: string | null;
      readonly steps: readonly StepSpec[];
    }
  /** A call to a datastore over a connection of the pool, which it holds until the answer. */
  | { readonly kind: "query"; readonly pool: string; readonly call: CallSpec };

/** Delay of one way between places, added to calls that cross; absent pairs have none. */
export interface LinkSpec {
  readonly from: string;
  readonly to: string;
  readonly latency: DistributionSpec;
}
