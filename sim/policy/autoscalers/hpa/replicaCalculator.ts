import type { Micros } from "../../../kernel/time.ts";
import { formatMilli } from "../../../workload/quantity.ts";
import type { AutoscalerObservation } from "../../autoscaler.ts";
import { MAX_INT32, sum, sumQuotient, toInt32 } from "./int64.ts";
import {
  groupPods,
  MetricFailure,
  podsSamples,
  requestsByPod,
  resourceSamples,
} from "./samples.ts";
import type { ControllerFlags, MetricRule, MetricStatus } from "./state.ts";

interface Tolerances {
  readonly scaleUp: number;
  readonly scaleDown: number;
}

export interface Evaluation {
  readonly observation: AutoscalerObservation;
  readonly now: Micros;
  readonly controller: ControllerFlags;
  readonly tolerances: Tolerances;
}

/** What one metric asks for. */
interface Proposal {
  readonly replicas: number;
  readonly status: MetricStatus;
  /** "cpu 143 % of 70 %" */
  readonly text: string;
}

/** What all metrics together ask for. */
export interface Recommended {
  /** Null: no proposal, nothing may change. */
  readonly replicas: number | null;
  readonly statuses: readonly (MetricStatus | null)[];
  /** The metric that asked for most. */
  readonly text: string | null;
  /** First failure, if any metric failed. */
  readonly failure: { readonly reason: string; readonly message: string } | null;
}

/**
 * The largest proposal of all metrics. Some metrics failing is no reason not to scale up or hold on
 * what the others say, but nobody knows whether pods may go: then, as when all fail, there is no
 * proposal.
 */
export function recommendReplicas(
  metrics: readonly MetricRule[],
  evaluation: Evaluation,
): Recommended {
  const statuses: (MetricStatus | null)[] = [];
  let failure: Recommended["failure"] = null;
  let failures = 0;
  let replicas = 0;
  let text: string | null = null;
  for (const rule of metrics) {
    const proposal = propose(rule, evaluation);
    if (proposal instanceof MetricFailure) {
      failures += 1;
      failure ??= { reason: `FailedGet${rule.source}Metric`, message: proposal.message };
      statuses.push(null);
      continue;
    }
    statuses.push(proposal.status);
    // A proposal of 0 yields to any later one, even a negative one.
    if (replicas === 0 || proposal.replicas > replicas) ({ replicas, text } = proposal);
  }
  const isBlocked =
    failures >= metrics.length || (failures > 0 && replicas < evaluation.observation.specReplicas);
  if (isBlocked) return { replicas: null, statuses, text: null, failure };
  return { replicas, statuses, text, failure };
}

function propose(rule: MetricRule, evaluation: Evaluation): Proposal | MetricFailure {
  if (rule.target.kind === "Unusable") {
    return new MetricFailure("the target has neither a value nor an average that can be used");
  }
  switch (rule.source) {
    case "Resource":
    case "ContainerResource":
      return proposeForResource(rule, evaluation);
    case "Pods":
      return proposeForPods(rule, evaluation);
    default:
      return proposeForTotal(rule, evaluation);
  }
}

function proposeForResource(
  rule: MetricRule & { source: "Resource" | "ContainerResource" },
  evaluation: Evaluation,
): Proposal | MetricFailure {
  const { resource, container, target } = rule;
  const { pods, resourceMetrics } = evaluation.observation;
  const samples = resourceSamples(resourceMetrics, resource, container);
  if (samples instanceof MetricFailure) return samples;
  const label = container === null ? resource : `${resource} of ${container}`;
  const values = new Map([...samples].map(([pod, { milli }]) => [pod, milli]));
  const groups = groupPods(pods, samples, { isCpu: resource === "cpu", ...evaluation });
  if (target.kind !== "Utilization") {
    const targetMilli = target.kind === "AverageValue" ? target.milli : 0;
    const gauge = averageGauge(targetMilli);
    return proposeByPods({ values, groups, gauge, label, evaluation });
  }
  const requests = () => requestsByPod(pods, resource, container);
  const gauge = utilizationGauge(target.percent, requests);
  return proposeByPods({ values, groups, gauge, label, evaluation });
}

