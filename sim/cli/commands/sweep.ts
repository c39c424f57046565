import { join } from "node:path";
import type { Command } from "commander";
import { sweepText } from "../../../reports/terminal/index.ts";
import { withParts } from "../../experiment/summarise.ts";
import { atPoint, axisNames, type SweepAxis, sweepPoints } from "../../experiment/sweep.ts";
import { digestText } from "../../kernel/digest.ts";
import { createConsole, muted } from "../console.ts";
import { CliError, EXIT, errorText } from "../exitCodes.ts";
import { checkWritable } from "../files.ts";
import { measure } from "../measure.ts";
import {
  type OutputOptions,
  outputOptions,
  runOptions,
  scenarioOptions,
  varyOption,
} from "../options.ts";
import { OUTPUT_FILES, resultJson, writeOutput } from "../output.ts";
import { readScenario, type ScenarioInput, type ScenarioOptions } from "../scenarioInput.ts";
import type { SimulateOptions } from "../simulate.ts";
import { withWarmUp } from "../warmUp.ts";

/** More points than these are a slip of the finger. */
const MOST_POINTS = 1000;

interface SweepOptions extends ScenarioOptions, SimulateOptions, OutputOptions {
  readonly level: number;
  readonly vary?: readonly SweepAxis[];
  readonly color?: boolean;
}

export function addSweep(program: Command): void {
  const command = program
    .command("sweep <scenario>")
    .summary("a grid of settings: which hold the objective, and the cheapest")
    .description(
      "Runs the scenario with every combination of the values of some settings, for the\n" +
        "same customers, and says which hold the objective and which is cheapest: for\n" +
        "each level of traffic, where that is varied.",
    )
    .option("--vary <path=a,b,c>", "one setting and its values (repeatable)", varyOption)
    .option("--policy <name...>", "only these policies (default: all in the file)");
  outputOptions(scenarioOptions(runOptions(command, 5)))
    .addHelpText(
      "after",
      "\nExit codes  0 some point holds the objective  99 none does  104 bad input\n\n" +
        "Examples\n" +
        "  peakday sweep scenarios/hello.yaml --vary services.shop.replicas=2,3,4,6\n" +
        "  peakday sweep shop.yaml --vary traffic.users.rate=50/s,100/s \\\n" +
        "      --vary services.shop.replicas=2,4,8",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      process.exitCode = await sweep(file, self.optsWithGlobals<SweepOptions>());
    });
}

async function sweep(file: string, options: SweepOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: options.quiet ?? false });
  const axes = options.vary ?? [];
  const points = sweepPoints(axes);
  checkGrid(axes, points.length);
  const inputs: ScenarioInput[] = [];
  const input = await withWarmUp(
    async (autoWarmUp, to) => {
      inputs.length = 0;
      for (const point of points) {
        const set = [...(options.set ?? []), ...axes.map(({ path }, i) => `${path}=${point[i]!}`)];
        const once = inputs.length > 0 ? muted(to) : to;
        inputs.push(await readScenario(file, { ...options, set }, once, autoWarmUp));
      }
      return gridInput(inputs, axes);
    },
    options,
    console,
  );
  const { scenarios } = input;
  const folder = options.out ?? join("out", scenarios[0]!.name);
  checkWritable(folder, OUTPUT_FILES);
  const { result: plain, simulated } = await measure(
    file,
    input,
    { ...options, noun: "points" },
    console,
    { against: scenarios[0]!.policy.name },
  );
  const result = withParts(plain, {
    sweep: {
      axes: axisNames(axes).map((name, index) => ({ name, ...copyOf(axes[index]!) })),
      points: inputs.flatMap(({ scenarios }, index) =>
        scenarios.map(({ policy }) => ({ base: policy.name, values: [...points[index]!] })),
      ),
    },
  });
  const files = await writeOutput({ folder, command: "sweep", console }, result, simulated);
  if (options.json === true) console.print(resultJson(result));
  else console.print(sweepText(result, { style: console.out, files }));
  return result.policies.some(({ objective }) => objective.held) ? EXIT.ok : EXIT.objectiveFailed;
}

const copyOf = ({ path, values }: SweepAxis) => ({ path, values: [...values] });

function checkGrid(axes: readonly SweepAxis[], points: number): void {
  if (axes.length === 0) {
    const hint = "as in: --vary services.shop.replicas=2,4,8";
    throw new CliError(errorText("nothing is varied: --vary is missing", hint));
  }
  const twice = axes.find(({ path }, i) => axes.findIndex((other) => other.path === path) !== i);
  if (twice !== undefined) {
    throw new CliError(errorText(`--vary names "${twice.path}" twice`, "one list of its values"));
  }
  if (points > MOST_POINTS) {
    const text = `the grid has ${points} points, more than ${MOST_POINTS}`;
    throw new CliError(errorText(text, "fewer values take less"));
  }
}

/** All points as the policy sets of one input. */
function gridInput(inputs: readonly ScenarioInput[], axes: readonly SweepAxis[]): ScenarioInput {
  const [first] = inputs;
  const points = sweepPoints(axes);
  return {
    ...first!,
    scenarios: inputs.flatMap(({ scenarios }, index) =>
      scenarios.map((scenario) => atPoint(scenario, axes, points[index]!)),
    ),
    digest: digestText(JSON.stringify(inputs.map(({ digest }) => digest))),
    // The settings of the first point are not the grid's.
    arguments: first!.arguments.slice(0, -2 * axes.length),
  };
}
