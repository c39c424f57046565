import type { Micros } from "../kernel/time.ts";
import type { DistributionSpec } from "../workload/distributions.ts";

/** Who of those that wait is served next; within a priority, first come, first served. */
export type QueueDiscipline = "fifo" | "lifo" | "priority";

/**
 * What the concurrency slots of a replica do beyond serving first come, first served: a station of
 * queueing theory, whose slots are servers. Services without any of it have none.
 */
export interface StationSpec {
  readonly discipline: QueueDiscipline;
  /**
   * A request of a better priority takes the server of one that works at a worse one, which goes on
   * later from where it was (preemptive-resume).
   */
  readonly preemptive: boolean;
  /** A request that waits longer gives up (`abandoned`); null: never. */
  readonly patience: DistributionSpec | null;
  /** Requests in a replica, waiting and in service; one more is refused. Null for no limit. */
  readonly capacity: number | null;
  readonly breakdowns: BreakdownSpec | null;
  readonly setup: SetupSpec | null;
  /** Servers of a replica from each time of the run on; null: `concurrency`, always. */
  readonly servers: ServerScheduleSpec | null;
}

/**
 * Each server, busy or idle, breaks down after its uptime and is repaired. Its request goes back to
 * the head of the queue.
 */
export interface BreakdownSpec {
  readonly uptime: DistributionSpec;
  readonly repair: DistributionSpec;
  /** Whether the work that was done is kept. */
  readonly work: "resume" | "restart";
}

/** Servers are off until they are needed. */
export interface SetupSpec {
  readonly time: DistributionSpec;
  /** A server that has had nothing to do for so long is switched off. */
  readonly idle: Micros;
  /**
   * `queue`: requests wait in the queue for whichever server is free first, as many servers being
   * set up as requests wait. `server`: a request stays with the server that it starts, like an
   * invocation of a function with its instance.
   */
  readonly waits: "queue" | "server";
}

export interface ServerScheduleSpec {
  /** Ascending; the first one is at 0. */
  readonly steps: readonly { readonly from: Micros; readonly count: number }[];
  /**
   * What a busy server does that is one too many: it ends its request and takes no other
   * (`graceful`), or stops at once and its request goes back to the head of the queue (`requeue`).
   */
  readonly drain: "graceful" | "requeue";
}
