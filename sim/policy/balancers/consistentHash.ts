import type { Balancer } from "./balancer.ts";

/**
 * The endpoint that a key belongs to, by the highest of the hashes of the key with each endpoint:
 * when an endpoint comes or goes, only the keys that it takes or had are moved (rendezvous hashing:
 * Thaler & Ravishankar, IEEE/ACM ToN 6(1), 1998). With a bound, an endpoint that has more than so
 * many times the mean of the requests outstanding is passed over (Mirrokni et al., "Consistent
 * Hashing with Bounded Loads", SODA 2018; Envoy's `hash_balance_factor`).
 *
 * `draw` of `pick` is the hash of the key.
 */
export class ConsistentHash implements Balancer {
  readonly name = "consistent-hash";
  readonly needsDraw = true;
  readonly #bound: number | null;

  constructor({ bound }: { readonly bound: number | null }) {
    this.#bound = bound;
  }

  pick(endpoints: Int32Array, load: Int32Array, draw: number): number {
    const limit = this.#limit(endpoints, load);
    const key = (draw * 4294967296) | 0;
    let best = 0;
    let highest = -1;
    for (let i = 0; i < endpoints.length; i++) {
      const endpoint = endpoints[i]!;
      if (load[endpoint]! >= limit) continue;
      const hash = mix(key, endpoint);
      if (hash <= highest) continue;
      highest = hash;
      best = i;
    }
    return best;
  }

  state(): number {
    return 0;
  }

  restore(): void {}

  /** What an endpoint may have outstanding, this call included: there is room for it somewhere. */
  #limit(endpoints: Int32Array, load: Int32Array): number {
    if (this.#bound === null) return Number.POSITIVE_INFINITY;
    let total = 1;
    for (const endpoint of endpoints) total += load[endpoint]!;
    return Math.ceil((this.#bound * total) / endpoints.length);
  }
}

/** 32 bits of a key and an endpoint's number: the finaliser of MurmurHash3. */
function mix(key: number, endpoint: number): number {
  let word = (key ^ Math.imul(endpoint + 1, 0x9e3779b1)) | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return (word ^ (word >>> 16)) >>> 0;
}
