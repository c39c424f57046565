import type { HeadroomResult, Result } from "../../sim/result/result.ts";
import { plural } from "../format.ts";
import {
  bottleneckText,
  headroomNote,
  headroomSentence,
  plusMinusText,
  rankedHeadroom,
  headroomText as rateText,
} from "../headroomWords.ts";
import { runsOf } from "../verdict.ts";
import { fileLines, paragraphs, type TextOptions, warningLines } from "./shared.ts";
import { type Column, table } from "./table.ts";
import { type Line, renderLines, type TextStyle, wrapLine } from "./textStyle.ts";

/** The answer of `peakday headroom`: how much more traffic each policy holds, and what ends it. */
export function headroomText(result: Result, options: TextOptions): string {
  const { style, files = [] } = options;
  const { headroom, scenario, policies } = result;
  const runs = plural(runsOf(result), "run");
  const setup = `headroom: ${scenario.name}, ${plural(policies.length, "policy", "policies")}`;
  const lines = paragraphs([
    wrapLine([`${setup}, ${runs} each, same customers`], style),
    ...(headroom === undefined ? [] : answer(result, headroom, style)),
    warningLines(result, style),
    fileLines(result, files),
  ]);
  return renderLines(lines, style);
}

function answer(
  result: Result,
  headroom: HeadroomResult,
  style: TextStyle,
): readonly (readonly Line[])[] {
  const { before, policy, after } = headroomSentence(result, headroom);
  return [
    wrapLine([before, { text: policy, paint: "bold" }, after], style),
    headroomTable(headroom, style),
    wrapLine([headroomNote(headroom)], style),
  ];
}

function headroomTable(headroom: HeadroomResult, style: TextStyle): readonly Line[] {
  const columns: readonly Column[] = [
    { head: "policy", align: "left" },
    { head: "highest rate", align: "right" },
    { head: "× scenario", align: "right" },
    { head: "first bottleneck", align: "left" },
  ];
  const rows = rankedHeadroom(headroom).map((policy): readonly Line[] => [
    [policy.policy],
    [rateText(headroom, policy)],
    [plusMinusText(policy.factor, 2)],
    [bottleneckText(policy)?.replace(/^the /u, "") ?? "–"],
  ]);
  return table(columns, rows, { style, gutter: 2 });
}
