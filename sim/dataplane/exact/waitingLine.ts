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

/**
 * Those that wait for a server, in the order of the discipline: a binary heap by rank and order of
 * arrival, whose entries leave lazily when their rows have given up.
 */
export class WaitingLine {
  readonly #isLastFirst: boolean;
  #heap: Entry[] = [];
  /** Orders of those that came; those that were sent back to the head count down from 0. */
  #last = 0;
  #first = 0;

  constructor(discipline: QueueDiscipline) {
    this.#isLastFirst = discipline === "lifo";
  }

  /** Entries, those that have left included. */
  get length(): number {
    return this.#heap.length;
  }

  /** `head`: before all others of its rank. */
  add(waiting: Waiting, head: boolean): void {
    const isBefore = head || this.#isLastFirst;
    const order = isBefore ? --this.#first : ++this.#last;
    const heap = this.#heap;
    heap.push({ ...waiting, order });
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!precedes(heap[at]!, heap[parent]!)) break;
      swap(heap, at, parent);
      at = parent;
    }
  }

  /** The next one in line; undefined when there is none. */
  take(): Waiting | undefined {
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
    this.#heap = this.#heap.filter(isThere);
    for (let at = (this.#heap.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  clear(): void {
    this.#heap = [];
  }

  state(): Json {
    return {
      last: this.#last,
      first: this.#first,
      heap: this.#heap.map((entry) => ({ ...entry })),
    };
  }

  restore(state: Json): void {
    const { last, first, heap } = savedState<LineState>(state);
    this.#last = last;
    this.#first = first;
    this.#heap = heap.map((entry) => ({ ...entry }));
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
}
