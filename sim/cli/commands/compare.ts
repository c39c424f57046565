import { join } from "node:path";
import type { Command } from "commander";
import { compareText } from "../../../reports/terminal/index.ts";
import { isMeasured, ranked } from "../../../reports/verdict.ts";
import {
  isSelectable,
  type SelectionRule,
  SelectionSearch,
  withSelection,
} from "../../experiment/selection.ts";
import type { Result, SelectionResult } from "../../result/result.ts";
import { nameHint } from "../../scenario/problem.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { type Console, createConsole } from "../console.ts";
import { CliError, EXIT, errorText } from "../exitCodes.ts";
import { checkWritable } from "../files.ts";
import { measure } from "../measure.ts";
import {
  type OutputOptions,
  outputOptions,
  runOptions,
  type SelectionOptions,
  type StoppingOptions,
  scenarioOptions,
  selectionOptions,
  selectionRule,
  stoppingOptions,
  stoppingRule,
} from "../options.ts";
import { OUTPUT_FILES, resultJson, writeOutput } from "../output.ts";
import type { ScenarioInput, ScenarioOptions } from "../scenarioInput.ts";
import { type Simulated, type SimulateOptions, simulateTasks } from "../simulate.ts";
import { commandLine } from "../tryNext.ts";
import { readWarmScenario } from "../warmUp.ts";

interface CompareOptions
  extends ScenarioOptions,
    SimulateOptions,
    StoppingOptions,
    SelectionOptions,
    OutputOptions {
  readonly level: number;
  readonly against?: string;
  readonly color?: boolean;
}

export function addCompare(program: Command): void {
  const command = program
    .command("compare <scenario>")
    .summary("several policies, the same customers: differences and a verdict")
    .description(
      "Runs several policies on the same customers (common random numbers) and says\n" +
        "which hold the objective, what they cost, and which differences are real.",
    )
    .option("--policy <name...>", "only these policies (default: all in the file)")
    .option("--against <name>", "compare against this one (default: the first)");
  const stopping = stoppingOptions(runOptions(command, 20), { selects: true });
  outputOptions(scenarioOptions(selectionOptions(stopping)))
    .addHelpText(
      "after",
      "\nExit codes  0 some policy holds the objective  99 none does  104 bad input\n\n" +
        "Examples\n" +
        "  peakday compare scenarios/black-friday.yaml\n" +
        "  peakday compare shop.yaml --policy hpa scheduled --runs 50\n" +
        "  peakday compare shop.yaml --until-width 2% --max-runs 500\n" +
        "  peakday compare shop.yaml --select 0.95 --indifference 1%",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      process.exitCode = await compare(file, self.optsWithGlobals<CompareOptions>());
    });
}

async function compare(file: string, options: CompareOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: options.quiet ?? false });
  const input = await readWarmScenario(file, options, console);
  const against = baselineName(input.scenarios, options.against);
  const folder = options.out ?? join("out", input.scenarios[0]!.name);
  checkWritable(folder, OUTPUT_FILES);
  const choice = selectionRule(options, {
    policies: input.scenarios.length,
    metric: input.scenarios[0]!.objective[0]?.metric ?? "p95",
  });
  const rule = choice === null ? stoppingRule(options) : null;
  const { result: plain, simulated } = await measure(file, input, options, console, {
    against,
    rule,
  });
  const result =
    choice === null
      ? plain
      : withSelection(plain, await select(input, choice, simulated, options, console));
  const files = await writeOutput({ folder, command: "compare", console }, result, simulated);
  const style = console.out;
  if (options.json === true) console.print(resultJson(result));
  else console.print(compareText(result, { style, files, ...next(file, result, options) }));
  return holds(result) ? EXIT.ok : EXIT.objectiveFailed;
}

/** Further replications of those that are still in, until one is chosen. */
async function select(
  input: ScenarioInput,
  rule: SelectionRule,
  { outputs }: Simulated,
  options: CompareOptions,
  console: Console,
): Promise<SelectionResult> {
  if (!isSelectable(outputs, rule.metric)) {
    const text = `--select: some runs have no ${rule.metric}, so it cannot be compared`;
    throw new CliError(errorText(text, "choose another with --by"));
  }
  const search = new SelectionSearch(input.scenarios, rule, outputs);
  for (let tasks = search.tasks(); tasks.length > 0; tasks = search.tasks()) {
    const wave = await simulateTasks(input, tasks, options, console);
    search.take(wave.outputs);
  }
  return search.result();
}

const holds = ({ policies }: Result): boolean => policies.some(({ objective }) => objective.held);

/** When none holds: the run that names the worst minute and the bottleneck of the best. */
function next(file: string, result: Result, options: CompareOptions): { readonly next?: string } {
  const best = ranked(result)[0];
  if (best === undefined || holds(result) || !isMeasured(best)) return {};
  return { next: commandLine("run", file, options, ["--policy", best.name]) };
}

function baselineName(scenarios: readonly Scenario[], wanted: string | undefined): string {
  const names = scenarios.map((scenario) => scenario.policy.name);
  if (wanted === undefined) return names[0]!;
  if (names.includes(wanted)) return wanted;
  const hint = nameHint(wanted, names);
  throw new CliError(errorText(`--against names no policy of this comparison: "${wanted}"`, hint));
}
