import { assert } from "./assert.ts";

/** What a slot holds after its event was cancelled. */
const CANCELLED = -1;
/** Priorities are 0 … 31; a sequence number fits in the 48 bits below. */
const SEQUENCE_SPAN = 2 ** 48;
const COMPACT_ABOVE = 1024;

/** A handle to a pending event. It is stale once the event has fired: forget it then. */
export type ScheduledEvent = number;

export interface CalendarState {
  readonly sequence: number;
  /**
   * One row per live event: time, order, kind, a, b, slot. Slots stay, so that held handles stay
   * good.
   */
  readonly events: readonly (readonly number[])[];
  readonly slots: number;
  readonly freeSlots: readonly number[];
  readonly lanes: readonly {
    readonly delay: number;
    readonly entries: readonly (readonly number[])[];
    readonly headSlot: number;
    readonly head: number;
  }[];
}

/**
 * The future event set. Events leave it in the total order (time, priority, sequence): ties never
 * depend on the heap. A 4-ary heap of typed arrays, because entries that are objects cost 1.3 to 4
 * times as much; payloads are three integers (kind, a, b), so that scheduling allocates nothing and
 * a snapshot is plain data.
 *
 * A *lane* serves timers of one constant delay, most of which are cancelled (call timeouts): a FIFO
 * ring of which only the head stands in the heap. Cancelled entries cost a flag, and are never
 * sifted.
 */
export class EventCalendar {
  #time = new Float64Array(1024);
  #order = new Float64Array(1024);
  #slot = new Int32Array(1024);
  #size = 0;
  #sequence = 0;
  #cancelled = 0;

  #kind = new Int32Array(1024);
  #a = new Int32Array(1024);
  #b = new Int32Array(1024);
  #free = new Int32Array(1024);
  #freeCount = 0;
  #slots = 0;
  #lanes: TimerLane[] = [];

  /** Fields of the event that `pop` took out last. */
  time = 0;
  kind = 0;
  a = 0;
  b = 0;

  /** Pending events, without the cancelled ones and without those waiting in lanes. */
  get size(): number {
    return this.#size - this.#cancelled;
  }

  schedule(time: number, priority: number, kind: number, a: number, b: number): ScheduledEvent {
    const slot = this.#take(kind, a, b);
    this.#push(time, priority * SEQUENCE_SPAN + this.#sequence++, slot);
    return slot;
  }

