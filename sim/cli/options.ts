import { type Command, InvalidArgumentError, Option } from "commander";
import type { SelectionMetric, SelectionRule } from "../experiment/selection.ts";
import type { StoppingRule } from "../experiment/sequential.ts";
import type { SweepAxis } from "../experiment/sweep.ts";
import { CliError, errorText } from "./exitCodes.ts";

/** More runs than these, or threads, are a slip of the finger. */
const MOST_RUNS = 100_000;
const MOST_WORKERS = 1024;
const DEFAULT_MAX_RUNS = 200;
const DEFAULT_SELECTION_RUNS = 1000;
const DEFAULT_INDIFFERENCE = 0.01;

const wholeNumber =
  (least: number, most = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/u.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} up` : `${least} to ${most}`;
    throw new InvalidArgumentError(`a whole number from ${range}`);
  };

const level = (text: string): number => {
  const value = Number(text);
  if (value >= 0.5 && value < 1) return value;
  const hint = value >= 50 && value < 100 ? `\nwrite ${value / 100}` : "";
  throw new InvalidArgumentError(`a confidence level from 0.5 to below 1, like 0.95${hint}`);
};

/** A number of batches, whether or not it is given. */
export const batchCount = wholeNumber(5, 1000);
export const DEFAULT_BATCHES = 20;

/** `2%` or `0.02`. */
export const shareOption = (text: string): number => {
  const [, figure, percent] = /^(\d+(?:\.\d+)?)(%?)$/u.exec(text) ?? [];
  const value = Number(figure) / (percent === "%" ? 100 : 1);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("a share above 0, like 2%");
};

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** `path=a,b,c`, again and again; brackets keep their commas. */
export function varyOption(
  text: string,
  before: readonly SweepAxis[] | undefined,
): readonly SweepAxis[] {
  const at = text.indexOf("=");
  const values = at < 0 ? [] : listOf(text.slice(at + 1));
  if (at > 0 && values.length > 0 && values.every((value) => value !== "")) {
    return [...(before ?? []), { path: text.slice(0, at), values }];
  }
  throw new InvalidArgumentError("path=a,b,c, like services.shop.replicas=2,4,8");
}

/** Parts between the commas that stand in no brackets. */
function listOf(text: string): readonly string[] {
  const parts = [""];
  let depth = 0;
  for (const sign of text) {
    if (sign === "," && depth === 0) parts.push("");
    else parts.push(`${parts.pop() ?? ""}${sign}`);
    if (sign === "{" || sign === "[") depth++;
    else if (sign === "}" || sign === "]") depth--;
  }
  return parts.map((part) => part.trim());
}

/** Options that lay something over the scenario. */
export function scenarioOptions(command: Command): Command {
  return command
    .option("--overlay <file>", "a partial scenario to lay over it (repeatable)", collect)
    .option("--set <path=value>", "one value, as services.shop.replicas=6 (repeatable)", collect)
    .option("--policies <file>", "a module with policies of your own")
    .option("--seed <n>", "seed of all random streams (default: the scenario's)", wholeNumber(0));
}

/** Options of commands that simulate; without a number of runs it depends on the scenario. */
export function runOptions(command: Command, runs: number | null): Command {
  const count = wholeNumber(1, MOST_RUNS);
  if (runs === null) command.option("--runs <n>", "runs of each kind", count);
  else command.option("--runs <n>", "runs per policy", count, runs);
  return command
    .option("--level <p>", "confidence level", level, 0.95)
    .option(
      "--workers <n>",
      "threads; the result stays the same (default: cores)",
      wholeNumber(0, MOST_WORKERS),
    );
}

export interface StoppingOptions {
  readonly untilWidth?: number;
  readonly maxRuns?: number;
}

/** For commands whose number of runs may follow from how well something is known. */
export function stoppingOptions(command: Command, { selects = false } = {}): Command {
  const selecting = selects ? `; --select: ${DEFAULT_SELECTION_RUNS}` : "";
  return command
    .option("--until-width <share>", "more runs until each ± is within it, as 2%", shareOption)
    .option(
      "--max-runs <n>",
      `at most so many then (default: ${DEFAULT_MAX_RUNS}${selecting})`,
      wholeNumber(2, MOST_RUNS),
    );
}

/** What `--until-width` asks for, with `--runs` to begin with; null without it. */
export function stoppingRule({
  untilWidth,
  maxRuns,
  runs,
  level,
}: StoppingOptions & { readonly runs: number; readonly level: number }): StoppingRule | null {
  if (untilWidth === undefined) {
    if (maxRuns === undefined) return null;
    throw new CliError(errorText("--max-runs is a cap", "it goes with --until-width"));
  }
  if (runs < 2) {
    const hint = "a single run has no ± that could be narrow: --runs 10";
    throw new CliError(errorText("--until-width begins with two runs or more, found 1", hint));
  }
  const most = maxRuns ?? Math.max(DEFAULT_MAX_RUNS, runs);
  if (most >= runs) return { untilWidth, firstRuns: runs, maxRuns: most, level };
  const hint = "fewer --runs to begin with, or a higher cap";
  throw new CliError(errorText(`--max-runs ${most} is below the ${runs} of --runs`, hint));
}

export interface SelectionOptions {
  readonly select?: number;
  readonly indifference?: number;
  readonly by?: SelectionMetric;
}

const METRICS: readonly SelectionMetric[] = [
  ...(["mean", "p50", "p95", "p99"] as const),
  ...(["failed", "missed", "cost"] as const),
];

/** For comparisons that are to end in a choice. */
export function selectionOptions(command: Command): Command {
  return command
    .option("--select <p>", "choose the best with this probability, as 0.95", level)
    .option(
      "--indifference <share>",
      `a difference that does not matter (default: ${100 * DEFAULT_INDIFFERENCE}%)`,
      shareOption,
    )
    .addOption(
      new Option("--by <metric>", "best in this (default: the objective's first)").choices(METRICS),
    );
}

/** What `--select` asks for, `--runs` of each policy to begin with; null without it. */
export function selectionRule(
  options: SelectionOptions & StoppingOptions & { readonly runs: number },
  { policies, metric }: { readonly policies: number; readonly metric: SelectionMetric },
): SelectionRule | null {
  const { select, indifference, by, runs, maxRuns, untilWidth } = options;
  if (select === undefined) {
    if (indifference === undefined && by === undefined) return null;
    const name = by === undefined ? "--indifference" : "--by";
    throw new CliError(errorText(`${name} says how to choose`, "it goes with --select 0.95"));
  }
  if (untilWidth !== undefined) {
    throw new CliError(errorText("--select and --until-width both say how many runs", "use one"));
  }
  if (policies < 2) throw new CliError(errorText("--select chooses among two policies or more"));
  if (select <= 1 / policies) {
    throw new CliError(errorText(`--select ${select} is no better than a guess`, "as in: 0.95"));
  }
  if (runs < 2) throw new CliError(errorText("--select begins with two runs or more, found 1"));
  const most = maxRuns ?? Math.max(DEFAULT_SELECTION_RUNS, runs);
  if (most < runs) throw new CliError(errorText(`--max-runs ${most} is below ${runs} --runs`));
  return {
    metric: by ?? metric,
    probability: select,
    indifference: indifference ?? DEFAULT_INDIFFERENCE,
    firstRuns: runs,
    maxRuns: most,
  };
}

export function outputOptions(command: Command): Command {
  return command
    .option("--out <dir>", "where files go (default: out/<scenario>)")
    .option("--json", "the result as JSON on stdout")
    .option("--quiet", "no progress");
}

export interface OutputOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
}
