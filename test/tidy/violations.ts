import {
  type ArrowFunctionExpression,
  type Function as FunctionNode,
  parseSync,
  Visitor,
  type VisitorObject,
} from "oxc-parser";
import { brokenImportRule, isPure } from "./layers.ts";

const MAX_COLUMNS = 100;
const MAX_FUNCTION_LINES = 70;

/** Callable from anywhere in a JavaScript runtime, and different in every run. */
const FORBIDDEN_CALLS = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "fetch"];
const FORBIDDEN_MEMBERS: Readonly<Record<string, RegExp>> = {
  Date: /^now$/,
  Math: /^random$/,
  performance: /./,
  console: /./,
  crypto: /./,
  // A variable may well be called `process` here: only Node's own members are meant.
  process: new RegExp(`^(${Object.keys(process).join("|")})$`),
};

/** Notes a broken rule at an offset of the text. */
type Note = (offset: number, rule: string) => void;

/**
 * Every rule of style that one TypeScript file breaks, as `path:line: rule`, in order of lines.
 * `path` is relative to the root, with forward slashes; nothing is read from disk.
 */
export function violations(path: string, text: string): readonly string[] {
  const found: { readonly line: number; readonly rule: string }[] = [];
  const lineOf = lineFinder(text);
  const note: Note = (offset, rule) => found.push({ line: lineOf(offset), rule });

  const { program, comments, errors } = parseSync(path, text);
  for (const error of errors) note(error.labels[0]?.start ?? 0, error.message);
  noteLongLines(text, note);
  noteMachinePaths(text, note);
  for (const comment of comments) noteComment(comment, note);
  new Visitor({
    ...importVisitor(path, note),
    ...functionVisitor(text, lineOf, note),
    TSAnyKeyword: ({ start }) => note(start, "`any` turns the type checker off: use `unknown`"),
  }).visit(program);
  if (isPure(path)) new Visitor(pureVisitor(note)).visit(program);
  if (path.startsWith("sim/")) new Visitor(seedVisitor(note)).visit(program);

  return found.sort((a, b) => a.line - b.line).map(({ line, rule }) => `${path}:${line}: ${rule}`);
}

function noteLongLines(text: string, note: Note): void {
  let offset = 0;
  for (const line of text.split("\n")) {
    const columns = [...line].length;
    // An address cannot be broken; it may stand alone on its line.
    const isAddress = /^\W*https?:\/\/\S+$/.test(line);
    if (columns > MAX_COLUMNS && !isAddress) {
      note(offset, `${columns} columns, at most ${MAX_COLUMNS}`);
    }
    offset += line.length + 1;
  }
}

function noteMachinePaths(text: string, note: Note): void {
  for (const match of text.matchAll(/(?<![\w.*}])\/(home|Users|root|work)\/\w/g)) {
    note(match.index, `a path of one machine (${match[0]}…)`);
  }
}

function noteComment(
  { start, value }: { readonly start: number; readonly value: string },
  note: Note,
): void {
  const directive = /@ts-(ignore|nocheck|expect-error)/.exec(value);
  if (directive !== null) note(start, `${directive[0]} hides an error: mend the type`);
  const marker = /\b(TODO|FIXME|XXX)\b/.exec(value);
  if (marker !== null) note(start, `${marker[0]}: do it, or file an issue`);
}

function importVisitor(path: string, note: Note): VisitorObject {
  const check = (source: { readonly start: number; readonly value?: unknown } | null): void => {
    if (typeof source?.value !== "string") return;
    const rule = brokenImportRule(path, source.value);
    if (rule !== null) note(source.start, rule);
  };
  return {
    ImportDeclaration: ({ source }) => check(source),
    ExportAllDeclaration: ({ source }) => check(source),
    ExportNamedDeclaration: ({ source }) => check(source),
    ImportExpression: ({ source }) => check({ ...source }),
    TSImportType: ({ source }) => check(source),
  };
}

function functionVisitor(
  text: string,
  lineOf: (offset: number) => number,
  note: Note,
): VisitorObject {
  // `describe` holds a list of tests, each a function of its own.
  const suites = new Set<number>();
  const check = ({ start, end }: FunctionNode | ArrowFunctionExpression): void => {
    const lines = lineOf(end) - lineOf(start) + 1;
    if (lines > MAX_FUNCTION_LINES && !suites.has(start)) {
      note(start, `a function of ${lines} lines, at most ${MAX_FUNCTION_LINES}`);
    }
  };
  return {
    CallExpression: ({ callee, arguments: given }) => {
      if (!/^describe\b/.test(text.slice(callee.start, callee.end))) return;
      for (const argument of given) suites.add(argument.start);
    },
    FunctionDeclaration: check,
    FunctionExpression: check,
    ArrowFunctionExpression: check,
  };
}

function pureVisitor(note: Note): VisitorObject {
  const noAsync = (start: number): void => note(start, "pure code is synchronous");
  return {
    AwaitExpression: ({ start }) => noAsync(start),
    FunctionDeclaration: (node) => node.async && noAsync(node.start),
    FunctionExpression: (node) => node.async && noAsync(node.start),
    ArrowFunctionExpression: (node) => node.async && noAsync(node.start),
    NewExpression: ({ start, callee }) => {
      if (callee.type !== "Identifier") return;
      if (callee.name === "Date") note(start, "pure code must not call `new Date(`");
      if (callee.name === "Promise") noAsync(start);
    },
    CallExpression: ({ start, callee }) => {
      if (callee.type === "Identifier" && FORBIDDEN_CALLS.includes(callee.name)) {
        note(start, `pure code must not call \`${callee.name}(\``);
      }
    },
    MemberExpression: ({ start, object, property }) => {
      if (property.type !== "Identifier") return;
      const owner = object.type === "Identifier" ? object.name : "";
      noteForbiddenMember(owner, property.name, (rule) => note(start, rule));
    },
  };
}

function noteForbiddenMember(owner: string, member: string, note: (rule: string) => void): void {
  if (/^(localeCompare|toLocale\w+)$/.test(member)) {
    note(`\`${member}\` depends on the machine's language`);
  }
  if (owner === "Promise") note("pure code is synchronous");
  if (FORBIDDEN_MEMBERS[owner]?.test(member) === true) {
    note(`pure code must not use \`${owner}.${member}\``);
  }
}

function seedVisitor(note: Note): VisitorObject {
  return {
    CallExpression: ({ start, callee }) => {
      if (callee.type === "Identifier" && callee.name === "seedrandom") {
        note(start, "`seedrandom(` is the slow generator: `seedrandom.alea` with a seed");
      }
    },
  };
}

/** Line numbers from 1, by binary search over the starts of lines. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
