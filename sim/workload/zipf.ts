import exp from "@stdlib/math-base-special-exp";
import ln from "@stdlib/math-base-special-ln";
import { assert } from "../kernel/assert.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import { turnAttempt } from "./sites.ts";

/** So close to 1 the power form loses its digits, and the logarithm is off by less than that. */
const NEAR_ONE = 1e-8;

/**
 * Zipf-distributed ranks 0 … count − 1, the chance of rank k being proportional to (k +
 * 1)^(−exponent). Rejection-inversion (Hörmann & Derflinger, "Rejection-inversion to generate
 * variates from monotone discrete distributions", ACM TOMACS 6(3), 1996): no table, so a hundred
 * million keys cost nothing; about 1.1 draws each.
 */
export class Zipf {
  readonly #count: number;
  readonly #exponent: number;
  readonly #low: number;
  readonly #high: number;
  readonly #shortcut: number;

  /** `exponent` above 0; 1 is Zipf's own law. */
  constructor(count: number, exponent: number) {
    assert(Number.isInteger(count) && count >= 1, `keys are counted from 1, got ${count}`);
    assert(exponent > 0 && exponent < Infinity, `the exponent must be above 0, got ${exponent}`);
    this.#count = count;
    this.#exponent = exponent;
    this.#low = this.#integral(1.5) - 1;
    this.#high = this.#integral(count + 0.5);
    this.#shortcut = 2 - this.#inverse(this.#integral(2.5) - this.#density(2));
  }

  sample(draws: KeyedDraws, request: number, site: number): number {
    for (let turn = 0; ; turn++) {
      const share = draws.uniform(request, site, turnAttempt(0, turn));
      const u = this.#high + share * (this.#low - this.#high);
      const x = this.#inverse(u);
      const rank = Math.min(Math.max(Math.floor(x + 0.5), 1), this.#count);
      if (rank - x <= this.#shortcut) return rank - 1;
      if (u >= this.#integral(rank + 0.5) - this.#density(rank)) return rank - 1;
    }
  }

  /** x^(−exponent). */
  #density(x: number): number {
    return exp(-this.#exponent * ln(x));
  }

  /** An antiderivative of the density. */
  #integral(x: number): number {
    const power = 1 - this.#exponent;
    if (Math.abs(power) < NEAR_ONE) return ln(x);
    return (exp(power * ln(x)) - 1) / power;
  }

  #inverse(y: number): number {
    const power = 1 - this.#exponent;
    if (Math.abs(power) < NEAR_ONE) return exp(y);
    // Rounding may push the base below 0 at the far end.
    return exp(ln(Math.max(0, 1 + power * y)) / power);
  }
}
