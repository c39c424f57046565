import { type Json, plainState, savedState } from "../kernel/json.ts";
import { type Micros, micros, seconds, toSeconds } from "../kernel/time.ts";
import type { PodMetricValue } from "../policy/autoscaler.ts";
import { LatencyHistogram, type LatencyHistogramState } from "../stats/latencyHistogram.ts";
import { type CounterSample, extrapolatedRate } from "./metricsRate.ts";
import { type CustomMetricSpec, isRate, type MetricsSpec, quantileOf } from "./metricsSpec.ts";

/** What a scrape finds of one source of a metric. */
export interface ScrapedPoint {
  /** The metric's place among the custom ones. */
  readonly metric: number;
  /** The pod's name, or that of the one source there is. */
  readonly source: string;
  /** A counter's total, or a gauge. */
  readonly value: number;
  /** Latencies since the scrape before; null for metrics of other kinds. */
  readonly latencies: LatencyHistogramState | null;
}

interface Sample extends CounterSample {
  readonly latencies: LatencyHistogramState | null;
}

interface Series {
  readonly source: string;
  samples: Sample[];
  /** The first scrape that did not find it any more. */
  staleAt: number | null;
}

/** Samples older than this are not taken for a gauge's value: `--query.lookback-delta`, 5 m. */
const LOOKBACK = seconds(300);

/**
 * The custom and external metrics APIs: Prometheus scrapes, an adapter asks it. Counters give
 * `rate(…[window])`, latencies their quantile over the window, gauges their last sample, unless
 * the source was gone at a later scrape. All scrapes come at the same moments.
 */
export class Prometheus {
  readonly #spec: MetricsSpec;
  /** By metric, in order of appearance. */
  #series: Map<string, Series>[];
  /** When each metric was scraped first. */
  #firstSeen: (number | null)[];
  #start: number | null = null;

  constructor(spec: MetricsSpec) {
    this.#spec = spec;
    this.#series = spec.custom.map(() => new Map<string, Series>());
    this.#firstSeen = spec.custom.map(() => null);
  }

  scrape(now: Micros, points: readonly ScrapedPoint[]): void {
    this.#start ??= now;
    const found = this.#series.map(() => new Set<string>());
    for (const { metric, source, value, latencies } of points) {
      const all = this.#series[metric]!;
      const series = all.get(source) ?? { source, samples: [], staleAt: null };
      series.samples.push({ time: now, value, latencies });
      series.staleAt = null;
      all.set(source, series);
      found[metric]!.add(source);
      this.#firstSeen[metric] ??= now;
    }
    this.#series.forEach((all, metric) => {
      const oldest = now - this.#horizon(this.#spec.custom[metric]!);
      for (const series of all.values()) {
        if (!found[metric]!.has(series.source)) series.staleAt ??= now;
        series.samples = series.samples.filter(({ time }) => time >= oldest);
        if (series.samples.length === 0) all.delete(series.source);
      }
    });
  }

  /** What the API answers about each pod now; no pod when it does not know the metric. */
  podValues(metric: number, now: Micros): readonly PodMetricValue[] {
    const at = this.#askedAt(now);
    if (!this.#isListed(metric, at)) return [];
    const { window } = this.#spec.custom[metric]!;
    return [...this.#series[metric]!.values()].flatMap((series) => {
      const value = this.#value(metric, series, at);
      if (value === null) return [];
      const valueMilli = Math.round(value * 1000);
      return [{ pod: series.source, timestamp: micros(at), window, valueMilli }];
    });
  }

  /** What the API answers as the sum of the metric's sources, in thousandths; null for nothing. */
  valueMilli(metric: number, now: Micros): number | null {
    const at = this.#askedAt(now);
    if (!this.#isListed(metric, at)) return null;
    let sum: number | null = null;
    for (const series of this.#series[metric]!.values()) {
      const value = this.#value(metric, series, at);
      if (value !== null) sum = (sum ?? 0) + value;
    }
    return sum === null ? null : Math.round(sum * 1000);
  }

  state(): Json {
    return plainState({
      series: this.#series.map((all) => [...all.values()]),
      firstSeen: this.#firstSeen,
      start: this.#start,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      series: readonly Series[][];
      firstSeen: readonly (number | null)[];
      start: number | null;
    }>(state);
    this.#series = saved.series.map(
      (all) =>
        new Map(all.map((series) => [series.source, { ...series, samples: [...series.samples] }])),
    );
    this.#firstSeen = [...saved.firstSeen];
    this.#start = saved.start;
  }

  /** When the adapter asked for what it answers now. */
  #askedAt(now: Micros): number {
    return askedAt(now, this.#spec.prometheus.adapterCache);
  }

  /**
   * The adapter has seen that there is such a metric. What is there at the beginning was there
   * before.
   */
  #isListed(metric: number, at: number): boolean {
    const first = this.#firstSeen[metric];
    if (first === null || first === undefined) return false;
    if (first === this.#start) return true;
    const { relistInterval, lag } = this.#spec.prometheus;
    return at >= Math.ceil((first + lag) / relistInterval) * relistInterval;
  }

  #value(metric: number, { samples, staleAt }: Series, at: number): number | null {
    const { source, window } = this.#spec.custom[metric]!;
    const seen = at - this.#spec.prometheus.lag;
    const visible = samples.filter(({ time }) => time <= seen);
    const quantile = "of" in source ? quantileOf(source.of) : null;
    if (quantile !== null) {
      // What the first sample of the window brings lies before it.
      const within = visible.filter(({ time }) => time > at - window).slice(1);
      return secondsAt(quantile, within);
    }
    if ("of" in source && isRate(source.of)) return extrapolatedRate(visible, { at, window });
    const last = visible.at(-1);
    if (last === undefined || at - last.time > LOOKBACK) return null;
    const isStale = staleAt !== null && staleAt <= seen;
    return isStale && seen - last.time > this.#spec.staleFor ? null : last.value;
  }

  /** How long samples of a metric are of use. */
  #horizon({ window }: CustomMetricSpec): number {
    const { staleFor, prometheus } = this.#spec;
    const { scrapeInterval, lag, adapterCache } = prometheus;
    return Math.max(window, staleFor, scrapeInterval) + scrapeInterval + lag + adapterCache;
  }
}

/** When an adapter that asks every `cache` asked last; at once when it keeps nothing. */
export const askedAt = (now: number, cache: number): number =>
  cache === 0 ? now : Math.floor(now / cache) * cache;

/** A quantile of all latencies together, in seconds. */
function secondsAt(quantile: number, samples: readonly Sample[]): number | null {
  const all = new LatencyHistogram();
  const part = new LatencyHistogram();
  for (const { latencies } of samples) {
    if (latencies === null) continue;
    part.restore(latencies);
    all.merge(part);
  }
  const time = all.quantile(quantile);
  return time === null ? null : toSeconds(time);
}
