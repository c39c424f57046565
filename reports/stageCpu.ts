import type { PolicyResult, RolloutOutcome, ServiceTimeline } from "../sim/result/result.ts";

/** Pods and their CPU in percent of what they request, on average over a stage. */
export interface PodsCpu {
  readonly pods: number;
  /** Null where nothing is requested, or nothing ran. */
  readonly percent: number | null;
}

/** One stage of a rollout; what an autoscaler sees is `all`. */
export interface StageCpu {
  readonly percent: number;
  readonly startSeconds: number;
  readonly before: PodsCpu;
  readonly released: PodsCpu;
  readonly all: PodsCpu;
}

/**
 * CPU of the new revision and of all others, stage by stage, over the bins of the timeline that lie
 * within the stage. None of a rollout without stages, or of a result that does not know.
 */
export function stageCpu(policy: PolicyResult, rollout: RolloutOutcome): readonly StageCpu[] {
  const { services, binSeconds } = policy.timeline;
  const { workload, stages, atSeconds, endSeconds } = rollout;
  const revisions = services.find(({ service }) => service === workload)?.revisions;
  if (revisions === undefined || atSeconds === undefined) return [];
  const bins = revisions[0]?.pods.length ?? 0;
  return stages.flatMap(({ percent, startSeconds }, index) => {
    const end = stages[index + 1]?.startSeconds ?? endSeconds ?? bins * binSeconds;
    const from = Math.max(0, Math.ceil((atSeconds + startSeconds) / binSeconds));
    const to = Math.min(bins, Math.floor((atSeconds + end) / binSeconds));
    if (to <= from) return [];
    const over = (wanted: (revision: string) => boolean): PodsCpu =>
      meanOver(
        revisions.filter(({ revision }) => wanted(revision)),
        from,
        to,
      );
    return {
      percent,
      startSeconds,
      before: over((revision) => revision !== rollout.revision),
      released: over((revision) => revision === rollout.revision),
      all: over(() => true),
    };
  });
}

type Revisions = NonNullable<ServiceTimeline["revisions"]>;

/** A bin counts by its pods. */
function meanOver(revisions: Revisions, from: number, to: number): PodsCpu {
  let [pods, known, sum] = [0, 0, 0];
  for (const revision of revisions) {
    for (let bin = from; bin < to; bin++) {
      const count = revision.pods[bin] ?? 0;
      const percent = revision.cpuPercent[bin] ?? null;
      pods += count;
      if (percent === null) continue;
      known += count;
      sum += count * percent;
    }
  }
  return { pods: pods / (to - from), percent: known === 0 ? null : sum / known };
}
