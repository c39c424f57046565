import { assert } from "../kernel/assert.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import { ATTRIBUTE_SITES } from "./sites.ts";
import { WeightedChoice } from "./weightedChoice.ts";
import { Zipf } from "./zipf.ts";

/** Who sends the requests, and what they ask for. */
export interface PopulationSpec {
  /** Number of users, all equally active. */
  readonly users: number;
  /** Where users live, for good; at least one. */
  readonly regions: readonly { readonly name: string; readonly weight: number }[];
  /** To whom users belong, for good; at least one. A lower priority number matters more. */
  readonly tenants: readonly {
    readonly name: string;
    readonly weight: number;
    readonly priority: number;
  }[];
  /**
   * Keys (products, rows) that requests are about; with an exponent, popular by Zipf's law, key 0
   * first.
   */
  readonly keys: { readonly count: number; readonly exponent: number | null };
  /** Microseconds after its arrival at which a request is worthless; null for never. */
  readonly deadline: number | null;
}

/** One user, one region, one tenant: for scenarios that say nothing about their population. */
export const ANYONE: PopulationSpec = {
  users: 1,
  regions: [{ name: "default", weight: 1 }],
  tenants: [{ name: "default", weight: 1, priority: 0 }],
  keys: { count: 1, exponent: null },
  deadline: null,
};

/**
 * Attributes of requests, each a pure function of the request number, computed when somebody asks.
 * Region and tenant depend on the user alone: somebody who comes back still lives where they lived.
 */
export class AttributeSampler {
  readonly spec: PopulationSpec;
  readonly #draws: KeyedDraws;
  readonly #regions: WeightedChoice;
  readonly #tenants: WeightedChoice;
  readonly #zipf: Zipf | null;

  constructor(spec: PopulationSpec, draws: KeyedDraws) {
    const { users, keys } = spec;
    assert(Number.isInteger(users) && users >= 1, `users are counted from 1, got ${users}`);
    assert(
      Number.isInteger(keys.count) && keys.count >= 1,
      `keys are counted from 1, got ${keys.count}`,
    );
    this.spec = spec;
    this.#draws = draws;
    this.#regions = new WeightedChoice(spec.regions.map((region) => region.weight));
    this.#tenants = new WeightedChoice(spec.tenants.map((tenant) => tenant.weight));
    const isSkewed = keys.exponent !== null && keys.exponent > 0 && keys.count > 1;
    this.#zipf = isSkewed ? new Zipf(keys.count, keys.exponent) : null;
  }

  /** 0 … users − 1. */
  user(request: number): number {
    const { users } = this.spec;
    if (users === 1) return 0;
    return Math.floor(this.#draws.uniform(request, ATTRIBUTE_SITES.user, 0) * users);
  }

  /** 0 … keys.count − 1. */
  key(request: number): number {
    return this.#keyOf(request, ATTRIBUTE_SITES.key);
  }

  /** A further key of the request, `which` from 1: drawn alike, and independently. */
  otherKey(request: number, which: number): number {
    return this.#keyOf(request, ATTRIBUTE_SITES.key ^ Math.imul(which, 0x2c1b3c6d));
  }

  #keyOf(request: number, site: number): number {
    if (this.#zipf !== null) return this.#zipf.sample(this.#draws, request, site);
    const { count } = this.spec.keys;
    return count === 1 ? 0 : Math.floor(this.#draws.uniform(request, site, 0) * count);
  }

  /** Index into `spec.regions`. */
  region(request: number): number {
    if (this.spec.regions.length === 1) return 0;
    const user = this.user(request);
    return this.#regions.pick(this.#draws.uniform(user, ATTRIBUTE_SITES.region, 0));
  }

  /** Index into `spec.tenants`. */
  tenant(request: number): number {
    if (this.spec.tenants.length === 1) return 0;
    const user = this.user(request);
    return this.#tenants.pick(this.#draws.uniform(user, ATTRIBUTE_SITES.tenant, 0));
  }

  /** Priority of the request's tenant. */
  priority(request: number): number {
    return this.spec.tenants[this.tenant(request)]!.priority;
  }

  /** When the request is worthless: infinity when never. */
  deadline(arrival: number): number {
    return this.spec.deadline === null ? Infinity : arrival + this.spec.deadline;
  }
}
