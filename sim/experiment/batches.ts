import { type Micros, micros, toMillis, toSeconds } from "../kernel/time.ts";
import type { BatchMeansResult, Estimate, PolicyResult } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { batchInterval, serialCorrelation } from "../stats/batchMeans.ts";
import type { LatencyHistogram } from "../stats/latencyHistogram.ts";
import { allKnown, withinPercent } from "./estimate.ts";

/** Batches that look correlated by chance are as rare as this. */
const SIGNIFICANCE = 0.05;

/** What was measured in one of the equal parts of a run. */
export interface Batch {
  readonly requests: number;
  readonly completed: number;
  readonly failed: number;
  /** Of requests that ended in it; null when none did. */
  readonly latency: {
    readonly meanMs: number;
    readonly p50Ms: number;
    readonly p95Ms: number;
    readonly p99Ms: number;
  } | null;
}

/** Totals of the measured time so far. */
interface Mark {
  readonly requests: number;
  readonly completed: number;
  readonly failed: number;
  readonly latency: LatencyHistogram;
}

/**
 * Cuts the measured time of a model into equal, non-overlapping batches: run it no further than
 * `until` says, and call `look` then.
 */
export class BatchObserver {
  readonly #model: Model;
  readonly #ends: readonly Micros[];
  readonly #batches: Batch[] = [];
  #last: Mark | null = null;

  constructor(model: Model, count: number) {
    const { warmUp, duration } = model.scenario;
    this.#model = model;
    this.#ends = Array.from({ length: count }, (_, index) =>
      micros(warmUp + Math.round((duration * (index + 1)) / count)),
    );
  }

  /** All that are over. */
  get batches(): readonly Batch[] {
    return this.#batches;
  }

  until(time: Micros): Micros {
    return micros(Math.min(time, this.#ends[this.#batches.length] ?? time));
  }

  look(): void {
    if (this.#model.simulation.now !== this.#ends[this.#batches.length]) return;
    const mark = markOf(this.#model);
    this.#batches.push(batchBetween(this.#last, mark));
    this.#last = mark;
  }
}

function markOf({ recorder }: Model): Mark {
  const { requests, completed, failed } = recorder;
  return { requests, completed, failed, latency: recorder.latencySoFar() };
}

function batchBetween(from: Mark | null, to: Mark): Batch {
  const latency = from === null ? to.latency : to.latency.since(from.latency);
  const quantile = (q: number): number => toMillis(latency.quantile(q) ?? 0);
  return {
    requests: to.requests - (from?.requests ?? 0),
    completed: to.completed - (from?.completed ?? 0),
    failed: to.failed - (from?.failed ?? 0),
    latency:
      latency.mean === null
        ? null
        : {
            meanMs: toMillis(latency.mean),
            p50Ms: quantile(0.5),
            p95Ms: quantile(0.95),
            p99Ms: quantile(0.99),
          },
  };
}

type Metrics = PolicyResult["metrics"];

/** The result of one long run, with intervals and a check from its batches. */
export function withBatchMeans(
  policy: PolicyResult,
  batches: readonly Batch[],
  scenario: Scenario,
  level: number,
): PolicyResult {
  const metrics = batchMetrics(policy.metrics, batches, scenario, level);
  const { meanMs: mean, p50Ms: p50, p95Ms: p95, p99Ms: p99, failedPercent: failed } = metrics;
  const known: Readonly<Record<string, Estimate | null>> = { mean, p50, p95, p99, failed };
  const checks = policy.objective.checks.map((check) => ({
    ...check,
    value: known[check.metric] ?? check.value,
  }));
  const objective = { ...policy.objective, checks };
  return { ...policy, metrics, objective, batchMeans: batchMeansResult(batches, scenario) };
}

/**
 * The metrics of one long run with intervals from its batches. Those that batches do not have stay
 * without one.
 */
function batchMetrics(
  metrics: Metrics,
  batches: readonly Batch[],
  scenario: Scenario,
  level: number,
): Metrics {
  const batchSeconds = toSeconds(scenario.duration) / batches.length;
  const of = (whole: Estimate, values: readonly (number | null)[]): Estimate => {
    const known = allKnown(values);
    if (known === null) return whole;
    const { low, high, n } = batchInterval({ batches: known, whole: whole.mean, level });
    return { mean: whole.mean, low, high, n };
  };
  const latency = (key: keyof NonNullable<Batch["latency"]>): Estimate | null => {
    const whole = metrics[key];
    return (
      whole &&
      of(
        whole,
        batches.map((batch) => batch.latency?.[key] ?? null),
      )
    );
  };
  return {
    ...metrics,
    meanMs: latency("meanMs"),
    p50Ms: latency("p50Ms"),
    p95Ms: latency("p95Ms"),
    p99Ms: latency("p99Ms"),
    failedPercent: withinPercent(of(metrics.failedPercent, batches.map(failedPercentOf))),
    throughputRps: of(
      metrics.throughputRps,
      batches.map(({ completed }) => completed / batchSeconds),
    ),
  };
}

const failedPercentOf = ({ requests, failed }: Batch): number =>
  requests === 0 ? 0 : (100 * failed) / requests;

/** What to say of the batches, and whether their means are independent. */
function batchMeansResult(batches: readonly Batch[], scenario: Scenario): BatchMeansResult {
  const means = allKnown(batches.map(({ latency }) => latency?.meanMs ?? null));
  const { lag1, pValue } = serialCorrelation(means ?? batches.map(({ completed }) => completed));
  return {
    count: batches.length,
    seconds: toSeconds(scenario.duration) / batches.length,
    lag1,
    pValue,
    isIndependent: means !== null && pValue > SIGNIFICANCE,
    batches: batches.map((batch) => ({
      requests: batch.requests,
      failedPercent: failedPercentOf(batch),
      meanMs: batch.latency?.meanMs ?? null,
      p95Ms: batch.latency?.p95Ms ?? null,
    })),
  };
}

/** Why the intervals of batches may be too narrow; none where they may not. */
export function batchDoubts({ name, batchMeans }: PolicyResult): readonly string[] {
  if (batchMeans === undefined || batchMeans.isIndependent) return [];
  const { count, seconds, lag1, pValue } = batchMeans;
  const length = `${count} batches of ${Number(seconds.toPrecision(4))} s`;
  if (batchMeans.batches.some(({ meanMs }) => meanMs === null)) {
    return [`${name}: some of ${length} have no answers, and so no means. Use a longer duration.`];
  }
  return [
    `${name}: neighbours among ${length} are correlated (lag 1: ${lag1.toFixed(2)}, p = ` +
      `${pValue.toFixed(3)}), so that intervals are too narrow. Use a longer duration or warm-up.`,
  ];
}
