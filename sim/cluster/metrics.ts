import { unreachable } from "../kernel/assert.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { Simulation } from "../kernel/simulation.ts";
import type { AutoscalerObservation, PodMetricValue } from "../policy/autoscaler.ts";
import type { LatencyHistogramState } from "../stats/latencyHistogram.ts";
import type { WorkloadSpec } from "./clusterSpec.ts";
import type { DataPlane } from "./dataPlane.ts";
import type { ContainerUsage } from "./kubelet.ts";
import { MetricsOutages } from "./metricsOutages.ts";
import { MetricsPipeline, type ReplicaReading } from "./metricsPipeline.ts";
import { Prometheus, type ScrapedPoint } from "./metricsPrometheus.ts";
import {
  type MetricSource,
  type MetricsSpec,
  type PodQuantity,
  quantileOf,
} from "./metricsSpec.ts";
import { isListening, type Pod } from "./pod.ts";

/**
 * Of one moment, kubelets read their containers before anybody asks them, and what is scraped is
 * there for autoscalers that look.
 */
const PRIORITY = { housekeeping: -3, scrape: -2 } as const;

export interface MetricsParts {
  readonly simulation: Simulation;
  readonly draws: KeyedDraws;
  readonly spec: MetricsSpec;
  readonly plane: DataPlane;
  /** By number of the service. */
  readonly services: readonly { readonly name: string; readonly revisions: readonly string[] }[];
  /** All there ever were. */
  readonly pods: readonly Pod[];
  readonly serviceOf: (pod: Pod) => number;
  /** Whether it belongs to a Deployment; datastores do not. */
  readonly isManaged: (pod: Pod) => boolean;
  readonly nameOf: (pod: Pod) => string;
  readonly specOf: (pod: Pod) => Pick<WorkloadSpec, "container" | "sidecars">;
  readonly usageOf: (pod: Pod) => ContainerUsage | null;
}

type Observed = Pick<
  AutoscalerObservation,
  "resourceMetrics" | "podsMetrics" | "objectMetrics" | "externalMetrics"
>;

/**
 * Reads pods and services at the moments at which the real pipelines would, and answers as the
 * metrics APIs do. Nothing is scheduled before `start`.
 */
export class Metrics {
  readonly #parts: MetricsParts;
  readonly #spec: MetricsSpec;
  readonly #outages: MetricsOutages;
  readonly #resource: MetricsPipeline;
  readonly #prometheus: Prometheus;
  readonly #kinds: Readonly<Record<"housekeeping" | "scrape" | "prometheus", number>>;
  /** What the kubelets read last, where they read by themselves. */
  #read: readonly ReplicaReading[] = [];
  /** By service: failures that were counted before the data plane began anew. */
  #failures: number[];

