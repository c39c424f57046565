import type { Result, SweepResult } from "../../sim/result/result.ts";
import { plural } from "../format.ts";
import { hasSeveralBases } from "../sweepWords.ts";
import { isAboutTopics } from "../topicWords.ts";
import { headlineMetric, objectiveText, runsOf } from "../verdict.ts";
import { costColumn, type FigureColumn, failedColumn, latencyColumn } from "./figures.ts";
import { fileLines, paragraphs, type TextOptions, verdictLines, warningLines } from "./shared.ts";
import { type Column, table } from "./table.ts";
import { type Line, renderLines, statusPiece, type TextStyle, wrapLine } from "./textStyle.ts";
import { topicColumns } from "./topicText.ts";

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
  const several = hasSeveralBases(sweep);
  const figures = [
    ...(isAboutTopics(result)
      ? topicColumns(policies, { intervals: true })
      : requestColumns(result)),
    costColumn(policies),
  ];
  const columns: Column[] = [
    ...(several ? [{ head: "policy", align: "left" } as const] : []),
    ...sweep.axes.map(({ name }): Column => ({ head: name, align: "right" })),
    ...(result.scenario.objective.length > 0
      ? [{ head: "objective", align: "left" } as const]
      : []),
    ...figures.map(({ column }) => column),
  ];
  const rows = policies.map((policy, index): readonly Line[] => {
    const point = sweep.points[index];
    return [
      ...(several ? [[point?.base ?? ""]] : []),
      ...(point?.values ?? []).map((value): Line => [value]),
      ...(result.scenario.objective.length > 0 ? [[statusPiece(policy)]] : []),
      ...figures.map(({ cells }) => cells[index] ?? []),
    ];
  });
  return table(columns, rows, { style, gutter: 2 });
}

function requestColumns(result: Result): readonly FigureColumn[] {
  const { policies } = result;
  return [
    latencyColumn(policies, headlineMetric(result), { intervals: true }),
    failedColumn(policies, { intervals: false }),
  ];
}
