import type { Micros } from "../../../kernel/time.ts";
import { micros, seconds } from "../../../kernel/time.ts";
import type { ExpressionValue } from "./expression/syntax.ts";
import { type Conditions, judge, type Verdict } from "./measurement.ts";

/** A metric of an AnalysisRun, its arguments filled in; null where nothing was written. */
export type AnalysisMetric = Conditions & {
  readonly name: string;
  readonly interval: Micros | null;
  readonly initialDelay: Micros | null;
  readonly count: number | null;
  readonly failureLimit: number | null;
  readonly inconclusiveLimit: number | null;
  readonly consecutiveErrorLimit: number | null;
  readonly consecutiveSuccessLimit: number | null;
  /** Measured and judged, without effect. */
  readonly dryRun: boolean;
};

export type MetricResult = {
  readonly phase: "Running" | Verdict;
  readonly lastMeasurement: Verdict;
  readonly lastTime: Micros;
  /** Measurements that did not end in an error. */
  readonly count: number;
  readonly successful: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly error: number;
  readonly consecutiveError: number;
  readonly consecutiveSuccess: number;
};

export type AnalysisRun = {
  readonly phase: "Running" | Verdict;
  readonly startTime: Micros;
  /** By metric, in order; null before its first measurement. */
  readonly results: readonly (MetricResult | null)[];
  /** Why the specification was rejected, or null. */
  readonly invalid: string | null;
  readonly terminate: boolean;
};

/** What the query of a metric answered; null: it failed. */
export type Measure<Metric extends AnalysisMetric> = (
  metric: Metric,
  index: number,
) => { readonly value: ExpressionValue } | null;

/** After an error the next try waits this long, whatever the interval. */
const ERROR_RETRY = seconds(10);
const DEFAULT_CONSECUTIVE_ERROR_LIMIT = 4;

/** A run over some metrics, in which nothing has been measured yet. */
export function startAnalysis(metrics: readonly AnalysisMetric[], now: Micros): AnalysisRun {
  const invalid = metricsFault(metrics);
  return {
    phase: invalid === null ? "Running" : "Error",
    startTime: now,
    results: metrics.map(() => null),
    invalid,
    terminate: false,
  };
}

/**
 * One moment of an AnalysisRun: takes the measurements that are due and judges metrics and run. A
 * measurement takes no time. Call it at least whenever one may be due; calling it more often
 * changes nothing.
 * Source: recorded runs of Argo Rollouts 1.9.1 (test/conformance/rollout/argo-analysis.json).
 */
export function reconcileAnalysis<Metric extends AnalysisMetric>(
  run: AnalysisRun,
  metrics: readonly Metric[],
  measure: Measure<Metric>,
  now: Micros,
): AnalysisRun {
  if (run.phase !== "Running") return run;
  const measured = metrics.map((metric, index) => {
    const result = run.results[index] ?? null;
    return isDue(metric, result, run, now)
      ? withMeasurement(result, verdictOf(metric, measure(metric, index)), now)
      : result;
  });
  const judged = metrics.map((metric, index) => withPhase(metric, measured[index]!, run.terminate));
  // What one metric's verdict means for the others is the business of the next reconciliation,
  // which follows at once: by then those that could finish by themselves have.
  const isTerminating = run.terminate || metrics.some((metric, i) => stops(metric, judged[i]!));
  const settled = isTerminating
    ? metrics.map((metric, index) => withPhase(metric, judged[index]!, true))
    : judged;
  return { ...run, results: settled, phase: phaseOf(metrics, settled, isTerminating) };
}

/** The same run, told to stop: it ends with the verdicts that it has. */
export const terminated = (run: AnalysisRun): AnalysisRun => ({ ...run, terminate: true });

function isDue(
  metric: AnalysisMetric,
  result: MetricResult | null,
  run: AnalysisRun,
  now: Micros,
): boolean {
  if (run.terminate) return false;
  if (result === null) return now >= run.startTime + (metric.initialDelay ?? 0);
  if (result.phase !== "Running") return false;
  return now >= nextTime(metric, result);
}

function nextTime(metric: AnalysisMetric, result: MetricResult): Micros {
  const isRetry = result.lastMeasurement === "Error" || metric.interval === null;
  return micros(result.lastTime + (isRetry ? ERROR_RETRY : (metric.interval ?? ERROR_RETRY)));
}

function verdictOf(metric: AnalysisMetric, measured: ReturnType<Measure<AnalysisMetric>>): Verdict {
  return measured === null ? "Error" : judge(metric, measured.value);
}

const NOTHING_YET = {
  phase: "Running",
  count: 0,
  successful: 0,
  failed: 0,
  inconclusive: 0,
  error: 0,
  consecutiveError: 0,
  consecutiveSuccess: 0,
} as const;

