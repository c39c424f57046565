import { assert, unreachable } from "../kernel/assert.ts";
import type { PresetName, RateProfileSpec } from "./rateProfile.ts";

/** One knob of a preset: what it is by default, in which unit, and why. */
export interface PresetParameter {
  readonly name: string;
  readonly unit: "per second" | "seconds" | "hour" | "times";
  readonly value: number;
  readonly reason: string;
}

const PER_SECOND = 1_000_000;
const DAILY_ORDERS = 100_000;
const PEAK_ORDERS_PER_MINUTE = 50_000;

/**
 * Hourly multipliers of a shop's ordinary day, of mean 1: a trough at 4 o'clock, an evening peak at
 * 20 o'clock. The shape is assumed (the double hump of consumer traffic), not measured.
 */
export const DAY_CURVE: readonly number[] = [
  0.65, 0.45, 0.32, 0.26, 0.25, 0.31, 0.46, 0.74, 0.94, 1.1, 1.2, 1.25, 1.28, 1.25, 1.2, 1.19, 1.23,
  1.33, 1.48, 1.64, 1.72, 1.58, 1.26, 0.91,
];

/** Daily multipliers of an ordinary week, Monday first, of mean 1; assumed likewise. */
export const WEEK_CURVE: readonly number[] = [1.02, 0.98, 0.96, 0.95, 0.94, 1.03, 1.12];

/** A sale that opens at one instant, before waiting customers: time 0 lies shortly before. */
const BLACK_FRIDAY: readonly PresetParameter[] = [
  {
    name: "baseRate",
    unit: "per second",
    value: DAILY_ORDERS / 86_400,
    reason: "100 000 orders on an ordinary day, spread evenly: 1.157/s",
  },
  {
    name: "peakRate",
    unit: "per second",
    value: PEAK_ORDERS_PER_MINUTE / 60,
    reason: "50 000 orders a minute: 833/s, 720 times the daily mean; base included",
  },
  {
    name: "opensAt",
    unit: "seconds",
    value: 300,
    reason:
      "five quiet minutes, a whole stabilization window of the HPA, show where the fleet starts",
  },
  {
    name: "rise",
    unit: "seconds",
    value: 120,
    reason: "the claim to be tested is 10 → 50 pods in two minutes, so the rush takes two minutes",
  },
  {
    name: "hold",
    unit: "seconds",
    value: 600,
    reason: "assumed: the doorbuster stock lasts ten minutes",
  },
  {
    name: "decay",
    unit: "seconds",
    value: 600,
    reason:
      "assumed: interest then falls to 37 % every ten minutes, so 30 minutes show the way back",
  },
];

/** Two days under a raised day curve, an opening rush, and a lightning deal on every interval. */
const PRIME_DAY: readonly PresetParameter[] = [
  {
    name: "baseRate",
    unit: "per second",
    value: DAILY_ORDERS / 86_400,
    reason: "100 000 orders on an ordinary day, spread evenly: 1.157/s",
  },
  {
    name: "startHour",
    unit: "hour",
    value: 0,
    reason: "the event opens at midnight, where the day curve is low",
  },
  {
    name: "dayFactor",
    unit: "times",
    value: 4,
    reason: "assumed: all through the event, demand is four times an ordinary day's",
  },
  {
    name: "openingFactor",
    unit: "times",
    value: 60,
    reason:
      "assumed: the opening rush adds 60 times the ordinary mean, less sharp than Black Friday",
  },
  {
    name: "openingDecay",
    unit: "seconds",
    value: 3_600,
    reason: "assumed: the opening rush falls to 37 % every hour",
  },
  {
    name: "dealFactor",
    unit: "times",
    value: 20,
    reason: "assumed: a lightning deal adds 20 times the ordinary mean",
  },
  {
    name: "dealInterval",
    unit: "seconds",
    value: 7_200,
    reason: "assumed: one large deal every two hours, the first two hours after the opening",
  },
  {
    name: "rise",
    unit: "seconds",
    value: 60,
    reason: "deals start on the clock and are announced: their customers come within a minute",
  },
  {
    name: "hold",
    unit: "seconds",
    value: 300,
    reason: "assumed: a deal sells out in five minutes",
  },
  {
    name: "decay",
    unit: "seconds",
    value: 600,
    reason: "assumed: interest then falls to 37 % every ten minutes",
  },
];

/** The parameters of each preset, for validation and documentation. */
export const PRESETS: Readonly<Record<PresetName, readonly PresetParameter[]>> = {
  "black-friday": BLACK_FRIDAY,
  "prime-day": PRIME_DAY,
};

/**
 * What a preset stands for, over this duration; parameters that are not given keep their defaults.
 */
export function expandPreset(
  name: PresetName,
  parameters: Readonly<Record<string, number>>,
  duration: number,
): RateProfileSpec {
  const known = PRESETS[name];
  for (const key of Object.keys(parameters)) {
    const isKnown = known.some((parameter) => parameter.name === key);
    assert(isKnown, `the preset ${name} has no parameter ${key}`);
  }
  const value = (key: string): number => {
    const parameter = known.find((candidate) => candidate.name === key);
    assert(parameter !== undefined, `the preset ${name} has no parameter ${key}`);
    return parameters[key] ?? parameter.value;
  };
  const time = (key: string): number => Math.round(value(key) * PER_SECOND);
  switch (name) {
    case "black-friday":
      return blackFriday(value, time);
    case "prime-day":
      return primeDay(value, time, duration);
    default:
      return unreachable(name);
  }
}

type Read = (name: string) => number;

function blackFriday(value: Read, time: Read): RateProfileSpec {
  const base = value("baseRate");
  return {
    kind: "sum",
    profiles: [
      { kind: "constant", rate: base },
      {
        kind: "spike",
        height: Math.max(0, value("peakRate") - base),
        start: time("opensAt"),
        rise: time("rise"),
        hold: time("hold"),
        decay: time("decay"),
      },
    ],
  };
}

function primeDay(value: Read, time: Read, duration: number): RateProfileSpec {
  const base = value("baseRate");
  const wave = (start: number, factor: number, decay: number): RateProfileSpec => ({
    kind: "spike",
    height: factor * base,
    start,
    rise: time("rise"),
    hold: time("hold"),
    decay,
  });
  const deals: RateProfileSpec[] = [];
  const interval = time("dealInterval");
  assert(interval > 0, "the preset prime-day needs a dealInterval above 0");
  for (let start = interval; start < duration; start += interval) {
    deals.push(wave(start, value("dealFactor"), time("decay")));
  }
  return {
    kind: "sum",
    profiles: [
      {
        kind: "day",
        rate: value("dayFactor") * base,
        multipliers: null,
        startHour: value("startHour"),
      },
      wave(0, value("openingFactor"), time("openingDecay")),
      ...deals,
    ],
  };
}
