import type { Balancer } from "./balancer.ts";

/**
 * The endpoint with the fewest outstanding requests of some that are drawn at random (the power of
 * two choices: Mitzenmacher, IEEE TPDS 12(10), 2001). Of equals the one that was drawn first wins:
 * ties go at random.
 */
export class PowerOfChoices implements Balancer {
  readonly name = "least-request";
  readonly needsDraw = true;
  readonly #choices: number;
  readonly #replacement: boolean;
  /** 0, 1, 2, …: shuffled from the front and put back in order within each pick. */
  #order = new Int32Array(0);
  readonly #swaps: Int32Array;

  /** With `replacement`, as Envoy does it, the same endpoint may be drawn twice. */
  constructor({
    choices,
    replacement,
  }: {
    readonly choices: number;
    readonly replacement: boolean;
  }) {
    this.#choices = choices;
    this.#replacement = replacement;
    this.#swaps = new Int32Array(choices);
  }

  pick(endpoints: Int32Array, load: Int32Array, draw: number): number {
    return this.#replacement
      ? this.#pickOfAny(endpoints, load, draw)
      : this.#pickOfDistinct(endpoints, load, draw);
  }

  state(): number {
    return 0;
  }

  restore(): void {}

  #pickOfAny(endpoints: Int32Array, load: Int32Array, draw: number): number {
    const count = endpoints.length;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#choices; i++) {
      const candidate = Math.floor(part(draw, i) * count);
      const requests = load[endpoints[candidate]!]!;
      if (requests >= least) continue;
      least = requests;
      best = candidate;
    }
    return best;
  }

  #pickOfDistinct(endpoints: Int32Array, load: Int32Array, draw: number): number {
    const count = endpoints.length;
    const choices = Math.min(this.#choices, count);
    if (this.#order.length < count) this.#order = Int32Array.from({ length: count }, (_, i) => i);
    const order = this.#order;
    const swaps = this.#swaps;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < choices; i++) {
      const other = i + Math.floor(part(draw, i) * (count - i));
      swaps[i] = other;
      const candidate = order[other]!;
      order[other] = order[i]!;
      order[i] = candidate;
      const requests = load[endpoints[candidate]!]!;
      if (requests >= least) continue;
      least = requests;
      best = candidate;
    }
    for (let i = choices - 1; i >= 0; i--) {
      const other = swaps[i]!;
      const candidate = order[i]!;
      order[i] = order[other]!;
      order[other] = candidate;
    }
    return best;
  }
}

/**
 * The endpoint with the fewest outstanding requests of all, ties at random: join the shortest
 * queue.
 */
export class JoinShortestQueue implements Balancer {
  readonly name = "least-request";
  readonly needsDraw = true;

  pick(endpoints: Int32Array, load: Int32Array, draw: number): number {
    let least = Number.POSITIVE_INFINITY;
    let ties = 0;
    for (const endpoint of endpoints) {
      const requests = load[endpoint]!;
      if (requests < least) {
        least = requests;
        ties = 1;
      } else if (requests === least) ties++;
    }
    let left = Math.floor(draw * ties);
    for (let i = 0; i < endpoints.length; i++) {
      if (load[endpoints[i]!] === least && left-- === 0) return i;
    }
    return 0;
  }

  state(): number {
    return 0;
  }

  restore(): void {}
}

/** Uniform number `index` of those that one draw is split into: the finaliser of MurmurHash3. */
function part(draw: number, index: number): number {
  const scaled = draw * 4294967296;
  const high = Math.floor(scaled);
  const low = Math.floor((scaled - high) * 2097152);
  let word = (high ^ Math.imul(low + Math.imul(index, 0x9e3779b1), 0x85ebca6b)) | 0;
  word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
  return ((word ^ (word >>> 16)) >>> 0) / 4294967296;
}
