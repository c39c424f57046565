/** A binary heap: the first item by an order is taken first. O(log n) an item. */
export class BinaryHeap<Item> {
  readonly #isBefore: (a: Item, b: Item) => boolean;
  #heap: Item[] = [];

  /** Of two items one has to be before the other, so that the order is the same in every run. */
  constructor(isBefore: (a: Item, b: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(item: Item): void {
    const heap = this.#heap;
    let place = heap.push(item) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(item, heap[parent]!)) break;
      heap[place] = heap[parent]!;
      place = parent;
    }
    heap[place] = item;
  }

  /** Takes the first one; undefined when there is none. */
  pop(): Item | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return first;
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

  /** Drops all others. */
  keep(isKept: (item: Item) => boolean): void {
    const kept = this.#heap.filter(isKept);
    this.#heap = [];
    for (const item of kept) this.push(item);
  }

  clear(): void {
    this.#heap = [];
  }

  /** The items as they lie. */
  state(): readonly Item[] {
    return [...this.#heap];
  }

  restore(heap: readonly Item[]): void {
    this.#heap = [...heap];
  }
}
