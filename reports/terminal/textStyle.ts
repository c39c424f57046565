import type { PolicyResult } from "../../sim/result/result.ts";
import { statusText } from "../verdict.ts";

/** What the stream can show. The command line decides it once per stream. */
export interface TextStyle {
  /** ANSI colours, of the 16 basic ones only. */
  readonly color: boolean;
  /** False where the locale is not UTF-8: signs are spelled in ASCII. */
  readonly unicode: boolean;
  /** Columns. */
  readonly width: number;
}

export type Paint = "green" | "red" | "yellow" | "bold" | "dim";

/** A piece of a line, painted or not. */
export type Piece = string | { readonly text: string; readonly paint: Paint };
export type Line = readonly Piece[];

const CODES: Record<Paint, readonly [number, number]> = {
  green: [32, 39],
  red: [31, 39],
  yellow: [33, 39],
  bold: [1, 22],
  dim: [2, 22],
};

const ASCII: Readonly<Record<string, string>> = {
  "✓": "ok",
  "✗": "x",
  "±": "+/-",
  "−": "-",
  "–": "-",
  "─": "-",
  "│": "|",
  "→": "->",
  "×": "x",
  "…": "...",
  "━": "=",
  "“": '"',
  "”": '"',
  "’": "'",
};

/** C0 and C1 controls, line ends, and the controls that turn the writing direction. */
const CONTROL = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Text of a file made harmless to a terminal: no escape sequence, no line end survives. */
export function printable(text: string, style: TextStyle): string {
  const clean = text.replace(CONTROL, "?");
  if (style.unicode) return clean;
  return clean.replace(/[^\x20-\x7e]/gu, (sign) => ASCII[sign] ?? "?");
}

function textOf(piece: Piece): string {
  return typeof piece === "string" ? piece : piece.text;
}

/** Columns that a line takes; every character counts as one. */
export function widthOf(line: Line, style: TextStyle): number {
  return line.reduce((sum, piece) => sum + [...printable(textOf(piece), style)].length, 0);
}

/** The line as text, with its colours where the stream has them; no blanks at its end. */
export function renderLine(line: Line, style: TextStyle): string {
  const text = line.map((piece) => {
    const shown = printable(textOf(piece), style);
    if (typeof piece === "string" || !style.color || shown === "") return shown;
    const [on, off] = CODES[piece.paint];
    return `\u001b[${on}m${shown}\u001b[${off}m`;
  });
  return text.join("").trimEnd();
}

export function renderLines(lines: readonly Line[], style: TextStyle): string {
  return lines.map((line) => `${renderLine(line, style)}\n`).join("");
}

/** After a blank, unless a unit follows: a number and its unit stay together. */
const WORD_START = /(?<= )(?!(?:%|ms|s|pp|min|h|rps)(?:[ ,.;:)]|$))/;

/** Prose broken at blanks to the width; a painted piece is never broken. */
export function wrapLine(line: Line, style: TextStyle, indent = ""): readonly Line[] {
  const words = line.flatMap((piece): readonly Piece[] =>
    typeof piece === "string" ? piece.split(WORD_START) : [piece],
  );
  const lines: Piece[][] = [[]];
  let column = 0;
  for (const word of words) {
    const size = widthOf([typeof word === "string" ? word.trimEnd() : word], style);
    if (column > indent.length && column + size > style.width) {
      lines.push([indent]);
      column = indent.length;
    }
    lines.at(-1)?.push(word);
    column += widthOf([word], style);
  }
  return lines;
}

/** `✓ held` in green, `✗ missed` in red. */
export function statusPiece(policy: PolicyResult): Piece {
  return { text: statusText(policy), paint: policy.objective.held ? "green" : "red" };
}

/** The verdict of a difference in its colour. */
export function verdictPiece(verdict: "better" | "worse" | "no difference shown"): Piece {
  const paints = { better: "green", worse: "red", "no difference shown": "dim" } as const;
  return { text: verdict, paint: paints[verdict] };
}

export const dim = (text: string): Piece => ({ text, paint: "dim" });
