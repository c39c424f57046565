import { basename, dirname, relative } from "node:path";
import { problemText } from "../../reports/terminal/index.ts";
import { OwnPolicyError } from "../experiment/ownPolicies.ts";
import type { ExperimentIdentity } from "../experiment/summarise.ts";
import { digestText } from "../kernel/digest.ts";
import type { Micros } from "../kernel/time.ts";
import type { PolicyRegistry } from "../policy/index.ts";
import type { WarmUpResult } from "../result/result.ts";
import { type Loaded, type LoadOptions, loadScenario } from "../scenario/load.ts";
import type { Problem } from "../scenario/problem.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Console } from "./console.ts";
import { CliError, errorText } from "./exitCodes.ts";
import { readBeside, readInput } from "./files.ts";
import { listBeside } from "./manifestFiles.ts";
import { placeIn, readPolicyFile } from "./policyFile.ts";
import { readVersion } from "./version.ts";

/** Options of every command that reads a scenario. */
export interface ScenarioOptions {
  readonly overlay?: readonly string[];
  readonly set?: readonly string[];
  readonly seed?: number;
  readonly policy?: readonly string[];
  /** A module with policies of the user's own. */
  readonly policies?: string;
}

export interface ScenarioInput {
  /** One per policy set. */
  readonly scenarios: readonly Scenario[];
  readonly registry: PolicyRegistry;
  /** URL of the user's own policies, for worker threads. */
  readonly policiesUrl: string | null;
  /** Of everything that was read and set. */
  readonly digest: string;
  /** What was laid over the file, as arguments for where the file lies. */
  readonly arguments: readonly string[];
  /** How the warm-up was found, where it was not given. */
  readonly warmUp?: WarmUpResult;
}

/**
 * Reads and checks a scenario with everything that is laid over it; all problems at once, exit code
 * 104. A warm-up of `auto` is left as it is, or stands for `autoWarmUp`.
 */
export async function readScenario(
  file: string,
  options: ScenarioOptions,
  console: Console,
  autoWarmUp?: Micros,
): Promise<ScenarioInput> {
  const text = readInput(file, "scenario");
  const overlays = (options.overlay ?? []).map((name) => ({
    file: name,
    text: readInput(name, "overlay"),
  }));
  const set = (options.set ?? []).map(parseSetting);
  const { registry, url, text: code } = await readPolicyFile(options.policies);
  const filesBeside = new Map<string, string>();
  const loaded = load({
    file,
    text,
    overlays,
    set,
    ...(options.policy === undefined ? {} : { policies: options.policy }),
    readFile: (name) => {
      const read = readBeside(file, name);
      if (read !== null) filesBeside.set(name, read);
      return read;
    },
    listFiles: (pattern) => listBeside(file, pattern),
    registry,
    ...(autoWarmUp === undefined ? {} : { autoWarmUp }),
  });
  const scenarios = seeded(checked(loaded, console), options.seed);
  // The seed as it is used: one that is given and one that stands in the file are the same.
  const texts = [text, overlays.map((overlay) => overlay.text), set, scenarios[0]?.seed ?? null];
  const more = [
    ...(code === null ? [] : [code]),
    ...(filesBeside.size === 0 ? [] : [[...filesBeside]]),
  ];
  const digest = digestText(JSON.stringify([...texts, ...more]));
  return { scenarios, registry, policiesUrl: url, digest, arguments: laidOver(file, options) };
}

function laidOver(file: string, { overlay, set, policies }: ScenarioOptions): readonly string[] {
  return [
    ...(overlay ?? []).flatMap((name) => ["--overlay", beside(file, name)]),
    ...(set ?? []).flatMap((setting) => ["--set", setting]),
    ...(policies === undefined ? [] : ["--policies", beside(file, policies)]),
  ];
}

/** The path of a file from the folder of the scenario. */
const beside = (file: string, name: string): string => relative(dirname(file), name);

/** What a result says about where it came from: the name of the file, and no path to a machine. */
export const identityOf = (
  file: string,
  { digest, arguments: laid, warmUp }: ScenarioInput,
  level: number,
): ExperimentIdentity => ({
  version: readVersion(),
  file: basename(file),
  scenarioDigest: digest,
  arguments: laid,
  level,
  ...(warmUp === undefined ? {} : { warmUp }),
});

/** The loader itself never throws; a policy of the user's own may, while it checks its settings. */
function load(options: LoadOptions): Loaded {
  try {
    return loadScenario(options);
  } catch (error) {
    if (!(error instanceof OwnPolicyError)) throw error;
    const { policy, method, message, cause } = error;
    const place = cause instanceof Error ? placeIn(cause.stack ?? "") : null;
    throw new CliError(
      errorText(
        `the policy "${policy}" failed in ${method}; nothing was run`,
        place === null ? message : `${place}: ${message}`,
      ),
    );
  }
}

function checked({ scenarios, problems, warnings }: Loaded, console: Console): readonly Scenario[] {
  if (problems.length === 0) {
    noteAll(warnings, console);
    return scenarios;
  }
  throw new CliError(problemText(problems, console.err));
}

/** So many notes fit beside a result. */
const NOTES_MAX = 10;

function noteAll(warnings: readonly Problem[], console: Console): void {
  for (const warning of warnings.slice(0, NOTES_MAX)) console.note(warningText(warning));
  const more = warnings.length - NOTES_MAX;
  if (more > 0) console.note(`and ${more} more notes`);
}

function warningText({ file, line, column, message, hint }: Problem): string {
  const text = `${file}:${line}:${column}: note: ${message}`;
  return hint === null ? text : `${text}\n      ${hint}`;
}

const seeded = (scenarios: readonly Scenario[], seed: number | undefined): readonly Scenario[] =>
  seed === undefined ? scenarios : scenarios.map((scenario) => ({ ...scenario, seed }));

function parseSetting(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CliError(errorText(`--set is path=value, found "${text}"`, "as in: --set duration=5m"));
}
