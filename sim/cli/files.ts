import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { nearestName } from "../scenario/problem.ts";
import { CliError, errorText } from "./exitCodes.ts";

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
  if (code === "EISDIR") {
    const inside = entries(path).filter((name) => /\.(?:ya?ml|json|[cm]?[jt]s)$/u.test(name));
    const example = inside[0] === undefined ? null : `it holds ${some(inside)}`;
    return errorText(`"${path}" is a folder, not a ${what}`, example);
  }
  if (code !== "ENOENT") return errorText(`cannot read ${what} "${path}": ${reasonOf(code)}`);
  const nearest = nearestName(basename(path), entries(dirname(path)));
  const hint = nearest === null ? null : `did you mean "${join(dirname(path), nearest)}"?`;
  return errorText(`no ${what} "${path}"`, hint);
}

/** The first few, so that a long list stays one line. */
const some = (names: readonly string[]): string =>
  names.length > 4
    ? `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`
    : names.join(", ");

/** Names in a folder, in an order that is the same everywhere. */
function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
  ENOTDIR: "a part of the path is a file, not a folder",
  ENOENT: "it cannot be made",
  ENAMETOOLONG: "the name is too long",
};

const reasonOf = (code: string): string => REASONS[code] ?? code;

const unwritable = (folder: string, reason: string): CliError =>
  new CliError(errorText(`cannot write to "${folder}": ${reason}`));

/**
 * Ends the command when files could not be written into a folder in the end, before it works for
 * them. Makes nothing.
 */
export function checkWritable(folder: string, names: readonly string[]): void {
  let existing = resolve(folder);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  if (!statSync(existing).isDirectory()) {
    const path = relative(".", existing);
    throw unwritable(folder, `${path === folder ? "it" : `"${path}"`} is a file, not a folder`);
  }
  try {
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unwritable(folder, reasonOf(codeOf(error)));
  }
  for (const name of names) {
    if (statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() === true) {
      throw unwritable(folder, `"${name}" in it is a folder`);
    }
  }
}

/**
 * Writes files into a folder, all or none: every one is complete under a temporary name before the
 * first gets its own. Gives back their paths, relative to where the command was started.
 */
export function writeFiles(
  folder: string,
  files: Readonly<Record<string, string>>,
): readonly string[] {
  checkWritable(folder, Object.keys(files));
  const made: string[] = [];
  const pending: [string, string][] = [];
  try {
    makeFolder(resolve(folder), made);
    for (const [name, text] of Object.entries(files)) {
      const temporary = join(folder, `.${name}.${process.pid}.tmp`);
      pending.push([temporary, join(folder, name)]);
      writeFileSync(temporary, text);
    }
    for (const [temporary, final] of pending) renameSync(temporary, final);
  } catch (error) {
    for (const [temporary] of pending) rmSync(temporary, { force: true });
    for (const path of made.toReversed()) rmdirSync(path);
    throw unwritable(folder, reasonOf(codeOf(error)));
  }
  return pending.map(([, final]) => relative(".", final));
}

/**
 * One folder after the other, and which they were: `recursive` of Node tries for ever below /proc,
 * where making a folder fails as if its parent were missing.
 */
function makeFolder(path: string, made: string[]): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), made);
  mkdirSync(path);
  made.push(path);
}
