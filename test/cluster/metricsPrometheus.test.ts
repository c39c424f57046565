import { describe, expect, it } from "vitest";
import { MetricsOutages } from "../../sim/cluster/metricsOutages.ts";
import { Prometheus } from "../../sim/cluster/metricsPrometheus.ts";
import type { MetricSource, MetricsOutage, MetricsSpec } from "../../sim/cluster/metricsSpec.ts";
import type { Json } from "../../sim/kernel/json.ts";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { seconds } from "../../sim/kernel/time.ts";
import { LatencyHistogram } from "../../sim/stats/latencyHistogram.ts";

interface Settings {
  readonly lag?: number;
  readonly adapterCache?: number;
  readonly relistInterval?: number;
  readonly staleFor?: number;
}

const specOf = (source: MetricSource, settings: Settings = {}): MetricsSpec => ({
  scrapeInterval: seconds(15),
  window: seconds(15),
  lag: seconds(5),
  housekeeping: seconds(0),
  staleFor: seconds(settings.staleFor ?? 0),
  outages: [],
  prometheus: {
    scrapeInterval: seconds(15),
    lag: seconds(settings.lag ?? 0),
    adapterCache: seconds(settings.adapterCache ?? 0),
    relistInterval: seconds(settings.relistInterval ?? 600),
  },
  custom: [{ name: "m", source, window: seconds(60) }],
});

const GAUGE: MetricSource = { kind: "external", service: "shop", of: "queue-length" };
const COUNTER: MetricSource = { kind: "external", service: "shop", of: "requests-rate" };

/** Values by source, or none: the metric is not there. */
const scrape = (
  prometheus: Prometheus,
  at: number,
  values: Readonly<Record<string, number>>,
): void => {
  const points = Object.entries(values).map(([source, value]) => ({
    metric: 0,
    source,
    value,
    latencies: null,
  }));
  prometheus.scrape(seconds(at), points);
};

const valueAt = (prometheus: Prometheus, at: number): number | null => {
  const milli = prometheus.valueMilli(0, seconds(at));
  return milli === null ? null : milli / 1000;
};

describe("a gauge", () => {
  it("is what the last visible scrape found, to the microsecond", () => {
    const prometheus = new Prometheus(specOf(GAUGE, { lag: 4 }));
    scrape(prometheus, 0, { a: 3 });
    scrape(prometheus, 15, { a: 8 });
    const seen = [3.999_999, 4, 18.999_999, 19].map((at) => valueAt(prometheus, at));
    expect(seen).toEqual([null, 3, 3, 8]);
  });

  it("is the sum of its sources, and gone when they are", () => {
    const prometheus = new Prometheus(specOf(GAUGE));
    scrape(prometheus, 0, { a: 3, b: 4 });
    expect(valueAt(prometheus, 0)).toBe(7);
    scrape(prometheus, 15, { b: 5 });
    expect(valueAt(prometheus, 15)).toBe(5);
    scrape(prometheus, 30, {});
    expect(valueAt(prometheus, 30)).toBeNull();
    scrape(prometheus, 45, { a: 1 });
    expect(valueAt(prometheus, 45)).toBe(1);
  });

  it("is served stale for as long as it is told to", () => {
    const prometheus = new Prometheus(specOf(GAUGE, { staleFor: 20 }));
    scrape(prometheus, 0, { a: 3 });
    scrape(prometheus, 15, {});
    expect([20, 20.1].map((at) => valueAt(prometheus, at))).toEqual([3, null]);
  });

  it("is what the adapter was told when it asked last", () => {
    const prometheus = new Prometheus(specOf(GAUGE, { adapterCache: 20 }));
    scrape(prometheus, 0, { a: 1 });
    scrape(prometheus, 15, { a: 2 });
    scrape(prometheus, 30, { a: 3 });
    expect([15, 19, 20, 39, 40].map((at) => valueAt(prometheus, at))).toEqual([1, 1, 2, 2, 3]);
  });

  it("is unknown until the adapter has listed it, unless it was there from the beginning", () => {
    const prometheus = new Prometheus(specOf(GAUGE, { relistInterval: 60 }));
    scrape(prometheus, 0, {});
    scrape(prometheus, 15, { a: 2 });
    expect([15, 59, 60].map((at) => valueAt(prometheus, at))).toEqual([null, null, 2]);
  });
});

