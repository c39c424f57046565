import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { nearestName } from "../scenario/problem.ts";
import { CliError } from "./exitCodes.ts";

/** Text of a file that the user named; says what is wrong, and which file was meant. */
export function readInput(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new CliError(unreadable(path, what, error));
  }
}

/** Text of a file beside another one, or null. */
export function readBeside(path: string, name: string): string | null {
  try {
    return readFileSync(resolve(dirname(path), name), "utf8");
  } catch {
    return null;
  }
}

function unreadable(path: string, what: string, error: unknown): string {
  const code = codeOf(error);
  if (code === "EISDIR") return `error: "${path}" is a folder, not a ${what}`;
  if (code !== "ENOENT") return `error: cannot read ${what} "${path}" (${code})`;
  const nearest = nearestName(basename(path), siblings(path));
  const hint = nearest === null ? "" : `\n       did you mean "${join(dirname(path), nearest)}"?`;
  return `error: no ${what} "${path}"${hint}`;
}

function siblings(path: string): readonly string[] {
  try {
    return readdirSync(dirname(path));
  } catch {
    return [];
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/**
 * Writes files into a folder, all or none: every one is complete under a temporary name before the
 * first gets its own. Gives back their paths, relative to where the command was started.
 */
export function writeFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): readonly string[] {
  const pending: [string, string][] = [];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      const temporary = join(folder, `.${name}.${process.pid}.tmp`);
      pending.push([temporary, join(folder, name)]);
      writeFileSync(temporary, text);
    }
    for (const [temporary, final] of pending) renameSync(temporary, final);
  } catch (error) {
    for (const [temporary] of pending) rmSync(temporary, { force: true });
    throw new CliError(`error: cannot write to "${folder}" (${codeOf(error)})`);
  }
  return pending.map(([, final]) => relative(".", final));
}
