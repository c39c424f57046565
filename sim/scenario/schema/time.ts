import type { z } from "zod";
import { adviseOnTime, count, duration, number, positiveDuration } from "./leaves.ts";
import { checkOneOf, either, fields, list, META_ONE_KEY } from "./shapes.ts";

const SIMPLE = [
  "constant",
  "exponential",
  "lognormal",
  "gamma",
  "erlang",
  "hyper-exponential",
  "bounded-pareto",
  "uniform",
  "weibull",
  "empirical",
] as const;
const DISTRIBUTIONS = [...SIMPLE, "mixture"] as const;

const mean = positiveDuration("The mean.");
const cv = number("Standard deviation over mean; 0 is a constant.", { min: 0, max: 100 });

const simple = {
  constant: duration("Always this long.").optional(),
  exponential: positiveDuration("The mean; the coefficient of variation is 1.").optional(),
  lognormal: fields({ mean, cv })
    .meta({ description: "Lognormal by its mean and coefficient of variation." })
    .optional(),
  gamma: fields({ mean, cv })
    .meta({ description: "Gamma by its mean and coefficient of variation." })
    .optional(),
  erlang: fields({
    mean,
    phases: count("Exponential phases one after the other.", 1, 1_000_000),
  })
    .meta({ description: "Erlang: the sum of equal exponential phases." })
    .optional(),
  "hyper-exponential": list(
    "a list of phases with weight and mean",
    fields({
      weight: number("How often this phase is taken, relative to the others.", { above: 0 }),
      mean,
    }),
    1,
  )
    .meta({ description: "One of several exponentials, by weight." })
    .optional(),
  "bounded-pareto": fields({
    min: positiveDuration("The shortest."),
    max: positiveDuration("The longest."),
    shape: number("The tail index: lower is heavier.", { above: 0 }),
  })
    .meta({ description: "A power-law tail between two bounds." })
    .optional(),
  uniform: fields({ min: duration("The shortest."), max: positiveDuration("The longest.") })
    .meta({ description: "Evenly between two bounds." })
    .optional(),
  weibull: fields({
    scale: positiveDuration("63 % are shorter."),
    shape: number("1 is exponential, less is heavier.", { above: 0, max: 100 }),
  })
    .meta({ description: "Weibull by its scale and shape." })
    .optional(),
  empirical: list("a list of durations", duration("A value, each as likely as the others."), 1)
    .meta({ description: "One of these values." })
    .optional(),
};

export const distributionMap = fields({
  ...simple,
  mixture: list(
    "a list of distributions with weight",
    fields({
      weight: number("How often it is taken, relative to the others.", { above: 0 }),
      ...simple,
    }).check(checkOneOf("a distribution", SIMPLE)),
    1,
  )
    .meta({ description: "One of several distributions, by weight." })
    .optional(),
})
  .check(checkOneOf("a distribution", DISTRIBUTIONS))
  .meta({ id: "Distribution", ...META_ONE_KEY, description: "A random time." });

/** `8ms`, or `{exponential: 8ms}` and its like. */
export const distribution = (description: string) =>
  either(
    "a duration like 8ms, or a distribution like {exponential: 8ms}",
    [duration("Always this long."), distributionMap],
    adviseOnTime,
  ).meta({ description });

export type DistributionInput = z.infer<ReturnType<typeof distribution>>;