describe("a rate", () => {
  it("needs two scrapes, and outlives its source as long as two are in the window", () => {
    const prometheus = new Prometheus(specOf(COUNTER));
    scrape(prometheus, 0, { a: 0 });
    expect(valueAt(prometheus, 0)).toBeNull();
    scrape(prometheus, 15, { a: 150 });
    // It was 0 at its first sample: nothing before that is assumed. 15 s of 60 were sampled.
    expect(valueAt(prometheus, 15)).toBe(2.5);
    [30, 45, 60].forEach((at) => {
      scrape(prometheus, at, { a: at * 10 });
    });
    expect(valueAt(prometheus, 60)).toBe(10);
    [75, 90, 105].forEach((at) => {
      scrape(prometheus, at, {});
    });
    expect(valueAt(prometheus, 104.9)).not.toBeNull();
    expect(valueAt(prometheus, 105)).toBeNull();
  });
});

describe("a quantile of latency", () => {
  const source: MetricSource = { kind: "external", service: "shop", of: "latency-p95" };

  it("is over the window, in seconds, without what came before its first scrape", () => {
    const prometheus = new Prometheus(specOf(source));
    const at = (second: number, times: readonly number[]): void => {
      const latencies = new LatencyHistogram();
      for (const time of times) latencies.record(time * 1e6);
      prometheus.scrape(seconds(second), [
        { metric: 0, source: "m", value: 0, latencies: latencies.state() },
      ]);
    };
    at(0, [9]);
    expect(valueAt(prometheus, 0)).toBeNull();
    at(15, []);
    expect(valueAt(prometheus, 15)).toBeNull();
    at(30, [0.2]);
    expect(valueAt(prometheus, 30)).toBe(0.2);
    at(45, [0.4]);
    expect(valueAt(prometheus, 45)).toBe(0.4);
    // (40, 100]: what the scrape of 45 brought lies before it.
    at(60, []);
    at(75, [0.1]);
    expect(valueAt(prometheus, 100)).toBe(0.1);
  });
});

describe("a snapshot of it", () => {
  it("answers as the original", () => {
    const spec = specOf(COUNTER, { lag: 2 });
    const prometheus = new Prometheus(spec);
    scrape(prometheus, 0, { a: 0, b: 3 });
    scrape(prometheus, 15, { a: 75 });
    const copy = new Prometheus(spec);
    const saved: Json = JSON.parse(JSON.stringify(prometheus.state()));
    copy.restore(saved);
    scrape(copy, 30, { a: 150, b: 30 });
    scrape(prometheus, 30, { a: 150, b: 30 });
    expect(valueAt(prometheus, 32)).toBeGreaterThan(0);
    expect(valueAt(copy, 32)).toBe(valueAt(prometheus, 32));
    expect(copy.state()).toEqual(prometheus.state());
  });
});

describe("an outage", () => {
  const draws = new KeyedDraws({ seed: 1, replication: 0 });
  const names = Array.from({ length: 1000 }, (_, i) => `pod-${i}`);
  const outage = (change: Partial<MetricsOutage>): MetricsOutages =>
    new MetricsOutages(
      [{ from: seconds(10), to: seconds(20), share: 1, of: "all", ...change }],
      draws,
    );

  it("lasts from its beginning to before its end, of the metrics that it names", () => {
    const struck = (of: MetricsOutage["of"], at: number): readonly boolean[] =>
      (["resource", "custom"] as const).map((kind) =>
        outage({ of }).strikes(kind, "pod-1", seconds(at)),
      );
    expect(struck("all", 9.9)).toEqual([false, false]);
    expect(struck("all", 10)).toEqual([true, true]);
    expect(struck("resource", 19.9)).toEqual([true, false]);
    expect(struck("custom", 19.9)).toEqual([false, true]);
    expect(struck("all", 20)).toEqual([false, false]);
  });

  it("strikes its share of the sources, the same ones all the time", () => {
    const third = outage({ share: 0.3 });
    const struckAt = (at: number): readonly string[] =>
      names.filter((name) => third.strikes("resource", name, seconds(at)));
    expect(struckAt(10)).toEqual(struckAt(19));
    expect(struckAt(10).length).toBeGreaterThan(250);
    expect(struckAt(10).length).toBeLessThan(350);
  });
});
