import { labelOf, markOf } from "../issues.ts";
import type { Finding } from "../parse.ts";
import { type Path, type Span, type Tree, treeAt } from "../tree.ts";

/** `spec.template.spec.containers[0].image`, as the API server names a field. */
export function fieldText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

/**
 * Says a finding of the loader in the words of the API server's strict validation: fields by their
 * whole path, from the resource on.
 */
export function inFieldWords(finding: Finding, resource: Tree): Finding {
  const { message, span } = finding;
  const path = pathAt(resource, span, []) ?? [];
  const unknown = /^unknown key "(.*)"$/u.exec(message)?.[1];
  if (unknown !== undefined) return { ...finding, message: `unknown field "${fieldText(path)}"` };
  const missing = /^the key "(.*)" is missing$/u.exec(message)?.[1];
  if (missing !== undefined) {
    // A map is marked under its key, and one without a key (a list's item) under its first key.
    const isInside = path.length > 0 && treeAt(resource, path)?.kind !== "map";
    const place = isInside ? path.slice(0, -1) : path;
    return { ...finding, message: `missing required field "${fieldText([...place, missing])}"` };
  }
  const label = labelOf(path);
  if (path.length === 0 || !message.startsWith(`${label} is `)) return finding;
  return { ...finding, message: fieldText(path) + message.slice(label.length) };
}

/** Where a stretch of text is the mark of a key or of a value; null when it is none. */
function pathAt(tree: Tree, span: Span, path: Path): Path | null {
  if (tree.kind === "scalar") return null;
  const inner: (readonly [string | number, Span | null, Tree])[] =
    tree.kind === "map"
      ? [...tree.entries].map(([name, { key, value }]) => [name, key, value])
      : tree.items.map((item, index) => [index, null, item]);
  for (const [part, key, value] of inner) {
    const here = [...path, part];
    if ((key !== null && isSame(key, span)) || isSame(markOf(value), span)) return here;
    const deeper = pathAt(value, span, here);
    if (deeper !== null) return deeper;
  }
  return null;
}

const isSame = (a: Span, b: Span): boolean => a.start === b.start && a.end === b.end;