function proposeForPods(
  rule: MetricRule & { source: "Pods" | "Object" | "External" },
  evaluation: Evaluation,
): Proposal | MetricFailure {
  const samples = podsSamples(evaluation.observation, rule.metric);
  if (samples instanceof MetricFailure) return samples;
  const values = new Map([...samples].map(([pod, { milli }]) => [pod, milli]));
  const groups = groupPods(evaluation.observation.pods, samples, { isCpu: false, ...evaluation });
  const gauge = averageGauge(rule.target.kind === "AverageValue" ? rule.target.milli : 0);
  return proposeByPods({ values, groups, gauge, label: rule.metric, evaluation });
}

/** How values by pod become a ratio to the target. */
interface Gauge {
  /** Done once the pods are known to have values at all. */
  prepare(): MetricFailure | null;
  measure(values: ReadonlyMap<string, number>): Measured | MetricFailure;
  /** What a pod without a sample is taken to use on the way down. */
  fillMilli(pod: string): number;
  text(status: MetricStatus): string;
}

interface Measured {
  readonly ratio: number;
  readonly status: MetricStatus;
}

/**
 * Plain averages: in whole thousandths, truncated. Missing pods are taken to be exactly on target.
 */
function averageGauge(targetMilli: number): Gauge {
  return {
    prepare: () => null,
    measure(values) {
      const averageMilli = sumQuotient([...values.values()], 1, values.size);
      const status = { utilizationPercent: null, averageMilli, valueMilli: null };
      return { ratio: averageMilli / targetMilli, status };
    },
    fillMilli: () => targetMilli,
    text: ({ averageMilli }) => `${formatMilli(averageMilli ?? 0)} of ${formatMilli(targetMilli)}`,
  };
}

/**
 * Utilization: truncated to a whole percent of the requests before the ratio is taken. Missing pods
 * are taken to use their whole request, or the target if that is more.
 */
function utilizationGauge(
  percent: number,
  readRequests: () => Map<string, number> | MetricFailure,
): Gauge {
  let requests: ReadonlyMap<string, number> = new Map();
  return {
    prepare() {
      const read = readRequests();
      if (read instanceof MetricFailure) return read;
      requests = read;
      return null;
    },
    measure(values) {
      const used: number[] = [];
      const requested: number[] = [];
      for (const [pod, milli] of values) {
        const request = requests.get(pod);
        if (request === undefined) continue;
        used.push(milli);
        requested.push(request);
      }
      const total = sum(requested);
      if (total === 0) return new MetricFailure("no sample belongs to a listed pod");
      const utilizationPercent = toInt32(sumQuotient(used, 100, total));
      const averageMilli = sumQuotient(used, 1, used.length);
      const status = { utilizationPercent, averageMilli, valueMilli: null };
      return { ratio: utilizationPercent / percent, status };
    },
    fillMilli: (pod) => sumQuotient([requests.get(pod) ?? 0], Math.max(100, percent), 100),
    text: ({ utilizationPercent }) => `${utilizationPercent} % of ${percent} %`,
  };
}

/**
 * The rule for values by pod. With a sample for every pod that counts, ⌈ratio × such pods⌉ (not ×
 * the current replicas). Otherwise the ratio is taken again with assumed values, which damp the
 * change and must not reverse it.
 */
function proposeByPods({
  values,
  groups,
  gauge,
  label,
  evaluation,
}: {
  readonly values: Map<string, number>;
  readonly groups: ReturnType<typeof groupPods>;
  readonly gauge: Gauge;
  readonly label: string;
  readonly evaluation: Evaluation;
}): Proposal | MetricFailure {
  const { observation, tolerances } = evaluation;
  if (observation.pods.length === 0) return new MetricFailure("the selector matches no pod");
  for (const pod of [...groups.ignored, ...groups.unready]) values.delete(pod);
  if (values.size === 0) return new MetricFailure("no pod that counts has a sample");
  const unprepared = gauge.prepare();
  if (unprepared !== null) return unprepared;
  const measured = gauge.measure(values);
  if (measured instanceof MetricFailure) return measured;
  const { ratio, status } = measured;
  const proposal = (replicas: number): Proposal => ({
    replicas,
    status,
    text: `${label} ${gauge.text(status)}`,
  });

  const isGrowingOverUnready = groups.unready.length > 0 && ratio > 1;
  if (!isGrowingOverUnready && groups.missing.length === 0) {
    if (isWithin(tolerances, ratio)) return proposal(observation.specReplicas);
    return proposal(toInt32(Math.ceil(ratio * groups.readyCount)));
  }

  if (ratio !== 1) {
    for (const pod of groups.missing) values.set(pod, ratio < 1 ? gauge.fillMilli(pod) : 0);
  }
  if (isGrowingOverUnready) for (const pod of groups.unready) values.set(pod, 0);
  const refilled = gauge.measure(values);
  if (refilled instanceof MetricFailure) return refilled;
  const hasTurned = (ratio < 1 && refilled.ratio > 1) || (ratio > 1 && refilled.ratio < 1);
  if (isWithin(tolerances, refilled.ratio) || hasTurned) return proposal(observation.specReplicas);
  const replicas = toInt32(Math.ceil(refilled.ratio * values.size));
  const isReversed =
    (refilled.ratio < 1 && replicas > observation.specReplicas) ||
    (refilled.ratio > 1 && replicas < observation.specReplicas);
  return proposal(isReversed ? observation.specReplicas : replicas);
}

