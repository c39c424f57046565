import type { Micros } from "../kernel/time.ts";

/**
 * Fires a controller's callback; restartable, so that a snapshot of pending alarms is plain data.
 */
export interface Alarm {
  /** `argument` is handed to the callback. */
  at(time: Micros, argument?: number): void;
}

/** Virtual or wall-clock time, in microseconds since the start of the run. */
export interface Clock {
  readonly now: Micros;
  /** Names are unique, and the same in every model that is built from one scenario. */
  alarm(name: string, fire: (argument: number) => void): Alarm;
}
