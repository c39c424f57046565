import exp from "@stdlib/math-base-special-exp";
import ln from "@stdlib/math-base-special-ln";
import type { KeyedDraws } from "./keyedDraws.ts";
import type { RandomStream } from "./streams.ts";

/** Right edge of the base strip, and area of each of the 256 strips (Marsaglia & Tsang, 2000). */
const R = 7.69711747013105;
const V = 3.949659822581572e-3;
const TWO32 = 4294967296;

const accept = new Uint32Array(256);
const scale = new Float64Array(256);
const density = new Float64Array(256);
buildTables();

/** Sites of follow-up draws: far from every site number that the model gives out. */
const RETRY_SITE = 0x40000000;

/**
 * Exponential variate of mean 1, keyed: the ziggurat of Marsaglia & Tsang (J. Statistical Software
 * 5(8), 2000), with the tables and the rare slow path computed by `@stdlib`, so that it gives the
 * same bits on every machine. Takes 32 random bits in 98.9 % of the cases.
 */
export function exponential(
  draws: KeyedDraws,
  request: number,
  site: number,
  attempt: number,
): number {
  const word = draws.word(request, site, attempt) >>> 0;
  const strip = word & 255;
  if (word < accept[strip]!) return word * scale[strip]!;
  return exponentialSlow(draws, request, site, attempt, word);
}

function exponentialSlow(
  draws: KeyedDraws,
  request: number,
  site: number,
  attempt: number,
  first: number,
): number {
  let word = first;
  for (let turn = 1; ; turn++) {
    const strip = word & 255;
    if (word < accept[strip]!) return word * scale[strip]!;
    const u = draws.uniform(request, site ^ RETRY_SITE, attempt ^ (turn << 16));
    if (strip === 0) return R - ln(1 - u);
    const x = word * scale[strip]!;
    if (density[strip]! + u * (density[strip - 1]! - density[strip]!) < exp(-x)) return x;
    word = draws.word(request, site ^ RETRY_SITE, attempt ^ (turn << 16) ^ 0x8000) >>> 0;
  }
}

/**
 * The same from a stream, for what happens in time order. The strip comes from bits of the uniform
 * number that the variate does not use (Doornik, "An improved ziggurat method", 2005).
 */
export function streamExponential(stream: RandomStream): number {
  for (;;) {
    const scaled = stream.uniform() * TWO32;
    const word = scaled >>> 0;
    const strip = ((scaled - word) * 256) | 0;
    if (word < accept[strip]!) return word * scale[strip]!;
    const u = stream.uniform();
    if (strip === 0) return R - ln(1 - u);
    const x = word * scale[strip]!;
    if (density[strip]! + u * (density[strip - 1]! - density[strip]!) < exp(-x)) return x;
  }
}

function buildTables(): void {
  let right = R;
  let previous = R;
  const base = V / exp(-right);
  accept[0] = (right / base) * TWO32;
  accept[1] = 0;
  scale[0] = base / TWO32;
  scale[255] = right / TWO32;
  density[0] = 1;
  density[255] = exp(-right);
  for (let strip = 254; strip >= 1; strip--) {
    right = -ln(V / right + exp(-right));
    accept[strip + 1] = (right / previous) * TWO32;
    previous = right;
    density[strip] = exp(-right);
    scale[strip] = right / TWO32;
  }
}
