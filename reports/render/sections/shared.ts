import type { ChartSpec } from "../../charts/theme.ts";
import { html, isEmpty, nothing, type SafeHtml, tied } from "../html.ts";
import { renderChart } from "../svg.ts";

/** Widths of pictures: in a column of three fifths, in a half, on a phone. */
export const WIDE = 660;
export const HALF = 552;
export const NARROW = 358;

export interface Section {
  readonly id: string;
  /** In the list of sections. */
  readonly short: string;
  readonly title: string;
  readonly lead: SafeHtml;
  readonly body: SafeHtml;
}

/** A section, or none when it has nothing to show. */
export function sectionHtml({ id, title, lead, body }: Section): SafeHtml {
  const sub = isEmpty(lead) ? nothing : html`<p class="sub">${tied(lead)}</p>`;
  return html`<h2 id="${id}">${title}</h2>${sub}
${body}`;
}

/** The same chart for the page and for a phone; the style sheet shows one of them. */
export async function responsive(
  build: (width: number) => ChartSpec,
  wide: number,
): Promise<SafeHtml> {
  const page = await renderChart(build(wide));
  const phone = await renderChart(build(NARROW));
  return html`<div class="wide">${page}</div><div class="narrow">${phone}</div>`;
}

export interface TableColumn {
  readonly head: string;
  /** Text stands left; figures right. */
  readonly text?: boolean;
}

export interface TableRow {
  readonly cells: readonly (SafeHtml | string)[];
  readonly sum?: boolean;
}

export interface TableOptions {
  readonly caption?: string;
  /** Small, and scrolling sideways within its own box when it is wide. */
  readonly small?: boolean;
}

/** A table whose first column names the rows. */
export function tableHtml(
  columns: readonly TableColumn[],
  rows: readonly TableRow[],
  { caption, small = false }: TableOptions = {},
): SafeHtml {
  const kind = (column: TableColumn | undefined) => (column?.text ? html` class="tx"` : nothing);
  const heads = columns.map((column) => html`<th scope="col"${kind(column)}>${column.head}</th>`);
  const body = rows.map(({ cells, sum = false }) => {
    const [name = "", ...figures] = cells;
    const tds = figures.map((cell, index) => html`<td${kind(columns[index + 1])}>${cell}</td>`);
    return html`<tr${sum ? html` class="sum"` : nothing}><th scope="row">${name}</th>${tds}</tr>
`;
  });
  const title = caption === undefined ? nothing : html`<caption>${caption}</caption>`;
  const table = html`<table${small ? html` class="t"` : nothing}>${title}
<thead><tr>${heads}</tr></thead>
<tbody>${body}</tbody></table>`;
  return html`<div class="${small ? "scroll" : "fit"}">${table}</div>`;
}

/** A table that opens on demand. */
export function disclosure(summary: string, content: SafeHtml): SafeHtml {
  return html`<details><summary>${summary}</summary>${content}</details>
`;
}
