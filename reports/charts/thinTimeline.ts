import type { ServiceTimeline, Timeline } from "../../sim/result/result.ts";

type Maybe = readonly (number | null)[];

/** Groups of `size` neighbours, each folded into one value. */
function fold<T>(values: readonly T[], size: number, join: (group: readonly T[]) => T): T[] {
  const folded: T[] = [];
  for (let start = 0; start < values.length; start += size) {
    folded.push(join(values.slice(start, start + size)));
  }
  return folded;
}

function known(group: Maybe): readonly number[] {
  return group.filter((value) => value !== null);
}

const sum = (group: readonly number[]): number => group.reduce((total, value) => total + value, 0);
const mean = (group: readonly number[]): number => sum(group) / group.length;
const last = (group: Maybe): number | null => group.at(-1) ?? null;

function meanKnown(group: Maybe): number | null {
  const values = known(group);
  return values.length === 0 ? null : mean(values);
}

function worst(group: Maybe): number | null {
  const values = known(group);
  return values.length === 0 ? null : Math.max(...values);
}

function thinService(service: ServiceTimeline, size: number): ServiceTimeline {
  return {
    service: service.service,
    wanted: fold(service.wanted, size, last),
    created: fold(service.created, size, last),
    ready: fold(service.ready, size, last),
    capacityRps: fold(service.capacityRps, size, last),
    cpuCores: fold(service.cpuCores, size, meanKnown),
    ...(service.offeredRps && { offeredRps: fold(service.offeredRps, size, mean) }),
    arrivalsRps: fold(service.arrivalsRps, size, mean),
    failedPercent: fold(service.failedPercent, size, mean),
    meanQueueMs: fold(service.meanQueueMs, size, worst),
  };
}

function thinTopic(
  { topic, group, ...counts }: NonNullable<Timeline["topics"]>[number],
  size: number,
): NonNullable<Timeline["topics"]>[number] {
  const lastOf = (values: readonly number[]): number[] =>
    fold(values, size, (part) => part.at(-1) ?? 0);
  return {
    topic,
    group,
    waiting: lastOf(counts.waiting),
    working: lastOf(counts.working),
    consumed: lastOf(counts.consumed),
  };
}

/**
 * The same timeline in at most `mostBins` bins, since a panel has only so many pixels. Rates are
 * averaged, failures added, latencies are the worst of the joined bins, replicas the last.
 */
export function thinTimeline(timeline: Timeline, mostBins: number): Timeline {
  const size = Math.ceil(timeline.arrivalsRps.length / mostBins);
  if (size <= 1) return timeline;
  return {
    replication: timeline.replication,
    binSeconds: timeline.binSeconds * size,
    arrivalsRps: fold(timeline.arrivalsRps, size, mean),
    completedRps: fold(timeline.completedRps, size, mean),
    failures: Object.fromEntries(
      Object.entries(timeline.failures).map(([reason, counts]) => [
        reason,
        fold(counts, size, sum),
      ]),
    ),
    p50Ms: fold(timeline.p50Ms, size, worst),
    p95Ms: fold(timeline.p95Ms, size, worst),
    p99Ms: fold(timeline.p99Ms, size, worst),
    services: timeline.services.map((service) => thinService(service, size)),
    ...(timeline.topics === undefined
      ? {}
      : { topics: timeline.topics.map((topic) => thinTopic(topic, size)) }),
  };
}
