import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventCalendar, type ScheduledEvent } from "../../sim/kernel/calendar.ts";

const LANE_DELAYS = [7, 20, 20, 300] as const;

/**
 * What a calendar must do, by a list that is sorted for every look: slow, and hard to get wrong.
 */
class SortedList {
  #events: { time: number; priority: number; sequence: number; label: number }[] = [];
  #sequence = 0;

  add(time: number, priority: number, label: number): void {
    this.#events.push({ time, priority, sequence: this.#sequence++, label });
  }

  remove(label: number): void {
    this.#events = this.#events.filter((event) => event.label !== label);
  }

  pop(limit: number): { time: number; label: number } | null {
    this.#events.sort(
      (a, b) => a.time - b.time || a.priority - b.priority || a.sequence - b.sequence,
    );
    const first = this.#events[0];
    if (first === undefined || first.time > limit) return null;
    this.#events.shift();
    return { time: first.time, label: first.label };
  }
}

/** A calendar and its reference, which are told the same things. Labels name events in both. */
class Pair {
  calendar = new EventCalendar();
  readonly list = new SortedList();
  now = 0;
  #labels = 1;
  readonly #cancel = new Map<number, () => void>();

  constructor() {
    for (const delay of LANE_DELAYS) this.calendar.lane(delay);
  }

  schedule(after: number, priority: number): void {
    const label = this.#labels++;
    const event = this.calendar.schedule(this.now + after, priority, label % 50, label, -label);
    this.list.add(this.now + after, priority, label);
    this.#cancel.set(label, () => this.calendar.cancel(event));
  }

  startTimer(lane: number): void {
    const label = this.#labels++;
    const delay = LANE_DELAYS[lane % LANE_DELAYS.length]!;
    const timer = this.calendar.lane(delay);
    const position = this.calendar.scheduleInLane(timer, this.now, label % 50, label, -label);
    this.list.add(this.now + delay, 0, label);
    // By delay and not by object: a snapshot may have been restored into another calendar since.
    this.#cancel.set(label, () => this.calendar.lane(delay).cancel(position));
  }

