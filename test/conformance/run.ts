import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { breakerGroup } from "./groups/breaker.ts";
import { canaryGroup } from "./groups/canary.ts";
import type { CaseResult, ConformanceFile, GroupRunner } from "./groups/group.ts";
import { isObject } from "./groups/group.ts";
import { hpaGroup } from "./groups/hpa.ts";
import { kpaGroup } from "./groups/kpa.ts";
import { limiterGroup } from "./groups/limiter.ts";
import { rolloutGroup } from "./groups/rollout.ts";
import { statisticalGroup } from "./statistical/threads.ts";

/**
 * `npm run -s conformance -- --dir DIR [--group NAME]`: runs the truth tables of a folder with one
 * sub-folder per group. Exit code 0 when all cases passed, 1 when one failed or could not be
 * evaluated, 104 for bad input.
 */
const RUNNERS: Readonly<Record<string, GroupRunner>> = {
  breaker: breakerGroup,
  canary: canaryGroup,
  hpa: hpaGroup,
  kpa: kpaGroup,
  limiter: limiterGroup,
  queueing: statisticalGroup("queueing"),
  rollout: rolloutGroup,
  tail: statisticalGroup("tail"),
};

const USAGE = "usage: npm run -s conformance -- --dir DIR [--group NAME]";
const EXIT_FAILED = 1;
const EXIT_BAD_INPUT = 104;
const MAX_SHOWN_PER_FILE = 10;

export interface Tally {
  readonly passed: number;
  readonly failed: number;
}

class BadInput extends Error {}

/** Runs one group's folder, printing one line per file and the first failures. */
export async function runGroup(
  dir: string,
  group: string,
  print: (line: string) => void,
): Promise<Tally> {
  const folder = join(dir, group);
  const runner = Object.hasOwn(RUNNERS, group) ? RUNNERS[group] : undefined;
  let [passed, failed] = [0, 0];
  for (const name of readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .sort()) {
    const started = performance.now();
    const results = await runFile(join(folder, name), { name, group, runner });
    const failures = results.filter(({ differences }) => differences.length > 0);
    passed += results.length - failures.length;
    failed += failures.length;
    const took = `${((performance.now() - started) / 1000).toFixed(2)} s`;
    const counts = `${results.length - failures.length} passed, ${failures.length} failed`;
    print(`${group}/${name}: ${counts} (${took})`);
    for (const line of describeFailures(failures, runner !== undefined)) print(line);
  }
  // A table without cases proves nothing.
  if (passed + failed === 0) {
    failed = 1;
    print(`${group}: no cases in ${folder}`);
  }
  return { passed, failed };
}

async function runFile(
  path: string,
  {
    name,
    group,
    runner,
  }: { readonly name: string; readonly group: string; readonly runner: GroupRunner | undefined },
): Promise<readonly CaseResult[]> {
  const file = readFile(path, name);
  if (typeof file === "string") return [{ name, differences: [file] }];
  if (runner !== undefined) return runner(file);
  const differences = [`group ${group} has no runner: none of its cases was evaluated`];
  return file.cases.map((_, index) => ({ name: `case ${index}`, differences }));
}

/** The file, or what is wrong with it. */
function readFile(path: string, name: string): ConformanceFile | string {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return `not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!isObject(content)) return "not a JSON object";
  const { cases } = content;
  const isCase = (value: unknown): boolean => isObject(value) || Array.isArray(value);
  if (!Array.isArray(cases) || !cases.every(isCase)) return "no list of cases";
  return { name, content, cases };
}

function describeFailures(failures: readonly CaseResult[], hasRunner: boolean): readonly string[] {
  const [first] = failures;
  if (first === undefined) return [];
  if (!hasRunner) return [`  ${first.differences.join("; ")}`];
  const shown = failures
    .slice(0, MAX_SHOWN_PER_FILE)
    .map(({ name, differences }) => `  ${name}: ${differences.slice(0, 3).join("; ")}`);
  const more = failures.length - MAX_SHOWN_PER_FILE;
  return more > 0 ? [...shown, `  … and ${more} more`] : shown;
}

/** The groups asked for: one, or every folder in `dir` that holds tables. */
function groupsOf(dir: string, group: string | undefined): readonly string[] {
  if (!existsSync(dir) || !statSync(dir).isDirectory()) throw new BadInput(`no folder ${dir}`);
  const folders = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter((name) => statSync(join(dir, name)).isDirectory())
    .sort();
  if (group !== undefined) {
    if (!folders.includes(group)) {
      throw new BadInput(`no group ${group} in ${dir}; it has ${folders.join(", ") || "none"}`);
    }
    return [group];
  }
  const groups = folders.filter((name) =>
    readdirSync(join(dir, name)).some((file) => file.endsWith(".json")),
  );
  if (groups.length === 0) throw new BadInput(`no group in ${dir}: no sub-folder holds a table`);
  return groups;
}

function readFlags(args: readonly string[]): { dir: string; group: string | undefined } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { dir: { type: "string" }, group: { type: "string" } },
    });
    if (values.dir === undefined) throw new BadInput("--dir is missing");
    return { dir: resolve(values.dir), group: values.group };
  } catch (error) {
    if (error instanceof BadInput) throw error;
    throw new BadInput(error instanceof Error ? error.message : String(error));
  }
}

/** Runs the command and returns its exit code. */
export async function main(
  args: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  try {
    const { dir, group } = readFlags(args);
    const tallies: Tally[] = [];
    for (const name of groupsOf(dir, group)) tallies.push(await runGroup(dir, name, print));
    const passed = tallies.reduce((sum, tally) => sum + tally.passed, 0);
    const failed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
    print(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : EXIT_FAILED;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    print(`conformance: ${error.message}\n${USAGE}`);
    return EXIT_BAD_INPUT;
  }
}

if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2), (line) => console.log(line));
}
