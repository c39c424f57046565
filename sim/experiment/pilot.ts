import { assert, present } from "../kernel/assert.ts";
import { type Micros, micros, minutes, seconds, toSeconds } from "../kernel/time.ts";
import type { Timeline, WarmUpResult } from "../result/result.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { mean } from "../stats/intervals.ts";
import { mser5, type Truncation } from "../stats/warmUp.ts";
import type { ReplicationOutput, ReplicationTask } from "./replication.ts";

/** Lengths that are tried until everything settles in the first half. */
export const PILOT_LENGTHS: readonly Micros[] = [5, 10, 20, 40].map((count) => minutes(count));
/** Their mean is smooth enough for the rule, which a single run's noise would mislead. */
const PILOTS = 5;
/** So that pilots are not the runs that follow: their numbers are far from those. */
const FIRST_PILOT = 1_000_000;

/**
 * Pilots of scenarios whose warm-up is as long as the pilots are to be: every policy at the
 * traffic's first rate, measured from the very start, before any change, fault or rollout.
 */
export function pilotTasks(scenarios: readonly Scenario[]): readonly ReplicationTask[] {
  return scenarios.flatMap((scenario) => {
    const duration = scenario.warmUp;
    const pilot: Scenario = { ...scenario, duration, warmUp: micros(0), claims: [] };
    return Array.from({ length: PILOTS }, (_, index) => ({
      scenario: pilot,
      replication: FIRST_PILOT + index,
      detail: true,
      from: null,
    }));
  });
}

/** What the rule found in one series of one policy. */
interface Cut extends Truncation {
  readonly policy: string;
  readonly series: string;
  readonly binSeconds: number;
}

/**
 * The warm-up by MSER-5 over the mean of the pilots: the longest cut of the p95, the throughput,
 * the replicas and the lag of any policy, since all policies are measured over the same time.
 */
export function warmUpOf(
  scenarios: readonly Scenario[],
  outputs: readonly ReplicationOutput[],
): WarmUpResult {
  assert(outputs.length === PILOTS * scenarios.length, "each policy has its pilots");
  const cuts = scenarios.flatMap(({ policy }, index) => {
    const pilots = outputs.slice(index * PILOTS, (index + 1) * PILOTS);
    const timelines = pilots.map(({ timeline }) => present(timeline, "timeline of a pilot"));
    return cutsOf(policy.name, timelines);
  });
  const longest = cuts.reduce((most, cut) => (lengthOf(cut) > lengthOf(most) ? cut : most));
  return {
    rule: "MSER-5",
    pilots: PILOTS,
    pilotSeconds: toSeconds(present(scenarios[0], "scenario").warmUp),
    cutSeconds: lengthOf(longest),
    isSettled: cuts.every(({ isSettled }) => isSettled),
    longest: { policy: longest.policy, series: longest.series },
  };
}

const lengthOf = ({ drop, binSeconds }: Cut): number => drop * binSeconds;

/** As the scenario's time. */
export const cutOf = ({ cutSeconds }: WarmUpResult): Micros => seconds(cutSeconds);

function cutsOf(policy: string, timelines: readonly Timeline[]): readonly Cut[] {
  const series: Readonly<Record<string, (timeline: Timeline) => readonly (number | null)[]>> = {
    p95: ({ p95Ms }) => p95Ms,
    throughput: ({ completedRps }) => completedRps,
    replicas: ({ services }) => sumOf(services.map(({ ready }) => ready)),
    lag: ({ topics = [] }) => sumOf(topics.map(({ waiting }) => waiting)),
  };
  const { binSeconds } = present(timelines[0], "pilot");
  return Object.entries(series).flatMap(([name, read]) => {
    const values = meanOf(timelines.map(read));
    // Without topics there is no lag.
    return values.length === 0 ? [] : [{ policy, series: name, binSeconds, ...mser5(values) }];
  });
}

/** Bin by bin; what a series does not know counts for nothing. */
function sumOf(all: readonly (readonly (number | null)[])[]): readonly number[] {
  const bins = Math.max(0, ...all.map((values) => values.length));
  return Array.from({ length: bins }, (_, bin) =>
    all.reduce((sum, values) => sum + (values[bin] ?? 0), 0),
  );
}

/** Of the pilots that know it; where none does, as in the bin before. */
function meanOf(all: readonly (readonly (number | null)[])[]): readonly number[] {
  const bins = Math.max(0, ...all.map((values) => values.length));
  let last = 0;
  return Array.from({ length: bins }, (_, bin) => {
    const known = all.map((values) => values[bin] ?? null).filter((value) => value !== null);
    if (known.length > 0) last = mean(known);
    return last;
  });
}

/** Why the warm-up may be too short; null where everything settled. */
export function warmUpDoubt({ isSettled, cutSeconds, pilotSeconds }: WarmUpResult): string | null {
  if (isSettled) return null;
  return (
    `Not everything settled in pilots of ${pilotSeconds / 60} minutes: the warm-up of ` +
    `${cutSeconds} s may be too short. Set warmUp yourself.`
  );
}
