import { z } from "zod";
import { PRESETS } from "../../workload/presets.ts";
import { CALL_SETTINGS, callSettings, callTarget } from "./calls.ts";
import {
  adviseOnRate,
  count,
  duration,
  name,
  number,
  positiveDuration,
  rate,
  share,
  text,
  word,
} from "./leaves.ts";
import { checkOneOf, either, fields, list, metaOneOf, named } from "./shapes.ts";
import { distribution } from "./time.ts";

export const PRESET_NAMES = ["black-friday", "prime-day"] as const;

/** Keys of a rate that only a preset takes; each preset knows some of them. */
const PRESET_PARAMETERS = [
  ...new Set(Object.values(PRESETS).flatMap((all) => all.map((one) => one.name))),
];

const RATE_KINDS = [
  "preset",
  "stages",
  "steps",
  "day",
  "week",
  "spike",
  "sum",
  "product",
  "trace",
] as const;

const COMPANIONS: Readonly<Record<string, readonly string[]>> = Object.fromEntries([
  ["startRate", ["stages"]],
  ...PRESET_PARAMETERS.map((parameter) => [parameter, ["preset"]]),
]);

interface CurveInput {
  readonly rate: string;
  readonly multipliers?: readonly number[] | undefined;
}

/** Written out, since the form contains itself. */
export type RateInput = string | RateMapInput;

export interface RateMapInput {
  readonly preset?: (typeof PRESET_NAMES)[number] | undefined;
  readonly baseRate?: string | undefined;
  readonly peakRate?: string | undefined;
  readonly opensAt?: string | undefined;
  readonly rise?: string | undefined;
  readonly hold?: string | undefined;
  readonly decay?: string | undefined;
  readonly startHour?: number | undefined;
  readonly dayFactor?: number | undefined;
  readonly openingFactor?: number | undefined;
  readonly openingDecay?: string | undefined;
  readonly dealFactor?: number | undefined;
  readonly dealInterval?: string | undefined;
  readonly startRate?: string | undefined;
  readonly stages?: readonly { readonly duration: string; readonly target: string }[] | undefined;
  readonly steps?: readonly { readonly at: string; readonly rate: string }[] | undefined;
  readonly day?: (CurveInput & { readonly startHour?: number | undefined }) | undefined;
  readonly week?: (CurveInput & { readonly startDay?: number | undefined }) | undefined;
  readonly spike?:
    | {
        readonly base?: string | undefined;
        readonly height: string;
        readonly start: string;
        readonly rise: string;
        readonly hold: string;
        readonly decay: string;
      }
    | undefined;
  readonly sum?: readonly RateInput[] | undefined;
  readonly product?: readonly (RateInput | number)[] | undefined;
  readonly trace?: string | undefined;
}

const presetKeys = {
  baseRate: rate("Preset: the ordinary rate.").optional(),
  peakRate: rate("Preset black-friday: the rate at the height, base included.").optional(),
  opensAt: duration("Preset black-friday: when the sale opens.").optional(),
  rise: duration("Preset: from opening to the height.").optional(),
  hold: duration("Preset: how long the height lasts.").optional(),
  decay: positiveDuration("Preset: time in which the rush falls to 37 %.").optional(),
  startHour: number("Preset prime-day: o'clock at the start.", { min: 0, max: 24 }).optional(),
  dayFactor: number("Preset prime-day: the day over an ordinary one.", { min: 0 }).optional(),
  openingFactor: number("Preset prime-day: the opening rush, over the base.", {
    min: 0,
  }).optional(),
  openingDecay: positiveDuration("Preset prime-day: the opening's fall to 37 %.").optional(),
  dealFactor: number("Preset prime-day: a lightning deal, over the base.", { min: 0 }).optional(),
  dealInterval: positiveDuration("Preset prime-day: from deal to deal.").optional(),
};

const factors = (what: string, length: number) =>
  z
    .array(number("A multiplier.", { min: 0 }), { error: what })
    .length(length, { error: what })
    .meta({ description: `${what}; absent, the built-in curve.` })
    .optional();

const rateMap: z.ZodType<RateMapInput> = fields({
  preset: word(PRESET_NAMES, "A documented shape of traffic.").optional(),
  ...presetKeys,
  startRate: rate("Stages: the rate before the first stage. Default 0/s.").optional(),
  stages: list(
    "a list of stages with duration and target",
    fields({
      duration: duration("How long the stage takes; 0s jumps."),
      target: rate("The rate at its end."),
    }),
    1,
  )
    .meta({ description: "k6's ramping arrival rate: straight lines from target to target." })
    .optional(),
  steps: list(
    "a list of steps with at and rate",
    fields({
      at: duration("When the rate changes, from the start of the measured time."),
      rate: rate("The rate from then on."),
    }),
    1,
  )
    .meta({ description: "Rates that hold until the next step." })
    .optional(),
  day: fields({
    rate: rate("The day's mean rate."),
    startHour: number("O'clock at the start. Default 0.", { min: 0, max: 24 }).optional(),
    multipliers: factors("a list of 24 hourly multipliers", 24),
  })
    .meta({ description: "A day, hour by hour." })
    .optional(),
  week: fields({
    rate: rate("The week's mean rate."),
    startDay: number("Day at the start, 0 is Monday. Default 0.", { min: 0, max: 7 }).optional(),
    multipliers: factors("a list of 7 daily multipliers", 7),
  })
    .meta({ description: "A week, day by day." })
    .optional(),
  spike: fields({
    base: rate("The rate without it, all the time. Default 0/s.").optional(),
    height: rate("The rate at its height, on top of the base."),
    start: duration("When it begins, from the start of the measured time."),
    rise: duration("How long it grows, in a straight line."),
    hold: duration("How long it stays."),
    decay: positiveDuration("Time in which it then falls to 37 %."),
  })
    .meta({ description: "A rush: up, hold, and away." })
    .optional(),
  get sum() {
    return list("a list of rates", profile("A part."), 1)
      .meta({ description: "All of them together." })
      .optional();
  },
  get product() {
    return list(
      "a list of one rate and numbers",
      z.union([number("A factor.", { min: 0 }), profile("The rate.")], {
        error: "a rate or a number",
      }),
      1,
    )
      .meta({ description: "A rate times numbers." })
      .optional();
  },
  trace: text("A CSV file with the columns timestamp_s,rps, beside the scenario.").optional(),
})
  .check(checkOneOf("a rate profile", RATE_KINDS, COMPANIONS))
  .meta({ id: "RateProfile", ...metaOneOf(RATE_KINDS), description: "A rate that changes." });