  constructor(parts: MetricsParts) {
    const { simulation, spec } = parts;
    this.#parts = parts;
    this.#spec = spec;
    this.#outages = new MetricsOutages(spec.outages, parts.draws);
    this.#resource = new MetricsPipeline(spec);
    this.#prometheus = new Prometheus(spec);
    this.#failures = parts.services.map(() => 0);
    this.#kinds = {
      housekeeping: simulation.register("kubelets read usage", () => this.#housekeep()),
      scrape: simulation.register("usage is scraped", () => this.#scrapeUsage()),
      prometheus: simulation.register("Prometheus scrapes", () => this.#scrapeCustom()),
    };
  }

  start(): void {
    if (this.#spec.housekeeping > 0) this.#housekeep();
    this.#scrapeUsage();
    if (this.#spec.custom.length === 0) return;
    for (const { source } of this.#spec.custom) {
      if (!("service" in source) || quantileOf(source.of) === null) continue;
      this.#parts.plane.watchLatencies(this.#serviceNamed(source.service));
    }
    this.#scrapeCustom();
  }

  /** What the APIs answer about the pods of these names, and about everything else. */
  observe(pods: ReadonlySet<string>): Observed {
    const { now } = this.#parts.simulation;
    const podsMetrics: Record<string, readonly PodMetricValue[]> = {};
    const objectMetrics: Record<string, number> = {};
    const externalMetrics: Record<string, readonly number[]> = {};
    this.#spec.custom.forEach(({ name, source }, metric) => {
      if (source.kind === "pods") {
        const values = this.#prometheus.podValues(metric, now);
        podsMetrics[name] = values.filter(({ pod }) => pods.has(pod));
        return;
      }
      const value = this.#prometheus.valueMilli(metric, now);
      if (value === null) return;
      if (source.kind === "object") objectMetrics[name] = value;
      else externalMetrics[name] = [value];
    });
    const resourceMetrics = this.#resource.samples(now).filter(({ pod }) => pods.has(pod));
    return { resourceMetrics, podsMetrics, objectMetrics, externalMetrics };
  }

  /** The data plane's counts of a service are about to begin anew. */
  countsReset(service: number): void {
    this.#failures[service]! += this.#countedFailures(service);
  }

  state(): Json {
    return plainState({
      resource: this.#resource.state(),
      prometheus: this.#prometheus.state(),
      read: this.#read,
      failures: this.#failures,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      resource: Json;
      prometheus: Json;
      read: readonly ReplicaReading[];
      failures: readonly number[];
    }>(state);
    this.#resource.restore(saved.resource);
    this.#prometheus.restore(saved.prometheus);
    this.#read = saved.read;
    this.#failures = [...saved.failures];
  }

  // ---- resource metrics ----------------------------------------------------------------

  #housekeep(): void {
    const { simulation } = this.#parts;
    this.#read = this.#readings();
    const next = simulation.now + this.#spec.housekeeping;
    simulation.schedule(next, this.#kinds.housekeeping, 0, 0, PRIORITY.housekeeping);
  }

  #scrapeUsage(): void {
    const { simulation, pods, nameOf, isManaged } = this.#parts;
    const { now } = simulation;
    const isLost = (pod: Pod): boolean => this.#outages.strikes("resource", nameOf(pod), now);
    const lost = new Set<number>();
    for (const pod of pods) {
      if (isManaged(pod) && pod.container !== null && isLost(pod)) lost.add(pod.number);
    }
    const readings = this.#spec.housekeeping > 0 ? this.#stillThere() : this.#readings();
    const arrived = readings.filter(({ pod }) => !lost.has(pod));
    this.#resource.scrape(now, arrived, [...lost]);
    const next = now + this.#spec.scrapeInterval;
    simulation.schedule(next, this.#kinds.scrape, 0, 0, PRIORITY.scrape);
  }

  #readings(): readonly ReplicaReading[] {
    const { simulation, pods, nameOf, specOf, usageOf, isManaged } = this.#parts;
    return pods.flatMap((pod) => {
      const usage = isManaged(pod) ? usageOf(pod) : null;
      if (usage === null || pod.container === null) return [];
      const { container, sidecars } = specOf(pod);
      return {
        time: simulation.now,
        pod: pod.number,
        name: nameOf(pod),
        container: container.name,
        sidecars,
        sidecarMicros: usage.sidecarMicros,
        startedAt: pod.container.startedAt,
        cpuMicros: usage.cpuMicros,
        memoryBytes: usage.memoryBytes,
      };
    });
  }

  /** The kubelets' readings of containers that still run. */
  #stillThere(): readonly ReplicaReading[] {
    const { pods } = this.#parts;
    const started = new Map(pods.map((pod) => [pod.number, pod.container?.startedAt]));
    return this.#read.filter(({ pod, startedAt }) => started.get(pod) === startedAt);
  }

  // ---- custom and external metrics -----------------------------------------------------

  #scrapeCustom(): void {
    const { simulation } = this.#parts;
    const { now } = simulation;
    const taken = new Map<number, LatencyHistogramState>();
    const points = this.#spec.custom.flatMap((_, metric) => this.#points(metric, taken));
    this.#prometheus.scrape(now, points);
    const next = now + this.#spec.prometheus.scrapeInterval;
    simulation.schedule(next, this.#kinds.prometheus, 0, 0, PRIORITY.scrape);
  }

  /** `taken`: latencies by service, taken once for all metrics that are made of them. */
  #points(metric: number, taken: Map<number, LatencyHistogramState>): readonly ScrapedPoint[] {
    const { plane, pods, serviceOf, isManaged, simulation } = this.#parts;
    const { name, source } = this.#spec.custom[metric]!;
    if (source.kind === "pods") {
      return this.#podPoints(metric, source.of, pods.filter(isManaged));
    }
    const only = { metric, source: name, latencies: null };
    const { now } = simulation;
    const isStruck = (target: string): boolean => this.#outages.strikes("custom", target, now);
    if ("steps" in source) {
      const value = source.steps.findLast(({ at }) => at <= now)?.value;
      return value === undefined || isStruck(name) ? [] : [{ ...only, value }];
    }
    if ("topic" in source) {
      const value = this.#topicValue(source);
      return isStruck(source.topic) ? [] : [{ ...only, value }];
    }
    const service = this.#serviceNamed(source.service);
    const { of } = source;
    switch (of) {
      case "requests-rate":
      case "in-flight":
      case "queue-length": {
        const mine = pods.filter((pod) => serviceOf(pod) === service);
        return this.#podPoints(metric, of, mine);
      }
      case "failures-rate": {
        const value = this.#failures[service]! + this.#countedFailures(service);
        return isStruck(source.service) ? [] : [{ ...only, value }];
      }
      case "latency-p50":
      case "latency-p95":
      case "latency-p99": {
        if (isStruck(source.service)) return [];
        const latencies = taken.get(service) ?? plane.takeLatencies(service);
        taken.set(service, latencies);
        return [{ ...only, value: 0, latencies }];
      }
      default:
        return unreachable(of);
    }
  }

  #topicValue({ topic, group, of }: Extract<MetricSource, { topic: string }>): number {
    const { lag, waiting, oldestAgeMicros } = this.#parts.plane.queueDepth(topic, group);
    return { lag, waiting, "oldest-age": oldestAgeMicros / 1_000_000 }[of];
  }

  /** A point of each pod that serves; what one process counts begins anew with the next one. */
  #podPoints(metric: number, of: PodQuantity, pods: readonly Pod[]): readonly ScrapedPoint[] {
    const { plane, nameOf, isManaged, simulation } = this.#parts;
    return pods.flatMap((pod) => {
      if (isManaged(pod) && !isListening(pod)) return [];
      const source = isManaged(pod) ? nameOf(pod) : this.#spec.custom[metric]!.name;
      if (this.#outages.strikes("custom", source, simulation.now)) return [];
      const usage = plane.usage(pod.number);
      const value = {
        "requests-rate": usage.requests,
        "in-flight": usage.inFlight,
        "queue-length": usage.queued,
      }[of];
      return { metric, source, value, latencies: null };
    });
  }

  #countedFailures(service: number): number {
    const { plane, services } = this.#parts;
    return services[service]!.revisions.reduce(
      (sum, _, revision) => sum + plane.revisionCounts(service, revision).failures,
      0,
    );
  }

  #serviceNamed(name: string): number {
    return this.#parts.services.findIndex((service) => service.name === name);
  }
}