  cancelOne(choice: number): void {
    const labels = [...this.#cancel.keys()];
    const label = labels[choice % Math.max(1, labels.length)];
    if (label === undefined) return;
    this.#cancel.get(label)?.();
    this.#cancel.delete(label);
    this.list.remove(label);
  }

  pop(limit: number): boolean {
    const expected = this.list.pop(limit);
    expect(this.calendar.pop(limit)).toBe(expected !== null);
    if (expected === null) return false;
    const { time, kind, a, b } = this.calendar;
    const label = expected.label;
    expect({ time, kind, a, b }).toEqual({
      time: expected.time,
      kind: label % 50,
      a: label,
      b: -label,
    });
    this.now = time;
    this.#cancel.delete(label);
    return true;
  }

  /** Goes on with another calendar, which holds lanes of other kinds and events of its own. */
  moveToSnapshot(): void {
    const text = JSON.stringify(this.calendar.state());
    const other = new EventCalendar();
    for (const delay of [300, 1, 7]) {
      other.scheduleInLane(other.lane(delay), 0, 1, 2, 3);
      other.schedule(delay, 0, 1, 2, 3);
    }
    other.restore(JSON.parse(text));
    expect(JSON.parse(JSON.stringify(other.state())).events).toEqual(JSON.parse(text).events);
    this.calendar = other;
  }

  drain(): void {
    while (this.pop(Infinity)) expect(this.now).toBeLessThan(Infinity);
    expect(this.calendar.size).toBe(0);
  }
}

type Action = (pair: Pair) => void;

const anyAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(fc.nat(40), fc.nat(31)).map(
      ([after, priority]): Action =>
        (pair) =>
          pair.schedule(after, priority),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat(3).map(
      (lane): Action =>
        (pair) =>
          pair.startTimer(lane),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat().map(
      (choice): Action =>
        (pair) =>
          pair.cancelOne(choice),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.nat(25).map(
      (ahead): Action =>
        (pair) =>
          void pair.pop(pair.now + ahead),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Action>((pair) => pair.moveToSnapshot()) },
);

describe("the event calendar", () => {
  it("gives events in the order (time, priority, sequence), as a sorted list does", () => {
    fc.assert(
      fc.property(fc.array(anyAction, { maxLength: 200, size: "max" }), (actions) => {
        const pair = new Pair();
        for (const action of actions) action(pair);
        pair.drain();
      }),
      { seed: 12, numRuns: 300 },
    );
  });

  it("keeps the order through compaction, when most events are cancelled", () => {
    const pair = new Pair();
    for (let i = 0; i < 6_000; i++) {
      pair.schedule((i * 7_919) % 10_007, i % 3);
      // Nine of ten: the ratio that call timeouts have.
      if (i % 10 !== 0) pair.cancelOne(Math.floor(i / 10) + 1);
    }
    expect(pair.calendar.size).toBe(600);
    // Slots of dead events were given back: no more than half of the heap was ever dead.
    expect(pair.calendar.state().events.length).toBeLessThan(2_300);
    pair.moveToSnapshot();
    pair.drain();
  });

  it("reuses slots: memory follows what is pending, not what has passed", () => {
    const calendar = new EventCalendar();
    for (let time = 0; time < 50_000; time++) {
      calendar.schedule(time + 3, 0, 1, 0, 0);
      if (time >= 3) expect(calendar.pop(time)).toBe(true);
    }
    expect(calendar.state().slots).toBeLessThan(10);
  });

  it("grows beyond its first arrays, and lanes beyond their first ring", () => {
    const calendar = new EventCalendar();
    const lane = calendar.lane(5);
    const timers = Array.from({ length: 3_000 }, (_, i) => {
      calendar.schedule(10_000 - i, 0, 1, i, 0);
      return calendar.scheduleInLane(lane, i, 2, i, 0);
    });
    for (const [i, position] of timers.entries()) if (i % 3 !== 0) lane.cancel(position);
    const fired: number[] = [];
    while (calendar.pop(Infinity)) if (calendar.kind === 2) fired.push(calendar.a);
    expect(fired).toEqual(Array.from({ length: 1_000 }, (_, i) => 3 * i));
  });

  it("ties are broken by priority, then by who was first, timers of lanes included", () => {
    const calendar = new EventCalendar();
    const lane = calendar.lane(10);
    calendar.schedule(10, 1, 0, 1, 0);
    calendar.scheduleInLane(lane, 0, 0, 2, 0);
    calendar.schedule(10, 0, 0, 3, 0);
    calendar.scheduleInLane(lane, 0, 0, 4, 0);
    calendar.schedule(10, 0, 0, 5, 0);
    calendar.schedule(9, 31, 0, 6, 0);
    const order: number[] = [];
    while (calendar.pop(10)) order.push(calendar.a);
    expect(order).toEqual([6, 2, 3, 4, 5, 1]);
  });

  it("holds back what is due after the limit", () => {
    const calendar = new EventCalendar();
    calendar.schedule(10, 0, 3, 1, 2);
    expect(calendar.pop(9)).toBe(false);
    expect(calendar.pop(10)).toBe(true);
    expect([calendar.time, calendar.kind, calendar.a, calendar.b]).toEqual([10, 3, 1, 2]);
  });

  it("refuses to cancel twice, and forgives a lane that was late", () => {
    const calendar = new EventCalendar();
    const event: ScheduledEvent = calendar.schedule(1, 0, 0, 0, 0);
    calendar.cancel(event);
    expect(() => calendar.cancel(event)).toThrow(/cancelled twice/);
    const lane = calendar.lane(2);
    const position = calendar.scheduleInLane(lane, 0, 0, 0, 0);
    expect(calendar.pop(5)).toBe(true);
    lane.cancel(position);
    calendar.scheduleInLane(lane, 5, 0, 9, 0);
    expect(calendar.pop(9)).toBe(true);
    expect(calendar.a).toBe(9);
  });

  it("a lane that a snapshot does not know stays usable, and is empty after it", () => {
    const calendar = new EventCalendar();
    const held = calendar.lane(5);
    calendar.scheduleInLane(held, 0, 0, 1, 0);
    const other = new EventCalendar();
    other.scheduleInLane(other.lane(3), 0, 0, 2, 0);
    calendar.restore(other.state());
    calendar.scheduleInLane(held, 1, 0, 3, 0);
    const fired: number[] = [];
    while (calendar.pop(Infinity)) fired.push(calendar.time, calendar.a);
    expect(fired).toEqual([3, 2, 6, 3]);
  });

  it("equal delays share a lane", () => {
    const calendar = new EventCalendar();
    expect(calendar.lane(5)).toBe(calendar.lane(5));
    expect(calendar.lane(5)).not.toBe(calendar.lane(6));
  });
});
