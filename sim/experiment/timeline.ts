import { FAILURE_REASONS } from "../dataplane/failure.ts";
import { toMillis, toSeconds } from "../kernel/time.ts";
import type { Recorder, ServiceSeries } from "../result/recorder.ts";
import type { ReplicationResult, ServiceTimeline, Timeline, TimeSpent } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";

/** The measured time, bin by bin. */
export function timelineOf(model: Model, replication: number): Timeline {
  const { recorder, plan } = model;
  const { series } = recorder;
  const binSeconds = toSeconds(recorder.binMicros);
  const rate = (count: number): number => count / binSeconds;
  const failures: Record<string, number[]> = {};
  series.failures.forEach((counts, reason) => {
    if (counts.some((count) => count > 0)) failures[FAILURE_REASONS[reason]!] = [...counts];
  });
  return {
    replication,
    binSeconds,
    arrivalsRps: series.arrivals.map(rate),
    completedRps: series.completed.map(rate),
    failures,
    p50Ms: series.p50.map(millisOrNull),
    p95Ms: series.p95.map(millisOrNull),
    p99Ms: series.p99.map(millisOrNull),
    services: plan.services.flatMap((service, index) =>
      service.kind === "service"
        ? [
            {
              ...serviceTimeline(service.name, recorder.services[index]!, binSeconds),
              ...revisionTimelines(model, service.name),
            },
          ]
        : [],
    ),
    ...topicTimelines(model),
  };
}

function revisionTimelines(
  { revisionUse }: Model,
  service: string,
): Pick<ServiceTimeline, "revisions"> {
  const revisions = revisionUse.of(service);
  if (revisions === null) return {};
  return {
    revisions: revisions.map(({ revision, pods, cpuPercent }) => ({
      revision,
      pods: [...pods],
      cpuPercent: [...cpuPercent],
    })),
  };
}

function topicTimelines({ plane }: Model): Pick<Timeline, "topics"> {
  const { groups } = plane.consumers;
  if (groups.length === 0) return {};
  return {
    topics: groups.map(({ plan, series }) => ({
      topic: plan.topicName,
      group: plan.spec.name,
      waiting: [...series.waiting],
      working: [...series.working],
      consumed: [...series.consumed],
    })),
  };
}

const millisOrNull = (time: number | null): number | null =>
  time === null ? null : toMillis(time);

function serviceTimeline(
  service: string,
  series: ServiceSeries,
  binSeconds: number,
): ServiceTimeline {
  return {
    service,
    wanted: [...series.wanted],
    created: [...series.created],
    ready: [...series.ready],
    capacityRps: [...series.capacityRps],
    cpuCores: series.cpuMicros.map((cpu) => (cpu === null ? null : toSeconds(cpu) / binSeconds)),
    offeredRps: series.arrivals.map((count, bin) => (count + series.unreached[bin]!) / binSeconds),
    arrivalsRps: series.arrivals.map((count) => count / binSeconds),
    failedPercent: series.failures.map((failed, bin) => {
      const ended = failed + series.answered[bin]!;
      return ended === 0 ? 0 : (failed / ended) * 100;
    }),
    meanQueueMs: series.queuedMicros.map((queued, bin) => {
      const answered = series.answered[bin]!;
      return answered === 0 ? null : toMillis(queued / answered);
    }),
  };
}

const sumOf = (values: readonly number[], from: number, to: number): number =>
  values.slice(from, to).reduce((sum, value) => sum + value, 0);

/**
 * The minute with the highest p95, and with the most failures among those (a timeout is the p95 of
 * many); −1 when nothing arrived. A minute in which nothing ended is worse than any that has a p95.
 */
function worstMinuteIndex(recorder: Recorder): number {
  const { series, binsPerMinute } = recorder;
  let worst = { minute: -1, p95: Number.NEGATIVE_INFINITY, failed: 0 };
  series.minuteP95.forEach((quantile, minute) => {
    const [from, to] = [minute * binsPerMinute, (minute + 1) * binsPerMinute];
    if (quantile === null && sumOf(series.arrivals, from, to) === 0) return;
    const p95 = quantile ?? Number.POSITIVE_INFINITY;
    const failed = series.failures.reduce((sum, counts) => sum + sumOf(counts, from, to), 0);
    const isWorse = p95 > worst.p95 || (p95 === worst.p95 && failed > worst.failed);
    if (isWorse) worst = { minute, p95, failed };
  });
  return worst.minute;
}

export function worstMinute(recorder: Recorder): ReplicationResult["worstMinute"] {
  const minute = worstMinuteIndex(recorder);
  if (minute < 0) return null;
  const from = minute * recorder.binsPerMinute;
  const to = from + recorder.binsPerMinute;
  const { series } = recorder;
  const failed = series.failures.reduce((sum, counts) => sum + sumOf(counts, from, to), 0);
  const ended = failed + sumOf(series.completed, from, to);
  return {
    startSeconds: toSeconds(from * recorder.binMicros),
    p95Ms: millisOrNull(series.minuteP95[minute] ?? null),
    failedPercent: ended === 0 ? 0 : (failed / ended) * 100,
  };
}

/**
 * Where an answered request of the entry service spent its time in the worst minute, on average.
 */
export function timeSpentOf(model: Model): TimeSpent | null {
  const { recorder, plan } = model;
  const minute = worstMinuteIndex(recorder);
  const entry = entryService(model);
  if (minute < 0 || entry === null) return null;
  const from = minute * recorder.binsPerMinute;
  const to = from + recorder.binsPerMinute;
  const series = recorder.services[entry]!;
  const answered = sumOf(series.answered, from, to);
  if (answered === 0) return null;
  const per = (values: readonly number[]): number => toMillis(sumOf(values, from, to) / answered);
  const queueMs = per(series.queuedMicros);
  const serviceMs = per(series.servedMicros);
  const totalMs = per(series.totalMicros);
  return {
    startSeconds: toSeconds(from * recorder.binMicros),
    service: plan.services[entry]!.name,
    queueMs,
    serviceMs,
    // What is neither waiting nor own work was spent in calls.
    downstreamMs: Math.max(0, totalMs - queueMs - serviceMs),
    totalMs,
  };
}

/** The service that the first journey of the first traffic calls. */
function entryService(model: Model): number | null {
  const call = model.scenario.traffic[0]?.journeys[0]?.steps[0]?.call;
  if (call === undefined) return null;
  const index = model.plan.services.findIndex((service) => service.name === call.service);
  return index < 0 ? null : index;
}

/** The service whose CPU was busiest in any bin, in percent of what its processes may use. */
export function bottleneckOf(
  model: Model,
): { resource: string; service: string; busyPercent: number; startSeconds: number } | null {
  const { cluster, plan, recorder } = model;
  let worst: ReturnType<typeof bottleneckOf> = null;
  for (const { service } of cluster.workloads) {
    recorder.services[service]!.busyShare.forEach((share, bin) => {
      if (share === null) return;
      const busyPercent = share * 100;
      if (worst !== null && busyPercent <= worst.busyPercent) return;
      const startSeconds = toSeconds(bin * recorder.binMicros);
      const { name } = plan.services[service]!;
      worst = { resource: "cpu", service: name, busyPercent, startSeconds };
    });
  }
  return worst;
}
