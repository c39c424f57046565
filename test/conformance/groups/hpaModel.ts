import { seconds } from "../../../sim/kernel/time.ts";
import type {
  AutoscalerObservation,
  PodMetricsSample,
  PodMetricValue,
  PodObservation,
} from "../../../sim/policy/autoscaler.ts";
import { parseBytes, parseMillicores } from "../../../sim/workload/quantity.ts";
import type { Curve, TrajectoryCase } from "./hpaFormats.ts";

/**
 * The closed-loop small model of test/conformance/hpa/README.md: pods, load, samples, outages.
 * Times are whole seconds.
 */
export class HpaModel {
  readonly #case: TrajectoryCase;
  /** All pods that ever were, by number. */
  readonly #pods: Pod[] = [];
  readonly #containers: PodObservation["containers"];
  readonly #cpuLimit: number;

  constructor(testCase: TrajectoryCase) {
    this.#case = testCase;
    const { containers, initialReplicas, initialAgeSeconds } = testCase.workload;
    this.#containers = containers.map(({ name, requests }) => ({
      name,
      cpuMillicores: requests?.cpu === undefined ? null : parseMillicores(requests.cpu),
      memoryBytes: requests?.memory === undefined ? null : parseBytes(requests.memory),
    }));
    const limit = containers[0]?.limits?.cpu;
    this.#cpuLimit = limit === undefined ? Infinity : (parseMillicores(limit) ?? Infinity);
    this.#create(initialReplicas, -initialAgeSeconds);
  }

  get replicas(): number {
    return this.#pods.filter((pod) => pod.deleted === Infinity).length;
  }

  /** Writes the scale at second `t`. */
  scale(replicas: number, t: number): void {
    const live = this.#pods.filter((pod) => pod.deleted === Infinity);
    for (const pod of live.slice(replicas)) pod.deleted = t;
    this.#create(replicas - live.length, t);
  }

  /** `serving(s)` of the README. */
  serving(s: number): number {
    return this.#pods.filter((pod) => this.#serves(pod, s)).length;
  }

  observe(t: number): AutoscalerObservation {
    const s = t - this.#case.metrics.lagSeconds;
    const { objectMetricsMilli, externalMetricsMilli } = this.#case.load;
    const listed = this.#pods.filter((pod) => this.#isListed(pod, t));
    const from = this.#case.metrics.reportFrom;
    const reporting = listed.filter((pod) => pod[from] <= s);
    const isExternalDown = this.#isOut("external", null, t);
    return {
      specReplicas: this.replicas,
      statusReplicas: this.replicas,
      pods: listed.map((pod) => this.#podObservation(pod, t)),
      resourceMetrics: this.#resourceMetrics(reporting, s, t),
      podsMetrics: this.#podsMetrics(reporting, s),
      objectMetrics: mapValues(objectMetricsMilli ?? {}, (curve) => valueAt(curve, s)),
      externalMetrics: mapValues(externalMetricsMilli ?? {}, (curve) =>
        isExternalDown ? [] : [valueAt(curve, s)],
      ),
    };
  }

  #create(count: number, t: number): void {
    const { pendingSeconds, startupSeconds } = this.#case.workload;
    for (let created = 0; created < count; created += 1) {
      const start = t + pendingSeconds;
      const ready = start + startupSeconds;
      this.#pods.push({ number: this.#pods.length, created: t, start, ready, deleted: Infinity });
    }
  }

  #isListed(pod: Pod, t: number): boolean {
    return pod.created <= t && t < pod.deleted + this.#case.workload.terminationSeconds;
  }

  #serves(pod: Pod, s: number): boolean {
    return pod.created <= s && s < pod.deleted && this.#isReady(pod, s);
  }

  #isReady(pod: Pod, s: number): boolean {
    return s >= pod.ready && !this.#dips(pod).some(({ from, to }) => from <= s && s < to);
  }

  #dips(pod: Pod): NonNullable<TrajectoryCase["readinessDips"]> {
    const dips = this.#case.readinessDips ?? [];
    return dips.filter(({ podModulo: [modulus, rest] }) => pod.number % modulus === rest);
  }

  #podObservation(pod: Pod, t: number): PodObservation {
    const hasStarted = t >= pod.start;
    return {
      name: nameOf(pod),
      phase: hasStarted ? "Running" : "Pending",
      deleted: pod.deleted <= t,
      startTime: hasStarted ? seconds(pod.start) : null,
      ready: hasStarted
        ? { status: this.#isReady(pod, t), lastTransition: seconds(this.#lastTransition(pod, t)) }
        : null,
      containers: this.#containers,
    };
  }

  /** The last second up to `t` at which the Ready condition changed; it starts out false. */
  #lastTransition(pod: Pod, t: number): number {
    const edges = [pod.ready, ...this.#dips(pod).flatMap(({ from, to }) => [from, to])]
      .filter((edge) => pod.start <= edge && edge <= t)
      .sort((a, b) => a - b);
    let last = pod.start;
    let wasReady = false;
    for (const edge of edges) {
      const isReady = this.#isReady(pod, edge);
      if (isReady !== wasReady) last = edge;
      wasReady = isReady;
    }
    return last;
  }

  #resourceMetrics(pods: readonly Pod[], s: number, t: number): PodMetricsSample[] {
    const { load, workload, metrics } = this.#case;
    const serving = this.serving(s);
    const share = (curve: Curve | undefined): number =>
      curve === undefined || serving === 0 ? 0 : Math.floor(valueAt(curve, s) / serving);
    const cpuShare = share(load.cpuMillicores);
    const memoryShare = share(load.memoryTotalBytes);
    const base = load.memoryBaseBytes ?? 0;
    const later = workload.containers.slice(1);
    const samples: PodMetricsSample[] = [];
    for (const pod of pods) {
      const hasCpu = !this.#isOut("cpu", pod, t) && !this.#isOut("resource", pod, t);
      const hasMemory = !this.#isOut("memory", pod, t) && !this.#isOut("resource", pod, t);
      if (!hasCpu && !hasMemory) continue;
      const isServing = this.#serves(pod, s);
      const cpu = isServing ? cpuShare : workload.notReadyCpuMillicores;
      const usages = [
        {
          name: workload.containers[0]?.name ?? "",
          cpu: Math.min(cpu, this.#cpuLimit),
          memory: base + (isServing ? memoryShare : 0),
        },
        ...later.map(({ name, fixedCpuMillicores, fixedMemoryBytes }) => ({
          name,
          cpu: fixedCpuMillicores ?? 0,
          memory: fixedMemoryBytes ?? 0,
        })),
      ];
      samples.push({
        pod: nameOf(pod),
        timestamp: seconds(s),
        window: seconds(metrics.windowSeconds),
        containers: usages.map((usage) => ({
          name: usage.name,
          cpuMillicores: hasCpu ? usage.cpu : null,
          memoryBytes: hasMemory ? usage.memory : null,
        })),
      });
    }
    return samples;
  }

  #podsMetrics(pods: readonly Pod[], s: number): Record<string, PodMetricValue[]> {
    const serving = this.serving(s);
    const window = seconds(this.#case.metrics.windowSeconds);
    return mapValues(this.#case.load.podsMetricsMilli ?? {}, (curve) => {
      const share = serving === 0 ? 0 : Math.floor(valueAt(curve, s) / serving);
      return pods.map((pod) => ({
        pod: nameOf(pod),
        timestamp: seconds(s),
        window,
        valueMilli: this.#serves(pod, s) ? share : 0,
      }));
    });
  }

  /** Whether an outage of a metric covers tick `t`, for a pod or (null) as a whole. */
  #isOut(metric: string, pod: Pod | null, t: number): boolean {
    return (this.#case.outages ?? []).some(
      ({ from, to, metric: affected, podModulo }) =>
        affected === metric &&
        from <= t &&
        t < to &&
        (podModulo === undefined || pod === null || pod.number % podModulo[0] === podModulo[1]),
    );
  }
}

