import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type ParsedNode,
  parseAllDocuments,
  parseDocument,
  type Scalar,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { ScenarioNote } from "./scenario.ts";
import type { Entry, Span, Tree } from "./tree.ts";

/** A problem before its offsets are turned into a line and a column. */
export interface Finding {
  readonly span: Span;
  readonly message: string;
  readonly hint: string | null;
}

export interface ParsedText {
  /** Null when the text is not YAML. */
  readonly tree: Tree | null;
  readonly findings: readonly Finding[];
}

/** Deeper nesting than any scenario has, and far from the end of the stack. */
const DEPTH_MAX = 64;
/** Nodes after the expansion of aliases: a few lines of them can stand for billions. */
const SIZE_MAX = 100_000;

const PARSER = {
  version: "1.2",
  schema: "core",
  prettyErrors: false,
  uniqueKeys: true,
} as const;

/** Reads YAML 1.2 (core schema, merge keys, aliases) into a tree. Never throws. */
export function parseTree(file: string, text: string): ParsedText {
  const whole = { file, start: 0, end: firstLineEnd(text) };
  const document = parsed(() => parseDocument(text, PARSER));
  if (document === null) return { tree: null, findings: [nestedTooDeeply(whole)] };
  const { tree, findings } = readDocument(file, text, document);
  if (tree !== null || findings.length > 0) return { tree, findings };
  const hint = "a scenario starts with peakday: 1";
  return {
    tree: null,
    findings: [{ span: whole, message: "there is nothing in this file", hint }],
  };
}

/** Reads the documents of a file, leaving out those with nothing in them. Never throws. */
export function parseTrees(
  file: string,
  text: string,
): { readonly trees: readonly Tree[]; readonly findings: readonly Finding[] } {
  const whole = { file, start: 0, end: firstLineEnd(text) };
  const documents = parsed(() => parseAllDocuments(text, PARSER));
  if (documents === null) return { trees: [], findings: [nestedTooDeeply(whole)] };
  const texts = [...documents].map((document) => readDocument(file, text, document));
  return {
    trees: texts.flatMap(({ tree }) => (tree === null ? [] : [tree])),
    findings: texts.flatMap(({ findings }) => findings),
  };
}

/** The parser descends by recursion: ten thousand brackets exhaust the stack. */
function parsed<Parsed>(parse: () => Parsed): Parsed | null {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return null;
  }
}

const nestedTooDeeply = (span: Span): Finding => ({
  span,
  message: "this is nested too deeply to be read",
  hint: null,
});

function readDocument(file: string, text: string, document: Document.Parsed): ParsedText {
  const findings = syntaxFindings(file, text, document);
  const isBroken = document.errors.some(({ code }) => code !== "DUPLICATE_KEY");
  if (isBroken || document.contents === null) return { tree: null, findings };
  const reader = new TreeReader(file);
  const tree = reader.read(document.contents, 0);
  return { tree, findings: [...findings, ...reader.findings] };
}

function firstLineEnd(text: string): number {
  const end = text.search(/[\r\n]/u);
  return end < 0 ? text.length : end;
}

/** After these the parser has lost the structure: what it says next is about its own guess. */
const LOST: readonly string[] = [
  "TAB_AS_INDENT",
  "BAD_INDENT",
  "BLOCK_AS_IMPLICIT_KEY",
  "MULTILINE_IMPLICIT_KEY",
  "MISSING_CHAR",
];

/**
 * The parser's errors in our words, the first one of each line, to the first that costs it the
 * structure: what follows is mostly its echo.
 */
function syntaxFindings(file: string, text: string, document: Document.Parsed): Finding[] {
  const findings: Finding[] = [];
  const lines = new Set<number>();
  const all = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  for (const error of all) {
    const line = text.slice(0, error.pos[0]).split("\n").length;
    if (lines.has(line)) continue;
    lines.add(line);
    findings.push(syntaxFinding(file, text, error));
    if (LOST.includes(error.code)) break;
  }
  return findings;
}

