import type { Estimate, PolicyResult, Result, TopicSummary } from "../../../sim/result/result.ts";
import { clock, fixed, percentText, plural } from "../../format.ts";
import { ranked, runsOf } from "../../verdict.ts";
import { html } from "../html.ts";
import { type Section, tableHtml } from "./shared.ts";

/** What became of the messages of every group of consumers, policy by policy. */
export function topicsSection(result: Result): Section | null {
  const policies = ranked(result);
  if (policies.every(({ topics = [] }) => topics.length === 0)) return null;
  const runs = runsOf(result);
  const sure = runs < 2 ? "one replication" : `mean of ${runs} replications`;
  const groups = new Set(policies.flatMap(({ topics = [] }) => topics.map(({ topic }) => topic)));
  return {
    id: "topics",
    short: "Queues",
    title: "What became of the messages",
    lead: html`Messages published in the measured time, ${sure}. A wait is from publishing to the
first hand-out; the makespan from the first batch to the end of the last job of all batches. Lost
are hand-outs whose worker ended before the work did; wasted hours are those of its worker.`,
    body: html`${messageTable(policies, groups.size > 1)}
${provisioningTable(policies)}`,
  };
}

function messageTable(policies: readonly PolicyResult[], several: boolean) {
  const rows = policies.flatMap((policy) =>
    (policy.topics ?? []).map((topic) => ({
      cells: [
        html`<b>${policy.name}</b>${several ? html`<br>${topic.topic}, ${topic.group}` : ""}`,
        count(topic.published),
        count(topic.consumed),
        topic.missedPercent === null ? "–" : percentText(topic.missedPercent.mean),
        time(topic.makespanSeconds),
        time(topic.meanWaitSeconds),
        time(topic.p95WaitSeconds),
        ...lostCells(topic),
      ],
    })),
  );
  const heads = [
    { head: "policy", text: true },
    { head: "messages" },
    { head: "done" },
    { head: "missed deadline" },
    { head: "makespan" },
    { head: "mean wait" },
    { head: "p95 wait" },
    { head: "lost" },
    { head: "dead-lettered" },
    { head: "wasted hours" },
  ];
  return tableHtml(heads, rows, { small: true });
}

const count = ({ mean }: Estimate): string => fixed(mean, Number.isInteger(mean) ? 0 : 1);
const time = (estimate: Estimate | null): string =>
  estimate === null ? "–" : clock(estimate.mean);

const lostCells = ({ lost, deadLettered, wastedHours }: TopicSummary): readonly string[] => [
  count(lost),
  count(deadLettered),
  fixed(wastedHours.mean, 1),
];

/** Nodes that came during the run, and how long pods waited for them. */
function provisioningTable(policies: readonly PolicyResult[]) {
  const rows = policies.flatMap(({ name, replications }) => {
    const runs = replications.flatMap(({ provisioning }) => provisioning ?? []);
    if (runs.length === 0) return [];
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const waits = runs.flatMap(({ meanWaitSeconds }) => meanWaitSeconds ?? []);
    const longest = runs.flatMap(({ maxWaitSeconds }) => maxWaitSeconds ?? []);
    return [
      {
        cells: [
          html`<b>${name}</b>`,
          fixed(mean(runs.map(({ nodesAdded }) => nodesAdded)), 1),
          fixed(mean(runs.map(({ nodeHours }) => nodeHours)), 1),
          waits.length === 0 ? "–" : clock(mean(waits)),
          longest.length === 0 ? "–" : clock(Math.max(...longest)),
        ],
      },
    ];
  });
  const runs = policies[0]?.replications.length ?? 0;
  return tableHtml(
    [
      { head: "policy", text: true },
      { head: "nodes added" },
      { head: "node-hours" },
      { head: "pods waited, mean" },
      { head: "at most" },
    ],
    rows,
    { small: true, caption: `Nodes that came during the run; ${plural(runs, "replication")}` },
  );
}