interface Pod {
  readonly number: number;
  readonly created: number;
  readonly start: number;
  readonly ready: number;
  /** Infinity while it lives. */
  deleted: number;
}

const nameOf = ({ number }: Pod): string => `pod-${number}`;

/** A curve's value at second `s`: constant before the first and after the last point. */
function valueAt({ kind, points }: Curve, s: number): number {
  const next = points.findIndex(([t]) => t > s);
  if (next === 0) return points[0]![1];
  const [t0, v0] = points.at(next < 0 ? -1 : next - 1)!;
  if (kind === "step" || next < 0) return v0;
  const [t1, v1] = points[next]!;
  return v0 + floorQuotient(v1 - v0, s - t0, t1 - t0);
}

/** ⌊a × b ÷ c⌋ for whole numbers and a positive c, also where a × b passes 2^53. */
function floorQuotient(a: number, b: number, c: number): number {
  const product = a * b;
  if (Number.isSafeInteger(product)) return Math.floor(product / c);
  const [dividend, divisor] = [BigInt(a) * BigInt(b), BigInt(c)];
  const quotient = dividend / divisor;
  return Number(dividend % divisor < 0n ? quotient - 1n : quotient);
}

const mapValues = <In, Out>(record: Readonly<Record<string, In>>, map: (value: In) => Out) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
