import type { Result } from "../../sim/result/result.ts";
import { selectionSentences } from "../selectionWords.ts";
import { isAboutTopics } from "../topicWords.ts";
import {
  claimBlame,
  claimSentences,
  differenceWords,
  frontOf,
  objectiveText,
  ranked,
  runnerUpComparison,
  runsOf,
  setupText,
  stoppingText,
  tableMetrics,
  warmUpText,
} from "../verdict.ts";
import { differenceTable } from "./differenceTable.ts";
import { costColumn, type FigureColumn, failedColumn, latencyColumn } from "./figures.ts";
import { fileLines, paragraphs, type TextOptions, verdictLines, warningLines } from "./shared.ts";
import { type Column, table, tableWidth } from "./table.ts";
import { type Line, renderLines, statusPiece, type TextStyle, wrapLine } from "./textStyle.ts";
import { topicColumns } from "./topicText.ts";

/** The answer of `peakday compare`: verdict, table, differences, front, claims, files. */
export function compareText(result: Result, options: TextOptions): string {
  const { style, files = [] } = options;
  const lines = paragraphs([
    wrapLine([`${result.scenario.name}: ${setupText(result)}`], style),
    verdictLines(result, options),
    verdictTable(result, style),
    objectiveLines(result, style),
    differenceTable(result, style),
    frontLines(result, style),
    selectionSentences(result).flatMap((sentence) => wrapLine([sentence], style)),
    ...result.claims.map((claim) => claimLines(result, claim, style)),
    warningLines(result, style),
    fileLines(result, files),
  ]);
  return renderLines(lines, style);
}

interface Detail {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Line[])[];
}

interface DetailOptions {
  readonly further: boolean;
  readonly intervals: boolean;
}

/** All columns but the names. */
function detail(result: Result, { further, intervals }: DetailOptions): Detail {
  const policies = ranked(result);
  const metrics = further ? tableMetrics(result) : tableMetrics(result).slice(0, 1);
  const status: FigureColumn = {
    column: { head: "objective", align: "left" },
    cells: policies.map((policy) => [statusPiece(policy)]),
  };
  const requests = (): readonly FigureColumn[] => [
    ...metrics.map((metric) => latencyColumn(policies, metric, { intervals })),
    failedColumn(policies, { intervals }),
  ];
  const figures = [
    ...(result.scenario.objective.length > 0 ? [status] : []),
    ...(isAboutTopics(result) ? topicColumns(policies, { intervals }) : requests()),
    costColumn(policies),
  ];
  return {
    columns: figures.map(({ column }) => column),
    rows: policies.map((_, row) => figures.map(({ cells }) => cells[row] ?? [])),
  };
}

function named(names: readonly string[], { columns, rows }: Detail): Detail {
  return {
    columns: [{ head: "policy", align: "left" }, ...columns],
    rows: rows.map((row, index) => [[names[index] ?? ""], ...row]),
  };
}

/** Names that leave no room for the figures stand on a line of their own above them. */
function namesAbove(names: readonly string[], body: Detail, style: TextStyle): readonly Line[] {
  const indented = named(
    names.map(() => ""),
    body,
  );
  const [head = [], rule = [], ...rows] = table(indented.columns, indented.rows, {
    style,
    gutter: 2,
  });
  return [
    head,
    rule,
    ...rows.flatMap((row, index): readonly Line[] => [[names[index] ?? ""], row]),
  ];
}

/** The table with as much detail as the width allows: p99 goes first, then the intervals. */
function verdictTable(result: Result, style: TextStyle): readonly Line[] {
  const names = ranked(result).map((policy) => policy.name);
  const full = detail(result, { further: true, intervals: true });
  const short = detail(result, { further: false, intervals: true });
  const bare = detail(result, { further: false, intervals: false });
  const wide = style.width >= 72;
  for (const body of wide ? [full, short, bare] : [short, bare]) {
    const whole = named(names, body);
    for (const gutter of [3, 2]) {
      if (tableWidth(whole.columns, whole.rows, { style, gutter }) <= style.width) {
        return table(whole.columns, whole.rows, { style, gutter });
      }
    }
    if (body === full || body === bare) {
      const anonymous = named([], body);
      const width = tableWidth(anonymous.columns, anonymous.rows, { style, gutter: 2 });
      if (width <= style.width || body === bare) return namesAbove(names, body, style);
    }
  }
  return [];
}

function objectiveLines(result: Result, style: TextStyle): readonly Line[] {
  const objective = objectiveText(result);
  const runs = runsOf(result);
  const level = `${Number((100 * result.level).toFixed(2))} %`;
  const interval =
    runs < 2 ? "one run each, so no intervals" : `± half a ${level} interval, n = ${runs}`;
  const text = objective === null ? interval : `objective: ${objective}; ${interval}`;
  return [text, stoppingText(result), warmUpText(result)]
    .filter((each) => each !== null)
    .flatMap((each) => wrapLine([each], style));
}

function frontLines(result: Result, style: TextStyle): readonly Line[] {
  const lines: Line[] = [];
  const front = frontOf(result).map((policy) => policy.name);
  if (front.length > 0 && result.policies.length > 1) {
    const metric = isAboutTopics(result) ? "missed deadlines" : tableMetrics(result)[0];
    lines.push(...wrapLine([`on the front of cost and ${metric}: ${front.join(", ")}`], style));
  }
  const pair = runnerUpComparison(result);
  if (pair !== null && runsOf(result) > 1) {
    const { p95Ms, costUsd } = pair.differences;
    const parts = [
      ...(p95Ms === null ? [] : [`p95 ${differenceWords(p95Ms)}`]),
      ...(costUsd === null ? [] : [`cost ${differenceWords(costUsd)}`]),
    ];
    const text = `${pair.policy} against ${pair.against}: ${parts.join(", ")}`;
    if (parts.length > 0) lines.push(...wrapLine([text], style));
  }
  return lines;
}

/** The claim, how long each policy took, and the limit that is to blame. */
function claimLines(
  result: Result,
  claim: Result["claims"][number],
  style: TextStyle,
): readonly Line[] {
  const blame = claimBlame(result, claim);
  const sentences = [`"${claim.text}":`, ...claimSentences(claim), ...(blame ? [blame] : [])];
  return wrapLine([sentences.join(" ")], style);
}
