import { describe, expect, it } from "vitest";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { compileDistribution, type DistributionSpec } from "../../sim/workload/distributions.ts";
import {
  chiSquareScore,
  correlationScore,
  gammaCdf,
  KOLMOGOROV_LIMIT,
  kolmogorovDistance,
  normalCdf,
} from "./goodnessOfFit.ts";

const SAMPLES = 40_000;
const draws = new KeyedDraws({ seed: 7, replication: 0 });

function samplesOf(spec: DistributionSpec, { site = 5, attempt = 0 } = {}): number[] {
  const distribution = compileDistribution(spec);
  return Array.from({ length: SAMPLES }, (_, request) =>
    distribution.sample(draws, request, site, attempt),
  );
}

const hyper: DistributionSpec = {
  kind: "hyper-exponential",
  phases: [
    { weight: 9, mean: 100 },
    { weight: 1, mean: 2_000 },
  ],
};
const pareto: DistributionSpec = { kind: "bounded-pareto", min: 100, max: 50_000, shape: 1.5 };

/** Of the bounded Pareto above: how much of the unbounded one lies below its end. */
const paretoMass = 1 - 500 ** -1.5;
const paretoMean = (300 * (1 - 500 ** -0.5)) / paretoMass;

/**
 * Mean and variance by hand. `tolerance` is that of the variance: four standard errors, from the
 * 4th moment.
 */
const cases: readonly {
  readonly spec: DistributionSpec;
  readonly mean: number;
  readonly variance: number;
  readonly tolerance: number;
  readonly cdf: (x: number) => number;
}[] = [
  {
    spec: { kind: "exponential", mean: 250 },
    mean: 250,
    variance: 62_500,
    tolerance: 0.06,
    cdf: (x) => 1 - Math.exp(-x / 250),
  },
  {
    spec: { kind: "lognormal", mean: 1_000, cv: 0.5 },
    mean: 1_000,
    variance: 250_000,
    tolerance: 0.07,
    cdf: (x) => {
      const sigma2 = Math.log(1.25);
      return normalCdf((Math.log(x / 1_000) + sigma2 / 2) / Math.sqrt(sigma2));
    },
  },
  {
    spec: { kind: "gamma", mean: 500, cv: Math.sqrt(0.4) },
    mean: 500,
    variance: 100_000,
    tolerance: 0.05,
    cdf: (x) => gammaCdf(2.5, x / 200),
  },
  {
    spec: { kind: "gamma", mean: 500, cv: Math.SQRT2 },
    mean: 500,
    variance: 500_000,
    tolerance: 0.08,
    cdf: (x) => gammaCdf(0.5, x / 1_000),
  },
  {
    spec: { kind: "erlang", mean: 900, phases: 3 },
    mean: 900,
    variance: 270_000,
    tolerance: 0.04,
    cdf: (x) => gammaCdf(3, x / 300),
  },
  {
    // More phases than there are derived sites.
    spec: { kind: "erlang", mean: 900, phases: 100 },
    mean: 900,
    variance: 8_100,
    tolerance: 0.03,
    cdf: (x) => gammaCdf(100, x / 9),
  },
  {
    spec: hyper,
    mean: 290,
    // 0.9·2·100² + 0.1·2·2000² − 290²
    variance: 733_900,
    tolerance: 0.17,
    cdf: (x) => 1 - 0.9 * Math.exp(-x / 100) - 0.1 * Math.exp(-x / 2_000),
  },
  {
    spec: pareto,
    mean: paretoMean,
    variance: (30_000 * (Math.sqrt(500) - 1)) / paretoMass - paretoMean ** 2,
    tolerance: 0.65,
    cdf: (x) => (1 - (100 / x) ** 1.5) / paretoMass,
  },
  {
    spec: { kind: "uniform", min: 100, max: 700 },
    mean: 400,
    variance: 30_000,
    tolerance: 0.02,
    cdf: (x) => (x - 100) / 600,
  },
  {
    // Shape 1/2: scale · Γ(3) and scale² · (Γ(5) − Γ(3)²).
    spec: { kind: "weibull", scale: 100, shape: 0.5 },
    mean: 200,
    variance: 200_000,
    tolerance: 0.2,
    cdf: (x) => 1 - Math.exp(-Math.sqrt(x / 100)),
  },
  {
    spec: {
      kind: "mixture",
      parts: [
        { weight: 3, of: { kind: "exponential", mean: 100 } },
        { weight: 1, of: { kind: "uniform", min: 0, max: 1_200 } },
      ],
    },
    mean: 225,
    // 0.75 · 2 · 100² + 0.25 · 1200²/3 − 225²
    variance: 84_375,
    tolerance: 0.05,
    cdf: (x) => 0.75 * (1 - Math.exp(-x / 100)) + 0.25 * Math.min(x / 1_200, 1),
  },
];

