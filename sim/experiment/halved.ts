import type { ProbeSpec, WorkloadSpec } from "../cluster/clusterSpec.ts";
import {
  type CustomMetricSpec,
  isRate,
  type MetricsSpec,
  type PrometheusSpec,
  quantileOf,
} from "../cluster/metricsSpec.ts";
import type { Json } from "../kernel/json.ts";
import { micros, toSeconds } from "../kernel/time.ts";
import type { DelayChain, Result } from "../result/result.ts";
import type { PolicyUse, Scenario } from "../scenario/scenario.ts";
import type { DistributionSpec } from "../workload/distributions.ts";
import { lookUp, type MetricsRead, metricsRead } from "./chainSettings.ts";
import type { ReplicationOutput, ReplicationTask } from "./replication.ts";
import { withParts } from "./summarise.ts";

/** A run in which the parameter behind one link of a workload's delay chain is halved. */
export interface HalvedLink {
  readonly workload: string;
  readonly link: string;
  readonly scenario: Scenario;
}

/**
 * What would each link gain if it were half as long? That is not half of the link: a scrape that
 * comes earlier may only wait longer for the next sync. So it is run: the scenario again, once for
 * each link whose parameter has an effect, with that parameter halved (a rate limit doubled) and
 * nothing else changed, on the same customers.
 */
export function halvedLinks(
  scenario: Scenario,
  chains: readonly DelayChain[],
): readonly HalvedLink[] {
  return chains.flatMap(({ service, links }) =>
    links.flatMap(({ link }) => {
      const changed = halve(scenario, service, link);
      return changed === null ? [] : [{ workload: service, link, scenario: changed }];
    }),
  );
}

export function halvedTasks(
  halved: readonly HalvedLink[],
  replications: number,
): readonly ReplicationTask[] {
  return halved.flatMap(({ scenario }) =>
    Array.from({ length: replications }, (_, replication) => ({
      scenario,
      replication,
      detail: false,
      from: null,
    })),
  );
}

/**
 * The result with, for every link that was run, how long the whole reaction took with it halved.
 */
export function withHalved(
  result: Result,
  policy: string,
  halved: readonly HalvedLink[],
  outputs: readonly (readonly ReplicationOutput[])[],
): Result {
  const policies = result.policies.map((entry) => {
    if (entry.name !== policy) return entry;
    const delayChains = entry.delayChains.map((chain) => ({
      ...chain,
      links: chain.links.map((link) => {
        const index = halved.findIndex(
          (run) => run.workload === chain.service && run.link === link.link,
        );
        if (index < 0) return link;
        return { ...link, halvedWholeSeconds: meanWhole(outputs[index]!, chain.service) };
      }),
    }));
    return { ...entry, delayChains };
  });
  return withParts(result, { policies });
}

/** Mean over the replications; one that was never short took no time at all. */
function meanWhole(outputs: readonly ReplicationOutput[], workload: string): number {
  const wholes = outputs.map(({ chains }) => {
    const chain = chains.find((candidate) => candidate.workload === workload);
    return chain === undefined ? 0 : chain.links.reduce((sum, link) => sum + link.micros, 0);
  });
  return toSeconds(wholes.reduce((sum, whole) => sum + whole, 0) / wholes.length);
}

/** Null where nothing would be different: half of nothing is nothing. */
function halve(scenario: Scenario, workload: string, link: string): Scenario | null {
  const changed = withHalf(scenario, workload, link);
  return JSON.stringify(changed) === JSON.stringify(scenario) ? null : changed;
}

function withHalf(scenario: Scenario, workload: string, link: string): Scenario | null {
  const { cluster, policy } = scenario;
  const { metrics, callerLag } = cluster;
  const use = policy.autoscalers.find((entry) => entry.workload === workload);
  const halvedMetrics = halfOfMetrics(metrics, metricsRead(metrics, use?.config), link);
  if (halvedMetrics !== null) {
    return { ...scenario, cluster: { ...cluster, metrics: halvedMetrics } };
  }
  switch (link) {
    case "schedule":
      return { ...scenario, cluster: { ...cluster, scheduling: shorter(cluster.scheduling) } };
    case "endpoint":
      return { ...scenario, cluster: { ...cluster, endpointLag: shorter(cluster.endpointLag) } };
    case "callers":
      return { ...scenario, cluster: { ...cluster, callerLag: shorterOrNull(callerLag) } };
    case "node":
      return withNodes(scenario);
    case "image pull":
      return withWorkload(scenario, workload, ({ imagePull, imageBytes }) =>
        imageBytes === null ? { imagePull: shorter(imagePull) } : { imageBytes: imageBytes / 2 },
      );
    case "init containers":
      return withWorkload(scenario, workload, ({ initContainers }) => ({
        initContainers: shorterOrNull(initContainers),
      }));
    case "start":
      return withWorkload(scenario, workload, ({ startup, revisions }) => ({
        startup: shorter(startup),
        revisions: mapValues(revisions, (template) =>
          template.startup === undefined
            ? template
            : { ...template, startup: shorter(template.startup) },
        ),
      }));
    case "startup probe":
      return withWorkload(scenario, workload, ({ startupProbe: probe }) => ({
        // The container has as long as before.
        startupProbe: probe && { ...sooner(probe), failureThreshold: 2 * probe.failureThreshold },
      }));
    case "readiness probe":
      return withWorkload(scenario, workload, ({ readinessProbe: probe }) => ({
        readinessProbe: probe && sooner(probe),
      }));
    default:
      return withHpa(scenario, workload, link);
  }
}

const mapValues = <Value>(
  map: Readonly<Record<string, Value>>,
  change: (value: Value) => Value,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(map).map(([key, value]) => [key, change(value)]));

