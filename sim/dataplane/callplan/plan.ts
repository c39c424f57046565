import type { Json } from "../../kernel/json.ts";
import type { Micros } from "../../kernel/time.ts";
import type { BalancerSpec } from "../../policy/balancers/index.ts";
import type { AdmissionPolicy } from "../../policy/resilience/admission.ts";
import type { OutlierDetectionConfig } from "../../policy/resilience/outlier/settings.ts";
import type { RetryLimit } from "../../policy/resilience/retryLimits.ts";
import type { TimeDistribution } from "../../workload/distributions.ts";
import type { Access, BackoffSpec, GuardKey, HedgeSpec, RetryCondition } from "../callSpec.ts";
import type {
  CacheSpec,
  CpuDiscipline,
  LockSpec,
  MemorySpec,
  QuotaEnforcement,
  ReplicaWarmUpSpec,
} from "../serviceSpec.ts";
import type { StationSpec } from "../stationSpec.ts";
import type { ConsumerGroupSpec } from "../topicSpec.ts";

/** Instructions of a call plan. A request is a row that walks them. */
export const Op = {
  /** CPU work: `x` indexes `times`. */
  Work: 0,
  /** Waiting without CPU: `x` indexes `times`. */
  Wait: 1,
  /** A call; goes on when it was answered: `x` indexes `sites`. */
  Call: 2,
  /** Branches at once; goes on at the next instruction when all have ended: `x` indexes `forks`. */
  Fork: 3,
  /** Takes one way by a keyed draw: `x` indexes `choices`. */
  Choice: 4,
  /** Goes on at `x`. */
  Jump: 5,
  /** Takes a connection of pool `x`, waits for one if need be. */
  Acquire: 6,
  Release: 7,
  /** End of a branch. */
  EndBranch: 8,
  /** Answers the caller. */
  End: 9,
  /** A client's journey begins anew (closed workloads). */
  Loop: 10,
  /** A probe has had its work done. */
  Probed: 11,
  /** A look into a cache of keys; goes on at its hit or miss: `x` indexes `lookups`. */
  Lookup: 12,
  /** What was missed is filled in: `x` indexes `lookups`. */
  Fill: 13,
  /** Takes the lock of a row, waits for it if need be: `x` indexes `locks`. */
  Lock: 14,
  /** Gives back the locks that were taken in transaction `x`. */
  Unlock: 15,
} as const;

/** Flat program of all endpoints and journeys: compiled once, walked by every request. */
export interface Program {
  readonly op: Int32Array;
  readonly x: Int32Array;
  /**
   * Keyed site of the instruction: a hash of its name path, so that other services do not change
   * it.
   */
  readonly site: Int32Array;
  readonly times: readonly TimeDistribution[];
  readonly sites: readonly CallSite[];
  readonly forks: readonly Fork[];
  readonly choices: readonly Choice[];
  readonly lookups: readonly Lookup[];
  readonly locks: readonly PlannedLock[];
}

export interface CallSite {
  readonly hash: number;
  readonly service: number;
  /** −1 for probes, which are no calls. */
  readonly endpoint: number;
  /** The revision that is meant; −1 for that which the routes say. */
  readonly revision: number;
  readonly access: Access;
  /** Of each attempt; null waits for ever. */
  readonly timeout: Micros | null;
  /** Null for a plain call: one attempt, with no limit but the timeout. */
  readonly call: PlannedCall | null;
}

/** What the caller does beyond one attempt. */
export interface PlannedCall {
  /** Of the whole call. */
  readonly timeout: Micros | null;
  readonly deadline: Micros | null;
  readonly retries: PlannedRetries | null;
  readonly hedge: HedgeSpec | null;
  readonly guards: readonly PlannedGuard[];
  readonly fallback: PlannedFallback | null;
}

export interface PlannedFallback {
  /** Index among the kinds of fallbacks. */
  readonly kind: number;
  /** Its first instruction; known when the whole program is. */
  entry: number;
}

/** A use of a policy before calls; `use` tells its states and draws from those of others. */
export interface PlannedGuard {
  readonly use: number;
  readonly policy: AdmissionPolicy;
  readonly config: Json;
  /** Of the failure when it refuses. */
  readonly reason: number;
  readonly isShared: boolean;
  readonly per: GuardKey | null;
}

export interface PlannedRetries {
  readonly attempts: number;
  readonly retryOn: ReadonlySet<RetryCondition>;
  readonly probability: number;
  readonly backoff: PlannedBackoff;
  readonly limit: PlannedRetryLimit | null;
}

export interface PlannedRetryLimit {
  readonly use: number;
  readonly policy: RetryLimit;
  readonly config: Json;
  readonly isShared: boolean;
}

