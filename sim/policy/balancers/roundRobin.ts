import type { Balancer } from "./balancer.ts";

/** Each endpoint in turn, in the order in which they came. */
export class RoundRobin implements Balancer {
  readonly name = "round-robin";
  readonly needsDraw = false;
  #next = 0;

  pick(endpoints: Int32Array): number {
    if (this.#next >= endpoints.length) this.#next = 0;
    return this.#next++;
  }

  state(): number {
    return this.#next;
  }

  restore(state: number): void {
    this.#next = state;
  }
}