const sooner = (probe: ProbeSpec): ProbeSpec => ({
  ...probe,
  initialDelay: half(probe.initialDelay),
  period: half(probe.period),
});

const shorterOrNull = (spec: DistributionSpec | null): DistributionSpec | null =>
  spec === null ? null : shorter(spec);

/** Nodes that come in half the time; null where none come. */
function withNodes(scenario: Scenario): Scenario | null {
  const { cluster, policy } = scenario;
  if (policy.nodeAutoscaler === null) return null;
  const nodePools = cluster.nodePools.map((pool) => ({
    ...pool,
    provision: shorter(pool.provision),
  }));
  return { ...scenario, cluster: { ...cluster, nodePools } };
}

/** Of the ways that the metrics of an autoscaler come; null for links of other kinds. */
function halfOfMetrics(metrics: MetricsSpec, read: MetricsRead, link: string): MetricsSpec | null {
  const { scrapeInterval, window, lag, housekeeping, prometheus, custom } = metrics;
  const halved = (change: Partial<MetricsSpec>, prometheusChange: Partial<PrometheusSpec>) => ({
    ...metrics,
    ...(read.resource ? change : {}),
    prometheus: { ...prometheus, ...(read.custom.length > 0 ? prometheusChange : {}) },
  });
  switch (link) {
    case "housekeeping":
      return halved({ housekeeping: half(housekeeping) }, {});
    case "scrape": {
      const scrapes = { scrapeInterval: half(prometheus.scrapeInterval) };
      return halved({ scrapeInterval: half(scrapeInterval) }, scrapes);
    }
    case "averaging window": {
      const narrower = custom.map((metric) =>
        read.custom.includes(metric) && hasWindow(metric)
          ? { ...metric, window: half(metric.window) }
          : metric,
      );
      // Up to a scrape interval the window is that between the last two readings.
      const isMean = window > scrapeInterval;
      return { ...halved(isMean ? { window: half(window) } : {}, {}), custom: narrower };
    }
    case "metrics lag":
      return halved({ lag: half(lag) }, { lag: half(prometheus.lag) });
    case "adapter cache":
      return halved({}, { adapterCache: half(prometheus.adapterCache) });
    default:
      return null;
  }
}

/** Gauges are read as they stand. */
const hasWindow = ({ source }: CustomMetricSpec): boolean =>
  "of" in source && (isRate(source.of) || quantileOf(source.of) !== null);

const half = (time: number) => micros(Math.round(time / 2));

function withWorkload(
  scenario: Scenario,
  name: string,
  change: (spec: WorkloadSpec) => Partial<WorkloadSpec>,
): Scenario {
  const { cluster } = scenario;
  const workloads = cluster.workloads.map((spec) =>
    spec.name === name ? { ...spec, ...change(spec) } : spec,
  );
  return { ...scenario, cluster: { ...cluster, workloads } };
}

/** Links that are settings of the HPA; null where it has none of the kind. */
function withHpa(scenario: Scenario, workload: string, link: string): Scenario | null {
  const { policy } = scenario;
  const use = policy.autoscalers.find((entry) => entry.workload === workload);
  if (use?.policy !== "hpa") return null;
  const config = halvedHpa(use.config, link);
  if (config === null) return null;
  const autoscalers: readonly PolicyUse[] = policy.autoscalers.map((entry) =>
    entry === use ? { ...use, config } : entry,
  );
  return { ...scenario, policy: { ...policy, autoscalers } };
}

function halvedHpa(config: Json, link: string): Json | null {
  switch (link) {
    case "sync": {
      const period = lookUp(config, ["controller", "syncPeriodSeconds"]);
      const seconds = typeof period === "number" ? period : 15;
      return withField(config, ["controller", "syncPeriodSeconds"], seconds / 2);
    }
    case "stabilization": {
      const path = ["spec", "behavior", "scaleUp", "stabilizationWindowSeconds"];
      const window = lookUp(config, path);
      if (typeof window !== "number" || window === 0) return null;
      return withField(config, path, Math.round(window / 2));
    }
    case "policy limit": {
      const path = ["spec", "behavior", "scaleUp", "policies"];
      const policies = lookUp(config, path);
      if (!Array.isArray(policies)) return null;
      const twice = policies.map((policy: Json) =>
        withField(policy, ["value"], 2 * Number(lookUp(policy, ["value"]))),
      );
      return withField(config, path, twice);
    }
    default:
      return null;
  }
}

/** A copy of plain data with one value replaced, and the mappings on the way to it. */
function withField(data: Json | undefined, path: readonly string[], value: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const fields = typeof data === "object" && data !== null ? Object.entries(data) : [];
  const inner = fields.find(([name]) => name === key)?.[1];
  return { ...Object.fromEntries(fields), [key]: withField(inner, rest, value) };
}

/** Every time of a distribution halved. */
function shorter(spec: DistributionSpec): DistributionSpec {
  switch (spec.kind) {
    case "constant":
      return { ...spec, value: spec.value / 2 };
    case "hyper-exponential": {
      const phases = spec.phases.map((phase) => ({ ...phase, mean: phase.mean / 2 }));
      return { ...spec, phases };
    }
    case "mixture": {
      const parts = spec.parts.map(({ weight, of }) => ({ weight, of: shorter(of) }));
      return { ...spec, parts };
    }
    case "weibull":
      return { ...spec, scale: spec.scale / 2 };
    case "bounded-pareto":
    case "uniform":
      return { ...spec, min: spec.min / 2, max: spec.max / 2 };
    case "empirical":
      return { ...spec, values: spec.values.map((value) => value / 2) };
    default:
      return { ...spec, mean: spec.mean / 2 };
  }
}
