import type { DistributionSpec } from "../../workload/distributions.ts";
import type { DistributionInput } from "../schema/time.ts";
import type { Path } from "../tree.ts";
import { parseTime } from "../units.ts";
import type { Context } from "./context.ts";

/** A distribution with its times in microseconds. */
export function normaliseDistribution(
  context: Context,
  input: DistributionInput,
  path: Path,
): DistributionSpec {
  if (typeof input === "string") return { kind: "constant", value: parseTime(input) };
  if (input.mixture === undefined) return normaliseSimple(context, input, path);
  const parts = input.mixture.map(({ weight, ...part }, index) => ({
    weight,
    of: normaliseSimple(context, part, [...path, "mixture", index]),
  }));
  return { kind: "mixture", parts };
}

type SimpleInput = Omit<Exclude<DistributionInput, string>, "mixture">;

function normaliseSimple(context: Context, input: SimpleInput, path: Path): DistributionSpec {
  const phases = input["hyper-exponential"];
  const pareto = input["bounded-pareto"];
  const spread = input.lognormal ?? input.gamma;
  if (input.exponential !== undefined) {
    return { kind: "exponential", mean: parseTime(input.exponential) };
  }
  if (spread !== undefined) {
    const kind = input.lognormal === undefined ? "gamma" : "lognormal";
    return { kind, mean: parseTime(spread.mean), cv: spread.cv };
  }
  if (input.erlang !== undefined) {
    return { kind: "erlang", mean: parseTime(input.erlang.mean), phases: input.erlang.phases };
  }
  if (phases !== undefined) {
    return {
      kind: "hyper-exponential",
      phases: phases.map(({ weight, mean }) => ({ weight, mean: parseTime(mean) })),
    };
  }
  if (pareto !== undefined) {
    const bounds = normaliseBounds(context, pareto, [...path, "bounded-pareto"]);
    return { kind: "bounded-pareto", ...bounds, shape: pareto.shape };
  }
  if (input.uniform !== undefined) {
    return { kind: "uniform", ...normaliseBounds(context, input.uniform, [...path, "uniform"]) };
  }
  if (input.weibull !== undefined) {
    const { scale, shape } = input.weibull;
    return { kind: "weibull", scale: parseTime(scale), shape };
  }
  if (input.empirical !== undefined) {
    return { kind: "empirical", values: input.empirical.map(parseTime), weights: null };
  }
  return { kind: "constant", value: parseTime(input.constant ?? "0s") };
}

function normaliseBounds(
  context: Context,
  written: { readonly min: string; readonly max: string },
  path: Path,
): { readonly min: number; readonly max: number } {
  const [min, max] = [parseTime(written.min), parseTime(written.max)];
  if (min > max) {
    const message = `min is at most max, found ${written.min} above ${written.max}`;
    context.atValue([...path, "min"], message);
  }
  return { min, max };
}

/** The same for what may be absent. */
export function distributionOr<Fallback>(
  context: Context,
  input: DistributionInput | undefined,
  path: Path,
  fallback: Fallback,
): DistributionSpec | Fallback {
  return input === undefined ? fallback : normaliseDistribution(context, input, path);
}

export const constant = (value: number): DistributionSpec => ({ kind: "constant", value });
