import type { z } from "zod";
import type { Finding } from "./parse.ts";
import { nearestName } from "./problem.ts";
import {
  cutAt,
  keySpanAt,
  nearestKeySpan,
  type Path,
  type Span,
  setAt,
  type Tree,
  toPlain,
  treeAt,
} from "./tree.ts";

type Issue = z.core.$ZodIssue;

export interface Checked<Value> {
  /** Null when nothing valid is left. */
  readonly value: Value | null;
  /**
   * What is left of the tree: all that was wrong is cut out, so that the rest can be checked for
   * sense.
   */
  readonly tree: Tree;
  readonly findings: readonly Finding[];
}

/** What an issue comes down to: what to say, if anything, and what to cut out. */
interface Reading {
  /** The map, list or scalar that is at fault. */
  readonly path: Path;
  readonly cut: Path;
  readonly finding: Finding;
  /** The key in the map at `path` that is unknown or missing; null for everything else. */
  readonly key: string | null;
  readonly kind: "unknown" | "missing" | "wrong" | "incomplete";
}

/**
 * Checks a tree against a schema. What is wrong is told and cut out, and the rest is checked again,
 * until it is valid: so that one mistake hides no other, and what depends on names and numbers can
 * still be checked where it is sound. `standIns` take the place of required keys at the top that
 * are missing or wrong, for the same reason.
 */
export function checkTree<Value>(
  schema: z.ZodType<Value>,
  whole: Tree,
  standIns: Readonly<Record<string, Tree>>,
): Checked<Value> {
  const findings: Finding[] = [];
  let tree = whole;
  for (;;) {
    const result = schema.safeParse(toPlain(tree));
    if (result.success) return { value: result.data, tree, findings };
    const readings = result.error.issues.flatMap((issue) => readIssue(tree, issue, []));
    findings.push(...withoutEchoes(tree, readings).map(({ finding }) => finding));
    const lacking = readings.filter((reading) => isReplaceable(reading, standIns));
    const cuts = readings
      .filter((reading) => !lacking.includes(reading))
      .map(({ cut }) => cut)
      .filter((cut) => treeAt(tree, cut) !== null);
    const isStuck = cuts.length + lacking.length === 0;
    if (isStuck || cuts.some((cut) => cut.length === 0)) return { value: null, tree, findings };
    tree = cutAll(tree, cuts);
    for (const { key } of lacking) {
      const standIn = standIns[key ?? ""];
      if (key !== null && standIn !== undefined) tree = setAt(tree, [key], standIn, standIn.span);
    }
  }
}

const isReplaceable = (reading: Reading, standIns: Readonly<Record<string, Tree>>): boolean =>
  reading.kind === "missing" &&
  reading.path.length === 0 &&
  reading.key !== null &&
  Object.hasOwn(standIns, reading.key);

/** Deeper and later places first, so that the positions in lists stay right. */
function cutAll(tree: Tree, cuts: readonly Path[]): Tree {
  const unique = new Map(cuts.map((cut) => [JSON.stringify(cut), cut]));
  const ordered = [...unique.values()].sort(comparePaths).reverse();
  return ordered.reduce((rest, cut) => cutAt(rest, cut), tree);
}

/** In the order of a walk through the tree; numbers by size, keys by their text. */
function comparePaths(a: Path, b: Path): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [left, right] = [a[i]!, b[i]!];
    if (left === right) continue;
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left) < String(right) ? -1 : 1;
  }
  return a.length - b.length;
}

/**
 * Drops what only follows from something else: what a damaged map or list lacks, and what is
 * missing from a map beside a misspelling of it.
 */
function withoutEchoes(tree: Tree, readings: readonly Reading[]): readonly Reading[] {
  const unknown = readings.filter(({ kind }) => kind === "unknown");
  const unknownIn = (path: Path): readonly string[] =>
    unknown
      .filter((other) => JSON.stringify(other.path) === JSON.stringify(path))
      .map(({ key }) => key ?? "");
  return readings.filter(({ kind, path, key }) => {
    if (kind === "unknown") return true;
    const node = treeAt(tree, path);
    if (node !== null && node.kind !== "scalar" && node.damaged) return false;
    if (kind === "incomplete") return unknownIn(path).length === 0;
    if (kind !== "missing" || key === null) return true;
    return !unknownIn(path).some((written) => nearestName(written, [key]) !== null);
  });
}

function readIssue(tree: Tree, issue: Issue, base: Path): readonly Reading[] {
  const path: Path = [
    ...base,
    ...issue.path.map((part) => (typeof part === "number" ? part : String(part))),
  ];
  const node = treeAt(tree, path);
  if (node === null) return [readMissing(tree, issue, path)];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => readUnknown(tree, issue, path, key));
    case "invalid_union": {
      const inner = chosenOption(issue.errors);
      if (inner === null) return [readWrong(tree, node, issue, path)];
      return inner.flatMap((part) => readIssue(tree, part, path));
    }
    case "invalid_key":
      return [readBadKey(tree, issue, path)];
    default:
      return [readWrong(tree, node, issue, path)];
  }
}

