import type { Micros } from "../kernel/time.ts";

/** What can be known of every pod of a Deployment. */
export const POD_QUANTITIES = ["requests-rate", "in-flight", "queue-length"] as const;
export type PodQuantity = (typeof POD_QUANTITIES)[number];

/** What can be known of a service or datastore as a whole. */
export const SERVICE_QUANTITIES = [
  "requests-rate",
  "failures-rate",
  "in-flight",
  "queue-length",
  "latency-p50",
  "latency-p95",
  "latency-p99",
] as const;
export type ServiceQuantity = (typeof SERVICE_QUANTITIES)[number];

/**
 * What can be known of a topic, of one group of its consumers: messages that are not done with,
 * those of them that wait, and the age of the oldest in seconds.
 */
export const TOPIC_QUANTITIES = ["lag", "waiting", "oldest-age"] as const;
export type TopicQuantity = (typeof TOPIC_QUANTITIES)[number];

/** Quantile of a latency, 0 … 1; null for quantities of other kinds. */
export function quantileOf(quantity: ServiceQuantity | TopicQuantity): number | null {
  return QUANTILES.get(quantity) ?? null;
}

const QUANTILES: ReadonlyMap<string, number> = new Map([
  ["latency-p50", 0.5],
  ["latency-p95", 0.95],
  ["latency-p99", 0.99],
]);

/** Counters become a rate over the window, gauges are read as they stand. */
export const isRate = (quantity: ServiceQuantity | TopicQuantity): boolean =>
  quantity.endsWith("-rate");

/** A value that holds from a moment on, until the next one. */
export interface MetricStep {
  readonly at: Micros;
  readonly value: number;
}

/** Where the values of a custom metric come from. */
export type MetricSource =
  | { readonly kind: "pods"; readonly of: PodQuantity }
  | {
      readonly kind: "object" | "external";
      /** A service or datastore, by name. */
      readonly service: string;
      readonly of: ServiceQuantity;
    }
  | {
      readonly kind: "external";
      readonly topic: string;
      /** Of its consumers. */
      readonly group: string;
      readonly of: TopicQuantity;
    }
  | { readonly kind: "external"; readonly steps: readonly MetricStep[] };

export interface CustomMetricSpec {
  /** As an autoscaler asks for it. */
  readonly name: string;
  readonly source: MetricSource;
  /** Of its rate or quantile. */
  readonly window: Micros;
}

/** Samples that do not arrive. */
export interface MetricsOutage {
  readonly from: Micros;
  /** Exclusive. */
  readonly to: Micros;
  /** Of the pods (and of other sources of custom metrics), 0 … 1. */
  readonly share: number;
  readonly of: "all" | "resource" | "custom";
}

/** From a pod's own counters over Prometheus and an adapter to the custom metrics API. */
export interface PrometheusSpec {
  readonly scrapeInterval: Micros;
  /** From a scrape until queries see its samples. */
  readonly lag: Micros;
  /** The adapter asks anew this often; 0 asks at every question. */
  readonly adapterCache: Micros;
  /** The adapter looks this often which metrics there are. */
  readonly relistInterval: Micros;
}

/** The metrics pipeline from the kubelet to the metrics APIs. */
export interface MetricsSpec {
  /** The kubelet's usage is read this often. */
  readonly scrapeInterval: Micros;
  /**
   * CPU usage is the mean over this long before the scrape; up to a scrape interval it is that
   * between the last two readings.
   */
  readonly window: Micros;
  /** From the scrape until the API answers with it. */
  readonly lag: Micros;
  /** The kubelet itself reads its containers this often; 0 reads them at the scrape. */
  readonly housekeeping: Micros;
  /** How old a sample may be that is still served while no new one arrives. */
  readonly staleFor: Micros;
  readonly outages: readonly MetricsOutage[];
  readonly prometheus: PrometheusSpec;
  readonly custom: readonly CustomMetricSpec[];
}
