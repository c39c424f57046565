import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { loadPolicies, PolicyFileError } from "../experiment/executors/loadPolicies.ts";
import { builtInPolicies, type PolicyRegistry } from "../policy/index.ts";
import { CliError, errorText } from "./exitCodes.ts";
import { readInput } from "./files.ts";

export interface PolicyFile {
  readonly registry: PolicyRegistry;
  /** For worker threads; null without a file. */
  readonly url: string | null;
  readonly text: string | null;
}

/** The built-in policies and those of a user's own module; what is wrong with it ends with 104. */
export async function readPolicyFile(file: string | undefined): Promise<PolicyFile> {
  if (file === undefined) return { registry: builtInPolicies, url: null, text: null };
  const text = readInput(file, "policy file");
  const problem = typeScriptProblem(file, process.features.typescript, process.version);
  if (problem !== null) throw new CliError(problem);
  const url = pathToFileURL(file).href;
  try {
    return { registry: await loadPolicies(url), url, text };
  } catch (error) {
    const reason = reasonOf(error, file);
    const hint = libraryHint(reason, process.version);
    throw new CliError(errorText(`cannot use the policies of "${file}"`, reason, hint));
  }
}

/** Node runs TypeScript since 22.18 (and 23.6); before that the file has to be compiled first. */
export function typeScriptProblem(
  file: string,
  support: boolean | string | undefined,
  version: string,
): string | null {
  if (!/\.[cm]?ts$/u.test(file) || (support !== undefined && support !== false)) return null;
  return errorText(
    `"${file}" is TypeScript, which needs Node ≥ 22.18; this is ${version}`,
    "use a newer Node, or give the JavaScript that it compiles to",
  );
}

/** A Node that cannot be told where "peakday" is looks for it beside the policy file. */
export function libraryHint(reason: string, version: string): string | null {
  return /Cannot find package 'peakday'/u.test(reason)
    ? `npm install peakday beside it, or use Node ≥ 22.15; this is ${version}`
    : null;
}

function reasonOf(error: unknown, file: string): string {
  if (error instanceof PolicyFileError) return error.message;
  if (!(error instanceof Error)) return `it throws ${String(error)}`;
  const place = placeIn(error.stack ?? "") ?? (error instanceof SyntaxError ? checked(file) : null);
  return place === null ? error.message : `${place}: ${error.message}`;
}

/** Of a syntax error an importer learns no place; Node tells when it only checks the file. */
const checked = (file: string): string | null =>
  placeIn(spawnSync(process.execPath, ["--check", file], { encoding: "utf8" }).stderr);

/**
 * The first place in a stack that is in a file of the user's, as `file:line:col`, relative to where
 * the command was started; null when there is none.
 */
export function placeIn(stack: string): string | null {
  for (const [, address = "", position = ""] of stack.matchAll(
    /(file:\/\/[^\s()]+?)((?::\d+)+)/gu,
  )) {
    return `${relative(".", fileURLToPath(address))}${position}`;
  }
  // Node puts the place of a syntax error on a line of its own, before the message.
  const [, path, line] = /^(\/[^\n]+?|[A-Z]:\\[^\n]+?):(\d+)\n/u.exec(stack) ?? [];
  return path === undefined ? null : `${relative(".", path)}:${line}`;
}
