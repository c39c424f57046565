import type { AutoscalerSyncSpec } from "../../cluster/clusterSpec.ts";
import {
  type CustomMetricSpec,
  type MetricSource,
  type MetricsOutage,
  type MetricsSpec,
  POD_QUANTITIES,
  type PrometheusSpec,
  SERVICE_QUANTITIES,
  TOPIC_QUANTITIES,
} from "../../cluster/metricsSpec.ts";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import type { AutoscalerSyncInput, CustomMetricInput, MetricsInput } from "../schema/metrics.ts";
import type { Path } from "../tree.ts";
import { durationOr, durationText, parseDuration, parseShare } from "../units.ts";
import type { Context } from "./context.ts";

/**
 * metrics-server's released manifests scrape every 15 s (`--metric-resolution=15s`) and compute the
 * usage between two scrapes. What it scrapes is up to 10 s old, the kubelet's
 * `--housekeeping-interval`: 5 s on average.
 * Source: https://github.com/kubernetes-sigs/metrics-server and the kubelet's reference
 */
const RESOURCE = { scrapeInterval: seconds(15), lag: seconds(5) };
/**
 * The scrape interval of Prometheus' example configuration, the window of prometheus-adapter's
 * walkthrough, and that adapter's default of `--metrics-relist-interval`.
 * Source: https://github.com/prometheus/prometheus (documentation/examples/prometheus.yml) and
 * https://github.com/kubernetes-sigs/prometheus-adapter
 */
const PROMETHEUS = { scrapeInterval: seconds(15), window: seconds(120), relist: seconds(600) };
const NONE = micros(0);

export interface MetricsWorld {
  readonly warmUp: Micros;
  readonly duration: Micros;
}

export function normaliseMetrics(
  context: Context,
  input: MetricsInput | undefined,
  world: MetricsWorld,
): MetricsSpec {
  const path: Path = ["cluster", "metrics"];
  const housekeeping = durationOr(input?.housekeeping, NONE);
  const scrapeInterval = durationOr(input?.scrapeInterval, RESOURCE.scrapeInterval);
  const window = durationOr(input?.prometheus?.window, PROMETHEUS.window);
  return {
    scrapeInterval,
    window: durationOr(input?.window, scrapeInterval),
    lag: durationOr(input?.lag, housekeeping > 0 ? NONE : RESOURCE.lag),
    housekeeping,
    staleFor: durationOr(input?.staleFor, NONE),
    outages: (input?.outages ?? []).map((outage, i) =>
      normaliseOutage(context, outage, [...path, "outages", i], world),
    ),
    prometheus: normalisePrometheus(input?.prometheus),
    custom: Object.entries(input?.custom ?? {}).map(([name, metric]): CustomMetricSpec => {
      const place = [...path, "custom", name];
      return {
        name,
        source: normaliseSource(context, metric, place, world),
        window: durationOr(metric.window, window),
      };
    }),
  };
}

export const normaliseAutoscalerSync = (
  input: AutoscalerSyncInput | undefined,
): AutoscalerSyncSpec => ({
  phase: input?.phase ?? "aligned",
  jitter: durationOr(input?.jitter, NONE),
});

function normalisePrometheus(input: MetricsInput["prometheus"]): PrometheusSpec {
  return {
    scrapeInterval: durationOr(input?.scrapeInterval, PROMETHEUS.scrapeInterval),
    lag: durationOr(input?.lag, NONE),
    adapterCache: durationOr(input?.adapterCache, NONE),
    relistInterval: durationOr(input?.relistInterval, PROMETHEUS.relist),
  };
}

function normaliseOutage(
  context: Context,
  input: NonNullable<MetricsInput["outages"]>[number],
  path: Path,
  { warmUp, duration }: MetricsWorld,
): MetricsOutage {
  const at = parseDuration(input.at);
  if (at >= duration) {
    const hint = `the run measures ${durationText(duration)}`;
    context.atValue([...path, "at"], "this outage begins when the run is over", hint);
  }
  return {
    from: micros(warmUp + at),
    to: micros(warmUp + at + parseDuration(input.for)),
    share: input.share === undefined ? 1 : parseShare(input.share),
    of: input.of ?? "all",
  };
}

