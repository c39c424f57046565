import type { ProbeSpec, WorkloadSpec } from "../cluster/clusterSpec.ts";
import type { CustomMetricSpec, MetricsSpec } from "../cluster/metricsSpec.ts";
import { toSeconds } from "../kernel/time.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { compileDistribution, type DistributionSpec } from "../workload/distributions.ts";

/**
 * For each link of a workload's delay chain, the parameter behind it, as a person would look it up.
 */
export function chainSettings(
  scenario: Scenario,
  workload: string,
): Readonly<Record<string, string>> {
  const { metrics, scheduling, endpointLag, callerLag, workloads } = scenario.cluster;
  const deployment = workloads.find(({ name }) => name === workload);
  const use = scenario.policy.autoscalers.find((entry) => entry.workload === workload);
  const scaleUp = lookUp(use?.config, ["spec", "behavior", "scaleUp"]);
  const settings: Record<string, string> = {
    ...seeingSettings(metrics, use?.config),
    sync: `${use?.policy ?? "autoscaler"} sync period`,
    stabilization: stabilizationText(scaleUp),
    "metric ceiling": "CPU use ends at the limit, so each step can ask for so much more only",
    "policy limit": policiesText(scaleUp),
    creation: "a rollout, an ordered start or a replacement makes the pod later",
    schedule: `scheduling ${distribution(scheduling)}`,
    node: nodeText(scenario),
    endpoint: `endpointLag ${distribution(endpointLag)}`,
  };
  if (callerLag !== null) settings["callers"] = `callerLag ${distribution(callerLag)}`;
  if (deployment === undefined) return settings;
  return { ...settings, ...podSettings(deployment, scenario) };
}

function podSettings(
  { imageBytes, imagePull, initContainers, startup, startupProbe, readinessProbe }: WorkloadSpec,
  scenario: Scenario,
): Readonly<Record<string, string>> {
  const settings: Record<string, string> = {
    "image pull": imageText(imageBytes, imagePull, scenario),
    start: `startup ${distribution(startup)}`,
    "startup probe": probeText("startup", startupProbe),
    "readiness probe": probeText("readiness", readinessProbe),
  };
  if (initContainers !== null) {
    settings["init containers"] = `initContainers ${distribution(initContainers)}`;
  }
  return settings;
}

const probeText = (kind: string, probe: ProbeSpec | null): string =>
  probe === null
    ? `no ${kind} probe`
    : `initialDelaySeconds ${toSeconds(probe.initialDelay)}, ` +
      `periodSeconds ${toSeconds(probe.period)}`;

/** The metrics that an autoscaler reads. */
export interface MetricsRead {
  readonly resource: boolean;
  readonly custom: readonly CustomMetricSpec[];
}

/** All that there are where the configuration does not name them as an HPA's does. */
export function metricsRead({ custom }: MetricsSpec, config: unknown): MetricsRead {
  const read = lookUp(config, ["spec", "metrics"]);
  if (!Array.isArray(read) || read.length === 0) return { resource: true, custom };
  const names = read.flatMap((metric: unknown) =>
    ["pods", "object", "external"].map((source) => lookUp(metric, [source, "metric", "name"])),
  );
  return {
    resource: read.some((metric: unknown) =>
      ["resource", "containerResource"].some((source) => lookUp(metric, [source]) !== undefined),
    ),
    custom: custom.filter(({ name }) => names.includes(name)),
  };
}

/** Of the pipelines that the workload's metrics come through. */
function seeingSettings(metrics: MetricsSpec, config: unknown): Readonly<Record<string, string>> {
  const { prometheus } = metrics;
  const read = metricsRead(metrics, config);
  const windows = [...new Set(read.custom.map(({ window }) => time(window)))].join(", ");
  const resource = {
    scrape: `scrapeInterval ${time(metrics.scrapeInterval)}`,
    "averaging window": `window ${time(metrics.window)}`,
    "metrics lag": `lag ${time(metrics.lag)}`,
  };
  const prometheusText = {
    scrape: `prometheus scrapeInterval ${time(prometheus.scrapeInterval)}`,
    "averaging window": `rate window ${windows}`,
    "metrics lag": `prometheus lag ${time(prometheus.lag)}`,
  };
  return {
    housekeeping: `housekeeping ${time(metrics.housekeeping)}`,
    "adapter cache": `adapterCache ${time(prometheus.adapterCache)}`,
    ...(read.resource ? resource : prometheusText),
  };
}

function imageText(bytes: number | null, pull: DistributionSpec, { cluster }: Scenario): string {
  if (bytes === null) return `image pull ${distribution(pull)}`;
  const { bytesPerSecond } = cluster.imagePulls;
  return `image of ${mebibytes(bytes)} MiB at ${mebibytes(bytesPerSecond)} MiB/s`;
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

/** Pods wait for room that others leave, or for nodes that a node autoscaler asks for. */
function nodeText({ cluster, policy }: Scenario): string {
  if (policy.nodeAutoscaler === null) return "waiting for a node with room";
  const pools = cluster.nodePools.map(
    ({ name, provision }) => `${name} provision ${distribution(provision)}`,
  );
  return `${policy.nodeAutoscaler.policy} scan and ${pools.join(", ")}`;
}

const time = (micros: number): string => `${toSeconds(micros)} s`;

function distribution(spec: DistributionSpec): string {
  const mean = time(compileDistribution(spec).mean);
  return spec.kind === "constant" ? mean : `${spec.kind}, mean ${mean}`;
}

function stabilizationText(scaleUp: unknown): string {
  const window = lookUp(scaleUp, ["stabilizationWindowSeconds"]);
  return `scaleUp stabilizationWindowSeconds ${typeof window === "number" ? window : 0}`;
}

function policiesText(scaleUp: unknown): string {
  const policies = lookUp(scaleUp, ["policies"]);
  if (!Array.isArray(policies)) return "default scaleUp policies: 100 % or 4 pods per 15 s";
  const texts = policies.map((policy: unknown) => {
    const value = lookUp(policy, ["value"]);
    const unit = lookUp(policy, ["type"]) === "Percent" ? "%" : "pods";
    return `${value} ${unit} per ${lookUp(policy, ["periodSeconds"])} s`;
  });
  return `scaleUp policies: ${texts.join(", ")}`;
}

/** A value deep inside plain data; undefined when there is none. */
export function lookUp(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== "object" || inner === null) return undefined;
    return new Map<string, unknown>(Object.entries(inner)).get(key);
  }, value);
}
