import { assert } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import { BinaryHeap } from "../binaryHeap.ts";
import type { DeliveryOrder } from "../topicSpec.ts";

/** What is to happen with a message in one consumer group. */
export type MessageStatus =
  | "waiting"
  | "working"
  | "hidden"
  /** In a retry topic, until its pause is over. */
  | "retrying"
  | "consumed"
  | "dead-lettered";

/** One message as its group knows it; times in microseconds of the run. */
export interface Message {
  readonly number: number;
  readonly producer: number;
  /** Its number among the messages of its producer: keys its draws. */
  readonly request: number;
  readonly publishedAt: number;
  /** Infinity (null in a snapshot) when there is none. */
  readonly deadline: number | null;
  readonly priority: number;
  /** 0 in a queue. */
  readonly partition: number;
  status: MessageStatus;
  /** Hand-outs so far; the last one is the one that counts. */
  deliveries: number;
  /** Hand-outs that failed and led to a retry topic. */
  failures: number;
  firstDeliveredAt: number | null;
  consumedAt: number | null;
}

export interface LedgerCounts {
  readonly published: number;
  readonly waiting: number;
  readonly working: number;
  readonly hidden: number;
  readonly retrying: number;
  readonly consumed: number;
  readonly deadLettered: number;
}

/**
 * The books of one consumer group, with the semantics of a queue with visibility timeouts (Amazon
 * SQS Developer Guide, "visibility timeout" and "dead-letter queues"). Every message that was
 * published is in exactly one status: published = consumed + lag + dead-lettered, where the lag is
 * what waits (in its partition or in a retry topic), is worked on, or is hidden after its worker
 * failed.
 */
