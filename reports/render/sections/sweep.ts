import type { Result } from "../../../sim/result/result.ts";
import { fixed, milliseconds, percentText, usdText } from "../../format.ts";
import { isAboutTopics, longTime, makespanSeconds, worstMissed } from "../../topicWords.ts";
import { headlineMetric, latencyEstimate, statusText } from "../../verdict.ts";
import { html } from "../html.ts";
import { type Section, tableHtml } from "./shared.ts";

/** Every point of the grid in its order; null where nothing was varied. */
export function sweepSection(result: Result): Section | null {
  const { sweep } = result;
  if (sweep === undefined) return null;
  const metric = headlineMetric(result);
  const ofTopics = isAboutTopics(result);
  const columns = [
    { head: "policy" },
    ...sweep.axes.map(({ name }) => ({ head: name })),
    { head: "objective", text: true },
    ...(ofTopics ? ["missed deadlines", "makespan"] : [metric, "failed"]).map((head) => ({ head })),
    { head: "cost" },
  ];
  const rows = result.policies.map((policy, index) => {
    const point = sweep.points[index];
    const latency = latencyEstimate(policy, metric);
    const missed = worstMissed(policy);
    const { failedPercent, costUsd, replicaHours } = policy.metrics;
    const kind = policy.objective.held ? "good" : "bad";
    const cost = costUsd === null ? `${fixed(replicaHours.mean, 2)} h` : usdText(costUsd.mean);
    return {
      cells: [
        point?.base ?? policy.name,
        ...(point?.values ?? []),
        html`<span class="${kind}">${statusText(policy)}</span>`,
        ...(ofTopics
          ? [missed === null ? "–" : percentText(missed.mean), longTime(makespanSeconds(policy))]
          : [latency === null ? "–" : milliseconds(latency.mean), percentText(failedPercent.mean)]),
        cost,
      ],
    };
  });
  const names = sweep.axes.map(({ path }) => path).join(", ");
  return {
    id: "sweep",
    short: "Grid",
    title: "Every point of the grid",
    lead: html`Varied: ${names}. Every point met the same customers.`,
    body: tableHtml(columns, rows, { small: true }),
  };
}
