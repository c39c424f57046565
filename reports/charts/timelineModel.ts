import type { Decision, Result, ServiceTimeline, Timeline } from "../../sim/result/result.ts";
import { headlineLimitMs } from "../verdict.ts";
import { firstOf, lastOf, logTicks, type TimeUnit, ticksFromZero, timeUnit } from "./scales.ts";
import { thinTimeline } from "./thinTimeline.ts";

/** More bins than this are joined: a panel has no more pixels. */
const MOST_BINS = 360;
const MOST_FAULTS = 6;
const MOST_SCALED_SERVICES = 4;

export interface FaultMark {
  readonly letter: string;
  readonly timeSeconds: number;
  readonly message: string;
}

/** What all panels of the small multiples share: one scale across a row, one time axis. */
export interface TimelineModel {
  readonly unit: TimeUnit;
  readonly durationSeconds: number;
  readonly binSeconds: number;
  /** The service whose traffic and capacity are shown; null where only the whole is known. */
  readonly service: string | null;
  /** Whether the capacity of that service is known anywhere. */
  readonly capacityKnown: boolean;
  /** Services with a panel of replicas: the first and whatever else was scaled. */
  readonly scaledServices: readonly string[];
  readonly timelines: ReadonlyMap<string, Timeline>;
  readonly rpsTicks: readonly number[];
  readonly replicaTicks: ReadonlyMap<string, readonly number[]>;
  readonly latencyTicks: readonly number[];
  readonly failedTicks: readonly number[];
  readonly limitMs: number | null;
  /** Reasons that occur anywhere. */
  readonly reasons: readonly string[];
  readonly faults: readonly FaultMark[];
}

export function serviceOf(timeline: Timeline, service: string): ServiceTimeline | null {
  return timeline.services.find((candidate) => candidate.service === service) ?? null;
}

/**
 * What is asked of a service, also while it has no pods, and its capacity; or the arrivals of the
 * whole where it is not known.
 */
export function trafficOf(
  timeline: Timeline,
  service: string | null,
): { readonly offeredRps: readonly number[]; readonly capacityRps: readonly (number | null)[] } {
  const found = service === null ? null : serviceOf(timeline, service);
  if (found !== null) {
    const { offeredRps = found.arrivalsRps, capacityRps } = found;
    return { offeredRps, capacityRps };
  }
  const { arrivalsRps } = timeline;
  return { offeredRps: arrivalsRps, capacityRps: arrivalsRps.map(() => null) };
}

/** Whether the wanted or the ready replicas ever change. */
function isScaled({ wanted, ready }: ServiceTimeline): boolean {
  const moves = (values: readonly (number | null)[]): boolean =>
    new Set(values.filter((value) => value !== null)).size > 1;
  return moves(wanted) || moves(ready);
}

/** Services by how much they matter: late ones first, then bottlenecks, then scaled ones. */
function servicesByWeight(result: Result): readonly string[] {
  const { policies } = result;
  const scaled = policies.flatMap(({ timeline }) =>
    timeline.services.filter(isScaled).map(({ service }) => service),
  );
  const known = policies.flatMap(({ timeline }) => timeline.services.map(({ service }) => service));
  const candidates = [
    ...policies.flatMap(({ delayChains }) => delayChains.map(({ service }) => service)),
    ...policies.flatMap(({ bottleneck }) => (bottleneck === null ? [] : [bottleneck.service])),
    ...scaled,
    ...known,
  ];
  return [...new Set(candidates)].filter((service) => known.includes(service));
}

function maximum(values: readonly (number | null | undefined)[]): number {
  return values.reduce<number>((most, value) => Math.max(most, value ?? 0), 0);
}

/** Failed in percent of the requests that ended in each bin, by reason. */
export function failedShares(timeline: Timeline): Readonly<Record<string, readonly number[]>> {
  const reasons = Object.entries(timeline.failures);
  const ended = timeline.completedRps.map(
    (rps, bin) =>
      rps * timeline.binSeconds + reasons.reduce((sum, [, counts]) => sum + (counts[bin] ?? 0), 0),
  );
  return Object.fromEntries(
    reasons.map(([reason, counts]) => [
      reason,
      counts.map((count, bin) => {
        const all = ended[bin] ?? 0;
        return all > 0 ? (100 * count) / all : 0;
      }),
    ]),
  );
}

function worstFailedShare(timeline: Timeline): number {
  const shares = Object.values(failedShares(timeline));
  return maximum(
    timeline.arrivalsRps.map((_, bin) => shares.reduce((sum, share) => sum + (share[bin] ?? 0), 0)),
  );
}

function failedTicksOf(worst: number): readonly number[] {
  if (worst <= 0) return [0, 1];
  const ticks = ticksFromZero(worst, 3);
  return lastOf(ticks) > 100 ? [0, 25, 50, 75, 100] : ticks;
}

