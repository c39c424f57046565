import { join } from "node:path";
import type { Command } from "commander";
import { canaryText } from "../../../reports/terminal/index.ts";
import { type CanaryPlan, canaryPlan, canaryTasks, whyNoCanary } from "../../experiment/canary.ts";
import { withCanary } from "../../experiment/canaryResult.ts";
import { byPolicy, replicationTasks } from "../../experiment/experiment.ts";
import { summarise } from "../../experiment/summarise.ts";
import type { Result } from "../../result/result.ts";
import { type Console, createConsole } from "../console.ts";
import { CliError, EXIT } from "../exitCodes.ts";
import { type OutputOptions, outputOptions, runOptions, scenarioOptions } from "../options.ts";
import { resultJson, writeOutput } from "../output.ts";
import {
  identityOf,
  readScenario,
  type ScenarioInput,
  type ScenarioOptions,
} from "../scenarioInput.ts";
import { type Simulated, simulateTasks } from "../simulate.ts";

/** Runs of the scenario as it stands, for the timeline and the stages of its own rollout. */
const EXAMPLE_RUNS = 5;

interface CanaryOptions extends ScenarioOptions, OutputOptions {
  readonly runs?: number;
  readonly rates?: readonly string[];
  readonly workers?: number;
  readonly level: number;
  readonly color?: boolean;
}

export function addCanary(program: Command): void {
  const command = program
    .command("canary <scenario>")
    .summary("how often a rollout catches a bug, and stops a healthy release")
    .description(
      "Rolls healthy and faulty releases out again and again, at several levels of\n" +
        "traffic, and says how often the scenario's rollout policy stops them, at which\n" +
        "stage, and what other settings of it would do. The grid is the scenario's\n" +
        "canary section.",
    )
    .option("--rates <rate...>", "levels of traffic, as 50/s (default: the scenario's)");
  outputOptions(scenarioOptions(runOptions(command, null)))
    .addHelpText(
      "after",
      "\nExit codes  0 fine  104 bad input\n\n" +
        "Examples\n" +
        "  peakday canary scenarios/canary.yaml\n" +
        "  peakday canary scenarios/canary.yaml --rates 50/s --runs 400",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      process.exitCode = await canary(file, self.optsWithGlobals<CanaryOptions>());
    });
}

async function canary(file: string, options: CanaryOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: options.quiet ?? false });
  const input = await readScenario(file, withRates(options), console);
  const problem = whyNoCanary(input.scenarios);
  if (problem !== null) {
    throw new CliError(`error: nothing to roll out in "${file}"\n       ${problem}`);
  }
  const plan = canaryPlan(input.scenarios, options.runs ?? null);
  const { result, simulated } = await judge(file, input, plan, options, console);
  const folder = options.out ?? join("out", result.scenario.name);
  const files = await writeOutput({ folder, command: "canary", console }, result, simulated);
  if (options.json === true) console.print(resultJson(result));
  else console.print(canaryText(result, { style: console.out, files }));
  return EXIT.ok;
}

/** Rates go the way of all settings, so that wrong ones are explained like those of the file. */
function withRates(options: CanaryOptions): ScenarioOptions {
  const { rates, set = [] } = options;
  return rates === undefined ? options : { ...options, set: [...set, `canary.rates=[${rates}]`] };
}

/** All cells, and the judged policy in the scenario as it stands. */
async function judge(
  file: string,
  input: ScenarioInput,
  plan: CanaryPlan,
  options: CanaryOptions,
  console: Console,
): Promise<{ readonly result: Result; readonly simulated: Simulated }> {
  const examples = input.scenarios.filter(({ policy }) => policy.name === plan.grid.policy);
  const cells = canaryTasks(plan);
  const asTheyStand = replicationTasks({ scenarios: examples, runs: EXAMPLE_RUNS, from: null });
  const tasks = [...cells, ...asTheyStand];
  const all = await simulateTasks(input, tasks, { ...options, noun: "cells" }, console);
  const result = summarise({
    identity: identityOf(file, input, options.level),
    scenarios: examples,
    outputs: byPolicy(all.outputs.slice(cells.length), EXAMPLE_RUNS),
    against: plan.grid.policy,
  });
  return {
    result: withCanary(result, plan, all.outputs.slice(0, cells.length)),
    simulated: { ...all, outputs: [all.outputs] },
  };
}
