import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchInterval, serialCorrelation } from "../../sim/stats/batchMeans.ts";
import { confidenceInterval, mean } from "../../sim/stats/intervals.ts";
import { LatencyHistogram } from "../../sim/stats/latencyHistogram.ts";

describe("intervals from batches", () => {
  const batches = [5, 6, 4, 7, 8, 6, 5, 9, 10, 8, 7, 9];

  it("are Student's around the batches' mean, where that is the figure of the whole", () => {
    const whole = mean(batches);
    const t = confidenceInterval({ samples: batches, level: 0.95 });
    const found = batchInterval({ batches, whole, level: 0.95 });
    expect(found).toMatchObject({ mean: whole, n: 12, level: 0.95 });
    expect(found.halfWidth).toBeCloseTo(t.halfWidth!, 12);
  });

  it("are centred on the whole run, and wider the further that is from its batches", () => {
    const { low, high, halfWidth } = batchInterval({ batches, whole: 9, level: 0.9 });
    expect((low! + high!) / 2).toBeCloseTo(9, 12);
    // Σ (x − 9)² = 86; t(0.95, 11) = 1.795885.
    expect(halfWidth).toBeCloseTo(1.795885 * Math.sqrt(86 / (12 * 11)), 5);
  });

  it("need two batches", () => {
    expect(() => batchInterval({ batches: [1], whole: 1, level: 0.95 })).toThrow(/two batches/);
  });
});

describe("the correlation of neighbouring batches", () => {
  it("is von Neumann's, with its p-value", () => {
    // By NumPy and SciPy: 1 − Σ(Δx)² / 2Σ(x − x̄)², and the normal tail of 1.4927.
    const { lag1, pValue } = serialCorrelation([5, 6, 4, 7, 8, 6, 5, 9, 10, 8, 7, 9]);
    expect(lag1).toBeCloseTo(0.39473684210526316, 12);
    expect(pValue).toBeCloseTo(0.06775644978039004, 10);
  });

  it("tells a trend, and neighbours that alternate, from none", () => {
    const trend = Array.from({ length: 20 }, (_, i) => i);
    expect(serialCorrelation(trend).pValue).toBeLessThan(0.0001);
    const turns = trend.map((i) => i % 2);
    expect(serialCorrelation(turns).lag1).toBeLessThan(-0.8);
    expect(serialCorrelation(turns).pValue).toBeGreaterThan(0.999);
    expect(serialCorrelation([3, 3, 3])).toEqual({ lag1: 0, pValue: 1 });
    expect(() => serialCorrelation([1, 2])).toThrow(/three batches/);
  });
});

describe("the latencies since a mark", () => {
  it("are those that were recorded since", () => {
    const times = fc.array(fc.integer({ min: 0, max: 3_600_000_000 }), { maxLength: 60 });
    fc.assert(
      fc.property(times, times, (before, after) => {
        const whole = new LatencyHistogram();
        const alone = new LatencyHistogram();
        for (const time of before) whole.record(time);
        const mark = new LatencyHistogram();
        mark.merge(whole);
        for (const time of after) {
          whole.record(time);
          alone.record(time);
        }
        const since = whole.since(mark);
        expect(since.count).toBe(after.length);
        expect(since.mean === null).toBe(after.length === 0);
        for (const q of [0, 0.5, 0.95, 1]) {
          const [found, wanted] = [since.quantile(q), alone.quantile(q)];
          if (wanted === null) expect(found).toBeNull();
          else expect(Math.abs(found! - wanted)).toBeLessThanOrEqual(1 + wanted / 1000);
        }
        if (after.length > 0) {
          expect(Math.abs(since.mean! - alone.mean!)).toBeLessThanOrEqual(1e-3);
        }
      }),
      { seed: 8 },
    );
  });
});