/** Object and external metrics: one total for the whole workload. */
function proposeForTotal(
  rule: MetricRule & { source: "Pods" | "Object" | "External" },
  evaluation: Evaluation,
): Proposal | MetricFailure {
  const totalMilli = readTotal(rule, evaluation.observation);
  if (totalMilli instanceof MetricFailure) return totalMilli;
  const { target } = rule;
  if (target.kind === "Value") {
    return proposeByValue({ totalMilli, targetMilli: target.milli, rule, evaluation });
  }
  const targetMilli = target.kind === "AverageValue" ? target.milli : 0;
  const { statusReplicas } = evaluation.observation;
  const ratio = totalMilli / (targetMilli * statusReplicas);
  const wanted = Math.ceil(totalMilli / targetMilli);
  // Only external metrics are guarded against absurd totals.
  const capped = rule.source === "External" && wanted > MAX_INT32 ? MAX_INT32 : toInt32(wanted);
  const replicas = isWithin(evaluation.tolerances, ratio) ? statusReplicas : capped;
  const averageMilli = statusReplicas === 0 ? null : Math.ceil(totalMilli / statusReplicas) + 0;
  const shown = formatMilli(averageMilli ?? totalMilli);
  return {
    replicas,
    status: { utilizationPercent: null, averageMilli, valueMilli: null },
    text: `${rule.metric} ${shown} per pod of ${formatMilli(targetMilli)}`,
  };
}

/**
 * `Value` multiplies the running and ready pods, terminating ones included; from zero it takes the
 * bare ratio.
 */
function proposeByValue({
  totalMilli,
  targetMilli,
  rule,
  evaluation,
}: {
  readonly totalMilli: number;
  readonly targetMilli: number;
  readonly rule: MetricRule & { source: "Pods" | "Object" | "External" };
  readonly evaluation: Evaluation;
}): Proposal | MetricFailure {
  const { specReplicas, pods } = evaluation.observation;
  const ratio = totalMilli / targetMilli;
  const proposal = (replicas: number): Proposal => ({
    replicas,
    status: { utilizationPercent: null, averageMilli: null, valueMilli: totalMilli },
    text: `${rule.metric} ${formatMilli(totalMilli)} of ${formatMilli(targetMilli)}`,
  });
  if (specReplicas === 0) return proposal(toInt32(Math.ceil(ratio)));
  if (isWithin(evaluation.tolerances, ratio)) return proposal(specReplicas);
  if (pods.length === 0) return new MetricFailure("the selector matches no pod");
  const ready = pods.filter((pod) => pod.phase === "Running" && pod.ready?.status === true).length;
  const wanted = Math.ceil(ratio * ready);
  return proposal(wanted > MAX_INT32 ? MAX_INT32 : toInt32(wanted));
}

function readTotal(
  { source, metric }: MetricRule & { source: "Pods" | "Object" | "External" },
  { objectMetrics, externalMetrics }: AutoscalerObservation,
): number | MetricFailure {
  if (source === "Object") {
    const value = Object.hasOwn(objectMetrics, metric) ? objectMetrics[metric] : undefined;
    return value === undefined
      ? new MetricFailure(`the custom metrics API has no ${metric}`)
      : Math.ceil(value);
  }
  const series = Object.hasOwn(externalMetrics, metric) ? externalMetrics[metric] : undefined;
  if (!series?.length) return new MetricFailure(`the external metrics API has no ${metric}`);
  return sum(series.map(Math.ceil));
}

/** Both bounds are inclusive. */
const isWithin = ({ scaleUp, scaleDown }: Tolerances, ratio: number): boolean =>
  1 - scaleDown <= ratio && ratio <= 1 + scaleUp;
