import { type Json, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { ArrivalProcess } from "../../workload/arrivals.ts";
import type { ProducerSpec } from "../topicSpec.ts";
import type { Consumers } from "./consumers.ts";
import type { ExactDataPlane } from "./exactDataPlane.ts";

/** One producer of a topic; `arrivals` of a stream. */
export interface Producer {
  readonly topic: number;
  /** Its place among the producers of its topic. */
  readonly producer: number;
  readonly spec: ProducerSpec;
  readonly arrivals: ArrivalProcess | null;
}

/** Publishes messages when they are due, whatever becomes of them. */
export class Producers {
  readonly #simulation: Simulation;
  readonly #consumers: Consumers;
  readonly #producers: readonly Producer[];
  /** Messages that each has published. */
  readonly #counts: number[];
  readonly #kind: number;

  constructor(simulation: Simulation, plane: ExactDataPlane, producers: readonly Producer[]) {
    this.#simulation = simulation;
    this.#consumers = plane.consumers;
    this.#producers = producers;
    this.#counts = producers.map(() => 0);
    this.#kind = simulation.register("message is due", (index) => this.#publish(index));
  }

  start(): void {
    this.#producers.forEach((_, index) => {
      this.#scheduleNext(index);
    });
  }

  state(): Json {
    return {
      counts: [...this.#counts],
      arrivals: this.#producers.map(({ arrivals }) => arrivals?.state() ?? null),
    };
  }

  restore(state: Json): void {
    const saved = savedState<{ counts: readonly number[]; arrivals: readonly Json[] }>(state);
    this.#counts.splice(0, this.#counts.length, ...saved.counts);
    this.#producers.forEach(({ arrivals }, index) => {
      arrivals?.restore(saved.arrivals[index]!);
    });
  }

  #publish(index: number): void {
    const { topic, producer, spec } = this.#producers[index]!;
    const { deadline, priority } = spec;
    const count = spec.kind === "batch" ? spec.count : 1;
    for (let i = 0; i < count; i++) {
      const request = this.#counts[index]!++;
      this.#consumers.publish(topic, { producer, request, deadline, priority });
    }
    if (spec.kind === "stream") this.#scheduleNext(index);
  }

  #scheduleNext(index: number): void {
    const { spec, arrivals } = this.#producers[index]!;
    const time = spec.kind === "batch" ? spec.at : (arrivals?.next() ?? Number.POSITIVE_INFINITY);
    if (time < Number.POSITIVE_INFINITY) this.#simulation.schedule(time, this.#kind, index, 0);
  }
}
