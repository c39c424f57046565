import { join } from "node:path";
import type { Command } from "commander";
import { runText } from "../../../reports/terminal/index.ts";
import { summarise } from "../../experiment/summarise.ts";
import type { ModelSnapshot } from "../../scenario/build/model.ts";
import { createConsole } from "../console.ts";
import { CliError, EXIT } from "../exitCodes.ts";
import { readInput } from "../files.ts";
import { type OutputOptions, outputOptions, runOptions, scenarioOptions } from "../options.ts";
import { resultJson, writeOutput } from "../output.ts";
import { readScenario, type ScenarioOptions } from "../scenarioInput.ts";
import { type SimulateOptions, simulate } from "../simulate.ts";
import { readVersion } from "../version.ts";

interface RunOptions extends Omit<ScenarioOptions, "policy">, SimulateOptions, OutputOptions {
  readonly level: number;
  readonly policy?: string;
  readonly from?: string;
  readonly color?: boolean;
}

export function addRun(program: Command): void {
  const command = program
    .command("run <scenario>")
    .summary("one scenario, one policy set")
    .description("Simulates one policy set of a scenario and says whether the objective holds.")
    .option("--policy <name>", "the policy set (default: the first in the file)")
    .option("--from <file>", "start from a snapshot that `peakday snapshot` took");
  outputOptions(scenarioOptions(runOptions(command, 20)))
    .addHelpText(
      "after",
      "\nExit codes  0 the objective holds  99 it does not  104 bad input\n\n" +
        "Examples\n" +
        "  peakday run scenarios/hello.yaml\n" +
        "  peakday run shop.yaml --policy scheduled --set traffic.visitors.rate=200/s",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      process.exitCode = await run(file, self.optsWithGlobals<RunOptions>());
    });
}

async function run(file: string, options: RunOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: options.quiet ?? false });
  const { policy, ...rest } = options;
  const all = await readScenario(
    file,
    { ...rest, ...(policy === undefined ? {} : { policy: [policy] }) },
    console,
  );
  const input = { ...all, scenarios: all.scenarios.slice(0, 1) };
  const from = options.from === undefined ? null : readSnapshot(options.from);
  const simulated = await simulate(input, options, console, from);
  const result = summarise({
    identity: {
      version: readVersion(),
      file,
      scenarioDigest: input.digest,
      level: options.level,
    },
    scenarios: input.scenarios,
    outputs: simulated.outputs,
    against: input.scenarios[0]!.policy.name,
  });
  const folder = options.out ?? join("out", result.scenario.name);
  const files = await writeOutput(folder, result, simulated);
  if (options.json === true) console.print(resultJson(result));
  else console.print(runText(result, { style: console.out, files }));
  return result.policies[0]!.objective.held ? EXIT.ok : EXIT.objectiveFailed;
}

function readSnapshot(file: string): ModelSnapshot {
  const text = readInput(file, "snapshot");
  try {
    const snapshot: ModelSnapshot = JSON.parse(text);
    if (snapshot.schema === "peakday/snapshot" && snapshot.version === 1) return snapshot;
  } catch {
    // Not JSON: the message below says it.
  }
  throw new CliError(`error: "${file}" is not a snapshot of this version of peakday`);
}
