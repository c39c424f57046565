import binomialQuantile from "@stdlib/stats-base-dists-binomial-quantile";
import chiSquareQuantile from "@stdlib/stats-base-dists-chisquare-quantile";
import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import tCdf from "@stdlib/stats-base-dists-t-cdf";
import tQuantile from "@stdlib/stats-base-dists-t-quantile";
import { mean, sampleStandardDeviation } from "simple-statistics";

/**
 * The statistical acceptance of ../README.md: how precise a metric must be known before it is
 * judged, when it fails, and what the metrics of a table must be together.
 */

/** Largest half-width of the 99 % interval with which a metric counts as evaluated. */
export type Precision =
  /** 2 % of the value. */
  | "mean"
  /** 5 % of the value: p95, p99, a retrial queue's mean orbit. */
  | "tail"
  /** 0.005 absolute: probabilities and shares. */
  | "share"
  /** 3 % of the value or 0.05, whichever is larger: the mean in a transient system. */
  | "transient"
  /** So much, where a metric is judged in another form than the table's. */
  | { readonly absolute: number };

export interface MetricSamples {
  readonly name: string;
  /** The table's value. */
  readonly expected: number;
  readonly precision: Precision;
  /** One value a replication. */
  readonly samples: readonly number[];
  /** Largest |m / v − 1| that an approximate table allows (mean field); else null. */
  readonly relativeTolerance: number | null;
  /** Of a share: the independent trials of each replication that it counts. */
  readonly trials?: number;
}

export interface CaseSamples {
  readonly name: string;
  /** The first one stands for the case where the rules take one metric per case. */
  readonly metrics: readonly MetricSamples[];
}

export interface Estimate {
  readonly mean: number;
  readonly standardError: number;
  readonly n: number;
}

/** Values of the tables have ten significant digits; nothing finer can be told. */
const RESOLUTION = 1e-9;
const FAMILY_ERROR = 0.01;
/** What the warm-up may leave behind. */
const REMAINS = 0.002;

/**
 * A share of known trials is not known better than binomially: where nothing was counted because
 * the table's value is small, the samples show no deviation at all.
 */
export function estimate({ samples, expected, trials }: MetricSamples): Estimate {
  const values = [...samples];
  const n = values.length;
  const least = trials === undefined ? 0 : Math.sqrt((expected * (1 - expected)) / (trials * n));
  const standardError = Math.max(sampleStandardDeviation(values) / Math.sqrt(n), least);
  return { mean: mean(values), standardError, n };
}

/** Whether the metric is known well enough to be judged at all. */
export function isPrecise(metric: MetricSamples): boolean {
  const { standardError, n } = estimate(metric);
  return tQuantile(0.995, n - 1) * standardError <= allowedHalfWidth(metric);
}

/** How many more replications make all metrics precise, by what is known now; 0 when they are. */
export function missingReplications(metrics: readonly MetricSamples[]): number {
  const imprecise = metrics.filter((metric) => !isPrecise(metric));
  const needed = imprecise.map((metric) => {
    const { standardError, n } = estimate(metric);
    const ratio = (tQuantile(0.995, n - 1) * standardError) / allowedHalfWidth(metric);
    return Math.ceil(n * (1.1 * ratio * ratio - 1)) + 1;
  });
  return Math.max(0, ...needed);
}

function allowedHalfWidth({ precision, expected }: MetricSamples): number {
  const size = Math.abs(expected);
  if (typeof precision === "object") return precision.absolute;
  switch (precision) {
    case "mean":
      return 0.02 * size + RESOLUTION;
    case "tail":
      return 0.05 * size + RESOLUTION;
    case "transient":
      return Math.max(0.03 * size, 0.05);
    default:
      return 0.005;
  }
}

/** What is wrong with a metric that is judged together with others, `family` in all; else null. */
export function metricDifference(metric: MetricSamples, family: number): string | null {
  const { expected, relativeTolerance } = metric;
  const { mean: m, standardError, n } = estimate(metric);
  const factor = tQuantile(1 - FAMILY_ERROR / (2 * family), n - 1);
  const allowed =
    relativeTolerance === null
      ? factor * standardError + REMAINS * Math.abs(expected) + RESOLUTION
      : relativeTolerance * Math.abs(expected);
  if (Math.abs(m - expected) <= allowed) return null;
  return `${metric.name}: expected ${expected}, measured ${m} ± ${allowed} (n = ${n})`;
}

/** Whether the plain 99 % interval leaves out the table's value. */
export function misses(metric: MetricSamples): boolean {
  const { mean: m, standardError, n } = estimate(metric);
  const halfWidth = tQuantile(0.995, n - 1) * standardError + RESOLUTION;
  return Math.abs(m - metric.expected) > halfWidth;
}

/** What is wrong with the metrics of a table together, one metric per case; empty when nothing. */
export function jointDifferences(primaries: readonly MetricSamples[]): readonly string[] {
  const exact = primaries.filter(({ relativeTolerance }) => relativeTolerance === null);
  const count = exact.length;
  if (count === 0) return [];
  const missing = exact.filter(misses).length;
  const most = binomialQuantile(0.999, count, 0.01);
  const scores = exact.map(normalScore);
  const squares = scores.reduce((sum, z) => sum + z * z, 0);
  const limit = chiSquareQuantile(0.9995, count);
  const bias = mean(scores);
  const bound = 3.3 / Math.sqrt(count);
  return [
    ...(missing > most ? [`count test: ${missing} of ${count} miss, at most ${most} may`] : []),
    ...(squares > limit ? [`bias test: sum of z² is ${squares}, at most ${limit}`] : []),
    ...(Math.abs(bias) > bound ? [`bias test: mean of z is ${bias}, within ± ${bound}`] : []),
  ];
}

/** (m − v) / (s / √R), which has Student's law, turned into what has the normal one. */
function normalScore(metric: MetricSamples): number {
  const { mean: m, standardError, n } = estimate(metric);
  const distance = m - metric.expected;
  if (Math.abs(distance) <= RESOLUTION) return 0;
  const t = Math.abs(distance) / standardError;
  // From the lower tail, where small probabilities keep their digits.
  const z = -normalQuantile(Math.max(tCdf(-t, n - 1), Number.MIN_VALUE), 0, 1);
  return distance < 0 ? -z : z;
}
