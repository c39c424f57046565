import { assert } from "../kernel/assert.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import { ATTRIBUTE_SITES } from "./sites.ts";
import { WeightedChoice } from "./weightedChoice.ts";

/** What choosing needs to know of a journey; what its steps call is the data plane's affair. */
export interface WeightedJourney {
  readonly weight: number;
  readonly steps: readonly { readonly probability: number }[];
}

/**
 * Which journey a request is, and which of its steps it takes: pure functions of the request
 * number.
 */
export class JourneyMix {
  readonly #journeys: readonly WeightedJourney[];
  readonly #choice: WeightedChoice;
  readonly #draws: KeyedDraws;

  constructor(journeys: readonly WeightedJourney[], draws: KeyedDraws) {
    assert(journeys.length > 0, "a mix of journeys needs at least one journey");
    this.#journeys = journeys;
    this.#choice = new WeightedChoice(journeys.map((journey) => journey.weight));
    this.#draws = draws;
  }

  /** Index of the request's journey. */
  journey(request: number): number {
    if (this.#journeys.length === 1) return 0;
    return this.#choice.pick(this.#draws.uniform(request, ATTRIBUTE_SITES.journey, 0));
  }

  /** Whether the request takes this step of its journey. */
  takes(request: number, journey: number, step: number): boolean {
    const probability = this.#journeys[journey]!.steps[step]!.probability;
    if (probability >= 1) return true;
    return this.#draws.uniform(request, ATTRIBUTE_SITES.journeyStep + step, 0) < probability;
  }
}
