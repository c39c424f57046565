import { assert, unreachable } from "../kernel/assert.ts";
import { DAY_CURVE, expandPreset, WEEK_CURVE } from "./presets.ts";
import {
  PieceBuilder,
  type Pieces,
  periodicCurve,
  product,
  scale,
  shift,
  spike,
  sum,
} from "./profileAlgebra.ts";
import { RateProfile, type RateProfileSpec } from "./rateProfile.ts";

const HOUR = 3_600_000_000;
const DAY = 24 * HOUR;

/** Builds the rate profile of a specification that was validated, over `duration` microseconds. */
export function compileProfile(spec: RateProfileSpec, duration: number): RateProfile {
  return new RateProfile(compilePieces(spec, duration));
}

function compilePieces(spec: RateProfileSpec, duration: number): Pieces {
  switch (spec.kind) {
    case "constant":
      return new PieceBuilder(duration).finish(spec.rate);
    case "steps":
      return compileSteps(spec, duration);
    case "stages":
      return compileStages(spec, duration);
    case "day":
    case "week":
      return compileCurve(spec, duration);
    case "spike":
      return spike({ ...spec, duration });
    case "sum":
      return combine(spec.profiles, sum, duration);
    case "product":
      return combine(spec.profiles, product, duration);
    case "scale":
      return scale(compilePieces(spec.profile, duration), spec.factor);
    case "shift":
      return compileShift(spec, duration);
    case "preset":
      return compilePieces(expandPreset(spec.name, spec.parameters, duration), duration);
    default:
      return unreachable(spec);
  }
}

type Spec<Kind extends RateProfileSpec["kind"]> = Extract<RateProfileSpec, { kind: Kind }>;

function compileSteps({ steps }: Spec<"steps">, duration: number): Pieces {
  const builder = new PieceBuilder(duration);
  let rate = 0;
  for (const step of steps) {
    assert(step.at >= builder.time || builder.isFull, "the steps of a rate are not in time order");
    builder.line(step.at - builder.time, rate, rate);
    rate = step.rate;
  }
  return builder.finish(rate);
}

function compileStages({ startRate, stages }: Spec<"stages">, duration: number): Pieces {
  const builder = new PieceBuilder(duration);
  let rate = startRate;
  for (const stage of stages) {
    builder.line(stage.duration, rate, stage.target);
    rate = stage.target;
  }
  return builder.finish(0);
}

function compileCurve(spec: Spec<"day"> | Spec<"week">, duration: number): Pieces {
  if (spec.kind === "day") {
    const values = spec.multipliers ?? DAY_CURVE;
    assert(values.length === 24, `a day has 24 hourly multipliers, got ${values.length}`);
    const curve = periodicCurve({ values, spacing: HOUR, phase: spec.startHour, duration });
    return scale(curve, spec.rate);
  }
  const values = spec.multipliers ?? WEEK_CURVE;
  assert(values.length === 7, `a week has 7 daily multipliers, got ${values.length}`);
  // A day's multiplier stands at its noon.
  const phase = spec.startDay - 0.5;
  return scale(periodicCurve({ values, spacing: DAY, phase, duration }), spec.rate);
}

function compileShift({ by, profile }: Spec<"shift">, duration: number): Pieces {
  const visible = duration - by;
  if (visible <= 0) return new PieceBuilder(duration).finish(0);
  return shift(compilePieces(profile, visible), by, duration);
}

function combine(
  specs: readonly RateProfileSpec[],
  operation: (a: Pieces, b: Pieces) => Pieces,
  duration: number,
): Pieces {
  assert(specs.length > 0, "a sum or product of rates needs at least one of them");
  return specs.map((spec) => compilePieces(spec, duration)).reduce(operation);
}
