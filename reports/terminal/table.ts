import { dim, type Line, type TextStyle, widthOf } from "./textStyle.ts";

export interface Column {
  readonly head: string;
  readonly align: "left" | "right";
}

export interface TableOptions {
  readonly style: TextStyle;
  /** Blanks between columns. */
  readonly gutter: number;
}

function padded(cell: Line, width: number, align: "left" | "right", style: TextStyle): Line {
  const blanks = " ".repeat(Math.max(0, width - widthOf(cell, style)));
  return align === "left" ? [...cell, blanks] : [blanks, ...cell];
}

/** Widths of the columns: the widest cell or head of each. */
function columnWidths(
  columns: readonly Column[],
  rows: readonly (readonly Line[])[],
  style: TextStyle,
): readonly number[] {
  return columns.map((column, index) =>
    Math.max(widthOf([column.head], style), ...rows.map((row) => widthOf(row[index] ?? [], style))),
  );
}

function joined(cells: readonly Line[], gutter: number): Line {
  return cells.flatMap((cell, index) => (index === 0 ? cell : [" ".repeat(gutter), ...cell]));
}

/** Rows in aligned columns; with heads, these and a rule come first. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Line[])[],
  { style, gutter }: TableOptions,
): readonly Line[] {
  const widths = columnWidths(columns, rows, style);
  const layOut = (cells: readonly Line[]): Line =>
    joined(
      columns.map(({ align }, index) =>
        padded(cells[index] ?? [], widths[index] ?? 0, align, style),
      ),
      gutter,
    );
  const body = rows.map(layOut);
  if (columns.every((column) => column.head === "")) return body;
  const head = layOut(columns.map((column) => [column.head]));
  return [head, [dim("─".repeat(tableWidth(columns, rows, { style, gutter })))], ...body];
}

export function tableWidth(
  columns: readonly Column[],
  rows: readonly (readonly Line[])[],
  { style, gutter }: TableOptions,
): number {
  const widths = columnWidths(columns, rows, style);
  return widths.reduce((sum, width) => sum + width, 0) + gutter * (columns.length - 1);
}

/** All texts as wide as the widest, flush right: digits stand under digits. */
export function flushRight(texts: readonly string[]): readonly string[] {
  const width = Math.max(0, ...texts.map((text) => [...text].length));
  return texts.map((text) => " ".repeat(width - [...text].length) + text);
}