  /**
   * Takes a pending event out. Cancelling one that has fired already is a bug that this cannot
   * always see.
   */
  cancel(event: ScheduledEvent): void {
    assert(this.#kind[event]! >= 0, "an event was cancelled twice");
    this.#kind[event] = CANCELLED;
    this.#cancelled++;
    if (this.#cancelled > COMPACT_ABOVE && this.#cancelled * 2 > this.#size) this.#compact();
  }

  /** A lane for timers that all wait `delay`. Equal delays share one lane. */
  lane(delay: number): TimerLane {
    const known = this.#lanes.find((lane) => lane.delay === delay);
    if (known !== undefined) return known;
    const lane = new TimerLane(delay);
    this.#lanes.push(lane);
    return lane;
  }

  /** Starts a timer of the lane; `position` of the result cancels it through `TimerLane.cancel`. */
  scheduleInLane(lane: TimerLane, now: number, kind: number, a: number, b: number): number {
    const time = now + lane.delay;
    const order = this.#sequence++;
    const position = lane.add(time, order, kind, a, b);
    if (lane.headSlot < 0) this.#armLane(lane);
    return position;
  }

  /**
   * Takes the earliest event out and shows it in `time`, `kind`, `a`, `b`. False when none is due
   * by `limit`.
   */
  pop(limit: number): boolean {
    while (this.#size > 0) {
      const time = this.#time[0]!;
      if (time > limit) return false;
      const slot = this.#slot[0]!;
      this.time = time;
      this.#removeTop();
      const kind = this.#kind[slot]!;
      this.#free[this.#freeCount++] = slot;
      if (kind === CANCELLED) {
        this.#cancelled--;
        continue;
      }
      if (kind >= LANE_KIND) {
        if (this.#fireLane(this.#lanes[kind - LANE_KIND]!)) return true;
        continue;
      }
      this.kind = kind;
      this.a = this.#a[slot]!;
      this.b = this.#b[slot]!;
      return true;
    }
    return false;
  }

  state(): CalendarState {
    const events: number[][] = [];
    for (let i = 0; i < this.#size; i++) {
      const slot = this.#slot[i]!;
      const kind = this.#kind[slot]!;
      // A cancelled event keeps its place: its slot is not free yet.
      events.push([this.#time[i]!, this.#order[i]!, kind, this.#a[slot]!, this.#b[slot]!, slot]);
    }
    events.sort((x, y) => x[0]! - y[0]! || x[1]! - y[1]!);
    return {
      sequence: this.#sequence,
      events,
      slots: this.#slots,
      freeSlots: [...this.#free.subarray(0, this.#freeCount)],
      lanes: this.#lanes.map((lane) => lane.state()),
    };
  }

  restore(state: CalendarState): void {
    this.#size = 0;
    this.#cancelled = 0;
    this.#sequence = state.sequence;
    while (this.#kind.length < state.slots) this.#growSlots();
    this.#slots = state.slots;
    this.#free.set(state.freeSlots);
    this.#freeCount = state.freeSlots.length;
    for (const [time, order, kind, a, b, slot] of state.events) {
      this.#kind[slot!] = kind!;
      this.#a[slot!] = a!;
      this.#b[slot!] = b!;
      if (kind === CANCELLED) this.#cancelled++;
      this.#push(time!, order!, slot!);
    }
    const before = this.#lanes;
    const lanes = state.lanes.map((lane) => {
      // Holders of a lane keep their object: restore into the one that has this delay.
      const kept = before.find(({ delay }) => delay === lane.delay) ?? new TimerLane(lane.delay);
      kept.restore(lane);
      return kept;
    });
    // Lanes that the snapshot does not know have holders too. They go last: events name lanes by
    // index.
    for (const lane of before) {
      if (lanes.includes(lane)) continue;
      lane.restore({ delay: lane.delay, entries: [], headSlot: -1, head: 0 });
      lanes.push(lane);
    }
    this.#lanes = lanes;
  }

  #take(kind: number, a: number, b: number): number {
    let slot: number;
    if (this.#freeCount > 0) slot = this.#free[--this.#freeCount]!;
    else {
      if (this.#slots === this.#kind.length) this.#growSlots();
      slot = this.#slots++;
    }
    this.#kind[slot] = kind;
    this.#a[slot] = a;
    this.#b[slot] = b;
    return slot;
  }

  #armLane(lane: TimerLane): void {
    const slot = this.#take(LANE_KIND + this.#lanes.indexOf(lane), 0, 0);
    lane.headSlot = slot;
    this.#push(lane.headTime, lane.headOrder, slot);
  }

  /**
   * The lane's head has come up: fires it unless cancelled, and puts the next live one into the
   * heap.
   */
  #fireLane(lane: TimerLane): boolean {
    lane.headSlot = -1;
    const fires = lane.takeHead();
    if (fires) {
      this.kind = lane.kind;
      this.a = lane.a;
      this.b = lane.b;
    }
    if (lane.skipCancelled()) this.#armLane(lane);
    return fires;
  }

  #push(time: number, order: number, slot: number): void {
    if (this.#size === this.#time.length) this.#growHeap();
    const times = this.#time;
    const orders = this.#order;
    const slots = this.#slot;
    let i = this.#size++;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      const parentTime = times[parent]!;
      if (parentTime < time || (parentTime === time && orders[parent]! < order)) break;
      times[i] = parentTime;
      orders[i] = orders[parent]!;
      slots[i] = slots[parent]!;
      i = parent;
    }
    times[i] = time;
    orders[i] = order;
    slots[i] = slot;
  }

  #removeTop(): void {
    const last = --this.#size;
    if (last === 0) return;
    this.#siftDown(0, this.#time[last]!, this.#order[last]!, this.#slot[last]!);
  }

  #siftDown(start: number, time: number, order: number, slot: number): void {
    const times = this.#time;
    const orders = this.#order;
    const slots = this.#slot;
    const size = this.#size;
    let i = start;
    for (;;) {
      const first = 4 * i + 1;
      if (first >= size) break;
      const end = Math.min(first + 4, size);
      let child = first;
      let childTime = times[first]!;
      for (let j = first + 1; j < end; j++) {
        const candidate = times[j]!;
        if (candidate < childTime || (candidate === childTime && orders[j]! < orders[child]!)) {
          child = j;
          childTime = candidate;
        }
      }
      if (childTime > time || (childTime === time && orders[child]! > order)) break;
      times[i] = childTime;
      orders[i] = orders[child]!;
      slots[i] = slots[child]!;
      i = child;
    }
    times[i] = time;
    orders[i] = order;
    slots[i] = slot;
  }

  /** Drops the cancelled events, so that dead timers never make up more than half of the heap. */
  #compact(): void {
    const { events } = this.state();
    this.#size = 0;
    this.#cancelled = 0;
    for (const [time, order, kind, , , slot] of events) {
      if (kind === CANCELLED) this.#free[this.#freeCount++] = slot!;
      else this.#push(time!, order!, slot!);
    }
  }

  #growHeap(): void {
    this.#time = grown(this.#time, Float64Array);
    this.#order = grown(this.#order, Float64Array);
    this.#slot = grown(this.#slot, Int32Array);
  }

  #growSlots(): void {
    this.#kind = grown(this.#kind, Int32Array);
    this.#a = grown(this.#a, Int32Array);
    this.#b = grown(this.#b, Int32Array);
    this.#free = grown(this.#free, Int32Array);
  }
}

