import type { PolicyResult, Result, SweepResult } from "../../sim/result/result.ts";
import { millisecondDecimals, plural } from "../format.ts";
import { isAboutTopics } from "../topicWords.ts";
import { headlineMetric, latencyEstimate, objectiveText, runsOf } from "../verdict.ts";
import { estimateColumn } from "./estimates.ts";
import { fileLines, paragraphs, type TextOptions, verdictLines, warningLines } from "./shared.ts";
import { type Column, table } from "./table.ts";
import { type Line, renderLines, statusPiece, type TextStyle, wrapLine } from "./textStyle.ts";
import { type FigureColumn, topicColumns } from "./topicText.ts";

/** The answer of `peakday sweep`: every point of the grid in its order, and the cheapest. */
export function sweepText(result: Result, options: TextOptions): string {
  const { style, files = [] } = options;
  const { sweep, scenario, policies } = result;
  const points = plural(policies.length, "point");
  const runs = plural(runsOf(result), "run");
  const setup = `sweep: ${scenario.name}, ${points}, ${runs} each, same customers`;
  const objective = objectiveText(result);
  const lines = paragraphs([
    wrapLine([setup], style),
    verdictLines(result, options),
    ...(sweep === undefined ? [] : [grid(result, sweep, style)]),
    objective === null ? [] : wrapLine([`objective: ${objective}`], style),
    warningLines(result, style),
    fileLines(result, files),
  ]);
  return renderLines(lines, style);
}

function grid(result: Result, sweep: SweepResult, style: TextStyle): readonly Line[] {
  const { policies } = result;
  const several = new Set(sweep.points.map(({ base }) => base)).size > 1;
  const figures = isAboutTopics(result)
    ? topicColumns(policies, { intervals: true })
    : requestColumns(result);
  const columns: Column[] = [
    ...(several ? [{ head: "policy", align: "left" } as const] : []),
    ...sweep.axes.map(({ name }): Column => ({ head: name, align: "right" })),
    ...(result.scenario.objective.length > 0
      ? [{ head: "objective", align: "left" } as const]
      : []),
    ...figures.map(({ column }) => column),
    costHead(policies),
  ];
  const costs = costCells(policies);
  const rows = policies.map((policy, index): readonly Line[] => {
    const point = sweep.points[index];
    return [
      ...(several ? [[point?.base ?? ""]] : []),
      ...(point?.values ?? []).map((value): Line => [value]),
      ...(result.scenario.objective.length > 0 ? [[statusPiece(policy)]] : []),
      ...figures.map(({ cells }) => cells[index] ?? []),
      costs[index] ?? [],
    ];
  });
  return table(columns, rows, { style, gutter: 2 });
}

function requestColumns(result: Result): readonly FigureColumn[] {
  const { policies } = result;
  const metric = headlineMetric(result);
  const latencies = policies.map((policy) => latencyEstimate(policy, metric));
  const means = latencies.flatMap((one) => (one === null ? [] : [one.mean]));
  const decimals = millisecondDecimals(Math.min(...means, 1000));
  const failed = policies.map(({ metrics }) => metrics.failedPercent);
  return [
    {
      column: { head: `${metric} ms`, align: "right" },
      cells: estimateColumn(latencies, { decimals, intervals: true }),
    },
    {
      column: { head: "failed %", align: "right" },
      cells: estimateColumn(failed, { decimals: 2, intervals: false }),
    },
  ];
}

const isPriced = (policies: readonly PolicyResult[]): boolean =>
  policies.some(({ metrics }) => metrics.costUsd !== null);

const costHead = (policies: readonly PolicyResult[]): Column => ({
  head: isPriced(policies) ? "cost $" : "replica-h",
  align: "right",
});

function costCells(policies: readonly PolicyResult[]): readonly Line[] {
  const priced = isPriced(policies);
  const costs = policies.map(({ metrics }) => (priced ? metrics.costUsd : metrics.replicaHours));
  const least = Math.min(...costs.map((cost) => cost?.mean ?? 1));
  return estimateColumn(costs, { decimals: least < 0.01 ? 4 : 2, intervals: false });
}