function syntaxFinding(file: string, text: string, error: YAMLError): Finding {
  const [start, end] = error.pos;
  const span = { file, start, end: Math.max(end, start + 1) };
  const found = text.slice(start, end).trim();
  switch (error.code) {
    case "TAB_AS_INDENT":
      return { span, message: "a tab cannot indent YAML", hint: "use spaces" };
    case "MISSING_CHAR":
      return missingCharacter(span, text, error);
    case "DUPLICATE_KEY": {
      const key = { ...span, end: keyEnd(text, start) };
      const message = `the key "${text.slice(start, key.end)}" stands here twice`;
      return { span: key, message, hint: "keep one of the two" };
    }
    case "BAD_INDENT":
      if (error.message.startsWith("Flow")) return unclosedBracket(span, text);
      return {
        span: { ...span, start: lineText(text, start), end: lineEnd(text, start) },
        message: "this line is indented unlike its neighbours",
        hint: "keys of one map start in one column",
      };
    case "BLOCK_AS_IMPLICIT_KEY":
    case "MULTILINE_IMPLICIT_KEY":
      if (!/:(?:\s|$)/u.test(text.slice(start, lineEnd(text, start)))) {
        return {
          span: { ...span, end: lineEnd(text, start) },
          message: "the next line is indented below this value",
          hint: "a key that holds more ends with a colon; keys of one map start in one column",
        };
      }
      return {
        span: { ...span, end: lineEnd(text, start) },
        message: "a value cannot be followed by a key of its own",
        hint: 'put it on a line of its own, indented; text with ": " in it needs quotes',
      };
    case "BAD_SCALAR_START":
      return { span, message: `a value cannot start with ${found}`, hint: "put it in quotes" };
    case "MULTIPLE_DOCS":
      return {
        span: { ...span, end: lineEnd(text, start) },
        message: "a second document starts here",
        hint: "one scenario a file: variants are overlays, or policies",
      };
    case "TAG_RESOLVE_FAILED":
      return { span, message: `unknown tag ${found}`, hint: "a scenario needs no tags" };
    default:
      return {
        span: { ...span, end: lineEnd(text, start) },
        message: "this is not YAML",
        hint: error.message,
      };
  }
}

/** Something was never closed: the parser notices at the end, a person looks for the beginning. */
function missingCharacter(span: Span, text: string, error: YAMLError): Finding {
  const quote = /["']quote/u.exec(error.message)?.[0].charAt(0);
  if (quote !== undefined) {
    const opening = openingQuote(text, quote, span.start);
    return {
      span: { ...span, start: opening, end: lineEnd(text, opening) },
      message: "this quote is never closed",
      hint: `end the text with ${quote}`,
    };
  }
  if (error.message.startsWith("Flow")) return unclosedBracket(span, text);
  return { span, message: "something is missing here", hint: error.message };
}

function unclosedBracket(span: Span, text: string): Finding {
  const open: number[] = [];
  for (let i = 0; i < span.start; i++) {
    const character = text.charAt(i);
    if (character === "[" || character === "{") open.push(i);
    if (character === "]" || character === "}") open.pop();
  }
  const start = open.at(-1) ?? span.start;
  const closing = text.charAt(start) === "[" ? "]" : "}";
  return {
    span: { ...span, start, end: start + 1 },
    message: `this ${text.charAt(start)} is never closed`,
    hint: `end it with ${closing}, indented deeper than the key`,
  };
}

/** Where the quote that runs to `end` was opened: after a place at which a value may begin. */
function openingQuote(text: string, quote: string, end: number): number {
  let opening = -1;
  for (const match of text.slice(0, end).matchAll(/["']/gu)) {
    if (opening >= 0) {
      if (match[0] === quote) opening = -1;
    } else if (match[0] === quote && /(?:^|[\s[{,:-])$/u.test(text.slice(0, match.index))) {
      opening = match.index;
    }
  }
  return opening >= 0 ? opening : Math.max(0, end - 1);
}

/** Where the text of a line begins, after its indentation. */
function lineText(text: string, start: number): number {
  const indent = /^[ ]*/u.exec(text.slice(start))?.[0].length ?? 0;
  return start + indent;
}

function lineEnd(text: string, start: number): number {
  const end = text.slice(start).search(/[\r\n]/u);
  return end < 0 ? text.length : Math.max(start + 1, start + end);
}

function keyEnd(text: string, start: number): number {
  const end = text.slice(start, lineEnd(text, start)).search(/\s*:(?:\s|$)/u);
  return end <= 0 ? start + 1 : start + end;
}

/**
 * Turns the parser's nodes into a tree: follows aliases, applies merge keys, and bounds depth and
 * size.
 */
class TreeReader {
  readonly findings: Finding[] = [];
  readonly #file: string;
  readonly #anchors = new Map<string, Tree>();
  readonly #sizes = new Map<Tree, number>();

  constructor(file: string) {
    this.#file = file;
  }

  read(node: ParsedNode | null, depth: number): Tree {
    const tree = this.#readNode(node, depth);
    if (node !== null && !isAlias(node) && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, tree);
    }
    return tree;
  }

  #readNode(node: ParsedNode | null, depth: number): Tree {
    const span = this.#span(node);
    if (node === null) return { kind: "scalar", span, value: null };
    if (depth > DEPTH_MAX) return this.#fail(span, "this is nested too deeply", null);
    if (isAlias(node)) return this.#readAlias(node.source, span);
    if (isSeq(node)) {
      // A parsed list holds parsed nodes.
      const items = node.items.map((item) => this.read(item as ParsedNode | null, depth + 1));
      return this.#sized({ kind: "list", span, items, damaged: false }, items);
    }
    if (isMap(node)) return this.#readMap(node, span, depth);
    return { kind: "scalar", span, value: scalarValue(node) };
  }

  #readAlias(name: string, span: Span): Tree {
    const known = [...this.#anchors.keys()];
    const target = this.#anchors.get(name);
    if (target !== undefined) return target;
    const hint = known.length === 0 ? "there is no & above" : `known: ${known.join(", ")}`;
    return this.#fail(span, `no anchor "&${name}" before this`, hint);
  }

  #readMap(node: YAMLMap.Parsed, span: Span, depth: number): Tree {
    const entries = new Map<string, Entry>();
    const merged: Tree[] = [];
    for (const { key, value } of node.items) {
      const keySpan = this.#span(key);
      const tree = this.read(value, depth + 1);
      if (!isScalar(key)) {
        this.findings.push({ span: keySpan, message: "a key is a plain name", hint: null });
      } else if (key.source === "<<" && key.type === "PLAIN") {
        merged.push(...(tree.kind === "list" ? tree.items : [tree]));
      } else {
        this.#addEntry(entries, key, { key: keySpan, value: tree });
      }
    }
    for (const source of merged) this.#mergeInto(entries, source);
    const values = [...entries.values()].map(({ value }) => value);
    return this.#sized({ kind: "map", span, entries, damaged: false }, values);
  }

  #addEntry(entries: Map<string, Entry>, key: Scalar, entry: Entry): void {
    const name = key.source ?? String(key.value ?? "");
    if (name === "__proto__" || name === "") {
      const message = name === "" ? "a key is missing here" : `"${name}" cannot be a key`;
      this.findings.push({ span: entry.key, message, hint: null });
    } else {
      entries.set(name, entry);
    }
  }

  /** What a map says itself comes before what it merges, and earlier merges before later ones. */
  #mergeInto(entries: Map<string, Entry>, source: Tree): void {
    if (source.kind !== "map") {
      const hint = "write <<: *anchor";
      this.findings.push({ span: source.span, message: "<< merges maps only", hint });
      return;
    }
    for (const [key, entry] of source.entries) {
      if (!entries.has(key)) entries.set(key, entry);
    }
  }

  #sized(tree: Tree, parts: readonly Tree[]): Tree {
    const size = parts.reduce((sum, part) => sum + (this.#sizes.get(part) ?? 1), 1);
    if (size > SIZE_MAX) return this.#fail(tree.span, "aliases make this too large", null);
    this.#sizes.set(tree, size);
    return tree;
  }

  /**
   * What takes the place of something unreadable counts as damaged, so that nobody complains about
   * it again.
   */
  #fail(span: Span, message: string, hint: string | null): Tree {
    this.findings.push({ span, message, hint });
    return { kind: "map", span, entries: new Map(), damaged: true };
  }

  #span(node: ParsedNode | null): Span {
    const [start, end] = node?.range ?? [0, 0, 0];
    return { file: this.#file, start, end: Math.max(start, end) };
  }
}

