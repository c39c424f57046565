import { type Json, plainState, savedState } from "../kernel/json.ts";
import { LatencyHistogram, type LatencyHistogramState } from "../stats/latencyHistogram.ts";

/** What the cluster knows about a service at the end of a bin. */
export interface ServiceGauges {
  readonly wanted: number | null;
  readonly created: number | null;
  readonly ready: number | null;
  readonly capacityRps: number | null;
  /** CPU time used since the last bin, in microseconds. */
  readonly cpuMicros: number | null;
  /** What its processes used of what their limits allowed since then; null without limit. */
  readonly busyShare: number | null;
}

/** Time series of one service; index = bin. */
export interface ServiceSeries {
  readonly wanted: (number | null)[];
  readonly created: (number | null)[];
  readonly ready: (number | null)[];
  readonly capacityRps: (number | null)[];
  readonly cpuMicros: (number | null)[];
  readonly busyShare: (number | null)[];
  readonly arrivals: number[];
  readonly unreached: number[];
  readonly failures: number[];
  readonly queuedMicros: number[];
  readonly servedMicros: number[];
  readonly totalMicros: number[];
  readonly answered: number[];
}

export interface RequestSeries {
  readonly arrivals: number[];
  readonly completed: number[];
  /** By number of the reason. */
  readonly failures: number[][];
  readonly p50: (number | null)[];
  readonly p95: (number | null)[];
  readonly p99: (number | null)[];
  /** By minute. */
  readonly minuteP95: (number | null)[];
}

/** What calls took beyond their first attempts. */
export interface AttemptCounts {
  readonly retries: Float64Array;
  /** Retries that a budget or throttling did not allow. */
  readonly retriesDenied: Float64Array;
  /** Copies that were sent because the first took long, and those of them that answered first. */
  readonly hedges: Float64Array;
  readonly hedgesWon: Float64Array;
  /** Attempts that their caller gave up. */
  readonly timeouts: Float64Array;
  /** Calls that failed for good and whose callers did something else instead. */
  readonly fallbacks: Float64Array;
}

/**
 * Counts what the data plane reports: cheap sums in typed arrays while a bin lasts, series when it
 * closes. Memory grows with bins, not with requests. Times are microseconds.
 */
export class Recorder {
  readonly binMicros: number;
  readonly binsPerMinute: number;
  /** Sums of the current bin by service. */
  readonly arrivals: Float64Array;
  /** Calls that found no pod, or one that does not listen any more. */
  readonly unreached: Float64Array;
  readonly failures: Float64Array;
  readonly queued: Float64Array;
  readonly served: Float64Array;
  readonly total: Float64Array;
  readonly answered: Float64Array;
  readonly cacheHits: Float64Array;
  readonly cacheMisses: Float64Array;
  readonly series: RequestSeries;
  readonly services: readonly ServiceSeries[];
  readonly latency = new LatencyHistogram();
  readonly #bin = new LatencyHistogram();
  readonly #minute = new LatencyHistogram();
  readonly #binFailures: Float64Array;
  readonly #failures: Float64Array;
  readonly #degraded: Float64Array;
  #binArrivals = 0;
  #binCompleted = 0;
  #requests = 0;
  #completed = 0;
  /** Users who met a failure that the stable revision would have spared them, by service. */
  readonly hurt: readonly Set<number>[];
  /** Totals of the measured time, by service that was called. */
  readonly attempts: AttemptCounts;

  constructor(shape: {
    readonly services: number;
    readonly caches: number;
    readonly reasons: number;
    /** Kinds of fallbacks. */
    readonly fallbacks: number;
    readonly binMicros: number;
  }) {
    const sums = (): Float64Array => new Float64Array(shape.services);
    this.binMicros = shape.binMicros;
    this.binsPerMinute = Math.max(1, Math.round(60_000_000 / shape.binMicros));
    this.arrivals = sums();
    this.unreached = sums();
    this.failures = sums();
    this.queued = sums();
    this.served = sums();
    this.total = sums();
    this.answered = sums();
    this.cacheHits = new Float64Array(shape.caches);
    this.cacheMisses = new Float64Array(shape.caches);
    this.#binFailures = new Float64Array(shape.reasons);
    this.#failures = new Float64Array(shape.reasons);
    this.#degraded = new Float64Array(shape.fallbacks);
    this.series = emptyRequestSeries(shape.reasons);
    this.services = Array.from({ length: shape.services }, emptyServiceSeries);
    this.attempts = {
      retries: sums(),
      retriesDenied: sums(),
      hedges: sums(),
      hedgesWon: sums(),
      timeouts: sums(),
      fallbacks: sums(),
    };
    this.hurt = Array.from({ length: shape.services }, () => new Set<number>());
  }