export type PlannedBackoff =
  | Extract<BackoffSpec, { readonly kind: "exponential" }>
  | {
      readonly kind: "drawn";
      readonly time: TimeDistribution;
      readonly orbit: "classical" | "constant";
    };

export interface Fork {
  /** Branches that are one call, as indices of `sites`: they need no row of their own. */
  readonly calls: readonly number[];
  /** Entries of the other branches. */
  readonly entries: readonly number[];
}

export interface Choice {
  /** Cumulative probabilities and where each leads; a draw beyond the last goes to `otherwise`. */
  readonly thresholds: Float64Array;
  readonly targets: Int32Array;
  readonly otherwise: number;
  /** Index of the cache that this is the luck of, or −1: the first target counts as a hit. */
  readonly cache: number;
}

/** A look into a cache whose hits emerge from what is in it. */
export interface Lookup extends CacheSpec {
  /** Index of the cache, for its counters. */
  readonly cache: number;
  /** Instructions of a hit and of a miss. */
  readonly hit: number;
  readonly miss: number;
}

/** One row that a step locks. */
export interface PlannedLock extends LockSpec {
  /** Index of the table. */
  readonly number: number;
  /** Which of the step's rows, from 0. */
  readonly which: number;
  /** Number of the outermost transaction around it; −1 for none. */
  readonly transaction: number;
}

export interface PlannedService {
  readonly name: string;
  readonly hash: number;
  readonly kind: "service" | "datastore";
  readonly discipline: CpuDiscipline;
  readonly concurrency: number;
  readonly queueLimit: number;
  readonly station: PlannedStation | null;
  readonly replication: PlannedReplication | null;
  readonly asynchronous: boolean;
  readonly balancer: BalancerSpec;
  readonly quota: QuotaEnforcement;
  readonly warmUp: ReplicaWarmUpSpec | null;
  readonly dropsExpired: boolean;
  readonly outlierDetection: OutlierDetectionConfig | null;
  readonly prefersClose: boolean;
  readonly slowStart: Micros | null;
  readonly guards: readonly PlannedGuard[];
  /** Entry instruction of a probe, and the site that stands for it. */
  readonly probe: { readonly entry: number; readonly site: number; readonly ownThread: boolean };
  readonly pools: readonly {
    readonly name: string;
    readonly size: number;
    readonly acquireTimeout: number | null;
  }[];
  /** Entry instruction of each endpoint. */
  readonly entries: Int32Array;
  readonly endpoints: readonly string[];
  readonly revisions: readonly PlannedRevision[];
  /** Services that it may call. */
  readonly calls: readonly number[];
}

export interface PlannedReplication {
  readonly shards: number;
  readonly replicas: number;
  readonly lag: TimeDistribution;
}

/** A station with its distributions compiled; no limit is infinity. */
export interface PlannedStation extends Pick<StationSpec, "discipline" | "preemptive" | "servers"> {
  readonly patience: TimeDistribution | null;
  readonly capacity: number;
  readonly breakdowns: {
    readonly uptime: TimeDistribution;
    readonly repair: TimeDistribution;
    readonly work: "resume" | "restart";
  } | null;
  readonly setup: {
    readonly time: TimeDistribution;
    readonly idle: number;
    readonly waits: "queue" | "server";
  } | null;
}

export interface PlannedRevision {
  readonly name: string;
  readonly errorShare: number;
  readonly latencyMin: number;
  readonly latencySpan: number;
  readonly memory: MemorySpec;
}

export interface PlannedTraffic {
  readonly name: string;
  readonly hash: number;
  /** Cumulative weights of the journeys, the last one 1, and their entries. */
  readonly weights: Float64Array;
  readonly entries: Int32Array;
  /** Priorities of the journeys; null for that of the tenant. */
  readonly priorities: readonly (number | null)[];
  /** Virtual users of a closed workload; 0 when it is open. */
  readonly users: number;
  /** Expected visits of one journey to each service, and their CPU work in microseconds. */
  readonly visits: readonly number[];
  readonly work: readonly number[];
  /** Services that its clients may call. */
  readonly calls: readonly number[];
}

export interface PlannedGroup {
  readonly spec: ConsumerGroupSpec;
  /** Index of its topic, and the topic's name. */
  readonly topic: number;
  readonly topicName: string;
  /** Null for a queue. */
  readonly partitions: number | null;
  readonly service: number;
  /** Where a message is handed over. */
  readonly site: number;
  /** By producer of the topic: what keys the draws of its messages. */
  readonly producers: readonly { readonly hash: number }[];
}

export interface CallPlan {
  readonly program: Program;
  readonly services: readonly PlannedService[];
  readonly traffic: readonly PlannedTraffic[];
  readonly caches: readonly string[];
  /** Tables of which rows are locked. */
  readonly tables: readonly string[];
  readonly groups: readonly PlannedGroup[];
}