function latencyTicksOf(timelines: readonly Timeline[], limit: number | null): readonly number[] {
  const values = timelines
    .flatMap(({ p50Ms, p95Ms, p99Ms }) => [...p50Ms, ...p95Ms, ...p99Ms])
    .filter((value) => value !== null)
    .filter((value) => value > 0);
  const known = limit === null ? values : [...values, limit * 1.3];
  if (known.length === 0) return [1, 10];
  const low = known.reduce((least, value) => Math.min(least, value));
  return logTicks(low, maximum(known));
}

/**
 * "every tenth pod dies (kill, product)", of a decision named so whose message is "kill begins";
 * at its end "every tenth pod dies: over (kill, product)".
 */
function faultText({ reason, subject, message }: Decision): string {
  const [, effect, phase] = /^(\S+) (begins|ends)$/.exec(message) ?? [];
  const over = phase === "ends" ? ": over" : "";
  const details = [effect ?? message, subject].filter((part) => part !== "" && part !== reason);
  return `${reason}${over}${details.length === 0 ? "" : ` (${details.join(", ")})`}`;
}

/** Faults of all policies by time; those at one time and with one message are one. */
function faultsOf(decisions: readonly Decision[]): readonly FaultMark[] {
  const faults = decisions
    .filter((decision) => decision.kind === "fault")
    .toSorted((a, b) => a.timeSeconds - b.timeSeconds);
  const marks: FaultMark[] = [];
  for (const fault of faults) {
    const { timeSeconds } = fault;
    const message = faultText(fault);
    const known = marks.some(
      (mark) => mark.timeSeconds === timeSeconds && mark.message === message,
    );
    if (known || marks.length === MOST_FAULTS) continue;
    marks.push({ letter: String.fromCharCode(65 + marks.length), timeSeconds, message });
  }
  return marks;
}

/** Null when no policy has a timeline to show. */
export function timelineModel(result: Result): TimelineModel | null {
  const [service = null, ...others] = servicesByWeight(result);
  const binSeconds = Math.max(...result.policies.map(({ timeline }) => timeline.binSeconds));
  const bins = maximum(result.policies.map(({ timeline }) => timeline.arrivalsRps.length));
  if (bins === 0) return null;
  const thinned = result.policies.map(({ timeline }) => thinTimeline(timeline, MOST_BINS));
  const of = (name: string) => thinned.map((timeline) => serviceOf(timeline, name));
  const scaledServices = [
    ...(service === null ? [] : [service]),
    ...others.filter((name) => of(name).some((each) => each !== null && isScaled(each))),
  ].slice(0, MOST_SCALED_SERVICES);
  const limitMs = headlineLimitMs(result);
  const main = thinned.map((timeline) => trafficOf(timeline, service));
  return {
    unit: timeUnit(bins * binSeconds),
    durationSeconds: bins * binSeconds,
    binSeconds: Math.max(...thinned.map((timeline) => timeline.binSeconds)),
    service,
    capacityKnown: main.some(({ capacityRps }) => capacityRps.some((rps) => rps !== null)),
    scaledServices,
    timelines: new Map(result.policies.map(({ name }, index) => [name, thinned[index]!])),
    rpsTicks: ticksFromZero(
      maximum(main.flatMap((each) => [...each.offeredRps, ...each.capacityRps])),
      3,
    ),
    replicaTicks: new Map(scaledServices.map((name) => [name, replicaTicksOf(of(name))])),
    latencyTicks: latencyTicksOf(thinned, limitMs),
    failedTicks: failedTicksOf(maximum(thinned.map(worstFailedShare))),
    limitMs,
    reasons: reasonsOf(thinned),
    faults: faultsOf(result.policies.flatMap((policy) => policy.decisions)),
  };
}

/** Whole numbers, with the maximum at or below the top. */
function replicaTicksOf(services: readonly (ServiceTimeline | null)[]): readonly number[] {
  const most = maximum(
    services.flatMap((each) => [
      ...(each?.wanted ?? []),
      ...(each?.created ?? []),
      ...(each?.ready ?? []),
    ]),
  );
  return most <= 3 ? ticksFromZero(Math.max(1, most), Math.max(1, most)) : ticksFromZero(most, 3);
}

function reasonsOf(timelines: readonly Timeline[]): readonly string[] {
  const occurring = timelines.flatMap(({ failures }) =>
    Object.entries(failures)
      .filter(([, counts]) => counts.some((count) => count > 0))
      .map(([reason]) => reason),
  );
  return [...new Set(occurring)];
}

/** The scale of positive latencies: first and last tick. */
export function latencyDomain(model: TimelineModel): readonly [number, number] {
  return [firstOf(model.latencyTicks), lastOf(model.latencyTicks)];
}
