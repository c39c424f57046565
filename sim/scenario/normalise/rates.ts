import type { Micros } from "../../kernel/time.ts";
import { PRESETS } from "../../workload/presets.ts";
import type { RateProfileSpec } from "../../workload/rateProfile.ts";
import { parseRateTrace } from "../../workload/rateTrace.ts";
import { nameHint } from "../problem.ts";
import type { RateInput, RateMapInput } from "../schema/traffic.ts";
import type { Path } from "../tree.ts";
import { parseDuration, parseRate } from "../units.ts";
import type { Context } from "./context.ts";

/** A rate as the workload takes it: per second, times from the start of the measured time. */
export function normaliseRate(
  context: Context,
  input: RateInput,
  path: Path,
  duration: Micros,
): RateProfileSpec {
  if (typeof input === "string") return { kind: "constant", rate: parseRate(input) };
  const { stages, steps, day, week, spike, sum, product, trace } = input;
  if (input.preset !== undefined) {
    reportDealFlood(context, input, path, duration);
    return normalisePreset(context, input, input.preset, path);
  }
  if (stages !== undefined) {
    return {
      kind: "stages",
      startRate: input.startRate === undefined ? 0 : parseRate(input.startRate),
      stages: stages.map((stage) => ({
        duration: parseDuration(stage.duration),
        target: parseRate(stage.target),
      })),
    };
  }
  if (steps !== undefined) return normaliseSteps(context, steps, [...path, "steps"]);
  if (day !== undefined) {
    const { rate, multipliers, startHour } = day;
    return {
      kind: "day",
      rate: parseRate(rate),
      multipliers: multipliers ?? null,
      startHour: startHour ?? 0,
    };
  }
  if (week !== undefined) {
    const { rate, multipliers, startDay } = week;
    return {
      kind: "week",
      rate: parseRate(rate),
      multipliers: multipliers ?? null,
      startDay: startDay ?? 0,
    };
  }
  if (spike !== undefined) return normaliseSpike(spike);
  if (sum !== undefined) {
    const profiles = sum.map((part, i) =>
      normaliseRate(context, part, [...path, "sum", i], duration),
    );
    return { kind: "sum", profiles };
  }
  if (product !== undefined)
    return normaliseProduct(context, product, [...path, "product"], duration);
  return normaliseTrace(context, trace ?? "", [...path, "trace"]);
}

function normaliseSpike({
  base,
  height,
  ...times
}: NonNullable<RateMapInput["spike"]>): RateProfileSpec {
  const spike: RateProfileSpec = {
    kind: "spike",
    height: parseRate(height),
    start: parseDuration(times.start),
    rise: parseDuration(times.rise),
    hold: parseDuration(times.hold),
    decay: parseDuration(times.decay),
  };
  if (base === undefined) return spike;
  return { kind: "sum", profiles: [{ kind: "constant", rate: parseRate(base) }, spike] };
}

/** Deals are spelled out one by one when the profile is compiled. */
const DEALS_MAX = 1_000;

function reportDealFlood(
  context: Context,
  { preset, dealInterval }: RateMapInput,
  path: Path,
  duration: Micros,
): void {
  if (preset !== "prime-day" || dealInterval === undefined) return;
  const deals = Math.floor(duration / parseDuration(dealInterval));
  if (deals <= DEALS_MAX) return;
  const message = `that makes ${deals} deals, ${DEALS_MAX} can be`;
  context.atValue([...path, "dealInterval"], message);
}

function normalisePreset(
  context: Context,
  input: RateMapInput,
  name: NonNullable<RateMapInput["preset"]>,
  path: Path,
): RateProfileSpec {
  const known = PRESETS[name];
  const parameters: Record<string, number> = {};
  for (const [key, value] of Object.entries(input)) {
    if (key === "preset" || value === undefined) continue;
    const parameter = known.find((candidate) => candidate.name === key);
    if (parameter === undefined) {
      const names = known.map((candidate) => candidate.name);
      context.atKey([...path, key], `the preset ${name} has no "${key}"`, nameHint(key, names));
    } else if (typeof value === "number") {
      parameters[key] = value;
    } else if (typeof value === "string") {
      parameters[key] =
        parameter.unit === "per second" ? parseRate(value) : parseDuration(value) / 1_000_000;
    }
  }
  return { kind: "preset", name, parameters };
}

function normaliseSteps(
  context: Context,
  steps: NonNullable<RateMapInput["steps"]>,
  path: Path,
): RateProfileSpec {
  let last = -1;
  const parsed = steps.map(({ at, rate }, i) => {
    const time = parseDuration(at);
    if (time <= last) {
      const hint = "steps stand in the order of time";
      context.atValue([...path, i, "at"], `this step is not after the one before it`, hint);
    }
    last = time;
    return { at: time, rate: parseRate(rate) };
  });
  return { kind: "steps", steps: parsed };
}

/** Numbers scale; of several rates, each one after the first is a plain factor (1/s is 1). */
function normaliseProduct(
  context: Context,
  parts: NonNullable<RateMapInput["product"]>,
  path: Path,
  duration: Micros,
): RateProfileSpec {
  const factor = parts.reduce<number>(
    (all, part) => (typeof part === "number" ? all * part : all),
    1,
  );
  const profiles = parts.flatMap((part, i) =>
    typeof part === "number" ? [] : [normaliseRate(context, part, [...path, i], duration)],
  );
  const [only, ...others] = profiles;
  if (only === undefined) {
    context.atKey(path, "a product needs a rate", "add one, like 100/s");
    return { kind: "constant", rate: 0 };
  }
  const profile: RateProfileSpec = others.length === 0 ? only : { kind: "product", profiles };
  return factor === 1 ? profile : { kind: "scale", factor, profile };
}

function normaliseTrace(context: Context, file: string, path: Path): RateProfileSpec {
  const nothing: RateProfileSpec = { kind: "constant", rate: 0 };
  const text = context.readFile(file);
  if (text === null) {
    const hint = "its name counts from the scenario's folder";
    context.atValue(path, `no file "${file}"`, hint);
    return nothing;
  }
  const trace = parseRateTrace(text);
  if (trace.kind === "trace") return { kind: "steps", steps: trace.steps };
  context.texts.set(file, text);
  const starts = lineStarts(text);
  for (const { line, expected, received } of trace.problems) {
    const start = starts[line - 1] ?? text.length;
    const end = starts[line] ?? text.length;
    const span = { file, start, end: Math.max(start + 1, end - 1) };
    const found = received === "" ? "nothing" : received;
    const message = `this line should have ${expected}, found ${found}`;
    context.findings.push({ span, message, hint: null });
  }
  return nothing;
}

const lineStarts = (text: string): readonly number[] => [
  0,
  ...[...text.matchAll(/\r\n|\n|\r/gu)].map(({ index, 0: end }) => index + end.length),
];
