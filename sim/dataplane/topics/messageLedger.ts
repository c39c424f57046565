import { assert } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { DeliveryOrder } from "../topicSpec.ts";

/** What is to happen with a message in one consumer group. */
export type MessageStatus = "waiting" | "working" | "hidden" | "consumed" | "dead-lettered";

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
  status: MessageStatus;
  /** Hand-outs so far; the last one is the one that counts. */
  deliveries: number;
  firstDeliveredAt: number | null;
  consumedAt: number | null;
}

export interface LedgerCounts {
  readonly published: number;
  readonly waiting: number;
  readonly working: number;
  readonly hidden: number;
  readonly consumed: number;
  readonly deadLettered: number;
}

/**
 * The books of one consumer group, with the semantics of a queue with visibility timeouts (Amazon
 * SQS Developer Guide, "visibility timeout" and "dead-letter queues"). Every message that was
 * published is in exactly one status: published = consumed + lag + dead-lettered, where the lag is
 * what waits, is worked on, or is hidden after its worker failed.
 */
export class MessageLedger {
  readonly messages: Message[] = [];
  readonly #order: DeliveryOrder;
  readonly #maxDeliveries: number;
  /**
   * Numbers of messages, a binary heap; those that no longer wait are skipped when they surface.
   */
  #heap: number[] = [];
  readonly #counts: Record<MessageStatus, number> = {
    waiting: 0,
    working: 0,
    hidden: 0,
    consumed: 0,
    "dead-lettered": 0,
  };
  /** Messages before it are done with. */
  #oldest = 0;
  /** Hand-outs whose worker died with them, that failed, and that did what was done already. */
  lost = 0;
  failed = 0;
  duplicates = 0;

  constructor(options: { readonly order: DeliveryOrder; readonly maxDeliveries: number | null }) {
    this.#order = options.order;
    this.#maxDeliveries = options.maxDeliveries ?? Number.POSITIVE_INFINITY;
  }

  get counts(): LedgerCounts {
    const { waiting, working, hidden, consumed, "dead-lettered": deadLettered } = this.#counts;
    return { published: this.messages.length, waiting, working, hidden, consumed, deadLettered };
  }

  /** Messages that are not done with. */
  get lag(): number {
    const { waiting, working, hidden } = this.#counts;
    return waiting + working + hidden;
  }

  publish(
    given: Omit<Message, "number" | "status" | "deliveries" | "firstDeliveredAt" | "consumedAt">,
  ): void {
    const number = this.messages.length;
    const fresh = { status: "waiting", deliveries: 0, firstDeliveredAt: null, consumedAt: null };
    this.messages.push({ number, ...given, ...fresh } as Message); // "waiting" is a status
    this.#counts.waiting++;
    this.#push(number);
  }

  /** Hands out the next message; null when none waits. */
  take(now: number): Message | null {
    for (;;) {
      const number = this.#pop();
      if (number === null) return null;
      const message = this.messages[number]!;
      if (message.status !== "waiting") continue;
      this.#enter(message, "working");
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

  /** The visibility timeout of a hand-out is over: what became of the message, if anything. */
  reappear(message: Message, delivery: number): "waiting" | "dead-lettered" | null {
    const isOut = message.status === "working" || message.status === "hidden";
    if (!isOut || message.deliveries !== delivery) return null;
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
    return plainState({ messages, heap: [...this.#heap], counts, lost, failed, duplicates });
  }

  restore(state: Json): void {
    const saved = savedState<LedgerState>(state);
    this.messages.splice(0, this.messages.length, ...saved.messages.map((one) => ({ ...one })));
    this.#heap = [...saved.heap];
    Object.assign(this.#counts, saved.counts);
    this.lost = saved.lost;
    this.failed = saved.failed;
    this.duplicates = saved.duplicates;
  }

  #enter(message: Message, status: MessageStatus): void {
    this.#counts[message.status]--;
    this.#counts[status]++;
    assert(this.#counts[message.status] >= 0, "a message left a status that it was not in");
    message.status = status;
  }

  // ---- the heap ------------------------------------------------------------------------

  /** Higher priority first, then by the order; what was published first breaks ties. */
  #isBefore(a: number, b: number): boolean {
    const [x, y] = [this.messages[a]!, this.messages[b]!];
    if (x.priority !== y.priority) return x.priority > y.priority;
    if (this.#order === "earliest-deadline" && x.deadline !== y.deadline) {
      return (x.deadline ?? Number.POSITIVE_INFINITY) < (y.deadline ?? Number.POSITIVE_INFINITY);
    }
    return a < b;
  }

  #push(number: number): void {
    const heap = this.#heap;
    let place = heap.push(number) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(number, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = number;
  }

  #pop(): number | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#isBefore(heap[child]!, last)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = last;
    return first;
  }
}

const isDone = ({ status }: Message): boolean =>
  status === "consumed" || status === "dead-lettered";

interface LedgerState {
  readonly messages: readonly Message[];
  readonly heap: readonly number[];
  readonly counts: Readonly<Record<MessageStatus, number>>;
  readonly lost: number;
  readonly failed: number;
  readonly duplicates: number;
}
