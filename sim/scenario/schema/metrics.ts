import type { z } from "zod";
import { POD_QUANTITIES, SERVICE_QUANTITIES, TOPIC_QUANTITIES } from "../../cluster/metricsSpec.ts";
import { nearestName } from "../problem.ts";
import { duration, number, positiveDuration, share, text, word } from "./leaves.ts";
import { checkOneOf, fields, list, metaOneOf, named } from "./shapes.ts";

const CUSTOM_SOURCES = ["of", "value", "steps"] as const;

const QUANTITIES = [...SERVICE_QUANTITIES, ...TOPIC_QUANTITIES] as const;

const nearQuantity = (written: string): string | null => {
  const nearest = nearestName(written, QUANTITIES);
  return nearest === null ? null : `did you mean "${nearest}"?`;
};

const custom = fields({
  kind: word(
    ["pods", "object", "external"],
    "The HPA's type of metric that reads it: a value of every pod, or one of a whole service.",
  ),
  of: word(
    QUANTITIES,
    `What it measures: of pods ${POD_QUANTITIES.join(", ")}; of topics ` +
      `${TOPIC_QUANTITIES.join(", ")}; of services the others. Rates are per second over the ` +
      "window: requests that reach replicas, calls that fail for their callers. Latencies are in " +
      "seconds, of answered calls over the window. A topic's lag is all that is not done, its " +
      "oldest-age in seconds.",
    nearQuantity,
  ).optional(),
  service: text("Kinds object and external: the service or datastore.").optional(),
  topic: text("Kind external: the topic, in place of a service.").optional(),
  group: text("Of the topic's consumers. Default: the only one.").optional(),
  value: number("Kind external: a value that comes from elsewhere, and never changes.", {
    min: 0,
  }).optional(),
  steps: list(
    "a list of steps with at and value",
    fields({
      at: duration("When it changes, from the start of the measured time; 0s holds before, too."),
      value: number("The value from then on.", { min: 0 }),
    }),
    1,
  )
    .meta({ description: "Kind external: a value that comes from elsewhere. None before." })
    .optional(),
  window: positiveDuration(
    "Of its rate or quantile: rate(…[window]). Default: that of prometheus.",
  ).optional(),
})
  .check(
    checkOneOf("a custom metric", CUSTOM_SOURCES, {
      service: ["of"],
      topic: ["of"],
      group: ["of"],
      window: ["of"],
    }),
  )
  .meta({ ...metaOneOf(CUSTOM_SOURCES), description: "Bound to a quantity of the simulation." });

const outage = fields({
  at: duration("When samples begin to be lost, from the start of the measured time."),
  for: positiveDuration("How long."),
  share: share(
    "Of the pods, drawn once: theirs are lost. Default 1. An API without any sample fails.",
  ).optional(),
  of: word(
    ["all", "resource", "custom"],
    "Which metrics: metrics-server's, Prometheus', or all. Default all.",
  ).optional(),
});

const prometheus = fields({
  scrapeInterval: positiveDuration(
    "Pods are read this often. Default 15s, as in Prometheus' example prometheus.yml; without " +
      "scrape_interval it would be 1m.",
  ).optional(),
  window: positiveDuration(
    "Window of rates and quantiles. Default 2m, as in prometheus-adapter's walkthrough.",
  ).optional(),
  lag: duration(
    "From a scrape until queries see it. Default 0s: Prometheus stores what it scrapes at once.",
  ).optional(),
  adapterCache: duration(
    "The adapter asks this often and answers with it meanwhile. Default 0s: prometheus-adapter " +
      "asks at every question; KEDA's useCachedMetrics keeps answers for its pollingInterval, 30s.",
  ).optional(),
  relistInterval: positiveDuration(
    "The adapter looks this often for metrics that appeared since the start. Default 10m, its " +
      "--metrics-relist-interval.",
  ).optional(),
});

export const metrics = fields({
  scrapeInterval: positiveDuration(
    "metrics-server reads usage this often. Default 15s, the --metric-resolution of its manifests.",
  ).optional(),
  window: positiveDuration(
    "CPU usage is the mean over this long. Default scrapeInterval: up to that it is the mean " +
      "between the last two readings, as in metrics-server.",
  ).optional(),
  lag: duration(
    "How old usage is when it can be read. Default 5s, the mean age of what kubelets that look " +
      "every 10s hand out; with housekeeping 0s.",
  ).optional(),
  housekeeping: duration(
    "Kubelets read their containers this often, all at once, and hand out the last reading: 10s " +
      "is their --housekeeping-interval. Default 0s: they read when they are asked.",
  ).optional(),
  staleFor: duration(
    "While samples are lost the last one is served until it is this old. Default 0s: " +
      "metrics-server lists a pod no more at the first scrape without it, and Prometheus marks " +
      "its series stale.",
  ).optional(),
  outages: list("a list of outages", outage)
    .meta({ description: "When samples are lost on their way." })
    .optional(),
  prometheus: prometheus
    .meta({ description: "The way of custom metrics: Prometheus and an adapter." })
    .optional(),
  custom: named("a map from names to custom metrics", custom, {
    pattern: /^[^/%\s]+$/u,
    phrase: "a metric's name, without / and %",
  })
    .meta({ description: "Metrics that HPAs read by these names. Others do not exist." })
    .optional(),
}).meta({ description: "The way of metrics to the autoscaler." });

export const autoscalerSync = fields({
  phase: word(
    ["aligned", "drawn"],
    "First looks come a whole period after the start (the default), or after a drawn part of it, " +
      "as an HPA's phase comes from when it was created.",
  ).optional(),
  jitter: duration(
    "Each look comes later by a drawn time up to this. Default 0s: the HPA controller's queue " +
      "has a fixed period.",
  ).optional(),
}).meta({ description: "When autoscalers look, beside the period of each." });

export type MetricsInput = z.infer<typeof metrics>;
export type CustomMetricInput = z.infer<typeof custom>;
export type AutoscalerSyncInput = z.infer<typeof autoscalerSync>;
