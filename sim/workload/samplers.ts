import exp from "@stdlib/math-base-special-exp";
import gammaFunction from "@stdlib/math-base-special-gamma";
import ln from "@stdlib/math-base-special-ln";
import pow from "@stdlib/math-base-special-pow";
import { assert } from "../kernel/assert.ts";
import { exponential } from "../kernel/exponential.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { TimeDistribution } from "./distributions.ts";
import { derivedSite } from "./sites.ts";
import { gamma, normal } from "./variates.ts";
import { WeightedChoice } from "./weightedChoice.ts";

export class Constant implements TimeDistribution {
  readonly mean: number;
  readonly variance = 0;

  constructor(value: number) {
    assert(value >= 0 && value < Infinity, `a constant time must be at least 0, got ${value}`);
    this.mean = value;
  }

  sample(): number {
    return this.mean;
  }
}

export class Exponential implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;

  constructor(mean: number) {
    assertMean(mean);
    this.mean = mean;
    this.variance = mean * mean;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    return this.mean * exponential(draws, request, site, attempt);
  }
}

/** exp(μ + σZ), with μ and σ from the mean and the coefficient of variation of the result. */
export class Lognormal implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #mu: number;
  readonly #sigma: number;

  constructor(mean: number, cv: number) {
    assertMean(mean);
    assertCv(cv);
    const sigma2 = ln(1 + cv * cv);
    this.mean = mean;
    this.variance = (mean * cv) ** 2;
    this.#mu = ln(mean) - sigma2 / 2;
    this.#sigma = Math.sqrt(sigma2);
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    return exp(this.#mu + this.#sigma * normal(draws, request, site, attempt));
  }
}

/** Shape 1/cv², scale mean·cv². */
export class Gamma implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #shape: number;
  readonly #scale: number;

  constructor(mean: number, cv: number) {
    assertMean(mean);
    assertCv(cv);
    this.mean = mean;
    this.variance = (mean * cv) ** 2;
    this.#shape = 1 / (cv * cv);
    this.#scale = mean * cv * cv;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    return this.#scale * gamma(this.#shape, draws, request, site, attempt);
  }
}

/** Phases that fit in the derived sites; above, an Erlang is drawn as the gamma that it is. */
export const ERLANG_PHASES_MAX = 60;

/** Sum of independent exponentials of equal mean. */
export class Erlang implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #phases: number;
  readonly #phaseMean: number;

  constructor(mean: number, phases: number) {
    assertMean(mean);
    assert(
      Number.isInteger(phases) && phases >= 1 && phases <= ERLANG_PHASES_MAX,
      `an Erlang distribution has 1 to ${ERLANG_PHASES_MAX} phases here, got ${phases}`,
    );
    this.mean = mean;
    this.variance = (mean * mean) / phases;
    this.#phases = phases;
    this.#phaseMean = mean / phases;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    let sum = exponential(draws, request, site, attempt);
    for (let phase = 1; phase < this.#phases; phase++) {
      sum += exponential(draws, request, derivedSite(site, phase), attempt);
    }
    return this.#phaseMean * sum;
  }
}

/** One of several exponentials, chosen by weight. */
export class HyperExponential implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #choice: WeightedChoice;
  readonly #means: Float64Array;

  constructor(phases: readonly { readonly weight: number; readonly mean: number }[]) {
    for (const phase of phases) assertMean(phase.mean);
    this.#choice = new WeightedChoice(phases.map((phase) => phase.weight));
    this.#means = Float64Array.from(phases, (phase) => phase.mean);
    let weight = 0;
    let first = 0;
    let second = 0;
    for (const phase of phases) {
      weight += phase.weight;
      first += phase.weight * phase.mean;
      second += phase.weight * 2 * phase.mean * phase.mean;
    }
    this.mean = first / weight;
    this.variance = second / weight - this.mean * this.mean;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    const phase = this.#choice.pick(draws.uniform(request, derivedSite(site, 1), attempt));
    return this.#means[phase]! * exponential(draws, request, site, attempt);
  }
}

