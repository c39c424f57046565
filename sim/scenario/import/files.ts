import { markOf } from "../issues.ts";
import type { Finding } from "../parse.ts";
import { type Span, type Tree, treeAt } from "../tree.ts";
import type { ManifestFile } from "./resources.ts";

/** Where manifests are read from; names count from the folder of the scenario. */
export interface ManifestFolder {
  /** The scenario's own name, in whose folder they are. */
  readonly file: string;
  /** Names of the files that a pattern stands for; absent where there are no folders. */
  readonly listFiles?: ((pattern: string) => readonly string[]) | undefined;
  readonly readFile: (name: string) => string | null;
}

interface Pattern {
  readonly text: string;
  readonly span: Span;
}

/** The patterns of `cluster.manifests`; null when a scenario has none. */
export function patternsOf(scenario: Tree): readonly Pattern[] | null {
  const node = treeAt(scenario, ["cluster", "manifests"]);
  if (node === null) return null;
  const items = node.kind === "list" ? node.items : [node];
  return items.flatMap((item) => {
    const isText = item.kind === "scalar" && typeof item.value === "string" && item.value !== "";
    return isText ? [{ text: String(item.value), span: markOf(item) }] : [];
  });
}

/** The files of the patterns, each once; what cannot be read goes to `findings`. */
export function filesOf(
  patterns: readonly Pattern[],
  folder: ManifestFolder,
  findings: Finding[],
): readonly ManifestFile[] {
  const files = new Map<string, ManifestFile>();
  for (const { text: pattern, span } of patterns) {
    const names = namesOf(pattern, folder);
    if (names.length === 0) {
      const message = `no file matches "${pattern}"`;
      findings.push({ span, message, hint: "patterns count from the scenario's folder" });
    }
    for (const name of names) {
      const text = folder.readFile(name);
      if (text === null) findings.push({ span, message: `no file "${name}"`, hint: null });
      else files.set(name, { file: folderOf(folder.file) + name, text });
    }
  }
  return [...files.values()];
}

const namesOf = (pattern: string, { listFiles }: ManifestFolder): readonly string[] => {
  if (listFiles !== undefined) return listFiles(pattern);
  return /[*?[\]{}]/u.test(pattern) ? [] : [pattern];
};

/** What stands before the names of the folder's files. */
const folderOf = (file: string): string => file.slice(0, file.lastIndexOf("/") + 1);

/** How a file is named from the scenario's folder, which no machine's path is part of. */
export const nameInFolder = (scenario: string, file: string): string =>
  file.slice(folderOf(scenario).length);
