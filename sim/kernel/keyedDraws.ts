import { digestText } from "./digest.ts";

/**
 * A keyed source handed to policies: the same key always gives the same uniform number in [0, 1).
 */
export type Draw = (site: number, attempt: number) => number;

/**
 * Counter-based random numbers: a hash of (seed, replication, request, site, attempt) and nothing
 * else, so that what a request asks for does not depend on the order in which events run (Salmon et
 * al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The mixing is PCG4D (Jarzynski &
 * Olano, "Hash functions for GPU rendering", JCGT 9(3), 2020) under a 128-bit key.
 */
export class KeyedDraws {
  readonly #k0: number;
  readonly #k1: number;
  readonly #k2: number;
  readonly #k3: number;
  /** Second word of the last draw: 32 more random bits for whoever wants 53. */
  #low = 0;

  constructor({ seed, replication }: { readonly seed: number; readonly replication: number }) {
    const first = digestText(`${seed}/${replication}/keyed`);
    const second = digestText(`keyed/${replication}/${seed}`);
    this.#k0 = Number.parseInt(first.slice(0, 8), 16) | 0;
    this.#k1 = Number.parseInt(first.slice(8), 16) | 0;
    this.#k2 = Number.parseInt(second.slice(0, 8), 16) | 0;
    this.#k3 = Number.parseInt(second.slice(8), 16) | 0;
  }

  /** 32 random bits as a signed integer. `request` beyond 2^32 spills into the fourth word. */
  word(request: number, site: number, attempt: number): number {
    let x = (request ^ this.#k0) | 0;
    let y = (site ^ this.#k1) | 0;
    let z = (attempt ^ this.#k2) | 0;
    let w = ((request / 4294967296) ^ this.#k3) | 0;
    x = (Math.imul(x, 1664525) + 1013904223) | 0;
    y = (Math.imul(y, 1664525) + 1013904223) | 0;
    z = (Math.imul(z, 1664525) + 1013904223) | 0;
    w = (Math.imul(w, 1664525) + 1013904223) | 0;
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
    x ^= x >>> 16;
    y ^= y >>> 16;
    z ^= z >>> 16;
    w ^= w >>> 16;
    x = (x + Math.imul(y, w)) | 0;
    y = (y + Math.imul(z, x)) | 0;
    z = (z + Math.imul(x, y)) | 0;
    w = (w + Math.imul(y, z)) | 0;
    // Multiplying carries bits only upwards: without folding the high half down, bit k of two
    // requests that are 2^(17 + k) apart would always agree.
    this.#low = w ^ (w >>> 16);
    return z ^ (z >>> 16);
  }

  /** Uniform in [0, 1) with 53 random bits. */
  uniform(request: number, site: number, attempt: number): number {
    const high = this.word(request, site, attempt) >>> 5;
    return (high * 67108864 + (this.#low >>> 6)) / 9007199254740992;
  }
}
