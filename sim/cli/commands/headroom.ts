import { join } from "node:path";
import type { Command } from "commander";
import { headroomText } from "../../../reports/terminal/index.ts";
import { HeadroomSearch } from "../../experiment/headroom.ts";
import type { ReplicationOutput } from "../../experiment/replication.ts";
import { summarise, withParts } from "../../experiment/summarise.ts";
import { createConsole } from "../console.ts";
import { CliError, EXIT, errorText } from "../exitCodes.ts";
import { checkWritable } from "../files.ts";
import {
  type OutputOptions,
  outputOptions,
  runOptions,
  scenarioOptions,
  shareOption,
} from "../options.ts";
import { OUTPUT_FILES, resultJson, writeOutput } from "../output.ts";
import { identityOf, type ScenarioOptions } from "../scenarioInput.ts";
import { type SimulateOptions, simulateTasks } from "../simulate.ts";
import { readWarmScenario } from "../warmUp.ts";

interface HeadroomOptions extends ScenarioOptions, SimulateOptions, OutputOptions {
  readonly level: number;
  readonly within: number;
  readonly color?: boolean;
}

export function addHeadroom(program: Command): void {
  const command = program
    .command("headroom <scenario>")
    .summary("the highest rate that holds the objective, and what limits it")
    .description(
      "Multiplies the traffic until the objective is missed, for each policy, and says\n" +
        "the highest rate that holds it, with its interval, and what is full first.",
    )
    .option("--policy <name...>", "only these policies (default: all in the file)")
    .option("--within <share>", "how near to find it, as 2%", shareOption, 0.02);
  outputOptions(scenarioOptions(runOptions(command, 5)))
    .addHelpText(
      "after",
      "\nExit codes  0 fine  104 bad input\n\n" +
        "Examples\n" +
        "  peakday headroom scenarios/hello.yaml\n" +
        "  peakday headroom scenarios/black-friday.yaml --policy scheduled --within 5%",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      process.exitCode = await headroom(file, self.optsWithGlobals<HeadroomOptions>());
    });
}

async function headroom(file: string, options: HeadroomOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: options.quiet ?? false });
  const input = await readWarmScenario(file, options, console);
  const { scenarios } = input;
  const first = scenarios[0]!;
  if (first.objective.length === 0) {
    const hint = "as in: objective: { p95: 300ms }";
    throw new CliError(errorText(`"${file}" has no objective that could be held`, hint));
  }
  const folder = options.out ?? join("out", first.name);
  checkWritable(folder, OUTPUT_FILES);
  const search = new HeadroomSearch({ scenarios, runs: options.runs, within: options.within });
  let asItStands: readonly ReplicationOutput[] | null = null;
  let wallSeconds = 0;
  let workers = 0;
  for (let tasks = search.tasks(); tasks.length > 0; tasks = search.tasks()) {
    const wave = await simulateTasks(input, tasks, { ...options, noun: "searches" }, console);
    search.take(wave.outputs);
    asItStands ??= wave.outputs;
    wallSeconds += wave.wallSeconds;
    workers = Math.max(workers, wave.workers);
  }
  const outputs = scenarios.map((_, index) =>
    (asItStands ?? []).slice(index * options.runs, (index + 1) * options.runs),
  );
  const result = withParts(
    summarise({
      identity: identityOf(file, input, options.level),
      scenarios,
      outputs,
      against: first.policy.name,
    }),
    { headroom: search.result(options.level) },
  );
  const simulated = { outputs, wallSeconds, workers };
  const files = await writeOutput({ folder, command: "headroom", console }, result, simulated);
  if (options.json === true) console.print(resultJson(result));
  else console.print(headroomText(result, { style: console.out, files }));
  return EXIT.ok;
}
