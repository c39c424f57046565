import type { FaultEffect } from "../control/fault.ts";
import type { Micros } from "../kernel/time.ts";
import type { RouteRule } from "../policy/rollout.ts";
import type { LatencyHistogramState } from "../stats/latencyHistogram.ts";
import type { ProbeHandler } from "./clusterSpec.ts";

/**
 * Services, revisions and replicas are numbered by the cluster; replica numbers are never used
 * twice.
 */
export interface ReplicaStart {
  readonly replica: number;
  readonly service: number;
  readonly revision: number;
  readonly zone: number;
  /** CPU limit in cores: the quota of processor sharing. */
  readonly cores: number;
  /** Cores of the node: how many threads can run at the same time while the quota lasts. */
  readonly parallelism: number;
  /** Above this the process is killed: `outOfMemory` follows. Null for no limit. */
  readonly memoryLimitBytes: number | null;
}

/**
 * Cumulative since the process started, as a container's counters are: a restart sets them to 0.
 * Differences over a window are what a metrics pipeline reads.
 */
export interface ReplicaUsage {
  readonly cpuMicros: number;
  /** Time during which it had work and was throttled by its quota. */
  readonly throttledMicros: number;
  readonly memoryBytes: number;
  readonly requests: number;
  readonly inFlight: number;
  readonly queued: number;
}

export interface RevisionCounts {
  readonly requests: number;
  readonly failures: number;
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly p99Ms: number | null;
}

/** Messages of a topic that one consumer group is not done with. */
export interface QueueDepth {
  /** Waiting, in the hands of workers, or hidden. */
  readonly lag: number;
  readonly waiting: number;
  /** Since the oldest of them was published; 0 without any. */
  readonly oldestAgeMicros: number;
}

/** The servers of one shard of a datastore. */
export interface ShardMembers {
  /** Null while there is none. */
  readonly primary: number | null;
  readonly replicas: readonly number[];
}

/** A fault's effect on replicas, or on the calls to them. */
export interface ActiveEffect {
  readonly id: number;
  readonly effect: FaultEffect;
  readonly service: number;
  readonly endpoint: number | null;
  readonly replicas: readonly number[];
  /** Keys its random numbers: a hash of the fault's name, so that other faults change none. */
  readonly site: number;
}

/** What the cluster needs to hear from the data plane. */
export interface DataPlaneListener {
  /** A draining replica has finished its last request. */
  drained(replica: number): void;
  /** The answer to `sendProbe`; `ok` is false when it was refused or came too late. */
  probed(replica: number, token: number, ok: boolean): void;
  /** The replica's memory has grown beyond its limit; the data plane has not killed it yet. */
  outOfMemory(replica: number): void;
  /** Every service that calls the replica, and the edge if clients do, knows the endpoint. */
  heard(replica: number): void;
}

/**
 * Carries the requests. The cluster owns this interface and drives it: it says which replicas exist
 * and which of them callers know, and reads their usage. Time passes through the simulation that
 * both share. *exact* follows every request; *fluid* keeps flows per service and spreads them over
 * the replicas that it was told of.
 */
export interface DataPlane {
  attach(listener: DataPlaneListener): void;
  /**
   * The process runs from now on. It gets no requests before it is among the endpoints. A replica
   * that was killed may start again under its number: a container that restarts in its pod.
   */
  startReplica(start: ReplicaStart): void;
  /**
   * Lets the requests in it finish; `drained` follows, at once when there are none. Its listener
   * stays open until then, or is closed at once: then calls that still arrive are refused.
   */
  drainReplica(replica: number, listener: "open" | "closed"): void;
  /** Ends it now: the requests in it fail. */
  killReplica(replica: number): void;
  /**
   * The replicas that callers route to, in the order in which they became endpoints: what the
   * control plane publishes. Each caller may learn of it after a lag of its own; `heard` tells
   * when the last one has, within this call when there is no lag.
   */
  setEndpoints(service: number, replicas: readonly number[]): void;
  /** The servers of a datastore that has several, by shard: callers know at once. */
  setMembers(service: number, shards: readonly ShardMembers[]): void;
  setRoutes(service: number, routes: readonly RouteRule[]): void;
  /**
   * Asks the replica, as a request of its own that meets what every request meets there; `probed`
   * follows with the same token, after `timeout` at the latest, never within this call. A
   * connection is all that `tcpSocket` asks for, and `exec` needs the CPU but no slot.
   */
  sendProbe(replica: number, token: number, timeout: number, handler: ProbeHandler): void;
  /** What the node leaves the replica from now on, in cores: at most its limit. */
  setCores(replica: number, cores: number): void;
  /** How many pieces of work in it want a core at this moment. */
  runnable(replica: number): number;
  usage(replica: number): ReplicaUsage;
  queueDepth(topic: string, group: string): QueueDepth;
  revisionCounts(service: number, revision: number): RevisionCounts;
  /** The same over the last while, whatever was reset since. */
  recentCounts(service: number, revision: number, window: Micros): RevisionCounts;
  resetRevisionCounts(service: number): void;
  /** From now on the latencies of answered calls are kept for `takeLatencies`. */
  watchLatencies(service: number): void;
  /** Latencies since they were last taken: those of a scrape. */
  takeLatencies(service: number): LatencyHistogramState;
  applyEffect(effect: ActiveEffect): void;
  clearEffect(id: number): void;
}