/** `100/s`, or a map that says how the rate changes over time. */
export function profile(description: string): z.ZodType<RateInput> {
  return either(
    "a rate like 100/s, or a profile like {preset: black-friday}",
    [rate("A rate that never changes."), z.lazy(() => rateMap)],
    adviseOnRate,
  ).meta({ description });
}

const weighted = (what: string) =>
  number(`How many of all users are of this ${what}, relative to the others.`, { above: 0 });

export const keys = fields({
  count: count("How many keys (products, rows) there are.", 1, 2 ** 48),
  zipf: number("Exponent of their popularity (Zipf's law). Default: all equal.", {
    above: 0,
    max: 10,
  }).optional(),
});

const population = fields({
  users: count("How many users there are, all equally active. Default 1.", 1, 2 ** 48).optional(),
  regions: named("a map from regions to their weights", weighted("region"))
    .meta({ description: "Where users live, by weight." })
    .optional(),
  tenants: named(
    "a map from tenants to their weights",
    either("a weight, or a map with weight and priority", [
      weighted("tenant"),
      fields({
        weight: weighted("tenant"),
        priority: count(
          "A lower number matters more. Default: that of the traffic.",
          0,
          1000,
        ).optional(),
      }),
    ]),
  )
    .meta({ description: "To whom users belong, by weight." })
    .optional(),
  keys: keys.meta({ description: "What requests are about." }).optional(),
  deadline: positiveDuration("When an answer is worthless. Default: never.").optional(),
});

const revision = text(
  "Goes to this revision of it, while there are replicas of it: as to a previewService. Default: " +
    "wherever the routes lead.",
);

const journeyStep = fields({
  call: callTarget,
  revision: revision.optional(),
  probability: share("How often the step is taken. Default 1.").optional(),
  thinkTime: distribution("Pause after the answer. Default none.").optional(),
  ...callSettings,
});

const journey = fields({
  name: name("Its name."),
  weight: number("How often, relative to the others. Default 1.", { above: 0 }).optional(),
  priority: count(
    "Of its requests: a lower number matters more. Default: that of their tenants.",
    0,
    1000,
  ).optional(),
  steps: list("a list of steps with a call each", journeyStep, 1).meta({
    description: "One call after the other.",
  }),
});

const phase = fields({
  intensity: number("Rate of arrivals in this phase, relative to that in the others.", { min: 0 }),
  stay: positiveDuration("Mean time that the phase lasts, which is exponential."),
  next: list(
    "a list of weights, one for each phase",
    number("How often this phase follows; that of the phase itself counts for nothing.", {
      min: 0,
    }),
  )
    .meta({ description: "Which phase follows, by weight. Default: any other, all alike." })
    .optional(),
});

const arrivals = either("one of poisson, paced, or a map with mmpp", [
  word(["poisson", "paced"], "At random, or evenly spaced as by k6."),
  fields({
    mmpp: list("a list of at least two phases with intensity and stay", phase, 2).meta({
      description:
        "Bursts: a Markov-modulated Poisson process. The rate stays what it is on average, and " +
        "each phase has its share of it.",
    }),
  }),
]).meta({ description: "How arrivals fall around the rate. Default poisson." });

const TRAFFIC_HEADS = ["rate", "users"];

export const traffic = fields({
  arrivals: arrivals.optional(),
  rate: profile("Arrivals of an open workload: they come whatever happens.").optional(),
  users: count("Virtual users of a closed workload: one request each at a time.", 1).optional(),
  population: population.meta({ description: "Who the users are." }).optional(),
  priority: count(
    "Of its requests, where tenants have none: a lower number matters more. Default 0.",
    0,
    1000,
  ).optional(),
  call: callTarget.optional(),
  revision: revision.optional(),
  ...callSettings,
  thinkTime: distribution("Pause after an answer. Default none.").optional(),
  journeys: list("a list of journeys", journey, 1)
    .meta({ description: "What users do, step by step, when it is more than one call." })
    .optional(),
})
  .check(checkOneOf("traffic", TRAFFIC_HEADS, { arrivals: ["rate"] }))
  .check(
    checkOneOf("traffic", ["call", "journeys"], {
      ...Object.fromEntries(CALL_SETTINGS.map((key) => [key, ["call"]])),
      revision: ["call"],
      thinkTime: ["call"],
    }),
  )
  .meta({
    allOf: [metaOneOf(TRAFFIC_HEADS), metaOneOf(["call", "journeys"])],
    description: "One stream of requests from outside.",
  });

export type TrafficInput = z.infer<typeof traffic>;
export type PopulationInput = z.infer<typeof population>;
