import type { Command } from "commander";
import { micros } from "../../kernel/time.ts";
import { Model } from "../../scenario/build/model.ts";
import { parseDuration } from "../../scenario/units.ts";
import { createConsole } from "../console.ts";
import { CliError } from "../exitCodes.ts";
import { writeFiles } from "../files.ts";
import { scenarioOptions } from "../options.ts";
import { readScenario, type ScenarioOptions } from "../scenarioInput.ts";

interface SnapshotOptions extends Omit<ScenarioOptions, "policy"> {
  readonly at: string;
  readonly policy?: string;
  readonly out: string;
  readonly color?: boolean;
}

export function addSnapshot(program: Command): void {
  const command = program
    .command("snapshot <scenario>")
    .summary("the state of a model at a moment, to start other runs from")
    .description("Simulates up to a moment and writes the model's state; `run --from` goes on.")
    .requiredOption("--at <time>", "moment of the measured time, as 10m")
    .option("--policy <name>", "the policy set (default: the first in the file)")
    .option("--out <dir>", "where snapshot.json goes", "out");
  scenarioOptions(command)
    .addHelpText(
      "after",
      "\nExample\n" +
        "  peakday snapshot scenarios/black-friday.yaml --at 4m\n" +
        "  peakday run scenarios/black-friday.yaml --from out/snapshot.json --runs 1",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<SnapshotOptions>();
      const console = createConsole({ color: options.color, quiet: false });
      const { policy, ...rest } = options;
      const names = policy === undefined ? {} : { policy: [policy] };
      const input = await readScenario(file, { ...rest, ...names }, console);
      const scenario = input.scenarios[0]!;
      const at = parseDuration(options.at);
      if (at === null || at > scenario.duration) {
        throw new CliError(`error: --at is a moment of the run, like 10m, found "${options.at}"`);
      }
      const model = new Model({ scenario, replication: 0, registry: input.registry });
      model.run(micros(scenario.warmUp + at));
      const text = `${JSON.stringify(model.snapshot())}\n`;
      const [path] = writeFiles(options.out, { "snapshot.json": text });
      console.print(`snapshot   ${path}   at ${options.at} of ${scenario.name}`);
    });
}
