import type { Result } from "../../sim/result/result.ts";
import { type VerdictSentence, verdictSentence } from "../verdict.ts";
import { dim, type Line, type Piece, type TextStyle, wrapLine } from "./textStyle.ts";

export interface TextOptions {
  readonly style: TextStyle;
  /** Written files, relative to where the command was started. */
  readonly files?: readonly WrittenFile[];
  /** The one command that goes further. */
  readonly next?: string;
}

export interface WrittenFile {
  readonly label: string;
  readonly path: string;
}

function sentencePieces({ before, policy, after }: VerdictSentence): Line {
  return [before, { text: policy, paint: "bold" }, after];
}

/** The verdict sentence and, when none holds, what to try. */
export function verdictLines(result: Result, { style, next }: TextOptions): readonly Line[] {
  const pieces: Piece[] = [...sentencePieces(verdictSentence(result))];
  if (next !== undefined) pieces.push(` Try: ${next}`);
  return wrapLine(pieces, style);
}

/** Where things were written; the digest stands beside the result. */
export function fileLines(result: Result, files: readonly WrittenFile[]): readonly Line[] {
  const width = Math.max(0, ...files.map((file) => file.label.length));
  return files.map(({ label, path }) => {
    const digest = label === "result" ? `   digest ${result.digest}` : "";
    return [dim(`${label.padEnd(width)}   ${path}${digest}`)];
  });
}

/** Reasons to doubt what was printed above. */
export function warningLines(result: Result, style: TextStyle): readonly Line[] {
  return result.warnings.flatMap((warning) =>
    wrapLine([{ text: "warning:", paint: "yellow" }, ` ${warning}`], style, "         "),
  );
}

/** Paragraphs with an empty line between them; those without lines vanish. */
export function paragraphs(parts: readonly (readonly Line[])[]): readonly Line[] {
  return parts
    .filter((part) => part.length > 0)
    .flatMap((part, index): readonly Line[] => (index === 0 ? part : [[], ...part]));
}