function scalarValue(node: Scalar): string | number | boolean | null {
  const { value } = node;
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return value;
    default:
      return value === null || value === undefined ? null : String(value);
  }
}

const NOTE = /^#\s*(assumed|fact):\s*(.*)$/u;

/**
 * The notes that a file makes on itself: comments `# assumed: …` and `# fact: …`. Comment lines
 * that follow directly and are indented deeper after their `#` continue a note.
 */
export function readNotes(text: string): readonly ScenarioNote[] {
  const notes: ScenarioNote[] = [];
  let line = 1;
  let lastLine = 0;
  let isScalarNext = false;
  for (const token of new Lexer().lex(text)) {
    // Control characters are marks of the lexer, not text: one announces a scalar, which is no
    // comment.
    if (token === "\u001f" || token === "\u0002" || token === "\u0018") {
      isScalarNext = token === "\u001f";
      continue;
    }
    if (token.startsWith("#") && !isScalarNext) {
      const [, kind, body] = NOTE.exec(token) ?? [];
      const last = notes.at(-1);
      if (kind === "assumed" || kind === "fact") {
        notes.push({ line, kind, text: (body ?? "").trim() });
        lastLine = line;
      } else if (last !== undefined && lastLine === line - 1 && /^#\s{2,}\S/u.test(token)) {
        notes[notes.length - 1] = { ...last, text: `${last.text} ${token.slice(1).trim()}` };
        lastLine = line;
      }
    }
    isScalarNext = false;
    line += token.split("\n").length - 1;
  }
  return notes;
}