/**
 * The option that takes this kind of value at all, with the fewest keys wrong in its outermost map,
 * then the fewest issues; null when none or several are as good.
 */
function chosenOption(options: readonly (readonly Issue[])[]): readonly Issue[] | null {
  const fitting = options.filter(
    (issues) => !issues.some(({ code, path }) => code === "invalid_type" && path.length === 0),
  );
  const scores = fitting.map(
    (issues) => issues.length + issues.reduce((sum, issue) => sum + outerKeys(issue) * OUTER, 0),
  );
  const best = Math.min(...scores);
  const chosen = fitting.filter((_, i) => scores[i] === best);
  return chosen.length === 1 ? chosen[0]! : null;
}

/** More than the issues that any option has. */
const OUTER = 1e6;

const outerKeys = (issue: Issue): number =>
  issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys.length : 0;

function readUnknown(tree: Tree, issue: Issue, path: Path, key: string): Reading {
  const lines = issue.message.split("\n");
  const known = lines.filter((line) => !line.includes(": "));
  const advice = lines.find((line) => line.startsWith(`${key}: `))?.slice(key.length + 2);
  const nearest = nearestName(key, known);
  const hint =
    advice ?? (nearest !== null ? `did you mean "${nearest}"?` : `known: ${known.join(", ")}`);
  const span = keySpanAt(tree, [...path, key]) ?? spanOf(tree, path);
  const finding = { span, message: `unknown key "${key}"`, hint };
  return { path, cut: [...path, key], finding, key, kind: "unknown" };
}

function readMissing(tree: Tree, issue: Issue, path: Path): Reading {
  const parent = path.slice(0, -1);
  const key = String(path.at(-1));
  const [phrase, advice] = issue.message.split("\n");
  const finding = {
    span: spanOf(tree, parent),
    message: `the key "${key}" is missing`,
    hint: advice ?? `it is ${phrase}`,
  };
  return { path: parent, cut: parent, finding, key, kind: "missing" };
}

function readBadKey(
  tree: Tree,
  issue: Extract<Issue, { code: "invalid_key" }>,
  path: Path,
): Reading {
  const written = String(path.at(-1));
  const phrase = issue.issues[0]?.message ?? "a name";
  const span = keySpanAt(tree, path) ?? spanOf(tree, path);
  const finding = { span, message: `"${written}" is not ${phrase}`, hint: null };
  return { path, cut: path, finding, key: null, kind: "wrong" };
}

function readWrong(tree: Tree, node: Tree, issue: Issue, path: Path): Reading {
  const { sentence, key } = (issue.code === "custom" ? issue.params : null) ?? {};
  if (sentence === true) {
    const isWhole = key === null;
    const span = isWhole ? spanOf(tree, path) : (keySpanAt(tree, path) ?? markOf(node));
    const finding = { span, message: issue.message, hint: null };
    return { path, cut: path, finding, key: null, kind: isWhole ? "incomplete" : "wrong" };
  }
  const [phrase, advice] = issue.message.split("\n");
  const message = `${labelOf(path)} is ${phrase}, found ${shownValue(node)}`;
  const finding = { span: markOf(node), message, hint: advice ?? null };
  return { path, cut: path, finding, key: null, kind: "wrong" };
}

/** The nearest name above a place: what a person calls it. */
export function labelOf(path: Path): string {
  const index = path.findLastIndex((part) => typeof part === "string");
  if (index < 0) return "a scenario";
  const rest = path.slice(index + 1);
  return rest.length === 0
    ? String(path[index])
    : `item ${Number(rest.at(-1)) + 1} of ${path[index]}`;
}

const SHOWN_MAX = 40;

/** What was found, short enough for a line. */
function shownValue(node: Tree): string {
  switch (node.kind) {
    case "map":
      return node.entries.size === 0 ? "an empty map" : "a map";
    case "list":
      return node.items.length === 0 ? "an empty list" : "a list";
    case "scalar": {
      if (node.value === null) return "nothing";
      if (Number.isNaN(node.value)) return ".nan";
      const text = typeof node.value === "string" ? JSON.stringify(node.value) : String(node.value);
      return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
    }
  }
}

/** Where the carets go for a value: all of a scalar, the beginning of a map or list. */
export function markOf(node: Tree): Span {
  return node.kind === "scalar" ? node.span : { ...node.span, end: node.span.start + 1 };
}

/**
 * Where the carets go for a map as a whole: under the key that holds it, else under its first key.
 */
export function spanOf(tree: Tree, path: Path): Span {
  const key = keySpanAt(tree, path);
  if (key !== null) return key;
  const node = treeAt(tree, path);
  const [first] = node?.kind === "map" ? node.entries.values() : [];
  if (first !== undefined) return first.key;
  return node === null ? (nearestKeySpan(tree, path) ?? markOf(tree)) : markOf(node);
}
