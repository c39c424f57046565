import type { PolicyResult, Result } from "../../../sim/result/result.ts";
import { costAgainstObjective, hasCostAgainstObjective } from "../../charts/index.ts";
import { countText, decimalsFor, signed, signedUsd, span } from "../../format.ts";
import { frontOf, headlineMetric, levelText, runsOf } from "../../verdict.ts";
import { html, nothing, type SafeHtml } from "../html.ts";
import { responsive, type Section, tableHtml, WIDE } from "./shared.ts";

export async function costSection(result: Result): Promise<Section | null> {
  if (!hasCostAgainstObjective(result)) return null;
  const chart = await responsive((width) => {
    const padding = { left: 58, right: 12, top: 10, bottom: 40 };
    return costAgainstObjective(result, { width, height: width > 400 ? 290 : 280, padding });
  }, WIDE);
  const crosses = runsOf(result) < 2 ? "" : ` Crosses are ${levelText(result)} intervals.`;
  return {
    id: "cost",
    short: "Cost against objective",
    title: "Cost against objective",
    lead: html`Lower left is better. The dotted steps join the policies that no other beats on both
axes.${crosses}`,
    body: html`<div class="two"><div>${chart}</div><div>${stepsHtml(result)}</div></div>`,
  };
}

function failedRequests({ metrics }: PolicyResult): number {
  return (metrics.requests.mean * metrics.failedPercent.mean) / 100;
}

/** What each step along the front costs and what it brings. */
function stepsHtml(result: Result): SafeHtml {
  const front = frontOf(result).filter((policy) => policy.metrics.costUsd !== null);
  const metric = headlineMetric(result);
  if (front.length < 2) {
    const best = front[0]?.name;
    return best === undefined
      ? nothing
      : html`<p class="note">${best} beats every other policy on both axes.</p>`;
  }
  const rows = front.slice(1).map((policy, index) => {
    const before = front[index]!;
    const cost = (policy.metrics.costUsd?.mean ?? 0) - (before.metrics.costUsd?.mean ?? 0);
    const failed = failedRequests(policy) - failedRequests(before);
    const text = Math.abs(failed) < 0.5 ? "0" : `${failed > 0 ? "+" : ""}${countText(failed)}`;
    return {
      cells: [
        html`${before.name}<br>→ <b>${policy.name}</b>`,
        signedUsd(cost, decimalsFor([cost], { least: 2, most: 4 })),
        latencyStep(before, policy, metric),
        text,
      ],
    };
  });
  const columns = [
    { head: "step" },
    { head: "cost" },
    { head: `${metric}, ms` },
    { head: "failed requests" },
  ];
  const time = span(result.scenario.durationSeconds);
  const caption = `What the next step on the front costs and brings, per ${time}`;
  return tableHtml(columns, rows, { caption });
}

function latencyStep(
  before: PolicyResult,
  after: PolicyResult,
  metric: ReturnType<typeof headlineMetric>,
): string {
  const value = ({ metrics }: PolicyResult): number | undefined =>
    ({ mean: metrics.meanMs, p50: metrics.p50Ms, p95: metrics.p95Ms, p99: metrics.p99Ms })[metric]
      ?.mean;
  const [from, to] = [value(before), value(after)];
  return from === undefined || to === undefined ? "–" : signed(to - from, 0);
}
