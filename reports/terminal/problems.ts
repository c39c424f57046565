import { plural } from "../format.ts";
import { type Line, printable, renderLines, type TextStyle } from "./textStyle.ts";

/** Something wrong in a file, as editors and people want to be told. */
export interface Problem {
  readonly file: string;
  /** From 1; null when the problem is the file itself. */
  readonly line: number | null;
  /** From 1, in characters. */
  readonly column: number;
  /** Characters to underline, on the same line; at least one is. */
  readonly length: number;
  /** What was expected and what was found. */
  readonly message: string;
  /** The whole line of the file; null when there is none to show. */
  readonly sourceLine: string | null;
  readonly hint: string | null;
}

const MOST_SHOWN = 20;
const TAB_STOP = 8;
/** Columns before the text of a source line: the number, a blank, the bar, a blank. */
const GUTTER = 8;

/** All problems in file order with their lines, then their number. */
export function problemText(problems: readonly Problem[], style: TextStyle): string {
  const shown = problems.slice(0, MOST_SHOWN);
  const lines = shown.flatMap((problem): readonly Line[] => [...problemLines(problem, style), []]);
  const more = problems.length - shown.length;
  const rest: readonly Line[] = more > 0 ? [[`and ${more} more`], []] : [];
  return renderLines([...lines, ...rest, ...summary(problems)], style);
}

/** One count per file; a file that could not be read at all needs none. */
function summary(problems: readonly Problem[]): readonly Line[] {
  const located = problems.filter((problem) => problem.line !== null);
  return [...new Set(located.map((problem) => problem.file))].map((file): Line => {
    const count = located.filter((problem) => problem.file === file).length;
    return [`${file}: ${plural(count, "problem")}, nothing was run`];
  });
}

const error = { text: "error:", paint: "red" } as const;

function problemLines(problem: Problem, style: TextStyle): readonly Line[] {
  const { file, line, column, message, hint, sourceLine } = problem;
  const position = line === null ? "" : `${file}:${line}:${column}: `;
  const head: Line = [position, error, ` ${message}`];
  if (line === null || sourceLine === null) {
    const indent = " ".repeat("error: ".length);
    return hint === null ? [head] : [head, [`${indent}${hint}`]];
  }
  const hints: readonly Line[] = hint === null ? [] : [[`      ${hint}`]];
  return [head, ...excerpt(problem, line, sourceLine, style), ...hints];
}

/** One cell per column of the terminal; a tab fills up to the next stop, with an arrow first. */
function columnsOf(text: string): readonly (readonly string[])[] {
  const characters: string[][] = [];
  let column = 0;
  for (const character of text) {
    const width = character === "\t" ? TAB_STOP - (column % TAB_STOP) : 1;
    const first = character === "\t" ? "→" : character;
    characters.push([first, ...Array.from({ length: width - 1 }, () => " ")]);
    column += width;
  }
  return characters;
}

/** The line and the caret below it; of a long line the part around the caret. */
function excerpt(
  { column, length }: Problem,
  line: number,
  sourceLine: string,
  style: TextStyle,
): readonly Line[] {
  const ascii = { ...style, unicode: true };
  const characters = columnsOf(printableSource(sourceLine, ascii));
  const width = (part: typeof characters): number =>
    part.reduce((sum, character) => sum + character.length, 0);
  const start = width(characters.slice(0, column - 1));
  const marked = width(characters.slice(column - 1, column - 1 + length));
  const tabs = characters.slice(column - 1, column - 1 + length).every(([first]) => first === "→");
  const cells = characters.flat();
  const room = Math.max(20, style.width - GUTTER);
  const from = start + Math.min(marked, 20) > room ? Math.max(0, start - 20) : 0;
  const cut = cells.slice(from, from + room);
  if (from > 0) cut[0] = "…";
  if (from + room < cells.length) cut[room - 1] = "…";
  const carets = Math.max(1, Math.min(tabs ? 1 : marked, room - (start - from)));
  return [
    [`${String(line).padStart(5)} │ `, cut.map((cell) => narrow(cell, style)).join("")],
    [`      │ ${" ".repeat(start - from)}`, { text: "^".repeat(carets), paint: "red" }],
  ];
}

/** Tabs stay for their width to be counted; other controls go. */
function printableSource(text: string, style: TextStyle): string {
  return text
    .split("\t")
    .map((part) => printable(part, style))
    .join("\t");
}

/** One column stays one column, also where the locale has no such sign. */
function narrow(cell: string, style: TextStyle): string {
  const shown = printable(cell, style);
  return [...shown].length === 1 ? shown : shown.slice(-1);
}
