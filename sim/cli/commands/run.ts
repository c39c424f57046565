import { join } from "node:path";
import type { Command } from "commander";
import { runText } from "../../../reports/terminal/index.ts";
import { byPolicy } from "../../experiment/experiment.ts";
import { halvedLinks, halvedTasks, withHalved } from "../../experiment/halved.ts";
import type { Result } from "../../result/result.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { type Console, createConsole } from "../console.ts";
import { CliError, EXIT, errorText } from "../exitCodes.ts";
import { checkWritable } from "../files.ts";
import { measure } from "../measure.ts";
import {
  batchCount,
  DEFAULT_BATCHES,
  type OutputOptions,
  outputOptions,
  runOptions,
  type StoppingOptions,
  scenarioOptions,
  stoppingOptions,
  stoppingRule,
} from "../options.ts";
import { OUTPUT_FILES, resultJson, writeOutput } from "../output.ts";
import type { ScenarioInput, ScenarioOptions } from "../scenarioInput.ts";
import { type SimulateOptions, simulateTasks } from "../simulate.ts";
import { originOf, readSnapshot } from "../snapshotFile.ts";
import { readWarmRun } from "../warmUp.ts";

interface RunOptions
  extends Omit<ScenarioOptions, "policy">,
    SimulateOptions,
    StoppingOptions,
    OutputOptions {
  readonly level: number;
  readonly policy?: string;
  readonly from?: string;
  readonly halveLinks?: boolean;
  /** True without a number. */
  readonly batchMeans?: number | true;
  readonly color?: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command("run <scenario>")
    .summary("one scenario, one policy set")
    .description("Simulates one policy set of a scenario and says whether the objective holds.")
    .option("--policy <name>", "the policy set (default: the first in the file)")
    .option("--from <file>", "go on from a snapshot that peakday snapshot took, one run")
    .option(
      "--batch-means [n]",
      `one long run in batches, not replications (default: ${DEFAULT_BATCHES})`,
      batchCount,
    )
    .option("--halve-links", "run each link of the delay chain halved, too");
  outputOptions(scenarioOptions(stoppingOptions(runOptions(command, 20))))
    .addHelpText(
      "after",
      "\nExit codes  0 the objective holds  99 it does not  104 bad input\n\n" +
        "Examples\n" +
        "  peakday run scenarios/hello.yaml\n" +
        "  peakday run shop.yaml --policy scheduled --set traffic.visitors.rate=200/s\n" +
        "  peakday run shop.yaml --until-width 2%\n" +
        "  peakday run shop.yaml --batch-means --set duration=4h",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<RunOptions>();
      const isGiven = self.getOptionValueSource("runs") !== "default";
      const runs = runsOf(options, isGiven);
      process.exitCode = await run(file, { ...options, runs, ...batchesOf(options, isGiven) });
    });
}

/** Batches take the place of replications. */
function batchesOf(
  { batchMeans, runs, from, untilWidth }: RunOptions,
  isGiven: boolean,
): { readonly runs?: 1; readonly batches?: number } {
  if (batchMeans === undefined) return {};
  const others = [
    ...(isGiven && runs > 1 ? [`--runs ${runs}`] : []),
    ...(from === undefined ? [] : ["--from"]),
    ...(untilWidth === undefined ? [] : ["--until-width"]),
  ];
  if (others.length > 0) {
    const hint = "its batches take the place of replications";
    throw new CliError(errorText(`--batch-means is one whole run: no ${others.join(", ")}`, hint));
  }
  return { runs: 1, batches: batchMeans === true ? DEFAULT_BATCHES : batchMeans };
}

/**
 * A snapshot is one replication in the middle: others of it would share its customers so far. It
 * leads to the result of a run without it, so that result says nothing of it.
 */
function runsOf({ runs, from, untilWidth }: RunOptions, isGiven: boolean): number {
  if (from === undefined) return runs;
  if (untilWidth !== undefined) {
    throw new CliError(errorText("--from goes on with one run: no --until-width", null));
  }
  if (!isGiven || runs === 1) return 1;
  throw new CliError(
    errorText(
      `--from goes on with one run, found --runs ${runs}`,
      "a snapshot is the state of one replication, and replications are independent",
    ),
  );
}

async function run(file: string, options: RunOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: options.quiet ?? false });
  const { policy, ...rest } = options;
  const named = policy === undefined ? {} : { policy: [policy] };
  const input = await readWarmRun(file, { ...rest, ...named }, console);
  const scenario = input.scenarios[0]!;
  const { from: snapshot } = options;
  const folder = options.out ?? join("out", scenario.name);
  checkWritable(folder, OUTPUT_FILES);
  const from =
    snapshot === undefined ? null : readSnapshot(snapshot, originOf(scenario, options.policies));
  const { result: plain, simulated } = await measure(file, input, options, console, {
    against: scenario.policy.name,
    rule: stoppingRule(options),
    from,
  });
  const result =
    options.halveLinks === true
      ? await halveLinks(plain, scenario, input, options, console)
      : plain;
  const files = await writeOutput({ folder, command: "run", console }, result, simulated);
  if (options.json === true) console.print(resultJson(result));
  else console.print(runText(result, { style: console.out, files }));
  return result.policies[0]!.objective.held ? EXIT.ok : EXIT.objectiveFailed;
}

/** As many replications of each halved link as the run has, on the same customers. */
async function halveLinks(
  result: Result,
  scenario: Scenario,
  input: ScenarioInput,
  options: RunOptions,
  console: Console,
): Promise<Result> {
  const halved = halvedLinks(scenario, result.policies[0]!.delayChains);
  if (halved.length === 0) return result;
  const runs = result.policies[0]!.replications.length;
  const tasks = halvedTasks(halved, runs);
  const { outputs } = await simulateTasks(input, tasks, { ...options, noun: "links" }, console);
  return withHalved(result, scenario.policy.name, halved, byPolicy(outputs, runs));
}
