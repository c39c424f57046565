/** A binary heap of numbers of messages, by an order that its owner knows. */
export class MessageHeap {
  readonly #isBefore: (a: number, b: number) => boolean;
  #heap: number[] = [];

  constructor(isBefore: (a: number, b: number) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(number: number): void {
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

  /** Takes the first one; null when there is none. */
  pop(): number | null {
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

  state(): readonly number[] {
    return [...this.#heap];
  }

  restore(heap: readonly number[]): void {
    this.#heap = [...heap];
  }
}
