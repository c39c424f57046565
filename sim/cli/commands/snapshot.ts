import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { type Command, InvalidArgumentError } from "commander";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import { Model } from "../../scenario/build/model.ts";
import { DURATION, durationText, parseDuration } from "../../scenario/units.ts";
import { createConsole } from "../console.ts";
import { CliError, errorText } from "../exitCodes.ts";
import { checkWritable, writeFiles } from "../files.ts";
import { endIfInterrupted } from "../interruption.ts";
import { scenarioOptions } from "../options.ts";
import type { ScenarioOptions } from "../scenarioInput.ts";
import { originOf, snapshotText } from "../snapshotFile.ts";
import { readWarmRun } from "../warmUp.ts";

const FILE = "snapshot.json";

interface SnapshotOptions extends Omit<ScenarioOptions, "policy"> {
  readonly at: Micros;
  readonly policy?: string;
  readonly out?: string;
  readonly color?: boolean;
}

export function addSnapshot(program: Command): void {
  const command = program
    .command("snapshot <scenario>")
    .summary("the state of a model at a moment, for run --from")
    .description(
      "Simulates the first replication up to a moment and writes the model's state.\n" +
        "peakday run --from goes on from it, to the same result as without a stop. It\n" +
        "belongs to this scenario, policy and seed.",
    )
    .requiredOption("--at <time>", "moment of the measured time, as 10m", momentOf)
    .option("--policy <name>", "the policy set (default: the first in the file)")
    .option("--out <dir>", `where ${FILE} goes (default: out/<scenario>)`);
  scenarioOptions(command)
    .addHelpText(
      "after",
      "\nExit codes  0 fine  104 bad input\n\n" +
        "Examples\n" +
        "  peakday snapshot scenarios/hello.yaml --at 4m\n" +
        `  peakday run scenarios/hello.yaml --from out/hello/${FILE}`,
    )
    .action((file: string, _: unknown, self: Command) =>
      snapshot(file, self.optsWithGlobals<SnapshotOptions>()),
    );
}

function momentOf(text: string): Micros {
  if (DURATION.test(text)) return parseDuration(text);
  throw new InvalidArgumentError("a time like 90s, 10m or 1h30m");
}

async function snapshot(file: string, options: SnapshotOptions): Promise<void> {
  const console = createConsole({ color: options.color, quiet: false });
  const { policy, at, ...rest } = options;
  const named = policy === undefined ? {} : { policy: [policy] };
  const input = await readWarmRun(file, { ...rest, ...named }, console);
  const scenario = input.scenarios[0]!;
  if (at >= scenario.duration) {
    const length = durationText(scenario.duration);
    throw new CliError(
      errorText(`--at is a moment of the run, found ${durationText(at)}`, `it measures ${length}`),
    );
  }
  const folder = options.out ?? join("out", scenario.name);
  checkWritable(folder, [FILE]);
  const model = new Model({ scenario, replication: 0, registry: input.registry });
  await runTo(model, micros(scenario.warmUp + at));
  const text = snapshotText(model.snapshot(), originOf(scenario, options.policies));
  const [path] = writeFiles(folder, { [FILE]: text });
  const moment = `${durationText(at)} of ${scenario.name}`;
  const run = `policy ${scenario.policy.name}, seed ${scenario.seed}`;
  console.print(`snapshot   ${path}   ${moment}, ${run}`);
}

/** In slices, so that Ctrl-C gets a turn. */
async function runTo(model: Model, end: Micros): Promise<void> {
  do {
    model.run(micros(Math.min(model.simulation.now + seconds(10), end)));
    await setImmediate();
    endIfInterrupted("on the way to the snapshot");
  } while (model.simulation.now < end);
}