/** Pareto cut off at both ends (density ∝ x^(−shape − 1) on [min, max]), by inversion. */
export class BoundedPareto implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #min: number;
  readonly #max: number;
  readonly #mass: number;
  readonly #exponent: number;

  constructor(min: number, max: number, shape: number) {
    assert(min > 0 && max > min && max < Infinity, `0 < min < max must hold, got ${min}, ${max}`);
    assert(shape > 0 && shape < Infinity, `shape must be above 0, got ${shape}`);
    this.#min = min;
    this.#max = max;
    this.#mass = 1 - pow(min / max, shape);
    this.#exponent = -1 / shape;
    this.mean = this.#moment(1, shape);
    this.variance = this.#moment(2, shape) - this.mean * this.mean;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    const u = draws.uniform(request, site, attempt);
    // Rounding of the power must not leave the interval.
    return Math.min(this.#min * pow(1 - u * this.#mass, this.#exponent), this.#max);
  }

  #moment(order: number, shape: number): number {
    const ratio = this.#max / this.#min;
    const scale = (pow(this.#min, order) * shape) / this.#mass;
    if (order === shape) return scale * ln(ratio);
    return (scale * (pow(ratio, order - shape) - 1)) / (order - shape);
  }
}

export class Uniform implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #min: number;
  readonly #span: number;

  constructor(min: number, max: number) {
    assert(min >= 0 && max >= min && max < Infinity, `0 ≤ min ≤ max must hold, got ${min}, ${max}`);
    this.#min = min;
    this.#span = max - min;
    this.mean = (min + max) / 2;
    this.variance = this.#span ** 2 / 12;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    return this.#min + this.#span * draws.uniform(request, site, attempt);
  }
}

/** Scale × E^(1/shape), E exponential of mean 1: heavier than exponential for a shape below 1. */
export class Weibull implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #scale: number;
  readonly #exponent: number;

  constructor(scale: number, shape: number) {
    assert(scale > 0 && scale < Infinity, `the scale must be above 0, got ${scale}`);
    assert(shape > 0 && shape < Infinity, `the shape must be above 0, got ${shape}`);
    this.#scale = scale;
    this.#exponent = 1 / shape;
    this.mean = scale * gammaFunction(1 + 1 / shape);
    this.variance = scale * scale * gammaFunction(1 + 2 / shape) - this.mean ** 2;
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    return this.#scale * pow(exponential(draws, request, site, attempt), this.#exponent);
  }
}

/** Leaves the bits alone with which a part derives sites of its own. */
const MIXTURE_SITE = 0x005a_5a5a;

/** One of several distributions, chosen by weight. */
export class Mixture implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #choice: WeightedChoice;
  readonly #parts: readonly TimeDistribution[];

  constructor(parts: readonly { readonly weight: number; readonly of: TimeDistribution }[]) {
    this.#choice = new WeightedChoice(parts.map(({ weight }) => weight));
    this.#parts = parts.map(({ of }) => of);
    const total = parts.reduce((sum, { weight }) => sum + weight, 0);
    const average = (value: (of: TimeDistribution) => number): number =>
      parts.reduce((sum, { weight, of }) => sum + weight * value(of), 0) / total;
    const mean = average((of) => of.mean);
    this.mean = mean;
    this.variance = average((of) => of.variance + (of.mean - mean) ** 2);
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    const part = this.#choice.pick(draws.uniform(request, site ^ MIXTURE_SITE, attempt));
    return this.#parts[part]!.sample(draws, request, site, attempt);
  }
}

/** One of the values that were measured, by weight. */
export class Empirical implements TimeDistribution {
  readonly mean: number;
  readonly variance: number;
  readonly #values: Float64Array;
  /** Null when all weights are equal, because then no search is needed. */
  readonly #choice: WeightedChoice | null;

  constructor(values: readonly number[], weights: readonly number[] | null) {
    assert(values.length > 0, "an empirical distribution needs at least one value");
    assert(
      weights === null || weights.length === values.length,
      "an empirical distribution needs one weight for each value",
    );
    for (const value of values) {
      assert(value >= 0 && value < Infinity, `times must be at least 0, got ${value}`);
    }
    this.#values = Float64Array.from(values);
    this.#choice = weights === null ? null : new WeightedChoice(weights);
    const total = weights === null ? values.length : weights.reduce((sum, w) => sum + w, 0);
    const average = (of: (value: number) => number): number =>
      values.reduce((sum, value, i) => sum + of(value) * (weights?.[i] ?? 1), 0) / total;
    const mean = average((value) => value);
    this.mean = mean;
    this.variance = average((value) => (value - mean) ** 2);
  }

  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number {
    const u = draws.uniform(request, site, attempt);
    const index =
      this.#choice === null ? Math.floor(u * this.#values.length) : this.#choice.pick(u);
    return this.#values[index]!;
  }
}

function assertMean(mean: number): void {
  assert(mean > 0 && mean < Infinity, `the mean must be above 0, got ${mean}`);
}

function assertCv(cv: number): void {
  assert(cv > 0 && cv < Infinity, `the coefficient of variation must be above 0, got ${cv}`);
}
