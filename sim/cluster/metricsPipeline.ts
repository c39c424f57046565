import { type Json, plainState, savedState } from "../kernel/json.ts";
import { type Micros, micros } from "../kernel/time.ts";
import type { PodMetricsSample } from "../policy/autoscaler.ts";
import type { MetricsSpec } from "./clusterSpec.ts";

/** One reading of a replica's counters. */
interface Reading {
  readonly time: number;
  readonly cpuMicros: number;
}

export interface ReplicaReading {
  readonly pod: number;
  readonly name: string;
  readonly container: string;
  readonly cpuMicros: number;
  readonly memoryBytes: number;
}

interface Batch {
  readonly availableAt: number;
  readonly samples: readonly PodMetricsSample[];
}

/**
 * From the kubelet's counters to the resource metrics API: counters are read every
 * `scrapeInterval`, CPU usage is the mean between the last reading and the one a `window` before
 * (or the oldest, when the pod is younger), and answers appear `lag` later. A pod needs two
 * readings before it has a CPU value, as in metrics-server.
 */
export class MetricsPipeline {
  readonly #spec: MetricsSpec;
  #history = new Map<number, Reading[]>();
  /** Scrapes whose answer is not out yet, and the last one that is. */
  #batches: Batch[] = [];

  constructor(spec: MetricsSpec) {
    this.#spec = spec;
  }

  scrape(now: Micros, replicas: readonly ReplicaReading[]): void {
    const history = new Map<number, Reading[]>();
    const samples: PodMetricsSample[] = [];
    for (const replica of replicas) {
      const readings = (this.#history.get(replica.pod) ?? []).filter(
        (reading) => now - reading.time <= this.#spec.window + this.#spec.scrapeInterval,
      );
      const sample = this.#sample(now, replica, readings);
      if (sample !== null) samples.push(sample);
      readings.push({ time: now, cpuMicros: replica.cpuMicros });
      history.set(replica.pod, readings);
    }
    this.#history = history;
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
    return plainState({ history: [...this.#history], batches: this.#batches });
  }

  restore(state: Json): void {
    // Written by `state` above.
    const saved = savedState<{ history: [number, Reading[]][]; batches: Batch[] }>(state);
    this.#history = new Map(saved.history.map(([pod, readings]) => [pod, [...readings]]));
    this.#batches = [...saved.batches];
  }

  #sample(
    now: Micros,
    replica: ReplicaReading,
    readings: readonly Reading[],
  ): PodMetricsSample | null {
    const target = now - this.#spec.window;
    // The youngest reading that is at least a window old, else the oldest.
    const base = readings.findLast((reading) => reading.time <= target) ?? readings[0];
    if (base === undefined) return null;
    const window = now - base.time;
    const millicores = ((replica.cpuMicros - base.cpuMicros) / window) * 1000;
    return {
      pod: replica.name,
      timestamp: now,
      window: micros(window),
      containers: [
        {
          name: replica.container,
          cpuMillicores: Math.round(millicores),
          memoryBytes: Math.round(replica.memoryBytes),
        },
      ],
    };
  }
}