  get requests(): number {
    return this.#requests;
  }

  get completed(): number {
    return this.#completed;
  }

  /** Failed requests by number of the reason. */
  get failuresByReason(): readonly number[] {
    return Array.from(this.#failures);
  }

  get failed(): number {
    return this.#failures.reduce((sum, count) => sum + count, 0);
  }

  /** Requests with a degraded answer, by kind of the worst part of it. */
  get degradedByKind(): readonly number[] {
    return Array.from(this.#degraded);
  }

  get degraded(): number {
    return this.#degraded.reduce((sum, count) => sum + count, 0);
  }

  get bins(): number {
    return this.series.arrivals.length;
  }

  requestStarted(): void {
    this.#requests++;
    this.#binArrivals++;
  }

  requestCompleted(latency: number): void {
    this.#completed++;
    this.#binCompleted++;
    this.#bin.record(latency);
  }

  /** An answer with a part that stood in for one that failed: neither completed nor failed. */
  requestDegraded(kind: number, latency: number): void {
    this.#degraded[kind]!++;
    this.#bin.record(latency);
  }

  /** A failed request counts in the latencies too, with the time that it took to fail, as in k6. */
  requestFailed(reason: number, latency: number): void {
    this.#failures[reason]!++;
    this.#binFailures[reason]!++;
    this.#bin.record(latency);
  }

  /** Throws away what was counted since the last bin: the warm-up is over. */
  reset(): void {
    for (const sums of this.#sums()) sums.fill(0);
    this.cacheHits.fill(0);
    this.cacheMisses.fill(0);
    for (const counts of Object.values(this.attempts)) counts.fill(0);
    this.#bin.reset();
    this.#binFailures.fill(0);
    this.#failures.fill(0);
    this.#degraded.fill(0);
    this.#binArrivals = 0;
    this.#binCompleted = 0;
    this.#requests = 0;
    this.#completed = 0;
  }

  closeBin(gauges: readonly ServiceGauges[]): void {
    const { series } = this;
    series.arrivals.push(this.#binArrivals);
    series.completed.push(this.#binCompleted);
    this.#binFailures.forEach((count, reason) => {
      series.failures[reason]!.push(count);
    });
    const bin = this.#bin;
    series.p50.push(bin.quantile(0.5));
    series.p95.push(bin.quantile(0.95));
    series.p99.push(bin.quantile(0.99));
    this.services.forEach((service, index) => {
      this.#closeService(service, index, gauges[index]);
    });
    this.latency.merge(bin);
    this.#minute.merge(bin);
    bin.reset();
    this.#binFailures.fill(0);
    this.#binArrivals = 0;
    this.#binCompleted = 0;
    for (const sums of this.#sums()) sums.fill(0);
    if (this.bins % this.binsPerMinute === 0) this.#closeMinute();
  }

  /** A copy of the latencies up to this very moment: `latency` knows whole bins only. */
  latencySoFar(): LatencyHistogram {
    const copy = new LatencyHistogram();
    copy.merge(this.latency);
    copy.merge(this.#bin);
    return copy;
  }

  /** The last minute may be shorter than the others. */
  finish(): void {
    if (this.bins % this.binsPerMinute !== 0) this.#closeMinute();
  }

  state(): Json {
    return {
      bins: plainState({ requests: this.series, services: this.services }),
      sums: this.#sums().map((sums) => Array.from(sums)),
      caches: [Array.from(this.cacheHits), Array.from(this.cacheMisses)],
      degraded: Array.from(this.#degraded),
      attempts: Object.values(this.attempts).map((counts) => Array.from(counts)),
      failures: [Array.from(this.#failures), Array.from(this.#binFailures)],
      counts: [this.#requests, this.#completed, this.#binArrivals, this.#binCompleted],
      histograms: [this.latency.state(), this.#bin.state(), this.#minute.state()],
      hurt: this.hurt.map((users) => [...users]),
    };
  }

  restore(state: Json): void {
    const saved = savedState<RecorderState>(state);
    refill(this.series, saved.bins.requests);
    this.services.forEach((service, index) => {
      refill(service, saved.bins.services[index]!);
    });
    this.#sums().forEach((sums, index) => {
      sums.set(saved.sums[index]!);
    });
    this.cacheHits.set(saved.caches[0]!);
    this.cacheMisses.set(saved.caches[1]!);
    Object.values(this.attempts).forEach((counts, index) => {
      counts.set(saved.attempts[index]!);
    });
    this.#degraded.set(saved.degraded);
    this.#failures.set(saved.failures[0]!);
    this.#binFailures.set(saved.failures[1]!);
    const [requests, completed, binArrivals, binCompleted] = saved.counts;
    this.#requests = requests;
    this.#completed = completed;
    this.#binArrivals = binArrivals;
    this.#binCompleted = binCompleted;
    [this.latency, this.#bin, this.#minute].forEach((histogram, index) => {
      histogram.restore(saved.histograms[index]!);
    });
    this.hurt.forEach((users, index) => {
      users.clear();
      for (const user of saved.hurt[index]!) users.add(user);
    });
  }

  #sums(): readonly Float64Array[] {
    return [
      this.arrivals,
      this.unreached,
      this.failures,
      this.queued,
      this.served,
      this.total,
      this.answered,
    ];
  }

  #closeService(service: ServiceSeries, index: number, gauges: ServiceGauges | undefined): void {
    service.wanted.push(gauges?.wanted ?? null);
    service.created.push(gauges?.created ?? null);
    service.ready.push(gauges?.ready ?? null);
    service.capacityRps.push(gauges?.capacityRps ?? null);
    service.cpuMicros.push(gauges?.cpuMicros ?? null);
    service.busyShare.push(gauges?.busyShare ?? null);
    service.arrivals.push(this.arrivals[index]!);
    service.unreached.push(this.unreached[index]!);
    service.failures.push(this.failures[index]!);
    service.queuedMicros.push(this.queued[index]!);
    service.servedMicros.push(this.served[index]!);
    service.totalMicros.push(this.total[index]!);
    service.answered.push(this.answered[index]!);
  }

  #closeMinute(): void {
    this.series.minuteP95.push(this.#minute.quantile(0.95));
    this.#minute.reset();
  }
}

interface RecorderState {
  readonly bins: { readonly requests: RequestSeries; readonly services: readonly ServiceSeries[] };
  readonly sums: readonly (readonly number[])[];
  readonly caches: readonly (readonly number[])[];
  readonly degraded: readonly number[];
  readonly attempts: readonly (readonly number[])[];
  readonly failures: readonly (readonly number[])[];
  readonly counts: readonly [number, number, number, number];
  readonly histograms: readonly LatencyHistogramState[];
  readonly hurt: readonly (readonly number[])[];
}

function emptyRequestSeries(reasons: number): RequestSeries {
  return {
    arrivals: [],
    completed: [],
    failures: Array.from({ length: reasons }, () => []),
    p50: [],
    p95: [],
    p99: [],
    minuteP95: [],
  };
}

function emptyServiceSeries(): ServiceSeries {
  return {
    wanted: [],
    created: [],
    ready: [],
    capacityRps: [],
    cpuMicros: [],
    busyShare: [],
    arrivals: [],
    unreached: [],
    failures: [],
    queuedMicros: [],
    servedMicros: [],
    totalMicros: [],
    answered: [],
  };
}

/** Series keep their arrays: whoever holds one sees the restored values. */
function refill<T extends object>(target: T, source: T): void {
  const from = source as Readonly<Record<string, readonly unknown[]>>; // both are records of arrays
  for (const [name, array] of Object.entries(target as Readonly<Record<string, unknown[]>>)) {
    array.splice(0, array.length, ...structuredCopy(from[name]!));
  }
}

const structuredCopy = (values: readonly unknown[]): unknown[] =>
  values.map((value) => (Array.isArray(value) ? [...value] : value));
