import { type Command, InvalidArgumentError, Option } from "commander";

const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= least) return value;
    throw new InvalidArgumentError(`a whole number from ${least} up is expected.`);
  };

const level = (text: string): number => {
  const value = Number(text);
  if (value >= 0.5 && value < 1) return value;
  throw new InvalidArgumentError("a confidence level from 0.5 to below 1 is expected, like 0.95.");
};

const collect = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** Options that lay something over the scenario. */
export function scenarioOptions(command: Command): Command {
  return command
    .option("--overlay <file>", "lay a partial scenario over it (repeatable)", collect)
    .option("--set <path=value>", "set one value, as traffic.shoppers.rate=200/s", collect)
    .option("--policies <file>", "a module with policies of your own")
    .option("--seed <n>", "seed of all random streams (default: the scenario's)", wholeNumber(0));
}

/** Options of commands that simulate; without a number of runs it depends on the scenario. */
export function runOptions(command: Command, runs: number | null): Command {
  if (runs === null) command.option("--runs <n>", "runs of each kind", wholeNumber(1));
  else command.option("--runs <n>", "runs per policy", wholeNumber(1), runs);
  return command
    .option("--level <p>", "confidence level", level, 0.95)
    .addOption(
      new Option("--workers <n>", "threads; the result stays the same (default: cores)").argParser(
        wholeNumber(0),
      ),
    );
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
