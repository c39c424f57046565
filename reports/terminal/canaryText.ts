import type { CanaryResult, Result } from "../../sim/result/result.ts";
import {
  bugCells,
  bugName,
  bugText,
  type CanaryGrid,
  canaryGrid,
  canarySentence,
  caughtText,
  cellAt,
  detectionText,
  healthyCells,
  healthyText,
  rolloutRange,
  rolloutSum,
  shareText,
  stagesText,
  wholePercent,
  widestMargin,
} from "../canaryWords.ts";
import { plain, plural } from "../format.ts";
import { outcomeText } from "../rolloutWords.ts";
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
  const rollouts = plural(rolloutSum(canary.cells), "rollout");
  const setup = `canary: ${canary.policy}, ${stagesText(canary, " ")}, ${rollouts}`;
  return [
    wrapLine([setup], style),
    wrapLine([canarySentence(canary, main)], style),
    [["chance of a rollback, %, by true error share"]],
    gridTable(canary, grid, style),
    [...detectionLines(canary, main, style), ...noteLines(result, canary, style)],
    mendingLines(canary, others, style),
  ];
}

function gridTable(canary: CanaryResult, grid: CanaryGrid, style: TextStyle): readonly Line[] {
  const variant = grid.variants[0] ?? "";
  const bugs = bugCells(canary, variant);
  // Its errors alone are a column of their own mostly; where they are not, it gets one.
  const isApart = bugs[0] !== undefined && !grid.errorShares.includes(bugs[0].errorShare);
  const columns: readonly Column[] = [
    { head: "traffic", align: "right" },
    ...grid.errorShares.map((share): Column => ({ head: shareText(share), align: "right" })),
    ...(isApart ? [{ head: bugName(canary), align: "right" } as const] : []),
    { head: `stage of a ${bugName(canary)}`, align: "left" },
  ];
  const rows = grid.traffic.map((trafficRps): readonly Line[] => {
    const cells = grid.errorShares.map((errorShare): Line => {
      const cell = cellAt(canary, { variant, trafficRps, errorShare });
      return [cell === null ? "–" : wholePercent(cell.share.mean)];
    });
    const bug = bugs.find((cell) => cell.trafficRps === trafficRps) ?? null;
    const chance = bug === null ? "–" : wholePercent(bug.share.mean);
    const stage = bug === null || bug.stagePercent === null ? "–" : `${plain(bug.stagePercent)} %`;
    return [[`${plain(trafficRps)} rps`], ...cells, ...(isApart ? [[chance]] : []), [stage]];
  });
  return table(columns, rows, { style, gutter: grid.errorShares.length > 7 ? 2 : 3 });
}

/** How the bug fares: a line for each level of traffic, or one where there is but one level. */
function detectionLines(canary: CanaryResult, variant: string, style: TextStyle): readonly Line[] {
  const bugs = bugCells(canary, variant);
  const [bug, ...others] = bugs;
  if (bug === undefined) return [];
  if (others.length === 0) {
    const at = `${bugText(bug)}, at ${plain(bug.trafficRps)} rps`;
    return wrapLine([`${at}: ${detectionText(bug)}`], style, "  ");
  }
  const rows = bugs.map((cell): readonly Line[] => [
    [`  ${plain(cell.trafficRps)} rps`],
    [detectionText(cell)],
  ]);
  const columns: readonly Column[] = [
    { head: "", align: "right" },
    { head: "", align: "left" },
  ];
  return [...wrapLine([`${bugText(bug)}:`], style), ...table(columns, rows, { style, gutter: 2 })];
}

/** What is healthy, and how sure the figures are. */
function noteLines(result: Result, canary: CanaryResult, style: TextStyle): readonly Line[] {
  const margin = widestMargin(canary);
  const sure = margin === null ? "" : `, ${margin} at most (${levelText(result)} interval)`;
  const cells = `${rolloutRange(canary.cells)} rollouts a cell${sure}`;
  return wrapLine([`healthy is ${shareText(canary.healthyErrorShare)}; ${cells}`], style);
}

/** What the other variants of the policy would do. */
function mendingLines(
  canary: CanaryResult,
  variants: readonly string[],
  style: TextStyle,
): readonly Line[] {
  return variants.flatMap((variant) => {
    const healthy = healthyCells(canary, variant);
    const bad = bugCells(canary, variant);
    const parts = [
      ...(healthy.length === 0 ? [] : [healthyText(healthy)]),
      ...(bad.length === 0 ? [] : [`bug ${caughtText(bad)}`]),
    ];
    return wrapLine([`with ${variant}: ${parts.join(", ")}`], style, "  ");
  });
}
