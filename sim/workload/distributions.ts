import { unreachable } from "../kernel/assert.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import {
  BoundedPareto,
  Constant,
  Empirical,
  ERLANG_PHASES_MAX,
  Erlang,
  Exponential,
  Gamma,
  HyperExponential,
  Lognormal,
  Mixture,
  Uniform,
  Weibull,
} from "./samplers.ts";

/** A distribution of times, in microseconds, as a scenario states it. */
export type DistributionSpec =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "exponential"; readonly mean: number }
  | { readonly kind: "lognormal"; readonly mean: number; readonly cv: number }
  | { readonly kind: "gamma"; readonly mean: number; readonly cv: number }
  | { readonly kind: "erlang"; readonly mean: number; readonly phases: number }
  | {
      readonly kind: "hyper-exponential";
      readonly phases: readonly { readonly weight: number; readonly mean: number }[];
    }
  | {
      readonly kind: "bounded-pareto";
      readonly min: number;
      readonly max: number;
      readonly shape: number;
    }
  | { readonly kind: "uniform"; readonly min: number; readonly max: number }
  | { readonly kind: "weibull"; readonly scale: number; readonly shape: number }
  | {
      readonly kind: "mixture";
      readonly parts: readonly { readonly weight: number; readonly of: DistributionSpec }[];
    }
  | {
      readonly kind: "empirical";
      readonly values: readonly number[];
      readonly weights: readonly number[] | null;
    };

/** A compiled distribution. */
export interface TimeDistribution {
  readonly mean: number;
  /**
   * In square microseconds, exact: what queueing formulas and fluid models need beside the mean.
   */
  readonly variance: number;
  /** One variate, in microseconds, not yet rounded: a pure function of its key. */
  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number;
}

/**
 * Builds the sampler of a specification that was validated; a coefficient of variation of 0 is a
 * constant.
 */
export function compileDistribution(spec: DistributionSpec): TimeDistribution {
  switch (spec.kind) {
    case "constant":
      return new Constant(spec.value);
    case "exponential":
      return new Exponential(spec.mean);
    case "lognormal":
      return spec.cv === 0 ? new Constant(spec.mean) : new Lognormal(spec.mean, spec.cv);
    case "gamma":
      return spec.cv === 0 ? new Constant(spec.mean) : new Gamma(spec.mean, spec.cv);
    case "erlang":
      if (spec.phases <= ERLANG_PHASES_MAX) return new Erlang(spec.mean, spec.phases);
      return new Gamma(spec.mean, 1 / Math.sqrt(spec.phases));
    case "hyper-exponential":
      return new HyperExponential(spec.phases);
    case "bounded-pareto":
      if (spec.min === spec.max) return new Constant(spec.min);
      return new BoundedPareto(spec.min, spec.max, spec.shape);
    case "uniform":
      return new Uniform(spec.min, spec.max);
    case "weibull":
      return new Weibull(spec.scale, spec.shape);
    case "mixture":
      return new Mixture(
        spec.parts.map(({ weight, of }) => ({ weight, of: compileDistribution(of) })),
      );
    case "empirical":
      return new Empirical(spec.values, spec.weights);
    default:
      return unreachable(spec);
  }
}