describe("distributions", () => {
  for (const { spec, mean, variance, tolerance, cdf } of cases) {
    it(`${JSON.stringify(spec)} has its mean, its variance and its distribution function`, () => {
      const distribution = compileDistribution(spec);
      const samples = samplesOf(spec);
      const sampleMean = samples.reduce((sum, x) => sum + x, 0) / SAMPLES;
      const sampleVariance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / SAMPLES;
      expect(distribution.mean / mean).toBeCloseTo(1, 10);
      expect(distribution.variance / variance).toBeCloseTo(1, 10);
      expect(Math.abs(sampleMean - mean)).toBeLessThan(4 * Math.sqrt(variance / SAMPLES));
      expect(Math.abs(sampleVariance / variance - 1)).toBeLessThan(tolerance);
      expect(kolmogorovDistance(samples, cdf)).toBeLessThan(KOLMOGOROV_LIMIT);
    });
  }

  it("a constant is constant, and so is what has no variation", () => {
    expect(new Set(samplesOf({ kind: "constant", value: 42 }))).toEqual(new Set([42]));
    expect(new Set(samplesOf({ kind: "lognormal", mean: 42, cv: 0 }))).toEqual(new Set([42]));
    expect(new Set(samplesOf({ kind: "gamma", mean: 42, cv: 0 }))).toEqual(new Set([42]));
    const point: DistributionSpec = { kind: "bounded-pareto", min: 42, max: 42, shape: 1 };
    expect(new Set(samplesOf(point))).toEqual(new Set([42]));
  });

  it("a bounded Pareto of shape 1, and of shape 2, has the logarithmic moments", () => {
    const one = compileDistribution({ kind: "bounded-pareto", min: 1, max: 10, shape: 1 });
    expect(one.mean).toBeCloseTo(Math.log(10) / 0.9, 12);
    expect(one.variance).toBeCloseTo(10 - one.mean ** 2, 12);
    const two = compileDistribution({ kind: "bounded-pareto", min: 1, max: 10, shape: 2 });
    expect(two.mean).toBeCloseTo(1.8 / 0.99, 12);
    expect(two.variance).toBeCloseTo((2 * Math.log(10)) / 0.99 - two.mean ** 2, 12);
  });

  it("a bounded Pareto stays within its bounds", () => {
    for (const sample of samplesOf(pareto)) {
      expect(sample >= 100 && sample <= 50_000).toBe(true);
    }
  });

  it("an empirical distribution gives its values by their weights", () => {
    const values = [10, 20, 30, 40];
    const weights = [1, 0, 4, 5];
    const count = (spec: DistributionSpec): number[] => {
      const samples = samplesOf(spec);
      return values.map((value) => samples.filter((sample) => sample === value).length);
    };
    const weighted = count({ kind: "empirical", values, weights });
    expect(weighted[1]).toBe(0);
    const seen = [weighted[0]!, weighted[2]!, weighted[3]!];
    expect(chiSquareScore(seen, [0.1 * SAMPLES, 0.4 * SAMPLES, 0.5 * SAMPLES])).toBeLessThan(3);
    const even = count({ kind: "empirical", values, weights: null });
    expect(
      chiSquareScore(
        even,
        values.map(() => SAMPLES / 4),
      ),
    ).toBeLessThan(3);
    const { mean, variance } = compileDistribution({ kind: "empirical", values, weights });
    expect([mean, variance]).toEqual([33, 81]);
  });

  it("is a pure function of the key, whatever was drawn before", () => {
    for (const { spec } of cases) {
      const forward = samplesOf(spec).slice(0, 200);
      const distribution = compileDistribution(spec);
      for (let request = 199; request >= 0; request--) {
        expect(distribution.sample(draws, request, 5, 0)).toBe(forward[request]);
      }
    }
  });

  it("gives independent samples at other sites and in other attempts", () => {
    for (const { spec } of cases) {
      const base = samplesOf(spec);
      for (const other of [{ site: 6 }, { attempt: 1 }, { site: 7, attempt: 3 }]) {
        expect(Math.abs(correlationScore(base, samplesOf(spec, other)))).toBeLessThan(4);
      }
    }
  });

  it("tells what is wrong with a specification that slipped through validation", () => {
    const wrong: readonly [DistributionSpec, RegExp][] = [
      [{ kind: "constant", value: -1 }, /at least 0/],
      [{ kind: "exponential", mean: 0 }, /mean must be above 0/],
      [{ kind: "gamma", mean: 1, cv: -1 }, /coefficient of variation/],
      [{ kind: "bounded-pareto", min: 2, max: 1, shape: 1 }, /min < max/],
      [{ kind: "empirical", values: [], weights: null }, /at least one value/],
      [{ kind: "empirical", values: [1], weights: [1, 2] }, /one weight for each/],
      [{ kind: "hyper-exponential", phases: [{ weight: 0, mean: 1 }] }, /a weight above 0/],
    ];
    for (const [spec, message] of wrong) expect(() => compileDistribution(spec)).toThrow(message);
  });
});
