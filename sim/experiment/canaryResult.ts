import { present } from "../kernel/assert.ts";
import type { CanaryResult, Result, RolloutOutcome } from "../result/result.ts";
import { proportionInterval } from "../stats/intervals.ts";
import type { CanaryCell, CanaryPlan } from "./canary.ts";
import { estimateOrNull } from "./estimate.ts";
import type { ReplicationOutput } from "./replication.ts";
import { withParts } from "./summarise.ts";

/** Percent of the CPU of all pods, in some moment, from which they have none left. */
const FULL = 99;
/** Half the width of a cell's interval from which it says little. */
const WIDE = 0.2;

/** A result with the operating characteristic in it: `outputs` are those of the plan's tasks. */
export function withCanary(
  result: Result,
  plan: CanaryPlan,
  outputs: readonly ReplicationOutput[],
): Result {
  const canary = canaryResult(plan, outputs, result.level);
  const doubts = [...wideCells(canary), ...saturated(plan, outputs), ...unfinished(outputs)];
  return withParts(result, { canary, warnings: [...result.warnings, ...doubts] });
}

export function canaryResult(
  { grid, policy, stagesPercent, stageSeconds, cells }: CanaryPlan,
  outputs: readonly ReplicationOutput[],
  level: number,
): CanaryResult {
  let start = 0;
  const judged = cells.map((cell) => {
    const rollouts = outputs.slice(start, start + cell.runs).flatMap((output) => output.rollouts);
    start += cell.runs;
    return cellResult(cell, rollouts, level);
  });
  return {
    policy,
    stagesPercent: [...(stagesPercent ?? stagesSeen(judged))],
    stageSeconds,
    healthyErrorShare: grid.healthyErrorShare,
    cells: judged,
  };
}

function cellResult(
  { variant, trafficRps, errorShare, latencyFactor }: CanaryCell,
  rollouts: readonly RolloutOutcome[],
  level: number,
): CanaryResult["cells"][number] {
  const stopped = rollouts.filter(({ outcome }) => outcome === "rolled-back");
  const n = rollouts.length;
  const { share, low, high } = proportionInterval({ successes: stopped.length, trials: n, level });
  return {
    variant,
    trafficRps,
    errorShare,
    latencyFactor: (latencyFactor.min + latencyFactor.max) / 2,
    rollouts: n,
    rolledBack: stopped.length,
    share: { mean: share, low, high, n },
    stagePercent: mostFrequent(stopped.flatMap(({ stages }) => stages.at(-1)?.percent ?? [])),
    detectionSeconds: estimateOrNull(
      stopped.flatMap(({ endSeconds }) => endSeconds ?? []),
      level,
    ),
    // Of all rollouts, also of those that let the release pass: until they were over.
    usersHurt: estimateOrNull(
      rollouts.flatMap(({ usersHurt }) => usersHurt ?? []),
      level,
    ),
    example: present(rollouts[0], "rollout"),
  };
}

/** Of equally frequent values the least. */
function mostFrequent(values: readonly number[]): number | null {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ordered = [...counts].sort(([a, m], [b, n]) => n - m || a - b);
  return ordered[0]?.[0] ?? null;
}

/** For policies that do not say beforehand what their stages are. */
function stagesSeen(cells: CanaryResult["cells"]): readonly number[] {
  const percents = cells.flatMap(({ example }) => example.stages.map(({ percent }) => percent));
  return [...new Set(percents)].sort((a, b) => a - b);
}

function wideCells({ cells }: CanaryResult): readonly string[] {
  const wide = cells.filter(({ share }) => ((share.high ?? 1) - (share.low ?? 0)) / 2 > WIDE);
  if (wide.length === 0) return [];
  const fewest = Math.min(...wide.map(({ rollouts }) => rollouts));
  const many = `${wide.length} of ${cells.length} chances of a rollback`;
  return [
    `${many} are known to ± ${100 * WIDE} % or worse, from ${fewest} rollouts. ` +
      `Use --runs ${4 * fewest}.`,
  ];
}

/** Of healthy releases, by level of traffic: whether there was capacity at all. */
function saturated(
  { grid, cells }: CanaryPlan,
  outputs: readonly ReplicationOutput[],
): readonly string[] {
  const rates = new Set<number>();
  let start = 0;
  for (const { runs, errorShare, trafficRps } of cells) {
    const own = outputs.slice(start, start + runs);
    start += runs;
    const isFull = ({ bottleneck }: ReplicationOutput): boolean =>
      bottleneck !== null && bottleneck.busyPercent >= FULL;
    const isHealthy = errorShare === grid.healthyErrorShare;
    if (isHealthy && 2 * own.filter(isFull).length >= runs) rates.add(trafficRps);
  }
  if (rates.size === 0) return [];
  const at = [...rates].map((rate) => `${rate} rps`).join(", ");
  return [
    `At ${at} the pods have no CPU left: releases are stopped there for want of capacity, ` +
      "whatever their errors.",
  ];
}

function unfinished(outputs: readonly ReplicationOutput[]): readonly string[] {
  const rollouts = outputs.flatMap((output) => output.rollouts);
  const open = rollouts.filter(({ outcome }) => outcome === "unfinished");
  return open.length === 0
    ? []
    : [`${open.length} of ${rollouts.length} rollouts did not come to an end in time.`];
}
