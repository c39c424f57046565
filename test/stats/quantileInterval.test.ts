import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStreams } from "../../sim/kernel/streams.ts";
import { quantileInterval, quantileRanks } from "../../sim/stats/quantileInterval.ts";

describe("ranks that enclose a quantile", () => {
  it.each([
    // By the binomial distribution of SciPy 1.17; the ranks of the median as in Le Boudec's table.
    { n: 6, q: 0.5, low: 1, high: 6, coverage: 0.96875 },
    { n: 20, q: 0.5, low: 6, high: 15, coverage: 0.9586105346679688 },
    { n: 31, q: 0.5, low: 10, high: 22, coverage: 0.9705506265163422 },
    { n: 72, q: 0.95, low: 64, high: 72, coverage: 0.9654900479083739 },
    { n: 100, q: 0.95, low: 90, high: 100, coverage: 0.9826070607121812 },
    { n: 368, q: 0.99, low: 360, high: 368, coverage: 0.9624158204108587 },
    { n: 1000, q: 0.99, low: 983, high: 997, coverage: 0.976094763497977 },
  ])("of $n samples at $q are $low and $high", ({ n, q, low, high, coverage }) => {
    const ranks = quantileRanks({ n, q, level: 0.95 });
    expect(ranks).toMatchObject({ low, high });
    expect(ranks?.coverage).toBeCloseTo(coverage, 10);
  });

  it.each([
    { n: 5, q: 0.5 },
    { n: 71, q: 0.95 },
    { n: 367, q: 0.99 },
    { n: 1, q: 0.5 },
  ])("of $n samples at $q do not exist", ({ n, q }) => {
    expect(quantileRanks({ n, q, level: 0.95 })).toBeNull();
  });

  it("cover what they claim, and would not if they were nearer", () => {
    const shape = fc.record({
      n: fc.integer({ min: 1, max: 400 }),
      q: fc.integer({ min: 1, max: 99 }).map((percent) => percent / 100),
    });
    fc.assert(
      fc.property(shape, ({ n, q }) => {
        const ranks = quantileRanks({ n, q, level: 0.9 });
        if (ranks === null) return;
        expect(ranks.coverage).toBeGreaterThanOrEqual(0.9 - 1e-9);
        // The same counted out: chances that so many of n lie below the quantile.
        const tailBelow = binomialTail(n, q, 0, ranks.low - 1);
        const tailAbove = binomialTail(n, q, ranks.high, n);
        expect(tailBelow).toBeLessThanOrEqual(0.05 + 1e-9);
        expect(tailAbove).toBeLessThanOrEqual(0.05 + 1e-9);
        expect(binomialTail(n, q, 0, ranks.low)).toBeGreaterThan(0.05 - 1e-9);
        expect(binomialTail(n, q, ranks.high - 1, n)).toBeGreaterThan(0.05 - 1e-9);
      }),
      { seed: 7 },
    );
  });

  it("refuse what is no quantile and no level", () => {
    expect(() => quantileRanks({ n: 10, q: 1, level: 0.95 })).toThrow(/between 0 and 1/);
    expect(() => quantileRanks({ n: 10, q: 0.5, level: 95 })).toThrow(/between 0 and 1/);
    expect(() => quantileRanks({ n: 0, q: 0.5, level: 0.95 })).toThrow(/at least one/);
  });
});

/** Σ P(B = k) from..to, by logarithms. */
function binomialTail(n: number, q: number, from: number, to: number): number {
  let sum = 0;
  let logarithm = n * Math.log1p(-q);
  for (let k = 0; k <= to; k++) {
    if (k >= from) sum += Math.exp(logarithm);
    logarithm += Math.log((n - k) / (k + 1)) + Math.log(q / (1 - q));
  }
  return sum;
}

describe("the interval of a quantile", () => {
  it("has samples as its ends, whatever their order", () => {
    const samples = [7, 3, 9, 1, 4, 8, 2, 6, 5, 10];
    // Ranks 2 and 9 of ten, which cover a median with 97.9 %.
    expect(quantileInterval({ samples, q: 0.5, level: 0.95 })).toEqual({
      value: 5.5,
      low: 2,
      high: 9,
      n: 10,
    });
    expect(quantileInterval({ samples: [2, 1, 3], q: 0.5, level: 0.95 })).toEqual({
      value: 2,
      low: null,
      high: null,
      n: 3,
    });
  });

  it("encloses the median of a skewed distribution as often as it says", () => {
    const stream = createStreams({ seed: 1, replication: 0 })("coverage");
    const trials = 2_000;
    let hits = 0;
    for (let trial = 0; trial < trials; trial++) {
      const samples = Array.from({ length: 20 }, () => -Math.log1p(-stream.uniform()));
      const { low, high } = quantileInterval({ samples, q: 0.5, level: 0.95 });
      if (low! <= Math.LN2 && Math.LN2 <= high!) hits++;
    }
    // 95.86 % by the binomial distribution; four standard errors of the share are 1.8 %.
    expect(Math.abs(hits / trials - 0.9586)).toBeLessThan(0.018);
  });
});
