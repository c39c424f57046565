import type { Alarm, Clock } from "../control/clock.ts";
import type { Simulation } from "../kernel/simulation.ts";
import type { Micros } from "../kernel/time.ts";

/** Controllers act after the data plane and the cluster have done their part of an instant. */
const CONTROL_PRIORITY = 8;

/** Virtual time as controllers see it. */
export class SimulatedClock implements Clock {
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  get now(): Micros {
    return this.#simulation.now;
  }

  alarm(name: string, fire: (argument: number) => void): Alarm {
    const kind = this.#simulation.register(`alarm ${name}`, fire);
    return {
      at: (time, argument = 0) => {
        this.#simulation.schedule(time, kind, argument, 0, CONTROL_PRIORITY);
      },
    };
  }
}
