import type { JourneySpec, JourneyStepSpec, TrafficSpec } from "../../dataplane/trafficSpec.ts";
import type { Micros } from "../../kernel/time.ts";
import { ANYONE, type PopulationSpec } from "../../workload/attributes.ts";
import { compileProfile } from "../../workload/compileProfile.ts";
import { ofMeanOne } from "../../workload/phases.ts";
import type { RateProfileSpec } from "../../workload/rateProfile.ts";
import type { PopulationInput, TrafficInput } from "../schema/traffic.ts";
import type { Path } from "../tree.ts";
import { parseDuration, parseShare } from "../units.ts";
import { resolveCall } from "./calls.ts";
import type { Context } from "./context.ts";
import { normaliseRate } from "./rates.ts";
import { distributionOr } from "./time.ts";

export function normaliseTraffic(
  context: Context,
  name: string,
  input: TrafficInput,
  times: { readonly warmUp: Micros; readonly duration: Micros },
): TrafficSpec {
  const path: Path = ["traffic", name];
  const shared = {
    name,
    population: normalisePopulation(input.population, input.priority ?? 0),
    journeys: normaliseJourneys(context, name, input, path),
  };
  if (input.rate === undefined) return { ...shared, kind: "closed", users: input.users ?? 1 };
  const written = normaliseRate(context, input.rate, [...path, "rate"], times.duration);
  // A profile with problems cannot be compiled, and nobody will run it.
  const rate = context.isSound ? afterWarmUp(written, times) : written;
  return {
    ...shared,
    kind: "open",
    ...normaliseArrivals(context, input.arrivals, path),
    rate,
  };
}

type OpenTrafficSpec = Extract<TrafficSpec, { readonly kind: "open" }>;

function normaliseArrivals(
  context: Context,
  input: TrafficInput["arrivals"] = "poisson",
  path: Path,
): Pick<OpenTrafficSpec, "arrivals" | "phases"> {
  if (typeof input === "string") return { arrivals: input, phases: [] };
  const place = [...path, "arrivals", "mmpp"];
  const written = input.mmpp.map(({ intensity, stay, next }, i) => {
    if (next !== undefined && next.length !== input.mmpp.length) {
      const message = `${input.mmpp.length} phases need as many weights, found ${next.length}`;
      context.atValue([...place, i, "next"], message);
    }
    const weights = input.mmpp.map((_, j) => (j === i ? 0 : (next?.[j] ?? 1)));
    return { intensity, stay: parseDuration(stay), next: weights };
  });
  const phases = ofMeanOne(written);
  if (phases === null && context.isSound) {
    const hint = "every phase must lead to every other in the end, and one needs an intensity";
    context.atKey(place, "these phases have no mean rate", hint);
  }
  return { arrivals: "mmpp", phases: phases ?? [] };
}

/**
 * A profile says what happens in the measured time, so it begins after the warm-up; until then its
 * first rate holds.
 */
export function afterWarmUp(
  profile: RateProfileSpec,
  { warmUp, duration }: { readonly warmUp: Micros; readonly duration: Micros },
): RateProfileSpec {
  if (warmUp === 0 || profile.kind === "constant") return profile;
  const first = compileProfile(profile, duration).rateAt(0);
  const shifted: RateProfileSpec = { kind: "shift", by: warmUp, profile };
  if (first === 0) return shifted;
  const before: RateProfileSpec = {
    kind: "steps",
    steps: [
      { at: 0, rate: first },
      { at: warmUp, rate: 0 },
    ],
  };
  return { kind: "sum", profiles: [before, shifted] };
}

function normalisePopulation(input: PopulationInput | undefined, priority: number): PopulationSpec {
  const anyone = ANYONE.tenants.map((tenant) => ({ ...tenant, priority }));
  if (input === undefined) return { ...ANYONE, tenants: anyone };
  const regions = Object.entries(input.regions ?? {}).map(([name, weight]) => ({ name, weight }));
  const tenants = Object.entries(input.tenants ?? {}).map(([name, tenant]) =>
    typeof tenant === "number"
      ? { name, weight: tenant, priority }
      : { name, weight: tenant.weight, priority: tenant.priority ?? priority },
  );
  return {
    users: input.users ?? ANYONE.users,
    regions: regions.length === 0 ? ANYONE.regions : regions,
    tenants: tenants.length === 0 ? anyone : tenants,
    keys:
      input.keys === undefined
        ? ANYONE.keys
        : { count: input.keys.count, exponent: input.keys.zipf ?? null },
    deadline: input.deadline === undefined ? null : parseDuration(input.deadline),
  };
}

function normaliseJourneys(
  context: Context,
  name: string,
  input: TrafficInput,
  path: Path,
): readonly JourneySpec[] {
  const { call, journeys, thinkTime, arrivals, rate, users, population, ...settings } = input;
  if (call !== undefined) {
    const step = normaliseStep(context, { call, ...settings, thinkTime }, path);
    return [{ name, priority: null, weight: 1, steps: step }];
  }
  const names = new Set<string>();
  return (journeys ?? []).map((journey, i) => {
    const place = [...path, "journeys", i];
    if (names.has(journey.name)) {
      context.atValue([...place, "name"], `there is a journey "${journey.name}" already`);
    }
    names.add(journey.name);
    const steps = journey.steps.flatMap((step, j) =>
      normaliseStep(context, step, [...place, "steps", j]),
    );
    const { weight = 1, priority = null } = journey;
    return { name: journey.name, priority, weight, steps };
  });
}

type StepInput = NonNullable<TrafficInput["journeys"]>[number]["steps"][number];

function normaliseStep(context: Context, input: StepInput, path: Path): readonly JourneyStepSpec[] {
  const { call, probability, thinkTime, ...settings } = input;
  const target = [...path, "call"];
  const paths = { target, endpoint: target, settings: path };
  const spec = resolveCall(context, { target: call, ...settings }, paths);
  const pause = distributionOr(context, thinkTime, [...path, "thinkTime"], null);
  if (spec === null) return [];
  const share = probability === undefined ? 1 : parseShare(probability);
  return [{ call: { ...spec, fallback: null }, probability: share, thinkTime: pause }];
}
