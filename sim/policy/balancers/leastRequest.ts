import type { Balancer } from "./balancer.ts";

/**
 * The endpoint with the fewest outstanding requests of all. Ties go round: the search starts after
 * the last pick, since a fixed start would send all of a quiet hour's traffic to the first replica.
 */
export class LeastRequest implements Balancer {
  readonly name = "least-request";
  readonly needsDraw = false;
  #start = 0;

  pick(endpoints: Int32Array, load: Int32Array): number {
    const count = endpoints.length;
    let start = this.#start;
    if (start >= count) start = 0;
    let best = start;
    let least = load[endpoints[start]!]!;
    // Nothing is below zero: an idle endpoint ends the search.
    for (let i = start + 1; i < count && least > 0; i++) {
      const candidate = load[endpoints[i]!]!;
      if (candidate < least) {
        least = candidate;
        best = i;
      }
    }
    for (let i = 0; i < start && least > 0; i++) {
      const candidate = load[endpoints[i]!]!;
      if (candidate < least) {
        least = candidate;
        best = i;
      }
    }
    this.#start = best + 1;
    return best;
  }

  state(): number {
    return this.#start;
  }

  restore(state: number): void {
    this.#start = state;
  }
}
