import type { Result } from "../../../sim/result/result.ts";
import {
  bottleneckText,
  headroomNote,
  headroomText,
  plusMinusText,
  rankedHeadroom,
} from "../../headroomWords.ts";
import { html } from "../html.ts";
import { type Section, tableHtml } from "./shared.ts";

/** How much more traffic holds the objective; null where nobody asked. */
export function headroomSection({ headroom }: Result): Section | null {
  if (headroom === undefined) return null;
  const columns = [
    { head: "policy" },
    { head: "highest rate" },
    { head: "× scenario" },
    { head: "first bottleneck", text: true },
  ];
  const rows = rankedHeadroom(headroom).map((policy) => ({
    cells: [
      policy.policy,
      headroomText(headroom, policy),
      plusMinusText(policy.factor, 2),
      bottleneckText(policy)?.replace(/^the /u, "") ?? "–",
    ],
  }));
  return {
    id: "headroom",
    short: "Headroom",
    title: "How much more traffic holds the objective",
    lead: html`${headroomNote(headroom).replace(/^r/u, "R")}.
What follows is the scenario as it stands.`,
    body: tableHtml(columns, rows),
  };
}
