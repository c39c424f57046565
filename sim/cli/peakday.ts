import { Command, CommanderError } from "commander";
import { InvariantError } from "../kernel/assert.ts";
import { addCanary } from "./commands/canary.ts";
import { addCompare } from "./commands/compare.ts";
import { addReport } from "./commands/report.ts";
import { addRun } from "./commands/run.ts";
import { addSchema } from "./commands/schema.ts";
import { addSnapshot } from "./commands/snapshot.ts";
import { CliError, EXIT } from "./exitCodes.ts";
import { readVersion } from "./version.ts";

const HELP = `Usage: peakday <command> [options]

Which autoscaling and rollout policy holds our objective, and at what cost?
A deterministic simulation of services, Kubernetes HPAs, canaries and failures.

Simulate
  run        one scenario, one policy set
  compare    several policies, the same customers: differences and a verdict
  canary     how often a rollout catches a bug, and stops a healthy release

Files
  schema     the JSON Schema of scenarios, for editors
  report     renders a result.json again
  snapshot   the state of a model at a moment, to start other runs from

Options
  --no-color    no colour (also: NO_COLOR=1)
  --version     print the version
  --help        help, also for a command: peakday compare --help

Exit codes  0 fine  99 objective failed  104 bad input
            130 interrupted  1 a bug, please report it

Example
  peakday compare scenarios/black-friday.yaml
`;

/** The whole command line. Nothing here exits: the code is set, and open handles are closed. */
export async function main(argv: readonly string[]): Promise<number> {
  const program = createProgram();
  try {
    process.exitCode = EXIT.ok;
    await program.parseAsync([...argv], { from: "user" });
    return Number(process.exitCode);
  } catch (error) {
    return explain(error);
  }
}

export function createProgram(): Command {
  const program = new Command("peakday")
    .version(readVersion(), "--version", "print the version")
    .helpCommand(false)
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({ outputError: (text, write) => write(text) });
  program.option("--no-color", "no colour (also: NO_COLOR=1)");
  program.helpInformation = () => HELP;
  for (const add of [addRun, addCompare, addCanary, addSchema, addReport, addSnapshot])
    add(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

function explain(error: unknown): number {
  if (error instanceof CommanderError) {
    // Help and version end here too, with 0; everything else was wrong usage.
    return error.exitCode === 0 ? EXIT.ok : EXIT.badInput;
  }
  if (error instanceof CliError) {
    process.stderr.write(`${error.message.trimEnd()}\n`);
    return error.exitCode;
  }
  const kind = error instanceof InvariantError ? "an invariant does not hold" : "unexpected error";
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`error: this is a bug in peakday, please report it (${kind})\n${text}\n`);
  return EXIT.bug;
}

process.exitCode = await main(process.argv.slice(2));