/** Kinds from here on name lanes; kinds below are the caller's. */
const LANE_KIND = 1 << 20;

/**
 * Timers of one delay: started in time order, so they end in that order and a ring serves as their
 * queue.
 */
export class TimerLane {
  readonly delay: number;
  /** The heap slot that stands for the head, or −1 when the lane is empty. */
  headSlot = -1;
  kind = 0;
  a = 0;
  b = 0;
  #time = new Float64Array(256);
  #order = new Float64Array(256);
  #kind = new Int32Array(256);
  #a = new Int32Array(256);
  #b = new Int32Array(256);
  #head = 0;
  #tail = 0;

  constructor(delay: number) {
    this.delay = delay;
  }

  get headTime(): number {
    return this.#time[this.#head & (this.#time.length - 1)]!;
  }

  get headOrder(): number {
    return this.#order[this.#head & (this.#time.length - 1)]!;
  }

  add(time: number, order: number, kind: number, a: number, b: number): number {
    if (this.#tail - this.#head === this.#time.length) this.#grow();
    const position = this.#tail++;
    const i = position & (this.#time.length - 1);
    this.#time[i] = time;
    this.#order[i] = order;
    this.#kind[i] = kind;
    this.#a[i] = a;
    this.#b[i] = b;
    return position;
  }

  /**
   * Cancels the timer at this position; one that has fired or was cancelled already is left alone.
   */
  cancel(position: number): void {
    if (position >= this.#head) this.#kind[position & (this.#time.length - 1)] = CANCELLED;
  }

  /** Takes the head out into `kind`, `a`, `b`; false when it was cancelled. */
  takeHead(): boolean {
    const i = this.#head++ & (this.#time.length - 1);
    this.kind = this.#kind[i]!;
    this.a = this.#a[i]!;
    this.b = this.#b[i]!;
    return this.kind !== CANCELLED;
  }

  /** Drops cancelled timers from the front; false when nothing is left. */
  skipCancelled(): boolean {
    const mask = this.#time.length - 1;
    while (this.#head !== this.#tail && this.#kind[this.#head & mask] === CANCELLED) this.#head++;
    return this.#head !== this.#tail;
  }

  state(): CalendarState["lanes"][number] {
    const entries: number[][] = [];
    for (let position = this.#head; position < this.#tail; position++) {
      const i = position & (this.#time.length - 1);
      entries.push([this.#time[i]!, this.#order[i]!, this.#kind[i]!, this.#a[i]!, this.#b[i]!]);
    }
    return { delay: this.delay, entries, headSlot: this.headSlot, head: this.#head };
  }

  restore(state: CalendarState["lanes"][number]): void {
    this.#head = state.head;
    this.#tail = state.head;
    this.headSlot = state.headSlot;
    for (const [time, order, kind, a, b] of state.entries) this.add(time!, order!, kind!, a!, b!);
  }

  #grow(): void {
    const count = this.#tail - this.#head;
    const old = { time: this.#time, order: this.#order, kind: this.#kind, a: this.#a, b: this.#b };
    const mask = old.time.length - 1;
    const length = old.time.length * 2;
    this.#time = new Float64Array(length);
    this.#order = new Float64Array(length);
    this.#kind = new Int32Array(length);
    this.#a = new Int32Array(length);
    this.#b = new Int32Array(length);
    for (let n = 0; n < count; n++) {
      // Positions stay what they were, because callers hold them.
      const position = this.#head + n;
      const from = position & mask;
      const to = position & (length - 1);
      this.#time[to] = old.time[from]!;
      this.#order[to] = old.order[from]!;
      this.#kind[to] = old.kind[from]!;
      this.#a[to] = old.a[from]!;
      this.#b[to] = old.b[from]!;
    }
  }
}

function grown<T extends Float64Array | Int32Array>(array: T, make: new (length: number) => T): T {
  const larger = new make(array.length * 2);
  larger.set(array);
  return larger;
}
