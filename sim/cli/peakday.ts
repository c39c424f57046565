import { Command, type CommanderError } from "commander";
import { addCanary } from "./commands/canary.ts";
import { addCompare } from "./commands/compare.ts";
import { addHeadroom } from "./commands/headroom.ts";
import { addInit } from "./commands/init.ts";
import { addReport } from "./commands/report.ts";
import { addRun } from "./commands/run.ts";
import { addSchema } from "./commands/schema.ts";
import { addSnapshot } from "./commands/snapshot.ts";
import { addSweep } from "./commands/sweep.ts";
import { createConsole } from "./console.ts";
import { EXIT } from "./exitCodes.ts";
import { explain } from "./explain.ts";
import { helpText, paintedHelp } from "./help.ts";
import { listenForInterruption } from "./interruption.ts";
import { endQuietlyOnClosedPipes } from "./pipes.ts";
import { returnToStartFolder } from "./startFolder.ts";
import { usageText } from "./usage.ts";
import { readVersion } from "./version.ts";

/** The whole command line. Nothing here exits: the code is set, and open handles are closed. */
async function main(argv: readonly string[]): Promise<number> {
  endQuietlyOnClosedPipes();
  listenForInterruption();
  returnToStartFolder();
  const program = createProgram(argv);
  try {
    process.exitCode = EXIT.ok;
    await program.parseAsync([...argv], { from: "user" });
    return Number(process.exitCode);
  } catch (error) {
    const usage = (wrong: CommanderError): string | null => usageText(wrong, program, argv);
    const { text, exitCode } = explain(error, consoleOf(argv).err, usage);
    if (text !== "") process.stderr.write(text);
    return exitCode;
  }
}

/** What the streams show, known before the command line is understood. */
const consoleOf = (argv: readonly string[]) =>
  createConsole({ color: !argv.includes("--no-color"), quiet: false });

function createProgram(argv: readonly string[]): Command {
  const { out, err } = consoleOf(argv);
  const program = new Command("peakday")
    .version(readVersion(), "--version", "print the version")
    .exitOverride()
    .showSuggestionAfterError(false)
    .configureHelp({ formatHelp: helpText })
    .configureOutput({
      writeOut: (text) => process.stdout.write(paintedHelp(text, out)),
      writeErr: (text) => process.stderr.write(paintedHelp(text, err)),
      // Said by `explain`, in the words of bad input.
      outputError: () => {},
    })
    .option("--no-color", "no colour (also: NO_COLOR=1)");
  const simulating = [addRun, addCompare, addCanary, addSweep, addHeadroom];
  for (const add of [...simulating, addInit, addSchema, addReport, addSnapshot]) add(program);
  return program;
}

process.exitCode = await main(process.argv.slice(2));
