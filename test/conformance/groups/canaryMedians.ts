import betaCdf from "@stdlib/stats-base-dists-beta-cdf";
import normalCdf from "@stdlib/stats-base-dists-normal-cdf";
import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { near } from "./modelGroup.ts";

const schema = z.object({
  params: z.strictObject({
    canaryRequests: z.number(),
    productionRequests: z.number(),
    sigma: z.number(),
    canarySlowdown: z.number(),
    ratioLimit: z.number(),
  }),
  expected: z.strictObject({ probFail: z.number() }),
});

const POINTS = 4_000;
/** Beyond so many standard errors of a median there is nothing left to add. */
const REACH = 14;

/**
 * How often the median of lognormal latencies of a canary exceeds production's by a factor: an
 * integral over production's median, in standard units, by the trapezoid rule, which is exact for
 * all that counts where the integrand is smooth and ends at 0.
 */
export function medianRuleDifferences(testCase: Json): readonly string[] {
  const { params, expected } = schema.parse(testCase);
  const { canaryRequests, productionRequests, sigma, canarySlowdown, ratioLimit } = params;
  const shift = Math.log(ratioLimit / canarySlowdown) / sigma;
  const error = Math.sqrt(Math.PI / 2 / productionRequests);
  const [from, step] = [-REACH * error, (2 * REACH * error) / POINTS];
  let [probFail, total] = [0, 0];
  for (let i = 0; i <= POINTS; i++) {
    const x = from + i * step;
    const weight = Math.exp(logDensity(productionRequests, x) - logDensity(productionRequests, 0));
    total += weight;
    probFail += weight * exceeds(canaryRequests, x + shift);
  }
  return near("probFail", expected.probFail, probFail / total);
}

/** Of the nearest-rank median of `n` standard normal values, up to a constant. */
function logDensity(n: number, x: number): number {
  const rank = Math.ceil(n / 2);
  const [below, above] = [normalCdf(x, 0, 1), normalCdf(-x, 0, 1)];
  return (rank - 1) * Math.log(below) + (n - rank) * Math.log(above) - (x * x) / 2;
}

/** The probability that such a median is above `x`: fewer than its rank lie below. */
function exceeds(n: number, x: number): number {
  const rank = Math.ceil(n / 2);
  return betaCdf(normalCdf(-x, 0, 1), n - rank + 1, rank);
}
