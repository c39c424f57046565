import { describe, expect, it } from "vitest";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { ANYONE, AttributeSampler, type PopulationSpec } from "../../sim/workload/attributes.ts";
import { ATTRIBUTE_SITES } from "../../sim/workload/sites.ts";
import { WeightedChoice } from "../../sim/workload/weightedChoice.ts";
import { Zipf } from "../../sim/workload/zipf.ts";
import { chiSquareScore, correlationScore } from "./goodnessOfFit.ts";

const REQUESTS = 60_000;
const draws = new KeyedDraws({ seed: 3, replication: 1 });

const population: PopulationSpec = {
  users: 5_000,
  regions: [
    { name: "eu", weight: 3 },
    { name: "us", weight: 1 },
  ],
  tenants: [
    { name: "free", weight: 8, priority: 2 },
    { name: "paid", weight: 2, priority: 0 },
  ],
  keys: { count: 1_000, exponent: null },
  deadline: 2_000_000,
};

function counts(size: number, value: (request: number) => number): number[] {
  const result = new Array<number>(size).fill(0);
  for (let request = 0; request < REQUESTS; request++) {
    const index = value(request);
    result[index] = result[index]! + 1;
  }
  return result;
}

describe("request attributes", () => {
  const sampler = new AttributeSampler(population, draws);

  it("users and keys are even without an exponent", () => {
    const even = (size: number): number[] => new Array<number>(size).fill(REQUESTS / size);
    expect(
      chiSquareScore(
        counts(5_000, (r) => sampler.user(r)),
        even(5_000),
      ),
    ).toBeLessThan(3);
    expect(
      chiSquareScore(
        counts(1_000, (r) => sampler.key(r)),
        even(1_000),
      ),
    ).toBeLessThan(3);
  });

  it("regions and tenants have their weights among users, for ever", () => {
    const home = new Map<number, number>();
    const tenant = new Map<number, number>();
    for (let request = 0; request < REQUESTS; request++) {
      const user = sampler.user(request);
      const region = sampler.region(request);
      expect(home.get(user) ?? region).toBe(region);
      home.set(user, region);
      tenant.set(user, sampler.tenant(request));
    }
    const inEurope = [...home.values()].filter((region) => region === 0).length;
    const paid = [...tenant.values()].filter((index) => index === 1).length;
    const n = home.size;
    expect(chiSquareScore([inEurope, n - inEurope], [0.75 * n, 0.25 * n])).toBeLessThan(3);
    expect(chiSquareScore([n - paid, paid], [0.8 * n, 0.2 * n])).toBeLessThan(3);
  });

  it("priority is the tenant's, the deadline counts from the arrival", () => {
    for (let request = 0; request < 100; request++) {
      expect(sampler.priority(request)).toBe(sampler.tenant(request) === 0 ? 2 : 0);
    }
    expect(sampler.deadline(5)).toBe(2_000_005);
  });

  it("attributes are pure functions of the request, and independent of each other", () => {
    const again = new AttributeSampler(population, new KeyedDraws({ seed: 3, replication: 1 }));
    for (let request = 999; request >= 0; request--) {
      expect(again.user(request)).toBe(sampler.user(request));
      expect(again.key(request)).toBe(sampler.key(request));
      expect(again.region(request)).toBe(sampler.region(request));
    }
    const series = [
      (r: number) => sampler.user(r),
      (r: number) => sampler.key(r),
      (r: number) => sampler.region(r),
      (r: number) => sampler.tenant(r),
    ].map((of) => Array.from({ length: 5_000 }, (_, user) => of(user)));
    for (const [i, a] of series.entries()) {
      for (const b of series.slice(i + 1)) {
        expect(Math.abs(correlationScore(a, b))).toBeLessThan(4);
      }
    }
  });

  it("without a population there is one of everything, and no deadline", () => {
    const anyone = new AttributeSampler(ANYONE, draws);
    expect([anyone.user(9), anyone.key(9), anyone.region(9), anyone.tenant(9)]).toEqual([
      0, 0, 0, 0,
    ]);
    expect([anyone.priority(9), anyone.deadline(9)]).toEqual([0, Infinity]);
  });

  it("keys with an exponent go through Zipf's law", () => {
    const skewed = { ...population, keys: { count: 50, exponent: 1.2 } };
    const seen = counts(50, (r) => new AttributeSampler(skewed, draws).key(r));
    expect(seen[0]! / seen[9]!).toBeGreaterThan(10);
  });
});

describe("Zipf's law", () => {
  for (const exponent of [0.4, 0.99, 1, 1 + 1e-10, 1.5, 3]) {
    it(`exponent ${exponent}: chances fall as rank^−${exponent}`, () => {
      const size = 30;
      const zipf = new Zipf(size, exponent);
      const masses = Array.from({ length: size }, (_, k) => (k + 1) ** -exponent);
      const total = masses.reduce((sum, mass) => sum + mass, 0);
      const expected = masses.map((mass) => (REQUESTS * mass) / total);
      const seen = counts(size, (request) => zipf.sample(draws, request, ATTRIBUTE_SITES.key));
      expect(chiSquareScore(seen, expected)).toBeLessThan(3);
    });
  }

  it("a hundred million keys are no trouble, and one key is key 0", () => {
    const many = new Zipf(1e8, 0.8);
    const one = new Zipf(1, 1);
    for (let request = 0; request < 1_000; request++) {
      const key = many.sample(draws, request, 1);
      expect(Number.isInteger(key) && key >= 0 && key < 1e8).toBe(true);
      expect(one.sample(draws, request, 1)).toBe(0);
    }
  });
});

describe("a weighted choice", () => {
  it("falls on the index whose share of [0, 1) holds the number", () => {
    const choice = new WeightedChoice([0, 1, 0, 3, 0]);
    const picks = [0, 0.2499, 0.25, 0.9999].map((u) => choice.pick(u));
    expect(picks).toEqual([1, 1, 3, 3]);
    expect(choice.pick(1 - 2 ** -53)).toBe(3);
  });

  it("needs weights of at least 0, and one above", () => {
    expect(() => new WeightedChoice([1, -1])).toThrow(/at least 0, got -1/);
    expect(() => new WeightedChoice([0, 0])).toThrow(/above 0/);
  });
});
