import { type Json, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { ArrivalProcess } from "../../workload/arrivals.ts";
import type { ExactDataPlane } from "./exactDataPlane.ts";

/**
 * Arrivals of one open traffic. Arrival number n is request n, whatever the system does with it.
 */
export interface OpenTraffic {
  readonly traffic: number;
  readonly arrivals: ArrivalProcess;
}

/**
 * Starts the journeys of open workloads when they are due. Earlier arrivals go before other events
 * of an instant.
 */
export class OpenClients {
  readonly #simulation: Simulation;
  readonly #plane: ExactDataPlane;
  readonly #open: readonly OpenTraffic[];
  readonly #counts: Float64Array;
  readonly #kind: number;

  constructor(simulation: Simulation, plane: ExactDataPlane, open: readonly OpenTraffic[]) {
    this.#simulation = simulation;
    this.#plane = plane;
    this.#open = open;
    this.#counts = new Float64Array(open.length);
    this.#kind = simulation.register("request is due", (index) => this.#arrive(index));
  }

  start(): void {
    this.#open.forEach((_, index) => {
      this.#scheduleNext(index);
    });
  }

  state(): Json {
    return {
      counts: Array.from(this.#counts),
      arrivals: this.#open.map(({ arrivals }) => arrivals.state()),
    };
  }

  restore(state: Json): void {
    const saved = savedState<{ counts: number[]; arrivals: Json[] }>(state);
    this.#counts.set(saved.counts);
    this.#open.forEach(({ arrivals }, index) => {
      arrivals.restore(saved.arrivals[index]!);
    });
  }

  #arrive(index: number): void {
    const request = this.#counts[index]!++;
    this.#scheduleNext(index);
    this.#plane.startJourney(this.#open[index]!.traffic, request);
  }

  #scheduleNext(index: number): void {
    const time = this.#open[index]!.arrivals.next();
    if (time < Number.POSITIVE_INFINITY) this.#simulation.schedule(time, this.#kind, index, 0);
  }
}
