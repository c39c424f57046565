import type { PopulationSpec } from "../workload/attributes.ts";
import type { DistributionSpec } from "../workload/distributions.ts";
import type { PhaseSpec } from "../workload/phases.ts";
import type { RateProfileSpec } from "../workload/rateProfile.ts";
import type { CallSpec } from "./callSpec.ts";

/** Who sends requests, how many, and along which journeys. */
export type TrafficSpec = {
  readonly name: string;
  readonly population: PopulationSpec;
  readonly journeys: readonly JourneySpec[];
} & (
  | {
      readonly kind: "open";
      readonly arrivals: "poisson" | "paced" | "mmpp";
      /** Of `mmpp`, with intensities of mean 1 over time. */
      readonly phases: readonly PhaseSpec[];
      readonly rate: RateProfileSpec;
    }
  /** Virtual users who send one request at a time. */
  | { readonly kind: "closed"; readonly users: number }
);

export interface JourneySpec {
  readonly name: string;
  /** Of its requests; null for that of their tenants. */
  readonly priority: number | null;
  readonly weight: number;
  readonly steps: readonly JourneyStepSpec[];
}

export interface JourneyStepSpec {
  readonly call: CallSpec;
  /** The step is taken with this probability. */
  readonly probability: number;
  /** Pause after the answer. */
  readonly thinkTime: DistributionSpec | null;
}