export class MessageLedger {
  readonly messages: Message[] = [];
  readonly #order: DeliveryOrder;
  readonly #maxDeliveries: number;
  /** Numbers of messages by partition; those that no longer wait are skipped when they surface. */
  readonly #heaps: readonly BinaryHeap<number>[];
  /** Messages that are handed out again though they are done with. */
  readonly #replays = new Set<number>();
  readonly #counts: Record<MessageStatus, number> = {
    waiting: 0,
    working: 0,
    hidden: 0,
    retrying: 0,
    consumed: 0,
    "dead-lettered": 0,
  };
  /** Messages before it are done with. */
  #oldest = 0;
  /** Hand-outs whose worker died with them, that failed, and that did what was done already. */
  lost = 0;
  failed = 0;
  duplicates = 0;

  constructor(options: {
    readonly order: DeliveryOrder;
    readonly maxDeliveries: number | null;
    readonly partitions?: number;
  }) {
    this.#order = options.order;
    this.#heaps = Array.from(
      { length: options.partitions ?? 1 },
      () => new BinaryHeap<number>((a, b) => this.#isBefore(a, b)),
    );
    this.#maxDeliveries = options.maxDeliveries ?? Number.POSITIVE_INFINITY;
  }

  get counts(): LedgerCounts {
    const { "dead-lettered": deadLettered, ...counts } = this.#counts;
    return { published: this.messages.length, ...counts, deadLettered };
  }

  /** Messages that are not done with. */
  get lag(): number {
    const { waiting, working, hidden, retrying } = this.#counts;
    return waiting + working + hidden + retrying;
  }

  publish(
    given: Pick<Message, "producer" | "request" | "publishedAt" | "deadline" | "priority"> & {
      readonly partition?: number;
    },
  ): void {
    const number = this.messages.length;
    this.messages.push({
      number,
      partition: 0,
      ...given,
      status: "waiting",
      deliveries: 0,
      failures: 0,
      firstDeliveredAt: null,
      consumedAt: null,
    });
    this.#counts.waiting++;
    this.#push(number);
  }

  /** Whether there is anything to hand out; exact for partitions, which skip nothing. */
  hasNext(partition: number): boolean {
    return this.#heaps[partition]!.size > 0;
  }

  /** Hands out the next message; null when none waits. */
  take(now: number, partition = 0): Message | null {
    for (;;) {
      const number = this.#heaps[partition]!.pop();
      if (number === undefined) return null;
      const message = this.messages[number]!;
      if (!this.#replays.delete(number)) {
        if (message.status !== "waiting") continue;
        this.#enter(message, "working");
      }
      message.deliveries++;
      message.firstDeliveredAt ??= now;
      return message;
    }
  }

  /** The work of a hand-out is done; false when somebody had done it already. */
  acknowledge(message: Message, now: number): boolean {
    if (isDone(message)) {
      this.duplicates++;
      return false;
    }
    this.#enter(message, "consumed");
    message.consumedAt = now;
    return true;
  }

  /** A hand-out ended without acknowledgement. An older one than the last changes nothing. */
  giveUp(message: Message, delivery: number, why: "lost" | "failed"): void {
    this[why]++;
    if (message.status === "working" && message.deliveries === delivery) {
      this.#enter(message, "hidden");
    }
  }

  /** Done with, and handed out again all the same: nobody had noted that it was. */
  replay(message: Message): void {
    this.#replays.add(message.number);
    this.#push(message.number);
  }

  /** A hand-out that failed leads to a retry topic; false when this message is somebody else's. */
  sendToRetry(message: Message, delivery: number): boolean {
    this.failed++;
    if (!isOut(message, delivery)) return false;
    this.#enter(message, "retrying");
    message.failures++;
    return true;
  }

  /** Its pause in a retry topic is over. */
  leaveRetry(message: Message): void {
    assert(message.status === "retrying", "a message left a retry topic that it was not in");
    this.#enter(message, "waiting");
    this.#push(message.number);
  }

  /** A hand-out that failed was the last one; false when this message is somebody else's. */
  deadLetter(message: Message, delivery: number): boolean {
    this.failed++;
    if (!isOut(message, delivery)) return false;
    this.#enter(message, "dead-lettered");
    return true;
  }

  /** The visibility timeout of a hand-out is over: what became of the message, if anything. */
  reappear(message: Message, delivery: number): "waiting" | "dead-lettered" | null {
    if (!isOut(message, delivery)) return null;
    if (delivery >= this.#maxDeliveries) {
      this.#enter(message, "dead-lettered");
      return "dead-lettered";
    }
    this.#enter(message, "waiting");
    this.#push(message.number);
    return "waiting";
  }

  /** When the oldest message that is not done with was published; null without any. */
  oldestPublishedAt(): number | null {
    const { messages } = this;
    while (this.#oldest < messages.length && isDone(messages[this.#oldest]!)) this.#oldest++;
    return messages[this.#oldest]?.publishedAt ?? null;
  }

  state(): Json {
    const { lost, failed, duplicates } = this;
    const counts = { ...this.#counts };
    const messages = this.messages.map((message) => ({ ...message }));
    const heaps = this.#heaps.map((heap) => heap.state());
    const replays = [...this.#replays];
    return plainState({ messages, heaps, replays, counts, lost, failed, duplicates });
  }

  restore(state: Json): void {
    const saved = savedState<LedgerState>(state);
    this.messages.splice(0, this.messages.length, ...saved.messages.map((one) => ({ ...one })));
    this.#heaps.forEach((heap, partition) => {
      heap.restore(saved.heaps[partition]!);
    });
    this.#replays.clear();
    for (const number of saved.replays) this.#replays.add(number);
    Object.assign(this.#counts, saved.counts);
    this.lost = saved.lost;
    this.failed = saved.failed;
    this.duplicates = saved.duplicates;
  }

  #push(number: number): void {
    this.#heaps[this.messages[number]!.partition]!.push(number);
  }

  #enter(message: Message, status: MessageStatus): void {
    this.#counts[message.status]--;
    this.#counts[status]++;
    assert(this.#counts[message.status] >= 0, "a message left a status that it was not in");
    message.status = status;
  }

  /** Higher priority first, then by the order; what was published first breaks ties. */
  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.messages[a]!, this.messages[b]!];
    if (x.priority !== y.priority) return x.priority > y.priority;
    if (this.#order === "earliest-deadline" && x.deadline !== y.deadline) {
      return (x.deadline ?? Number.POSITIVE_INFINITY) < (y.deadline ?? Number.POSITIVE_INFINITY);
    }
    return a < b;
  }
}

const isDone = ({ status }: Message): boolean =>
  status === "consumed" || status === "dead-lettered";

/** In the hands of the worker of that hand-out, or of one that failed, and not handed out since. */
const isOut = ({ status, deliveries }: Message, delivery: number): boolean =>
  (status === "working" || status === "hidden") && deliveries === delivery;

interface LedgerState {
  readonly messages: readonly Message[];
  readonly heaps: readonly (readonly number[])[];
  readonly replays: readonly number[];
  readonly counts: Readonly<Record<MessageStatus, number>>;
  readonly lost: number;
  readonly failed: number;
  readonly duplicates: number;
}
