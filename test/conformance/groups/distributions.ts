import { numberAt } from "../statistical/model.ts";
import { isObject, type JsonObject } from "./group.ts";
import { time } from "./queueing/scenarios.ts";

/** A distribution of a table, in seconds, in the words of a scenario, and its moments. */
export interface TableDistribution {
  readonly written: unknown;
  readonly mean: number;
  /** Variance over the square of the mean. */
  readonly scv: number;
}

/** Reads a distribution of a table; throws for a kind that is not known. */
export function distributionOf(spec: JsonObject): TableDistribution {
  switch (spec["kind"]) {
    case "deterministic": {
      const value = numberAt(spec, "value");
      return { written: time(value), mean: value, scv: 0 };
    }
    case "exponential": {
      const mean = numberAt(spec, "mean");
      return { written: { exponential: time(mean) }, mean, scv: 1 };
    }
    case "lognormal": {
      const [mu, sigma] = [numberAt(spec, "mu"), numberAt(spec, "sigma")];
      const mean = Math.exp(mu + sigma ** 2 / 2);
      const scv = Math.expm1(sigma ** 2);
      return { written: { lognormal: { mean: time(mean), cv: Math.sqrt(scv) } }, mean, scv };
    }
    case "hyperexponential":
      return mixture(
        numbersAt(spec, "weights"),
        numbersAt(spec, "means").map((mean) => ({
          written: { exponential: time(mean) },
          ...{ mean, scv: 1 },
        })),
      );
    case "uniform": {
      const [min, max] = [numberAt(spec, "min"), numberAt(spec, "max")];
      const mean = (min + max) / 2;
      const written = { uniform: { min: time(min), max: time(max) } };
      return { written, mean, scv: (max - min) ** 2 / 12 / mean ** 2 };
    }
    case "weibull": {
      const [scale, shape] = [numberAt(spec, "scale"), numberAt(spec, "shape")];
      // Its moments are not needed where there is no queue.
      return { written: { weibull: { scale: time(scale), shape } }, mean: scale, scv: 1 };
    }
    case "mixture": {
      const parts = spec["parts"];
      if (!Array.isArray(parts) || !parts.every(isObject)) throw new Error("a mixture has parts");
      return mixture(numbersAt(spec, "weights"), parts.map(distributionOf));
    }
    default:
      throw new Error(`no distribution ${String(spec["kind"])}`);
  }
}

function mixture(
  weights: readonly number[],
  parts: readonly TableDistribution[],
): TableDistribution {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const average = (of: (part: TableDistribution) => number): number =>
    parts.reduce((sum, part, index) => sum + (weights[index]! / total) * of(part), 0);
  const mean = average((part) => part.mean);
  const second = average((part) => part.mean ** 2 * (1 + part.scv));
  const written = {
    mixture: parts.map((part, index) => ({
      weight: weights[index]!,
      // A distribution is a time or a map.
      ...(typeof part.written === "string" ? { constant: part.written } : Object(part.written)),
    })),
  };
  return { written, mean, scv: second / mean ** 2 - 1 };
}

function numbersAt(spec: JsonObject, key: string): readonly number[] {
  const values = spec[key];
  if (!Array.isArray(values) || !values.every((value) => typeof value === "number")) {
    throw new Error(`no numbers at ${key}`);
  }
  return values;
}
