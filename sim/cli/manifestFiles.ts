import { type Dirent, readdirSync, statSync } from "node:fs";
import { dirname, join, normalize, resolve } from "node:path";

/** What `kubectl apply --filename FOLDER` takes of a folder. */
const MANIFESTS = "*.{yaml,yml,json}";

/**
 * Names, from the folder of the file at `path`, of the files that a pattern stands for: `*` and `?`
 * within a name, `**` for any folders, `{a,b}` for one or the other; a folder stands for the
 * manifests in it. Sorted by their characters, which is the same everywhere.
 */
export function listBeside(path: string, pattern: string): readonly string[] {
  const folder = dirname(path);
  const written = normalize(pattern).replace(/\/$/u, "");
  const whole = isFolder(resolve(folder, written)) ? join(written, MANIFESTS) : written;
  const parts = whole.split("/");
  const firstWild = parts.findIndex((part) => /[*?{}[\]]/u.test(part));
  if (firstWild < 0) return isFile(resolve(folder, whole)) ? [whole] : [];
  const start = parts.slice(0, firstWild).join("/");
  const root = start === "" && whole.startsWith("/") ? "/" : start;
  const rest = parts.slice(firstWild);
  const matches = patternOf(rest);
  return filesBelow(resolve(folder, root), rest.length > 1)
    .filter((name) => matches.test(name))
    .map((name) => join(root, name))
    .sort();
}

function patternOf(parts: readonly string[]): RegExp {
  const source = parts.map((part, i) => {
    const isLast = i === parts.length - 1;
    if (part === "**") return isLast ? ".*" : "(?:[^/]+/)*";
    return sourceOf(part) + (isLast ? "" : "/");
  });
  return new RegExp(`^${source.join("")}$`, "u");
}

/** Names that begin with a dot are hidden: only a pattern with the dot finds them. */
function sourceOf(part: string): string {
  let isInBraces = false;
  const source = [...part].map((character) => {
    switch (character) {
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      case "{":
        isInBraces = true;
        return "(?:";
      case "}": {
        const opened = isInBraces;
        isInBraces = false;
        return opened ? ")" : "\\}";
      }
      case ",":
        return isInBraces ? "|" : ",";
      default:
        return character.replace(/[$()+.[\\\]^|]/u, "\\$&");
    }
  });
  const hidden = /^[*?]/u.test(part) ? "(?!\\.)" : "";
  return hidden + source.join("") + (isInBraces ? ")" : "");
}

/** Links to folders are not followed: they may lead in a circle. */
function filesBelow(folder: string, isDeep: boolean, prefix = ""): readonly string[] {
  return entriesOf(join(folder, prefix)).flatMap((entry): readonly string[] => {
    const name = prefix + entry.name;
    if (entry.isDirectory()) {
      const isOurs = isDeep && entry.name !== "node_modules";
      return isOurs ? filesBelow(folder, isDeep, `${name}/`) : [];
    }
    return isFile(join(folder, name)) ? [name] : [];
  });
}

function entriesOf(folder: string): readonly Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

const isFolder = (path: string): boolean => kindOf(path) === "folder";
const isFile = (path: string): boolean => kindOf(path) === "file";

/** Null for what cannot be looked at, such as a link in a circle. */
function kindOf(path: string): "folder" | "file" | null {
  try {
    const stats = statSync(path);
    return stats.isDirectory() ? "folder" : stats.isFile() ? "file" : null;
  } catch {
    return null;
  }
}
