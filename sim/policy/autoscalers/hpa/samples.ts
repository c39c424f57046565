import type { Micros } from "../../../kernel/time.ts";
import type { AutoscalerObservation, PodObservation } from "../../autoscaler.ts";
import type { ControllerFlags } from "./state.ts";

/** One pod's value of the metric under evaluation, in thousandths. */
export interface Sample {
  readonly milli: number;
  readonly timestamp: Micros;
  readonly window: Micros;
}

/** Why a metric gives no proposal; the text is for people. */
export class MetricFailure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/**
 * Values of a resource by pod, summed over its containers or of one container only. A pod that
 * lacks a container's value has no sample; a pod without the one wanted container fails the metric.
 * Fractions are rounded up to thousandths, as the API's quantities are.
 */
export function resourceSamples(
  metrics: AutoscalerObservation["resourceMetrics"],
  resource: string,
  container: string | null,
): Map<string, Sample> | MetricFailure {
  if (metrics === null) return new MetricFailure("the resource metrics API does not answer");
  if (metrics.length === 0) return new MetricFailure("the resource metrics API lists no pod");
  const samples = new Map<string, Sample>();
  for (const { pod, timestamp, window, containers } of metrics) {
    const wanted =
      container === null ? containers : containers.filter(({ name }) => name === container);
    if (container !== null && wanted.length === 0) {
      return new MetricFailure(`pod ${pod} reports no container ${container}`);
    }
    const values = wanted.map((usage) => milliUsage(usage, resource));
    if (values.length === 0 || values.includes(null)) continue;
    const milli = values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
    samples.set(pod, { milli, timestamp, window });
  }
  return samples;
}

function milliUsage(
  usage: { readonly cpuMillicores: number | null; readonly memoryBytes: number | null },
  resource: string,
): number | null {
  if (resource === "cpu") return usage.cpuMillicores === null ? null : ceil(usage.cpuMillicores);
  if (resource === "memory") {
    return usage.memoryBytes === null ? null : ceil(usage.memoryBytes * 1000);
  }
  return null;
}

const ceil = Math.ceil;

/** Values of a custom metric by pod. */
export function podsSamples(
  observation: AutoscalerObservation,
  metric: string,
): Map<string, Sample> | MetricFailure {
  const values = Object.hasOwn(observation.podsMetrics, metric)
    ? observation.podsMetrics[metric]
    : undefined;
  if (!values?.length) return new MetricFailure(`the custom metrics API has no ${metric}`);
  return new Map(
    values.map(({ pod, valueMilli, timestamp, window }) => [
      pod,
      { milli: ceil(valueMilli), timestamp, window },
    ]),
  );
}

/**
 * Requests of a resource by pod, in thousandths, for every listed pod: a single pod without one,
 * even a terminating one, makes utilization meaningless and fails the metric.
 */
export function requestsByPod(
  pods: readonly PodObservation[],
  resource: string,
  container: string | null,
): Map<string, number> | MetricFailure {
  const requests = new Map<string, number>();
  for (const pod of pods) {
    const wanted = pod.containers.filter(({ name }) => container === null || name === container);
    if (container !== null && wanted.length === 0) {
      return new MetricFailure(`pod ${pod.name} has no container ${container}`);
    }
    let total = 0;
    for (const { name, cpuMillicores, memoryBytes } of wanted) {
      const request = milliUsage({ cpuMillicores, memoryBytes }, resource);
      if (request === null) {
        return new MetricFailure(`container ${name} of pod ${pod.name} requests no ${resource}`);
      }
      total += request;
    }
    requests.set(pod.name, total);
  }
  return requests;
}

export interface PodGroups {
  /** Pods that count, with a sample. */
  readonly readyCount: number;
  /** Left out at first; counted as idle when the rest asks for more pods. */
  readonly unready: readonly string[];
  /** Without a sample: counted as busy on the way down, as idle on the way up. */
  readonly missing: readonly string[];
  /** Terminating or terminated: never counted. */
  readonly ignored: readonly string[];
}

/**
 * Sorts the pods. A pod without a sample is missing even if it is not ready; a pending one is
 * unready whatever the metric; the finer rules of readiness are for CPU only, since starting up
 * burns CPU that no request asked for.
 */
export function groupPods(
  pods: readonly PodObservation[],
  samples: ReadonlyMap<string, Sample>,
  { isCpu, now, controller }: { isCpu: boolean; now: Micros; controller: ControllerFlags },
): PodGroups {
  const unready: string[] = [];
  const missing: string[] = [];
  const ignored: string[] = [];
  let readyCount = 0;
  for (const pod of pods) {
    const sample = samples.get(pod.name);
    if (pod.deleted || pod.phase === "Succeeded" || pod.phase === "Failed") ignored.push(pod.name);
    else if (pod.phase === "Pending") unready.push(pod.name);
    else if (sample === undefined) missing.push(pod.name);
    else if (isCpu && isCpuUnready(pod, sample, now, controller)) unready.push(pod.name);
    else readyCount += 1;
  }
  return { readyCount, unready, missing, ignored };
}

/**
 * Within the initialization period a pod's CPU counts only when it is ready and the sample's whole
 * window lies after it became so. Later it is left out only if it is not ready and turned so right
 * after its start: it never was ready.
 */
function isCpuUnready(
  { ready, startTime }: PodObservation,
  sample: Sample,
  now: Micros,
  controller: ControllerFlags,
): boolean {
  if (ready === null || startTime === null) return true;
  if (startTime + controller.cpuInitializationPeriod > now) {
    return !ready.status || sample.timestamp < ready.lastTransition + sample.window;
  }
  return !ready.status && startTime + controller.initialReadinessDelay > ready.lastTransition;
}
