import type { Estimate, PolicyResult, TopicSummary } from "../../sim/result/result.ts";
import { clock, fixed, percentText } from "../format.ts";
import { longTime, makespanSeconds, worstMissed } from "../topicWords.ts";
import { estimateColumn, plusMinus } from "./estimates.ts";
import type { FigureColumn } from "./figures.ts";
import { flushRight } from "./table.ts";
import type { Line } from "./textStyle.ts";

const sumOf = (policy: PolicyResult, read: (topic: TopicSummary) => Estimate): number =>
  (policy.topics ?? []).reduce((sum, topic) => sum + read(topic).mean, 0);

/** What `compare` shows of messages: missed deadlines, makespan, wait and lost work. */
export function topicColumns(
  policies: readonly PolicyResult[],
  { intervals }: { readonly intervals: boolean },
): readonly FigureColumn[] {
  const right = (head: string, cells: readonly string[]): FigureColumn => ({
    column: { head, align: "right" },
    cells: flushRight(cells).map((cell): Line => [cell]),
  });
  const missed = estimateColumn(policies.map(worstMissed), { decimals: 1, intervals });
  const wait = (policy: PolicyResult): number | null =>
    (policy.topics ?? []).reduce<number | null>((worst, { p95WaitSeconds }) => {
      const own = p95WaitSeconds?.mean ?? null;
      return own === null ? worst : Math.max(worst ?? 0, own);
    }, null);
  return [
    { column: { head: "missed %", align: "right" }, cells: missed },
    right(
      "makespan",
      policies.map((policy) => longTime(makespanSeconds(policy))),
    ),
    right(
      "p95 wait",
      policies.map((policy) => longTime(wait(policy))),
    ),
    right(
      "lost",
      policies.map((policy) =>
        fixed(
          sumOf(policy, ({ lost }) => lost),
          1,
        ),
      ),
    ),
  ];
}

function partitionRow({ hottestPartition: hottest }: TopicSummary): readonly (readonly Line[])[] {
  if (hottest === undefined) return [];
  return [
    [
      ["partitions"],
      [`busiest has ${percentText(hottest.publishedPercent.mean)}`],
      [`left in one ${fixed(hottest.lag.mean, 1)}`],
      [`rebalances ${fixed(hottest.rebalances.mean, 1)}`],
    ],
  ];
}

/** What `run` shows of each group of consumers, as rows of cells. */
export function topicRows({
  topics = [],
  replications,
}: PolicyResult): readonly (readonly Line[])[] {
  const rows = topics.flatMap((topic): (readonly Line[])[] => {
    const { missedPercent, makespanSeconds: whole, meanWaitSeconds, p95WaitSeconds } = topic;
    return [
      [
        [topic.topic],
        ["messages ", ...plusMinus(topic.published, 0)],
        ["done ", ...plusMinus(topic.consumed, 0)],
        [`left ${fixed(topic.lag.mean, 1)}`],
        [`dead-lettered ${fixed(topic.deadLettered.mean, 1)}`],
      ],
      [
        ["deadlines"],
        [missedPercent === null ? "none" : `missed ${percentText(missedPercent.mean)}`],
        [`makespan ${longTime(whole?.mean)}`],
        [`wait ${longTime(meanWaitSeconds?.mean)}`],
        [`p95 ${longTime(p95WaitSeconds?.mean)}`],
      ],
      [
        ["work"],
        [`lost ${fixed(topic.lost.mean, 1)}`],
        [`redone ${fixed(topic.redeliveries.mean, 1)}`],
        ...(topic.duplicates.mean > 0 ? [[`duplicates ${fixed(topic.duplicates.mean, 1)}`]] : []),
        [`wasted ${fixed(topic.wastedHours.mean, 2)} worker-hours`],
      ],
      ...partitionRow(topic),
    ];
  });
  const nodes = replications.flatMap(({ provisioning }) => provisioning ?? []);
  const [first] = nodes;
  if (first === undefined || first.nodesAdded === 0) return rows;
  const mean = (read: (one: NonNullable<typeof first>) => number): number =>
    nodes.reduce((sum, one) => sum + read(one), 0) / nodes.length;
  return [
    ...rows,
    [
      ["nodes"],
      [
        `added ${fixed(
          mean((one) => one.nodesAdded),
          1,
        )}`,
      ],
      [`pods waited ${clock(mean((one) => one.meanWaitSeconds ?? 0))}`],
      [`at most ${clock(Math.max(...nodes.map((one) => one.maxWaitSeconds ?? 0)))}`],
    ],
  ];
}
