import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { PlannedTraffic } from "../callplan/plan.ts";

const JOURNEY_SITE = 0x56000000;

/** The journey that a request of a traffic belongs to: a pure function of its number. */
export function journeyOf(
  { hash, weights }: PlannedTraffic,
  request: number,
  draws: KeyedDraws,
): number {
  let journey = 0;
  if (weights.length > 1) {
    const draw = draws.uniform(request, hash ^ JOURNEY_SITE, 0);
    while (draw >= weights[journey]!) journey++;
  }
  return journey;
}
