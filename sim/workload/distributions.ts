import type { KeyedDraws } from "../kernel/keyedDraws.ts";

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
  | { readonly kind: "bounded-pareto"; readonly min: number; readonly max: number; readonly shape: number }
  | { readonly kind: "empirical"; readonly values: readonly number[]; readonly weights: readonly number[] | null };

/** A compiled distribution. */
export interface TimeDistribution {
  readonly mean: number;
  /** One variate, in microseconds, not yet rounded: a pure function of its key. */
  sample(draws: KeyedDraws, request: number, site: number, attempt: number): number;
}
