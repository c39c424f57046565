import { type Finding, parseTree } from "./parse.ts";
import { nameHint } from "./problem.ts";
import { keysAt, type Path, type Span, setAt, type Tree, treeAt } from "./tree.ts";

/** A path of keys with dots between them, and the value that goes there, in YAML. */
export type Setting = readonly [path: string, value: string | number | boolean];

export interface Settled {
  readonly tree: Tree;
  readonly findings: readonly Finding[];
  /** Texts by the names that the findings' places go by. */
  readonly texts: ReadonlyMap<string, string>;
}

/**
 * Puts values into a tree, in order. A name with dots in it is found when the tree has it already.
 */
export function applySettings(tree: Tree, settings: readonly Setting[]): Settled {
  const findings: Finding[] = [];
  const texts = new Map<string, string>();
  let settled = tree;
  for (const [written, value] of settings) {
    const file = `--set ${written}`;
    const text = String(value);
    texts.set(file, text);
    const span: Span = { file, start: 0, end: text.length };
    const parsed = parseTree(file, text);
    findings.push(...parsed.findings);
    const path = pathOf(settled, written);
    const [top] = path;
    const known = keysAt(settled, []);
    const stranger = unknownOwner(settled, path);
    if (path.includes("")) {
      findings.push({
        span,
        message: `"${written}" is no path`,
        hint: "keys with dots between them",
      });
    } else if (top !== undefined && isWrongList(settled, path)) {
      const hint = nameHint(String(top), known);
      findings.push({ span, message: `nothing is at "${written}"`, hint });
    } else if (stranger !== null) {
      findings.push({ span, ...stranger });
    } else if (parsed.tree !== null) {
      settled = setAt(settled, path, parsed.tree, span);
    }
  }
  return { tree: settled, findings, texts };
}

/** The keys of a path: where the tree has longer keys, with dots in them, those count as one. */
function pathOf(tree: Tree, written: string): Path {
  const parts = written.split(".");
  const path: string[] = [];
  while (parts.length > 0) {
    const known = keysAt(tree, path);
    let taken = 1;
    for (let length = parts.length; length > 1; length--) {
      if (!known.includes(parts.slice(0, length).join("."))) continue;
      taken = length;
      break;
    }
    path.push(parts.splice(0, taken).join("."));
  }
  return path;
}

/** Maps from names of the user's own; a part of a thing says nothing without the thing. */
const COLLECTIONS: Readonly<Record<string, string>> = { services: "service", traffic: "traffic" };

/** What is said of a path into a service or traffic that is not there; null when it is. */
function unknownOwner(tree: Tree, path: Path): Pick<Finding, "message" | "hint"> | null {
  const [collection = "", name = ""] = path.map(String);
  const what = COLLECTIONS[collection];
  const known = keysAt(tree, [collection]);
  if (what === undefined || path.length < 3 || known.includes(name)) return null;
  return { message: `no ${what} "${name}"`, hint: nameHint(name, known) };
}

/** Whether the path names an item that a list on the way does not have. */
function isWrongList(tree: Tree, path: Path): boolean {
  return path.some((part, i) => {
    const parent = treeAt(tree, path.slice(0, i));
    return (
      (parent?.kind === "list" && !/^\d+$/u.test(String(part))) ||
      (parent?.kind === "list" && parent.items[Number(part)] === undefined)
    );
  });
}
