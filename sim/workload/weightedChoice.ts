import { assert } from "../kernel/assert.ts";

/** Chooses an index in proportion to its weight: a search in the cumulative weights, O(log n). */
export class WeightedChoice {
  readonly #cumulative: Float64Array;

  /** Weights are at least 0, and not all 0. */
  constructor(weights: readonly number[]) {
    this.#cumulative = new Float64Array(weights.length);
    let sum = 0;
    for (const [i, weight] of weights.entries()) {
      assert(weight >= 0 && weight < Infinity, `weights must be at least 0, got ${weight}`);
      sum += weight;
      this.#cumulative[i] = sum;
    }
    assert(sum > 0, "a weighted choice needs a weight above 0");
  }

  /** The index that `uniform`, in [0, 1), falls on. An index of weight 0 is never chosen. */
  pick(uniform: number): number {
    const cumulative = this.#cumulative;
    const target = uniform * cumulative[cumulative.length - 1]!;
    let low = 0;
    let high = cumulative.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle]! > target) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
