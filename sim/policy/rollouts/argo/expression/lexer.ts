import { ExpressionError } from "./error.ts";

export type TokenKind = "number" | "string" | "name" | "operator" | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As written; of a string: its content. */
  readonly text: string;
  /** Offset of its first character. */
  readonly at: number;
}

/** Longer texts are refused: nobody writes them, and every node costs stack. */
const MAX_LENGTH = 4096;

const SPACE = /\s+/y;
const NUMBER =
  /0[xX][0-9a-fA-F_]+|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?/y;
const NAME = /[\p{L}_$][\p{L}\p{N}_$]*/uy;
const OPERATOR = /\*\*|&&|\|\||==|!=|<=|>=|[-+*/%^<>!?:,.#()[\]{}]/y;
const ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
};

/** Cuts a text into tokens; the last one is the end. Throws `ExpressionError`. */
export function tokensOf(text: string): readonly Token[] {
  if (text.length > MAX_LENGTH) {
    throw new ExpressionError(`more than ${MAX_LENGTH} characters`, MAX_LENGTH);
  }
  const tokens: Token[] = [];
  let at = matchAt(SPACE, text, 0)?.length ?? 0;
  while (at < text.length) {
    const { token, length } = tokenAt(text, at);
    tokens.push(token);
    at += length;
    at += matchAt(SPACE, text, at)?.length ?? 0;
  }
  return [...tokens, { kind: "end", text: "the end", at: text.length }];
}

function tokenAt(text: string, at: number): { readonly token: Token; readonly length: number } {
  const first = text.charAt(at);
  if (first === '"' || first === "'" || first === "`") return stringAt(text, at, first);
  const patterns = [
    ["number", NUMBER],
    ["name", NAME],
    ["operator", OPERATOR],
  ] as const;
  for (const [kind, pattern] of patterns) {
    const found = matchAt(pattern, text, at);
    if (found !== null) return { token: { kind, text: found, at }, length: found.length };
  }
  throw new ExpressionError(`unexpected character ${first}`, at);
}

/** A quoted string with Go's escapes, or a raw one between backquotes. */
function stringAt(
  text: string,
  at: number,
  quote: string,
): { readonly token: Token; readonly length: number } {
  let content = "";
  let end = at + 1;
  while (end < text.length && text.charAt(end) !== quote) {
    const character = text.charAt(end);
    if (character !== "\\" || quote === "`") {
      content += character;
      end += 1;
      continue;
    }
    const escaped = ESCAPES[text.charAt(end + 1)];
    if (escaped === undefined) throw new ExpressionError("unknown escape in a string", end);
    content += escaped;
    end += 2;
  }
  if (end >= text.length) throw new ExpressionError("string without an end", at);
  return { token: { kind: "string", text: content, at }, length: end + 1 - at };
}

function matchAt(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}
