import { pathToFileURL } from "node:url";
import { problemText } from "../../reports/terminal/index.ts";
import { loadPolicies, PolicyFileError } from "../experiment/executors/loadPolicies.ts";
import { digestText } from "../kernel/digest.ts";
import type { PolicyRegistry } from "../policy/index.ts";
import { type Loaded, loadScenario } from "../scenario/load.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Console } from "./console.ts";
import { CliError } from "./exitCodes.ts";
import { readBeside, readInput } from "./files.ts";

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
  readonly digest: string;
}

/**
 * Reads and checks a scenario with everything that is laid over it; all problems at once, exit code
 * 104.
 */
export async function readScenario(
  file: string,
  options: ScenarioOptions,
  console: Console,
): Promise<ScenarioInput> {
  const text = readInput(file, "scenario");
  const overlays = (options.overlay ?? []).map((name) => ({
    file: name,
    text: readInput(name, "overlay"),
  }));
  const set = (options.set ?? []).map(parseSetting);
  const policiesUrl = options.policies === undefined ? null : pathToFileURL(options.policies).href;
  const registry = await readPolicies(options.policies, policiesUrl);
  const loaded = loadScenario({
    file,
    text,
    overlays,
    set,
    ...(options.policy === undefined ? {} : { policies: options.policy }),
    readFile: (name) => readBeside(file, name),
    registry,
  });
  const scenarios = seeded(checked(loaded, console), options.seed);
  const digest = digestText(
    JSON.stringify([text, overlays.map((overlay) => overlay.text), set, options.seed ?? null]),
  );
  return { scenarios, registry, policiesUrl, digest };
}

function checked({ scenarios, problems }: Loaded, console: Console): readonly Scenario[] {
  if (problems.length === 0) return scenarios;
  throw new CliError(problemText(problems, console.err));
}

const seeded = (scenarios: readonly Scenario[], seed: number | undefined): readonly Scenario[] =>
  seed === undefined ? scenarios : scenarios.map((scenario) => ({ ...scenario, seed }));

function parseSetting(text: string): readonly [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new CliError(`error: --set takes path=value, found "${text}"`);
}

async function readPolicies(file: string | undefined, url: string | null): Promise<PolicyRegistry> {
  if (file !== undefined) readInput(file, "policy file");
  try {
    return await loadPolicies(url);
  } catch (error) {
    if (file === undefined) throw error;
    const reason = error instanceof PolicyFileError || error instanceof Error ? error.message : "";
    throw new CliError(`error: cannot use the policies of "${file}"\n       ${reason}`);
  }
}
