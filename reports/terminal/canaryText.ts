import type { CanaryResult, Result } from "../../sim/result/result.ts";
import {
  type CanaryGrid,
  canaryGrid,
  canarySentence,
  cellAt,
  cellsAcrossTraffic,
  detectionText,
  largestHalfWidth,
  outcomeText,
  shareText,
} from "../canaryWords.ts";
import { fixed, plain, plural } from "../format.ts";
import { levelText } from "../verdict.ts";
import { fileLines, paragraphs, type TextOptions, warningLines } from "./shared.ts";
import { type Column, table } from "./table.ts";
import { type Line, renderLines, type TextStyle, wrapLine } from "./textStyle.ts";

/** The answer of `peakday canary`: the operating characteristic and what would mend it. */
export function canaryText(result: Result, options: TextOptions): string {
  const { style, files = [] } = options;
  const { canary } = result;
  const lines = paragraphs([
    ...(canary === null ? rolloutParagraphs(result, style) : gridParagraphs(result, canary, style)),
    warningLines(result, style),
    fileLines(result, files),
  ]);
  return renderLines(lines, style);
}

/** Without a grid: how the rollouts of the run went. */
function rolloutParagraphs(result: Result, style: TextStyle): readonly (readonly Line[])[] {
  const lines = result.policies.flatMap((policy) =>
    policy.rollouts.flatMap((rollout) =>
      wrapLine([`${rollout.workload} ${rollout.revision}: ${outcomeText(rollout)}`], style, "  "),
    ),
  );
  return [[[`canary: ${result.scenario.name}`]], lines.length === 0 ? [["no rollout"]] : lines];
}

function gridParagraphs(
  result: Result,
  canary: CanaryResult,
  style: TextStyle,
): readonly (readonly Line[])[] {
  const grid = canaryGrid(canary);
  const [main = "", ...others] = grid.variants;
  const stages = canary.stagesPercent.map(plain).join(" ");
  const rollouts = Math.max(0, ...canary.cells.map((cell) => cell.rollouts));
  const setup = `canary: ${canary.policy}, stages ${stages} %, ${plural(rollouts, "rollout")}`;
  return [
    wrapLine([setup], style),
    wrapLine([canarySentence(canary, main)], style),
    [["chance of a rollback, %, by true error share"]],
    gridTable(canary, grid, style),
    detectionLines(result, canary, grid, style),
    mendingLines(canary, others, style),
  ];
}

function gridTable(canary: CanaryResult, grid: CanaryGrid, style: TextStyle): readonly Line[] {
  const variant = grid.variants[0] ?? "";
  const bug = `stage of a ${shareText(grid.worstShare)} bug`;
  const columns: readonly Column[] = [
    { head: "traffic", align: "right" },
    ...grid.errorShares.map((share): Column => ({ head: shareText(share), align: "right" })),
    { head: bug, align: "left" },
  ];
  const rows = grid.traffic.map((trafficRps): readonly Line[] => {
    const cells = grid.errorShares.map((errorShare): Line => {
      const cell = cellAt(canary, { variant, trafficRps, errorShare });
      return [cell === null ? "–" : fixed(100 * cell.share.mean, 0)];
    });
    const worst = cellAt(canary, { variant, trafficRps, errorShare: grid.worstShare });
    const stage = worst?.stagePercent ?? null;
    return [[`${plain(trafficRps)} rps`], ...cells, [stage === null ? "–" : `${plain(stage)} %`]];
  });
  return table(columns, rows, { style, gutter: grid.errorShares.length > 7 ? 2 : 3 });
}

function detectionLines(
  result: Result,
  canary: CanaryResult,
  grid: CanaryGrid,
  style: TextStyle,
): readonly Line[] {
  const bugs = canary.cells.filter(
    (cell) => cell.variant === grid.variants[0] && cell.errorShare === grid.worstShare,
  );
  const texts = bugs.map(detectionText).filter((text) => text !== null);
  const half = largestHalfWidth(canary);
  const margin =
    half === null ? "" : `; each cell ± ${fixed(half, 0)} at most (${levelText(result)} interval)`;
  return [
    ...texts.flatMap((text) => wrapLine([text], style)),
    ...wrapLine([`healthy is ${shareText(canary.healthyErrorShare)}${margin}`], style),
  ];
}

/** What the other variants of the policy would do. */
function mendingLines(
  canary: CanaryResult,
  variants: readonly string[],
  style: TextStyle,
): readonly Line[] {
  const { worstShare } = canaryGrid(canary);
  return variants.flatMap((variant) => {
    const healthy = cellsAcrossTraffic(canary, variant, canary.healthyErrorShare);
    const bad = cellsAcrossTraffic(canary, variant, worstShare);
    const alarms = healthy.map((cell) => 100 * cell.share.mean);
    const stages = bad.map((cell) => cell.stagePercent).filter((stage) => stage !== null);
    const parts = [
      ...(alarms.length === 0 ? [] : [`healthy rolled back ${span(alarms)} %`]),
      ...(stages.length === 0 ? ["bug not found"] : [`bug found at the ${span(stages)} % stage`]),
    ];
    return wrapLine([`with ${variant}: ${parts.join(", ")}`], style, "  ");
  });
}

function span(values: readonly number[]): string {
  const low = fixed(Math.min(...values), 0);
  const high = fixed(Math.max(...values), 0);
  return low === high ? low : `${low} to ${high}`;
}