function withMeasurement(before: MetricResult | null, verdict: Verdict, now: Micros): MetricResult {
  const result = before ?? NOTHING_YET;
  const one = (kind: Verdict): number => (verdict === kind ? 1 : 0);
  return {
    phase: result.phase,
    lastMeasurement: verdict,
    lastTime: now,
    count: result.count + 1 - one("Error"),
    successful: result.successful + one("Successful"),
    failed: result.failed + one("Failed"),
    inconclusive: result.inconclusive + one("Inconclusive"),
    error: result.error + one("Error"),
    consecutiveError: verdict === "Error" ? result.consecutiveError + 1 : 0,
    consecutiveSuccess: verdict === "Successful" ? result.consecutiveSuccess + 1 : 0,
  };
}

function withPhase(
  metric: AnalysisMetric,
  result: MetricResult | null,
  isTerminating: boolean,
): MetricResult | null {
  if (result === null || result.phase !== "Running") return result;
  return { ...result, phase: metricPhase(metric, result, isTerminating) };
}

/** Limits are passed, not reached; of several the last one checked names the verdict. */
function metricPhase(
  metric: AnalysisMetric,
  result: MetricResult,
  isTerminating: boolean,
): MetricResult["phase"] {
  const failureLimit = metric.failureLimit ?? 0;
  const errorLimit = metric.consecutiveErrorLimit ?? DEFAULT_CONSECUTIVE_ERROR_LIMIT;
  const successLimit = metric.consecutiveSuccessLimit ?? 0;
  if (result.consecutiveError > errorLimit) return "Error";
  if (result.inconclusive > (metric.inconclusiveLimit ?? 0)) return "Inconclusive";
  if (failureLimit >= 0 && result.failed > failureLimit) return "Failed";
  if (successLimit > 0 && result.consecutiveSuccess >= successLimit) return "Successful";
  const count = effectiveCount(metric);
  if (count !== null && result.count >= count) {
    if (successLimit <= 0) return "Successful";
    return failureLimit >= 0 ? "Inconclusive" : "Failed";
  }
  return isTerminating ? "Successful" : "Running";
}

/** Null: for ever. */
function effectiveCount({ count, interval }: AnalysisMetric): number | null {
  if (count !== null && count > 0) return count;
  return interval === null ? 1 : null;
}

const stops = (metric: AnalysisMetric, result: MetricResult | null): boolean =>
  !metric.dryRun && result !== null && result.phase !== "Running" && result.phase !== "Successful";

const FROM_BEST_TO_WORST: readonly Verdict[] = ["Successful", "Inconclusive", "Error", "Failed"];

function phaseOf(
  metrics: readonly AnalysisMetric[],
  results: readonly (MetricResult | null)[],
  isTerminating: boolean,
): AnalysisRun["phase"] {
  let worst = 0;
  for (const [index, result] of results.entries()) {
    if (result === null) {
      // It never will be measured if the run ends now.
      if (!isTerminating) return "Running";
      continue;
    }
    if (result.phase === "Running") return "Running";
    if (metrics[index]!.dryRun) continue;
    worst = Math.max(worst, FROM_BEST_TO_WORST.indexOf(result.phase));
  }
  return FROM_BEST_TO_WORST[worst]!;
}

/** What Argo rejects a run for; null when nothing. */
export function metricsFault(metrics: readonly AnalysisMetric[]): string | null {
  if (metrics.length === 0) return "no metrics";
  for (const [index, metric] of metrics.entries()) {
    const isRepeated = metrics.findIndex(({ name }) => name === metric.name) < index;
    const fault = isRepeated ? `a second metric ${metric.name}` : metricFault(metric);
    if (fault !== null) return `metric ${metric.name}: ${fault}`;
  }
  return null;
}

function metricFault(metric: AnalysisMetric): string | null {
  const { interval, inconclusiveLimit, consecutiveErrorLimit } = metric;
  const count = metric.count ?? 0;
  const failureLimit = metric.failureLimit ?? 0;
  const successLimit = metric.consecutiveSuccessLimit ?? 0;
  if (count > 0 && count < failureLimit) return "count is less than failureLimit";
  if (count > 0 && count < (inconclusiveLimit ?? 0)) return "count is less than inconclusiveLimit";
  if (count > 0 && successLimit > 0 && count < Math.max(0, failureLimit) + successLimit) {
    return "count is less than failureLimit and consecutiveSuccessLimit together";
  }
  if (count > 1 && interval === null) return "a count above 1 needs an interval";
  if (failureLimit < -1) return "failureLimit is less than -1";
  if ((inconclusiveLimit ?? 0) < 0) return "inconclusiveLimit is negative";
  if ((consecutiveErrorLimit ?? 0) < 0) return "consecutiveErrorLimit is negative";
  if (successLimit < 0) return "consecutiveSuccessLimit is negative";
  if (failureLimit < 0 && successLimit === 0) {
    return "failureLimit is -1 and there is no consecutiveSuccessLimit: it could never fail";
  }
  return null;
}
