import fc from "fast-check";
import { Int32Histogram } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { LATENCY_MAX, LatencyHistogram } from "../../sim/stats/latencyHistogram.ts";
import { compileDistribution } from "../../sim/workload/distributions.ts";

const QUANTILES = [0, 0.01, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1];

function histogramOf(times: readonly number[]): LatencyHistogram {
  const histogram = new LatencyHistogram();
  for (const time of times) histogram.record(time);
  return histogram;
}

/**
 * The value of rank ⌈q·n⌉; the quantiles above are decimals, so the product is rounded to 9 digits
 * first.
 */
function exactQuantile(times: readonly number[], q: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(Number((q * times.length).toFixed(9))));
  return sorted[rank - 1]!;
}

/** Any order of magnitude is as likely as any other, from a microsecond to an hour. */
const anyTime = fc
  .double({ min: 0, max: Math.log2(LATENCY_MAX), noNaN: true })
  .map((exponent) => Math.min(LATENCY_MAX, Math.round(2 ** exponent)));

describe("the latency histogram", () => {
  it("has quantiles within 0.5 %, from a microsecond to an hour, over all values", () => {
    fc.assert(
      fc.property(fc.array(anyTime, { minLength: 1, maxLength: 400 }), (times) => {
        const histogram = histogramOf(times);
        for (const q of QUANTILES) {
          const exact = exactQuantile(times, q);
          expect(Math.abs(histogram.quantile(q)! - exact)).toBeLessThanOrEqual(0.005 * exact);
        }
      }),
      { seed: 8 },
    );
  });

  it("is exact below 256 µs, and at both ends", () => {
    const times = Array.from({ length: 1_000 }, (_, i) => (i * 7) % 256);
    const histogram = histogramOf([...times, 123_456_789]);
    for (const q of [0, 0.1, 0.5, 0.9, 0.99]) {
      expect(histogram.quantile(q)).toBe(exactQuantile([...times, 123_456_789], q));
    }
    expect([histogram.min, histogram.max, histogram.quantile(1)]).toEqual([
      0, 123_456_789, 123_456_789,
    ]);
  });

  it("puts every value into the bucket that the library puts it into", () => {
    const reference = new Int32Histogram(1, LATENCY_MAX, 3);
    const histogram = new LatencyHistogram();
    const bucketOf = (time: number): number => {
      histogram.reset();
      histogram.record(time);
      return histogram.state().buckets[0]![0];
    };
    for (let bit = 0; bit < 32; bit++) {
      for (const near of [-1, 0, 1]) {
        const time = Math.min(2 ** bit + near, LATENCY_MAX);
        expect(bucketOf(time)).toBe(reference.countsArrayIndex(time));
      }
    }
    fc.assert(
      fc.property(anyTime, (time) => {
        expect(bucketOf(time)).toBe(reference.countsArrayIndex(time));
      }),
      { seed: 9, numRuns: 1_000 },
    );
  });

  it("agrees with theory on the tail of an exponential", () => {
    const draws = new KeyedDraws({ seed: 5, replication: 0 });
    const distribution = compileDistribution({ kind: "exponential", mean: 40_000 });
    const histogram = new LatencyHistogram();
    for (let request = 0; request < 200_000; request++) {
      histogram.record(Math.round(distribution.sample(draws, request, 1, 0)));
    }
    // Four standard errors of the order statistics, and half a bucket.
    expect(histogram.quantile(0.5)! / (40_000 * Math.LN2)).toBeCloseTo(1, 1);
    expect(histogram.quantile(0.99)! / (40_000 * Math.log(100))).toBeCloseTo(1, 1);
    expect(Math.abs(histogram.mean! - 40_000)).toBeLessThan((4 * 40_000) / Math.sqrt(200_000));
    expect(Math.abs(histogram.shareUpTo(40_000)! - (1 - Math.exp(-1)))).toBeLessThan(0.008);
  });

  it("counts values above an hour at its top, but keeps their maximum and mean", () => {
    const histogram = histogramOf([10, 20, 9 * LATENCY_MAX, 10 * LATENCY_MAX]);
    expect(histogram.max).toBe(10 * LATENCY_MAX);
    expect(histogram.mean).toBe((30 + 19 * LATENCY_MAX) / 4);
    expect(Math.abs(histogram.quantile(0.75)! / LATENCY_MAX - 1)).toBeLessThan(0.005);
    expect(histogram.count).toBe(4);
  });

  it("without values has a count of 0 and nothing else", () => {
    const { count, mean, min, max } = new LatencyHistogram();
    expect([count, mean, min, max, new LatencyHistogram().quantile(0.5)]).toEqual([
      0,
      null,
      null,
      null,
      null,
    ]);
    expect(new LatencyHistogram().shareUpTo(5)).toBe(null);
    expect(() => new LatencyHistogram().quantile(95)).toThrow(/between 0 and 1/);
  });

  it("shares up to a limit are exact below 256 µs and at the ends", () => {
    const histogram = histogramOf([10, 20, 20, 200]);
    expect([-1, 9, 10, 20, 199, 200, 1e12].map((limit) => histogram.shareUpTo(limit))).toEqual([
      0, 0, 0.25, 0.75, 0.75, 1, 1,
    ]);
  });

  it("merged is what one histogram of all values would be, in any order", () => {
    const some = fc.array(anyTime, { maxLength: 50 });
    fc.assert(
      fc.property(some, some, some, (a, b, c) => {
        const merged = (...parts: readonly (readonly number[])[]): LatencyHistogram => {
          const total = new LatencyHistogram();
          for (const part of parts) total.merge(histogramOf(part));
          return total;
        };
        const whole = histogramOf([...a, ...b, ...c]).state();
        expect(merged(a, b, c).state()).toEqual(whole);
        expect(merged(c, a, b).state()).toEqual(whole);
      }),
      { seed: 10 },
    );
  });

  it("comes back from a snapshot, and from a reset, with nothing of what it held", () => {
    const original = histogramOf([1, 5, 5, 70_000, 2 * LATENCY_MAX]);
    const copy = histogramOf([3, 3, 3]);
    copy.restore(JSON.parse(JSON.stringify(original.state())));
    expect(copy.state()).toEqual(original.state());
    copy.record(8);
    original.record(8);
    expect(QUANTILES.map((q) => copy.quantile(q))).toEqual(
      QUANTILES.map((q) => original.quantile(q)),
    );
    copy.reset();
    expect(copy.state()).toEqual(new LatencyHistogram().state());
    copy.restore(new LatencyHistogram().state());
    copy.record(4);
    expect([copy.min, copy.max]).toEqual([4, 4]);
  });
});