function normaliseSource(
  context: Context,
  input: CustomMetricInput,
  path: Path,
  world: MetricsWorld,
): MetricSource {
  const { kind, of, service, value, steps } = input;
  if (of === undefined) {
    if (kind !== "external") {
      const message = `a metric of kind ${kind} is measured: what is missing is "of"`;
      context.atValue([...path, "kind"], message, "values from elsewhere are of kind external");
    }
    return { kind: "external", steps: normaliseSteps(context, { value, steps }, path, world) };
  }
  if (kind === "pods") {
    if (service !== undefined) {
      const hint = "an HPA reads the pods of its own target";
      context.atKey([...path, "service"], "a metric of kind pods is of every service", hint);
    }
    const known = POD_QUANTITIES.find((quantity) => quantity === of);
    if (known === undefined) {
      const hint = `known of pods: ${POD_QUANTITIES.join(", ")}`;
      context.atValue([...path, "of"], `"${of}" is known of whole services only`, hint);
    }
    return { kind, of: known ?? POD_QUANTITIES[0] };
  }
  if (input.topic !== undefined) return normaliseTopicSource(context, input, of, path);
  const quantity = SERVICE_QUANTITIES.find((known) => known === of);
  if (service === undefined || quantity === undefined) {
    const needs = quantity === undefined ? "topic" : "service";
    context.atKey([...path], `a metric of kind ${kind} needs a ${needs}`);
    return { kind, service: "", of: SERVICE_QUANTITIES[0] };
  }
  const servers = [...context.names("services"), ...context.names("datastores")];
  context.knows("service or datastore", service, servers, [...path, "service"]);
  return { kind, service, of: quantity };
}

/** Messages of a topic, of one group of its consumers. */
function normaliseTopicSource(
  context: Context,
  { kind, service, topic = "", group }: CustomMetricInput,
  of: string,
  path: Path,
): MetricSource {
  const quantity = TOPIC_QUANTITIES.find((known) => known === of);
  if (quantity === undefined) {
    const hint = `known of topics: ${TOPIC_QUANTITIES.join(", ")}`;
    context.atValue([...path, "of"], `"${of}" is known of services`, hint);
  }
  if (kind !== "external") {
    const hint = "a topic is no object of the cluster: kind: external";
    context.atValue([...path, "kind"], `a topic is not measured by kind ${kind}`, hint);
  }
  if (service !== undefined) {
    context.atKey([...path, "service"], 'a metric is of a "service" or of a "topic", not both');
  }
  const source = { kind: "external", topic, of: quantity ?? TOPIC_QUANTITIES[0] } as const;
  if (!context.knows("topic", topic, context.names("topics"), [...path, "topic"])) {
    return { ...source, group: "" };
  }
  const groups = context.names("topics", topic, "consumers");
  if (group === undefined) {
    const [only = ""] = groups;
    if (groups.length > 1) {
      const hint = `they are ${groups.join(", ")}`;
      context.atKey(path, `"${topic}" has ${groups.length} groups: which one is meant?`, hint);
    }
    return { ...source, group: only };
  }
  context.knows(`group of ${topic}`, group, groups, [...path, "group"]);
  return { ...source, group };
}

function normaliseSteps(
  context: Context,
  { value, steps }: Pick<CustomMetricInput, "value" | "steps">,
  path: Path,
  { warmUp }: MetricsWorld,
): Extract<MetricSource, { steps: unknown }>["steps"] {
  if (steps === undefined) return [{ at: NONE, value: value ?? 0 }];
  let before = -1;
  return steps.map((step, i) => {
    const at = parseDuration(step.at);
    if (at <= before) {
      const message = "steps come in order of time, each after the one before";
      context.atValue([...path, "steps", i, "at"], message);
    }
    before = at;
    // What holds from the beginning holds in the warm-up, too.
    return { at: at === 0 ? NONE : micros(warmUp + at), value: step.value };
  });
}
