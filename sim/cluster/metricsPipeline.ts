import { type Json, plainState, savedState } from "../kernel/json.ts";
import { type Micros, micros, seconds } from "../kernel/time.ts";
import type { PodMetricsSample } from "../policy/autoscaler.ts";
import { type SidecarSpec, sidecarUse } from "./clusterSpec.ts";
import type { MetricsSpec } from "./metricsSpec.ts";

/** One reading of a replica's counters. */
interface Reading {
  readonly time: number;
  readonly cpuMicros: number;
  /** Of the containers beside it, all of them together. */
  readonly sidecarMicros: number;
}

export interface ReplicaReading extends Reading {
  readonly pod: number;
  readonly name: string;
  readonly container: string;
  /** When the container that runs now started, and its counters with it. */
  readonly startedAt: number;
  readonly memoryBytes: number;
  /** Each has its part of their CPU time. */
  readonly sidecars: readonly SidecarSpec[];
}

interface Batch {
  readonly availableAt: number;
  readonly samples: readonly PodMetricsSample[];
}

/**
 * A container of this age, whose first sample it is, gets its mean since its start.
 * Source: `freshContainerMinMetricsResolution` of storage/pod.go (kubernetes-sigs/metrics-server)
 */
const FRESH_AGE_MIN = seconds(10);

/**
 * From the kubelet's counters to the resource metrics API, as metrics-server does it: every
 * `scrapeInterval` it gets the kubelet's latest reading of each pod; CPU usage is the mean between
 * the last two readings, or over a longer `window`, and answers appear `lag` later. A container
 * needs two readings, unless the first one finds it between 10 s and a scrape interval old. Each
 * scrape replaces the one before: a pod whose sample did not arrive is not listed any more (but for
 * `staleFor`), and needs two readings again.
 */
export class MetricsPipeline {
  readonly #spec: MetricsSpec;
  #history = new Map<number, Reading[]>();
  /** The last sample of each pod, kept where samples may be served stale. */
  #served = new Map<number, PodMetricsSample>();
  /** Scrapes whose answer is not out yet, and the last one that is. */
  #batches: Batch[] = [];

  constructor(spec: MetricsSpec) {
    this.#spec = spec;
  }

  /** `lost`: pods that are there, but whose reading does not arrive. */
  scrape(now: Micros, replicas: readonly ReplicaReading[], lost: readonly number[] = []): void {
    const history = new Map<number, Reading[]>();
    const served = new Map<number, PodMetricsSample>();
    const samples: PodMetricsSample[] = [];
    for (const replica of replicas) {
      const readings = this.#readingsOf(now, replica);
      const sample = this.#sample(replica, readings) ?? this.#stale(now, replica.pod);
      if (sample !== null) {
        samples.push(sample);
        if (this.#spec.staleFor > 0) served.set(replica.pod, sample);
      }
      if (readings.at(-1)?.time !== replica.time) {
        const { time, cpuMicros, sidecarMicros } = replica;
        readings.push({ time, cpuMicros, sidecarMicros });
      }
      history.set(replica.pod, readings);
    }
    for (const pod of lost) {
      const sample = this.#stale(now, pod);
      if (sample === null) continue;
      samples.push(sample);
      served.set(pod, sample);
    }
    this.#history = history;
    this.#served = served;
    this.#batches.push({ availableAt: now + this.#spec.lag, samples });
  }

  /** What the API answers at this moment. */
  samples(now: Micros): readonly PodMetricsSample[] {
    let latest = -1;
    this.#batches.forEach((batch, index) => {
      if (batch.availableAt <= now) latest = index;
    });
    if (latest > 0) this.#batches.splice(0, latest);
    const first = this.#batches[0];
    return first !== undefined && first.availableAt <= now ? first.samples : [];
  }

  state(): Json {
    return plainState({
      history: [...this.#history],
      served: [...this.#served],
      batches: this.#batches,
    });
  }

  restore(state: Json): void {
    // Written by `state` above.
    const saved = savedState<{
      history: [number, Reading[]][];
      served: [number, PodMetricsSample][];
      batches: Batch[];
    }>(state);
    this.#history = new Map(saved.history.map(([pod, readings]) => [pod, [...readings]]));
    this.#served = new Map(saved.served);
    this.#batches = [...saved.batches];
  }

  /** Earlier readings of the container that runs now, as far back as they are of use. */
  #readingsOf(now: Micros, { pod, startedAt }: ReplicaReading): Reading[] {
    const { window, scrapeInterval, housekeeping } = this.#spec;
    const oldest = now - window - scrapeInterval - housekeeping;
    const readings = this.#history.get(pod) ?? [];
    return readings.filter(({ time }, index) => {
      // Whatever the window, the reading before the last one may be needed.
      const isRecent = time >= oldest || index >= readings.length - 2;
      return isRecent && time >= startedAt;
    });
  }

  #sample(replica: ReplicaReading, readings: readonly Reading[]): PodMetricsSample | null {
    const base = this.#base(replica, readings);
    if (base === null) return null;
    const window = replica.time - base.time;
    const millicores = ((replica.cpuMicros - base.cpuMicros) / window) * 1000;
    return {
      pod: replica.name,
      timestamp: micros(replica.time),
      window: micros(window),
      containers: [
        {
          name: replica.container,
          cpuMillicores: Math.round(millicores),
          memoryBytes: Math.round(replica.memoryBytes),
        },
        ...sidecarSamples(replica, ((replica.sidecarMicros - base.sidecarMicros) / window) * 1000),
      ],
    };
  }

  #base(replica: ReplicaReading, readings: readonly Reading[]): Reading | null {
    const { window, scrapeInterval } = this.#spec;
    // A scrape that finds the reading of the one before leaves its answer as it is.
    const earlier = readings.filter(({ time }) => time < replica.time);
    if (earlier.length > 0) {
      if (window <= scrapeInterval) return earlier.at(-1)!;
      // The youngest reading that is at least a window old, else the oldest.
      const target = replica.time - window;
      return earlier.findLast(({ time }) => time <= target) ?? earlier[0]!;
    }
    const age = replica.time - replica.startedAt;
    const isFresh = age >= FRESH_AGE_MIN && age < scrapeInterval;
    return isFresh ? { time: replica.startedAt, cpuMicros: 0, sidecarMicros: 0 } : null;
  }

  #stale(now: Micros, pod: number): PodMetricsSample | null {
    const sample = this.#served.get(pod);
    return sample !== undefined && now - sample.timestamp <= this.#spec.staleFor ? sample : null;
  }
}

/** `millicores`: what the sidecars used together, of which each gets as much as it wants of all. */
function sidecarSamples(
  replica: ReplicaReading,
  millicores: number,
): PodMetricsSample["containers"] {
  const wanted = sidecarUse(replica).cpuMillicores;
  return replica.sidecars.map(({ name, uses }) => ({
    name,
    cpuMillicores: wanted === 0 ? 0 : Math.round(millicores * (uses.cpuMillicores / wanted)),
    memoryBytes: Math.round(uses.memoryBytes),
  }));
}
