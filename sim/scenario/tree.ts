import type { Json } from "../kernel/json.ts";

/** A stretch of a file's text, by offsets. */
export interface Span {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/**
 * A YAML document as data that remembers where each part was written, through merge keys, aliases
 * and overlays: a tree that several files have contributed to still points into each of them. Never
 * changed in place.
 */
export type Tree = MapTree | ListTree | ScalarTree;

export interface MapTree {
  readonly kind: "map";
  readonly span: Span;
  readonly entries: ReadonlyMap<string, Entry>;
  /** Something wrong was cut out: what is missing now was reported already. */
  readonly damaged: boolean;
}

export interface ListTree {
  readonly kind: "list";
  readonly span: Span;
  readonly items: readonly Tree[];
  readonly damaged: boolean;
}

export interface ScalarTree {
  readonly kind: "scalar";
  readonly span: Span;
  readonly value: string | number | boolean | null;
}

export interface Entry {
  readonly key: Span;
  readonly value: Tree;
}

export type Path = readonly (string | number)[];

export function toPlain(tree: Tree): Json {
  switch (tree.kind) {
    case "scalar":
      return tree.value;
    case "list":
      return tree.items.map(toPlain);
    case "map":
      return Object.fromEntries([...tree.entries].map(([key, { value }]) => [key, toPlain(value)]));
  }
}

/** What a path leads to; null when it leads nowhere. */
export function treeAt(tree: Tree, path: Path): Tree | null {
  let at: Tree | undefined = tree;
  for (const part of path) {
    if (at?.kind === "map") at = at.entries.get(String(part))?.value;
    else if (at?.kind === "list") at = at.items[Number(part)];
    else return null;
  }
  return at ?? null;
}

/** The keys of the map at a path, in file order; none when there is no map. */
export function keysAt(tree: Tree, path: Path): readonly string[] {
  const at = treeAt(tree, path);
  return at?.kind === "map" ? [...at.entries.keys()] : [];
}

/** Where the key of a path was written; null for list items and for the root. */
export function keySpanAt(tree: Tree, path: Path): Span | null {
  const parent = path.length === 0 ? null : treeAt(tree, path.slice(0, -1));
  if (parent?.kind !== "map") return null;
  return parent.entries.get(String(path.at(-1)))?.key ?? null;
}

/** The nearest key above a path: how a person names the place. Null for the root. */
export function nearestKeySpan(tree: Tree, path: Path): Span | null {
  for (let length = path.length; length > 0; length--) {
    const span = keySpanAt(tree, path.slice(0, length));
    if (span !== null) return span;
  }
  return null;
}

/**
 * A patch laid over a tree (JSON Merge Patch, RFC 7386): maps merge key by key, a null takes the
 * key away, and everything else, lists included, replaces what was there.
 */
export function mergeTrees(base: Tree | null, patch: Tree): Tree {
  if (patch.kind !== "map") return patch;
  const from = base?.kind === "map" ? base : null;
  const entries = new Map(from?.entries ?? []);
  for (const [key, { key: keySpan, value }] of patch.entries) {
    if (value.kind === "scalar" && value.value === null) {
      entries.delete(key);
      continue;
    }
    const old = entries.get(key);
    entries.set(key, { key: keySpan, value: mergeTrees(old?.value ?? null, value) });
  }
  return { kind: "map", span: from?.span ?? patch.span, entries, damaged: from?.damaged ?? false };
}

/** The tree without what the path leads to; the map or list that held it is marked as damaged. */
export function cutAt(tree: Tree, path: Path): Tree {
  const [part, ...rest] = path;
  if (part === undefined || tree.kind === "scalar") return tree;
  if (tree.kind === "list") {
    const index = Number(part);
    const item = tree.items[index];
    if (item === undefined) return tree;
    if (rest.length > 0) return { ...tree, items: tree.items.with(index, cutAt(item, rest)) };
    return { ...tree, items: tree.items.toSpliced(index, 1), damaged: true };
  }
  const entry = tree.entries.get(String(part));
  if (entry === undefined) return tree;
  const entries = new Map(tree.entries);
  if (rest.length === 0) {
    entries.delete(String(part));
    return { ...tree, entries, damaged: true };
  }
  entries.set(String(part), { ...entry, value: cutAt(entry.value, rest) });
  return { ...tree, entries };
}

/**
 * The tree with a value put at a path of keys and list positions; maps on the way are made when
 * missing.
 */
export function setAt(tree: Tree | null, path: Path, value: Tree, keySpan: Span): Tree {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (tree?.kind === "list") {
    const index = Number(part);
    const item = tree.items[index];
    if (item === undefined) return tree;
    return { ...tree, items: tree.items.with(index, setAt(item, rest, value, keySpan)) };
  }
  const entries = new Map(tree?.kind === "map" ? tree.entries : []);
  const old = entries.get(String(part));
  entries.set(String(part), {
    key: old?.key ?? keySpan,
    value: setAt(old?.value ?? null, rest, value, keySpan),
  });
  const damaged = tree?.kind === "map" && tree.damaged;
  return { kind: "map", span: tree?.span ?? value.span, entries, damaged };
}
