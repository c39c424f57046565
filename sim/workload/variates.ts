import ln from "@stdlib/math-base-special-ln";
import pow from "@stdlib/math-base-special-pow";
import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import { derivedSite, turnAttempt } from "./sites.ts";

const SMALLEST = 2 ** -54;

/**
 * Uniform in (0, 1): the one value whose logarithm or quantile is infinite is moved by half a step.
 */
function openUniform(draws: KeyedDraws, request: number, site: number, attempt: number): number {
  const u = draws.uniform(request, site, attempt);
  return u === 0 ? SMALLEST : u;
}

/**
 * Standard normal variate by inversion, which takes one draw and, as `@stdlib` uses no `Math.log`,
 * gives the same bits everywhere.
 */
export function normal(draws: KeyedDraws, request: number, site: number, attempt: number): number {
  return normalQuantile(openUniform(draws, request, site, attempt), 0, 1);
}

/**
 * Gamma variate of scale 1 (Marsaglia & Tsang, "A simple method for generating gamma variables",
 * ACM TOMS 26(3), 2000); below shape 1 it is drawn for shape + 1 and multiplied by U^(1/shape), as
 * in section 6 there.
 */
export function gamma(
  shape: number,
  draws: KeyedDraws,
  request: number,
  site: number,
  attempt: number,
): number {
  if (shape < 1) {
    const boost = pow(openUniform(draws, request, derivedSite(site, 2), attempt), 1 / shape);
    return boost * gamma(shape + 1, draws, request, site, attempt);
  }
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let turn = 0; ; turn++) {
    const turned = turnAttempt(attempt, turn);
    const x = normal(draws, request, site, turned);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    const u = openUniform(draws, request, derivedSite(site, 1), turned);
    const x2 = x * x;
    // The first test accepts nearly all and spares two logarithms.
    if (u < 1 - 0.0331 * x2 * x2) return d * v;
    if (ln(u) < 0.5 * x2 + d * (1 - v + ln(v))) return d * v;
  }
}
