import { z } from "zod";
import { type Micros, seconds } from "../../../kernel/time.ts";
import type { RevisionObservation, RevisionTraffic, RolloutObservation } from "../../rollout.ts";
import { parseDuration } from "./duration.ts";
import type { ExpressionValue } from "./expression/syntax.ts";

const PER_REVISION = [
  "error-rate",
  "success-rate",
  "requests",
  "failures",
  "p50-ms",
  "p95-ms",
  "p99-ms",
] as const;
type RevisionMetric = (typeof PER_REVISION)[number];

const METRICS = [
  ...PER_REVISION.map((name) => `canary-${name}` as const),
  ...PER_REVISION.map((name) => `stable-${name}` as const),
  "error-rate-ratio",
  "p50-ratio",
  "p95-ratio",
  "p99-ratio",
] as const;
type BoundMetricName = (typeof METRICS)[number];

const metricName = z.enum(METRICS);

/** What most queries have: `rate(…[1m])`. */
const DEFAULT_WINDOW = seconds(60);
/** Binding windows that are no time: since the last change of the weight. */
const SINCE_STEP = "step";
const WINDOW = "a time like 1m, or step";

/**
 * What stands for a query in the simulation: a metric, and how the query would have written it.
 * Rates are shares, 0 … 1; ratios are the canary's value over the stable side's.
 */
const binding = z.strictObject({
  metric: metricName,
  /** Turns milliseconds into seconds (0.001), shares into percent (100). Default 1. */
  factor: z.number().optional(),
  /** A Prometheus query gives a vector (`result[0]`), which is its default; others a number. */
  shape: z.enum(["vector", "scalar"]).optional(),
  /**
   * What the query gives without a request: nothing (an empty vector, or nil; the default),
   * not-a-number as 0 ÷ 0 does, zero, or an error.
   */
  noData: z.enum(["empty", "nan", "zero", "error"]).optional(),
  /**
   * The range of the query, over which requests are counted: default 1m, as in `rate(…[1m])`; or
   * `step`, since the weight last changed.
   */
  window: z
    .string({ error: WINDOW })
    .refine((written) => written === SINCE_STEP || (parseDuration(written) ?? 0) > 0, {
      error: WINDOW,
    })
    .optional(),
});

/** By the name of a metric, by template/metric, or by the text of its query. */
export const bindingsSchema = z.record(z.string(), z.union([metricName, binding]), {
  error: "a map from metrics or queries to metrics of the simulation",
});

export type BindingInput = z.infer<typeof bindingsSchema>[string];

export type Binding = {
  readonly metric: BoundMetricName;
  readonly factor: number;
  readonly shape: "vector" | "scalar";
  readonly noData: "empty" | "nan" | "zero" | "error";
  /** Null: since the weight last changed. */
  readonly window: Micros | null;
};

export function bindingOf(input: BindingInput, isPrometheus: boolean): Binding {
  const written: z.infer<typeof binding> = typeof input === "string" ? { metric: input } : input;
  return {
    metric: written.metric,
    factor: written.factor ?? 1,
    shape: written.shape ?? (isPrometheus ? "vector" : "scalar"),
    noData: written.noData ?? "empty",
    window: windowOf(written.window),
  };
}

function windowOf(written: string | undefined): Micros | null {
  if (written === undefined) return DEFAULT_WINDOW;
  return written === SINCE_STEP ? null : parseDuration(written);
}

/** Every window that one of these reads, once. */
export const windowsOf = (bindings: readonly Binding[]): readonly Micros[] => [
  ...new Set(bindings.flatMap(({ window }) => window ?? [])),
];

/** The answer to a bound query; null: the query fails. */
export function measureBinding(
  { metric, factor, shape, noData, window }: Binding,
  { canary, stable }: RolloutObservation,
): { readonly value: ExpressionValue } | null {
  const traffic = { canary: trafficOf(canary, window), stable: trafficOf(stable, window) };
  const measured = metricOf(metric, traffic);
  if (measured !== null) return { value: inShape(measured * factor, shape) };
  switch (noData) {
    case "empty":
      return { value: shape === "vector" ? [] : null };
    case "nan":
      return { value: inShape(NaN, shape) };
    case "zero":
      return { value: inShape(0, shape) };
    case "error":
      return null;
  }
}

/** A platform that keeps no windows has what it counted. */
const trafficOf = (side: RevisionObservation, window: Micros | null): RevisionTraffic =>
  side.recent?.find((recent) => recent.window === window) ?? side;

const inShape = (value: number, shape: Binding["shape"]): ExpressionValue =>
  shape === "vector" ? [value] : value;

function metricOf(
  name: BoundMetricName,
  { canary, stable }: { readonly canary: RevisionTraffic; readonly stable: RevisionTraffic },
): number | null {
  const ratio = (of: RevisionMetric): number | null => {
    const [numerator, denominator] = [revisionMetric(of, canary), revisionMetric(of, stable)];
    return numerator === null || denominator === null ? null : numerator / denominator;
  };
  switch (name) {
    case "error-rate-ratio":
      return ratio("error-rate");
    case "p50-ratio":
      return ratio("p50-ms");
    case "p95-ratio":
      return ratio("p95-ms");
    case "p99-ratio":
      return ratio("p99-ms");
    default: {
      const of = PER_REVISION.find((known) => name.endsWith(`-${known}`));
      const side = name.startsWith("canary") ? canary : stable;
      return of === undefined ? null : revisionMetric(of, side);
    }
  }
}

/** Null without a request that tells. */
function revisionMetric(name: RevisionMetric, revision: RevisionTraffic): number | null {
  const { requests, failures } = revision;
  switch (name) {
    case "error-rate":
      return requests === 0 ? null : failures / requests;
    case "success-rate":
      return requests === 0 ? null : (requests - failures) / requests;
    case "requests":
      return requests;
    case "failures":
      return failures;
    case "p50-ms":
      return revision.p50Ms;
    case "p95-ms":
      return revision.p95Ms;
    case "p99-ms":
      return revision.p99Ms;
  }
}
