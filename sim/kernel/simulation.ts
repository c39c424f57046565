import { assert } from "./assert.ts";
import {
  type CalendarState,
  EventCalendar,
  type ScheduledEvent,
  type TimerLane,
} from "./calendar.ts";
import { TraceDigest } from "./digest.ts";
import { type Micros, ZERO } from "./time.ts";

/** Called with the two integers that were given when the event was scheduled. */
export type EventHandler = (a: number, b: number) => void;

export interface SimulationState {
  readonly now: number;
  readonly kinds: readonly string[];
  readonly calendar: CalendarState;
  readonly digest: readonly [number, number, number];
}

/**
 * Virtual clock and event loop. Events are integers (kind, a, b), never closures: kinds are
 * registered by name, in the order in which the model is built, so that the pending events of a
 * snapshot can be restored into a model that was built anew.
 */
export class Simulation {
  readonly digest = new TraceDigest();
  readonly #calendar = new EventCalendar();
  readonly #handlers: EventHandler[] = [];
  readonly #names: string[] = [];
  /** The time now; in a typed array, because a field of doubles is boxed at every write. */
  readonly #clock = new Float64Array(1);
  #events = 0;

  /** Time may begin before 0: warm-up runs in negative time, and measured time begins at 0. */
  constructor(start: Micros = ZERO) {
    this.#clock[0] = start;
  }

  get now(): Micros {
    return this.#clock[0] as Micros; // the calendar holds only whole microseconds
  }

  /** Events that have been carried out. */
  get events(): number {
    return this.#events;
  }

  /** Events that wait in the heap, cancelled ones not counted. */
  get pending(): number {
    return this.#calendar.size;
  }

  register(name: string, handler: EventHandler): number {
    assert(!this.#names.includes(name), `event kind ${name} is registered twice`);
    this.#names.push(name);
    return this.#handlers.push(handler) - 1;
  }

  /**
   * At equal times the lower priority number goes first, then the event that was scheduled first.
   */
  schedule(time: number, kind: number, a: number, b: number, priority = 0): ScheduledEvent {
    if (time < this.now) assert(false, `an event was scheduled at ${time}, before ${this.now}`);
    return this.#calendar.schedule(time, priority, kind, a, b);
  }

  /**
   * The same, `delay` from now. For hot paths: small numbers pass between functions without being
   * boxed.
   */
  scheduleAfter(delay: number, kind: number, a: number, b: number): ScheduledEvent {
    if (delay < 0) assert(false, `an event was scheduled ${delay} before now`);
    return this.#calendar.schedule(this.#clock[0]! + delay, 0, kind, a, b);
  }

  cancel(event: ScheduledEvent): void {
    this.#calendar.cancel(event);
  }

  lane(delay: number): TimerLane {
    return this.#calendar.lane(delay);
  }

  scheduleInLane(lane: TimerLane, kind: number, a: number, b: number): number {
    return this.#calendar.scheduleInLane(lane, this.#clock[0]!, kind, a, b);
  }

  /** Carries out every event up to and including `end`, then sets the clock to `end`. */
  runUntil(end: Micros): void {
    const calendar = this.#calendar;
    const handlers = this.#handlers;
    const clock = this.#clock;
    while (calendar.pop(end)) {
      clock[0] = calendar.time;
      this.#events++;
      handlers[calendar.kind]!(calendar.a, calendar.b);
    }
    clock[0] = end;
  }

  state(): SimulationState {
    return {
      now: this.now,
      kinds: [...this.#names],
      calendar: this.#calendar.state(),
      digest: this.digest.state(),
    };
  }

  restore(state: SimulationState): void {
    assert(
      state.kinds.join() === this.#names.join(),
      "the snapshot was taken from a model of another shape: its event kinds differ",
    );
    this.#clock[0] = state.now;
    this.#calendar.restore(state.calendar);
    this.digest.restore(state.digest);
  }
}
