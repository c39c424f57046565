import type { Result } from "../../../sim/result/result.ts";
import { TIME_PARTS, timeSpentBars, timeSpentSize } from "../../charts/index.ts";
import { fixed, instant, listText, millisecondDecimals } from "../../format.ts";
import { runsOf } from "../../verdict.ts";
import { html } from "../html.ts";
import { responsive, type Section, tableHtml, WIDE } from "./shared.ts";

export async function whereSection(result: Result): Promise<Section | null> {
  const spent = result.policies.flatMap(({ name, timeSpent }) =>
    timeSpent === null || timeSpent.totalMs <= 0 ? [] : [{ name, timeSpent }],
  );
  if (spent.length === 0) return null;
  const chart = await responsive(
    (width) => timeSpentBars(result, timeSpentSize(spent.length, width)),
    WIDE,
  );
  const minutes = spent.map(({ name, timeSpent }) => `${name} ${instant(timeSpent.startSeconds)}`);
  const replication = (result.policies[0]?.timeline.replication ?? 0) + 1;
  const of = runsOf(result) > 1 ? ` of replication ${replication}` : "";
  const services = [...new Set(spent.map(({ timeSpent }) => timeSpent.service))];
  const key = TIME_PARTS.map(({ name, token }) => html`<b class="${token}">${name}</b>`);
  const ms = (value: number): string =>
    value < 0.005 ? "0" : fixed(value, millisecondDecimals(value));
  const table = tableHtml(
    [
      { head: "ms per request" },
      ...TIME_PARTS.map(({ name }) => ({ head: name })),
      { head: "total" },
    ],
    spent.map(({ name, timeSpent }) => ({
      cells: [name, ...TIME_PARTS.map(({ of }) => ms(of(timeSpent))), ms(timeSpent.totalMs)],
    })),
  );
  return {
    id: "where",
    short: "Where the time went",
    title: "Where the time went in the worst minute",
    lead: html`Mean per answered request at ${listText(services)} in the slowest minute${of}
(${listText(minutes)}). Bars are shares of the mean time, which stands at their end.`,
    body: html`<div class="two"><div class="bars"><p class="key">${key} share of the mean time per
request</p>${chart}</div><div>${table}</div></div>`,
  };
}
