import type { Micros } from "../kernel/time.ts";
import type { RateProfileSpec } from "../workload/rateProfile.ts";
import type { CallSpec } from "./callSpec.ts";

/**
 * A topic: messages that wait until every group of consumers has worked on them. With one group it
 * is a queue of jobs.
 */
export interface TopicSpec {
  readonly name: string;
  /**
   * Ordered logs that its messages are spread over by their keys; null for a queue, which has no
   * order to keep.
   */
  readonly partitions: number | null;
  /** What messages are about; with an exponent, popular by Zipf's law. */
  readonly keys: { readonly count: number; readonly exponent: number | null };
  readonly producers: readonly ProducerSpec[];
  readonly groups: readonly ConsumerGroupSpec[];
}

/** Where messages come from: a batch at one moment (in time of the run), or a stream. */
export type ProducerSpec = {
  readonly name: string;
  /** From publishing a message until it should be consumed; null for whenever. */
  readonly deadline: Micros | null;
  /** Higher goes first. */
  readonly priority: number;
} & (
  | { readonly kind: "batch"; readonly at: Micros; readonly count: number }
  | {
      readonly kind: "stream";
      readonly arrivals: "poisson" | "paced";
      readonly rate: RateProfileSpec;
    }
);

/** Which waiting message a worker gets, among those of the highest priority. */
export type DeliveryOrder = "fifo" | "earliest-deadline";

/**
 * The replicas of a service that share out a topic's messages: each process pulls them from when
 * it listens until it drains. A message that was handed out is hidden from the others; one that is
 * not acknowledged (its worker died, or failed) is handed out again: at least once.
 */
export interface ConsumerGroupSpec {
  readonly name: string;
  /** What a worker does with a message. */
  readonly call: Pick<CallSpec, "service" | "endpoint">;
  /** Messages that one worker works on at once. */
  readonly atOnce: number;
  readonly order: DeliveryOrder;
  /** How long an unacknowledged message stays hidden. */
  readonly visibilityTimeout: Micros;
  /**
   * Whether a worker keeps its message hidden while it lives, so that the timeout counts from its
   * end; otherwise it counts from the hand-out, and long work is done twice.
   */
  readonly heartbeat: boolean;
  /**
   * Pauses before a message whose work failed is handed out again, the first failure's first: its
   * retry topics. After the last it is dead-lettered. Null for none: it stays where it is, and is
   * handed out again after the visibility timeout.
   */
  readonly retries: readonly Micros[] | null;
  /** After so many hand-outs without acknowledgement a message is dead-lettered; null: never. */
  readonly maxDeliveries: number | null;
  /** How the group shares out partitions; null for a queue, which has none. */
  readonly membership: MembershipSpec | null;
}

/** The defaults are those of Kafka's consumer configuration. */
export interface MembershipSpec {
  /** From the death of a worker until the group notices. */
  readonly sessionTimeout: Micros;
  /** How long nobody gets messages when a worker has joined or left. */
  readonly rebalancePause: Micros;
  /** How often a worker notes how far it has come: what it did since is done again when it dies. */
  readonly commitInterval: Micros;
}
