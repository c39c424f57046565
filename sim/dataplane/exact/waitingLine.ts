import { type Json, savedState } from "../../kernel/json.ts";
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

interface Entry extends Waiting {
  readonly order: number;
}

/** Entries at the head of a queue that have been taken are dropped when there are so many. */
const DROP_ABOVE = 1024;

/**
 * Those that wait for a server, in the order of the discipline. With priorities they are a binary
 * heap by rank and order of arrival; without, a queue and, before it, a stack of those that were
 * sent back to the head or go first because they came last. Entries whose rows have given up leave
 * lazily.
 */
export class WaitingLine {
  readonly #isLastFirst: boolean;
  readonly #hasRanks: boolean;
  #heap: Entry[] = [];
  #stack: Entry[] = [];
  #queue: Entry[] = [];
  /** Entries of the queue that have been taken. */
  #taken = 0;
  /** Orders of those that came; those that were sent back to the head count down from 0. */
  #last = 0;
  #first = 0;

  constructor(discipline: QueueDiscipline) {
    this.#isLastFirst = discipline === "lifo";
    this.#hasRanks = discipline === "priority";
  }

  /** Entries, those that have left included. */
  get length(): number {
    return this.#heap.length + this.#stack.length + this.#queue.length - this.#taken;
  }

  /** `head`: before all others of its rank. */
  add(waiting: Waiting, head: boolean): void {
    const isBefore = head || this.#isLastFirst;
    const order = isBefore ? --this.#first : ++this.#last;
    const entry = { ...waiting, order };
    if (this.#hasRanks) this.#push(entry);
    else if (isBefore) this.#stack.push(entry);
    else this.#queue.push(entry);
  }

  /** The next one in line; undefined when there is none. */
  take(): Waiting | undefined {
    if (this.#hasRanks) return this.#takeRanked();
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

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!precedes(heap[at]!, heap[parent]!)) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  #takeRanked(): Waiting | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
    heap[0] = last;
    this.#sink(0);
    return first;
  }

  /** Drops entries whose rows have left. */
  keep(isThere: (waiting: Waiting) => boolean): void {
    this.#stack = this.#stack.filter(isThere);
    this.#queue = this.#queue.slice(this.#taken).filter(isThere);
    this.#taken = 0;
    this.#heap = this.#heap.filter(isThere);
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  clear(): void {
    this.#heap = [];
    this.#stack = [];
    this.#queue = [];
    this.#taken = 0;
  }

  state(): Json {
    const copy = (entries: readonly Entry[]) => entries.map((entry) => ({ ...entry }));
    return {
      last: this.#last,
      first: this.#first,
      heap: copy(this.#heap),
      stack: copy(this.#stack),
      queue: copy(this.#queue.slice(this.#taken)),
    };
  }

  restore(state: Json): void {
    const { last, first, heap, stack, queue } = savedState<LineState>(state);
    const copy = (entries: readonly Entry[]) => entries.map((entry) => ({ ...entry }));
    this.#last = last;
    this.#first = first;
    this.#heap = copy(heap);
    this.#stack = copy(stack);
    this.#queue = copy(queue);
    this.#taken = 0;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const isRight = right < heap.length && precedes(heap[right]!, heap[left]!);
      const least = isRight ? right : left;
      if (!precedes(heap[least]!, heap[at]!)) return;
      swap(heap, at, least);
      at = least;
    }
  }
}

const precedes = (a: Entry, b: Entry): boolean =>
  a.rank < b.rank || (a.rank === b.rank && a.order < b.order);

function swap(heap: Entry[], a: number, b: number): void {
  const entry = heap[a]!;
  heap[a] = heap[b]!;
  heap[b] = entry;
}

interface LineState {
  readonly last: number;
  readonly first: number;
  readonly heap: readonly Entry[];
  readonly stack: readonly Entry[];
  readonly queue: readonly Entry[];
}
