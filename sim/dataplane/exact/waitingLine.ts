import { type Json, plainState, savedState } from "../../kernel/json.ts";
import { BinaryHeap } from "../binaryHeap.ts";
import type { QueueDiscipline } from "../stationSpec.ts";

/** A row that waits for a server. */
export interface Waiting {
  readonly row: number;
  /** Of the row; one that does not match has left the line. */
  readonly generation: number;
  /** Priority, a lower number first; 0 where the discipline knows none. */
  readonly rank: number;
  /** CPU time that is left of the work in which it was interrupted; 0 for none. */
  readonly remaining: number;
  /** Event of its patience's end; −1 for none. */
  readonly patience: number;
}

interface Ranked extends Waiting {
  readonly order: number;
}

/** Entries at the head of a queue that have been taken are dropped when there are so many. */
const DROP_ABOVE = 1024;

/**
 * Those that wait for a server, in the order of the discipline. With priorities they are a heap by
 * rank and order of arrival; without, a queue and, before it, a stack of those that were sent back
 * to the head or go first because they came last. Entries whose rows have given up leave lazily.
 */
export class WaitingLine {
  readonly #isLastFirst: boolean;
  readonly #hasRanks: boolean;
  readonly #heap = new BinaryHeap<Ranked>(precedes);
  #stack: Waiting[] = [];
  #queue: Waiting[] = [];
  /** Entries of the queue that have been taken. */
  #taken = 0;
  /** Orders of those with ranks that came; those that were sent back to the head count down. */
  #last = 0;
  #first = 0;

  constructor(discipline: QueueDiscipline) {
    this.#isLastFirst = discipline === "lifo";
    this.#hasRanks = discipline === "priority";
  }

  /** Entries, those that have left included. */
  get length(): number {
    return this.#heap.size + this.#stack.length + this.#queue.length - this.#taken;
  }

  /** `head`: before all others of its rank. */
  add(waiting: Waiting, head: boolean): void {
    if (this.#hasRanks) {
      this.#heap.push({ ...waiting, order: head ? --this.#first : ++this.#last });
    } else if (head || this.#isLastFirst) this.#stack.push(waiting);
    else this.#queue.push(waiting);
  }

  /** The next one in line; undefined when there is none. */
  take(): Waiting | undefined {
    if (this.#hasRanks) return this.#heap.pop();
    return this.#stack.pop() ?? this.#takeQueued();
  }

  #takeQueued(): Waiting | undefined {
    if (this.#taken === this.#queue.length) return undefined;
    const first = this.#queue[this.#taken++];
    if (this.#taken > DROP_ABOVE && this.#taken * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#taken);
      this.#taken = 0;
    }
    return first;
  }

  /** Drops entries whose rows have left. */
  keep(isThere: (waiting: Waiting) => boolean): void {
    this.#heap.keep(isThere);
    this.#stack = this.#stack.filter(isThere);
    this.#queue = this.#queue.slice(this.#taken).filter(isThere);
    this.#taken = 0;
  }

  clear(): void {
    this.#heap.clear();
    this.#stack = [];
    this.#queue = [];
    this.#taken = 0;
  }

  state(): Json {
    return plainState({
      last: this.#last,
      first: this.#first,
      heap: copyOf(this.#heap.state()),
      stack: copyOf(this.#stack),
      queue: copyOf(this.#queue.slice(this.#taken)),
    });
  }

  restore(state: Json): void {
    const { last, first, heap, stack, queue } = savedState<LineState>(state);
    this.#last = last;
    this.#first = first;
    this.#heap.restore(copyOf(heap));
    this.#stack = copyOf(stack);
    this.#queue = copyOf(queue);
    this.#taken = 0;
  }
}

const precedes = (a: Ranked, b: Ranked): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.order < b.order);

const copyOf = <Entry extends Waiting>(entries: readonly Entry[]): Entry[] =>
  entries.map((entry) => ({ ...entry }));

interface LineState {
  readonly last: number;
  readonly first: number;
  readonly heap: readonly Ranked[];
  readonly stack: readonly Waiting[];
  readonly queue: readonly Waiting[];
}
