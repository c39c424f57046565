import type { Comparison, PairedDifference, Result } from "../../sim/result/result.ts";
import { decimalsFor, signed, signedUsd } from "../format.ts";
import { isAboutTopics } from "../topicWords.ts";
import {
  adjustmentText,
  baselineOf,
  comparisonOf,
  headlineMetric,
  levelText,
  ranked,
} from "../verdict.ts";
import { flushRight, table, tableWidth } from "./table.ts";
import { dim, type Line, type TextStyle, verdictPiece, wrapLine } from "./textStyle.ts";

type DifferenceKey = keyof Comparison["differences"];

interface DifferenceColumn {
  readonly head: string;
  /** Up to three lines for each policy: figure, interval, words that need a line of their own. */
  readonly cells: readonly (readonly Line[])[];
}

function intervalText(difference: PairedDifference, decimals: number): string | null {
  const { low, high } = difference;
  if (low === null || high === null) return null;
  return `[${signed(low, decimals)}, ${signed(high, decimals)}]`;
}

const isShare = (key: DifferenceKey): boolean => key === "failedPercent" || key === "missedPercent";

function figure(difference: PairedDifference, key: DifferenceKey, decimals: number): string {
  if (key === "costUsd") return signedUsd(difference.mean, decimals);
  return `${signed(difference.mean, decimals)} ${isShare(key) ? "pp" : "ms"}`;
}

function decimalsOf(difference: PairedDifference, key: DifferenceKey): number {
  const { mean, low, high } = difference;
  if (key === "costUsd") return decimalsFor([low, high], { least: 2, most: 3 });
  if (isShare(key)) return decimalsFor([low, high], { least: 1, most: 2 });
  return Math.abs(mean) < 9.95 ? 1 : 0;
}

function column(
  head: string,
  key: DifferenceKey,
  pairs: readonly Comparison[],
): DifferenceColumn | null {
  const differences = pairs.map((pair) => pair.differences[key] ?? null);
  if (differences.every((difference) => difference === null)) return null;
  const decimals = differences.map((value) => (value === null ? 0 : decimalsOf(value, key)));
  const figures = flushRight(
    differences.map((value, row) =>
      value === null ? "–" : figure(value, key, decimals[row] ?? 0),
    ),
  );
  const cells = differences.map((difference, row): readonly Line[] => {
    const text = figures[row] ?? "";
    const interval = difference === null ? null : intervalText(difference, decimals[row] ?? 0);
    if (difference === null || interval === null) return [[text]];
    const words = verdictPiece(difference.verdict);
    return difference.verdict === "no difference shown"
      ? [[text], [dim(interval)], [words]]
      : [[text, " ", words], [dim(interval)]];
  });
  return { head, cells };
}

function columnsOf(result: Result, pairs: readonly Comparison[]): readonly DifferenceColumn[] {
  const metric = headlineMetric(result) === "p99" ? "p99" : "p95";
  if (isAboutTopics(result)) {
    return [column("missed", "missedPercent", pairs), column("cost", "costUsd", pairs)].filter(
      (candidate) => candidate !== null,
    );
  }
  return [
    column(metric, metric === "p95" ? "p95Ms" : "p99Ms", pairs),
    column("failed", "failedPercent", pairs),
    column("cost", "costUsd", pairs),
  ].filter((candidate) => candidate !== null);
}

/** Differences from the baseline, two or three lines for each policy. */
export function differenceTable(result: Result, style: TextStyle): readonly Line[] {
  const baseline = baselineOf(result);
  if (baseline === null) return [];
  const pairs = ranked(result)
    .filter((policy) => policy.name !== baseline)
    .map((policy) => comparisonOf(result, policy.name, baseline))
    .filter((pair) => pair !== null);
  const first = pairs[0]?.differences;
  if (first === undefined) return [];
  const n = (first.costUsd ?? first.p95Ms ?? first.failedPercent)?.n ?? 0;
  const sure = n < 2 ? "one run, so no interval" : `${levelText(result)} interval, n = ${n}`;
  const adjustment = adjustmentText(result);
  const adjusted = adjustment === null ? "" : `; ${adjustment}`;
  const title = wrapLine([`difference from ${baseline}, paired, ${sure}${adjusted}`], style);
  return [...title, [], ...differenceRows(pairs, columnsOf(result, pairs), style)];
}

function differenceRows(
  pairs: readonly Comparison[],
  columns: readonly DifferenceColumn[],
  style: TextStyle,
): readonly Line[] {
  const layOut = (named: boolean) => {
    const rows = pairs.flatMap((pair, row) => {
      const height = Math.max(...columns.map((each) => each.cells[row]?.length ?? 0));
      return Array.from({ length: height }, (_, line): readonly Line[] => [
        [named && line === 0 ? pair.policy : ""],
        ...columns.map((each) => each.cells[row]?.[line] ?? []),
      ]);
    });
    return [[[""], ...columns.map((each): Line => [each.head])], ...rows];
  };
  const spec = ["", ...columns].map(() => ({ head: "", align: "left" as const }));
  const rows = layOut(true);
  for (const gutter of [4, 3, 2, 1]) {
    if (tableWidth(spec, rows, { style, gutter }) <= style.width) {
      return table(spec, rows, { style, gutter });
    }
  }
  return stacked(pairs, columns);
}

/** Too narrow, or names too long, for columns: one figure per line below the name. */
function stacked(
  pairs: readonly Comparison[],
  columns: readonly DifferenceColumn[],
): readonly Line[] {
  return pairs.flatMap((pair, row): readonly Line[] => [
    [pair.policy],
    ...columns.map(({ head, cells }): Line => {
      const lines = cells[row] ?? [];
      const pieces = lines.flatMap((line): Line => (line === lines[0] ? line : [" ", ...line]));
      return [`  ${head.padEnd(8)}`, ...pieces];
    }),
  ]);
}
