import { z } from "zod";
import type { RevisionObservation, RolloutObservation } from "../../rollout.ts";
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
};

export function bindingOf(input: BindingInput, isPrometheus: boolean): Binding {
  const written: z.infer<typeof binding> = typeof input === "string" ? { metric: input } : input;
  return {
    metric: written.metric,
    factor: written.factor ?? 1,
    shape: written.shape ?? (isPrometheus ? "vector" : "scalar"),
    noData: written.noData ?? "empty",
  };
}

/** The answer to a bound query; null: the query fails. */
export function measureBinding(
  { metric, factor, shape, noData }: Binding,
  observation: RolloutObservation,
): { readonly value: ExpressionValue } | null {
  const measured = metricOf(metric, observation);
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

const inShape = (value: number, shape: Binding["shape"]): ExpressionValue =>
  shape === "vector" ? [value] : value;

function metricOf(
  name: BoundMetricName,
  { canary, stable }: Pick<RolloutObservation, "canary" | "stable">,
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
function revisionMetric(name: RevisionMetric, revision: RevisionObservation): number | null {
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
