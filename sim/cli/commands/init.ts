import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline/promises";
import type { Command } from "commander";
import { problemText } from "../../../reports/terminal/index.ts";
import { loadScenario } from "../../scenario/load.ts";
import {
  answerProblem,
  STARTER_DEFAULTS,
  type StarterAnswers,
  starterText,
} from "../../scenario/starter.ts";
import { type Console, createConsole } from "../console.ts";
import { CliError, EXIT, errorText } from "../exitCodes.ts";
import { checkWritable, writeFiles } from "../files.ts";
import { interruption } from "../interruption.ts";
import { commandName } from "../startFolder.ts";

const QUESTIONS: Readonly<Record<keyof StarterAnswers, string>> = {
  service: "Name of the service",
  rate: "Requests on an ordinary day",
  peak: "Requests at the peak",
  work: "CPU time of a request",
  p95: "95 % of the answers should come within",
};
const KEYS: readonly (keyof StarterAnswers)[] = ["service", "rate", "peak", "work", "p95"];

interface InitOptions extends Partial<StarterAnswers> {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly color?: boolean;
}

export function addInit(program: Command): void {
  program
    .command("init [file]")
    .summary("a scenario to begin with, from a few questions or flags")
    .description(
      "Writes a scenario of one service under a spike, with an HPA and a fixed fleet to\n" +
        "compare. In a terminal it asks for what no option says; elsewhere it takes the\n" +
        "defaults. The file is <service>.yaml, if no other is named.",
    )
    .option("--service <name>", "name of the service (default: shop)")
    .option("--rate <rate>", "requests on an ordinary day (default: 100/s)")
    .option("--peak <rate>", "requests at the peak (default: 500/s)")
    .option("--work <time>", "CPU time of a request (default: 20ms)")
    .option("--p95 <time>", "95 % of the answers should come within (default: 300ms)")
    .option("--yes", "no questions: defaults for what no option says")
    .option("--force", "replace a file that is there")
    .addHelpText(
      "after",
      "\nExit codes  0 fine  104 bad input\n\n" +
        "Examples\n" +
        "  peakday init\n" +
        "  peakday init checkout.yaml --service checkout --rate 40/s --peak 900/s --yes",
    )
    .action(async (file: string | undefined, _: unknown, self: Command) => {
      process.exitCode = await init(file, self.optsWithGlobals<InitOptions>());
    });
}

async function init(given: string | undefined, options: InitOptions): Promise<number> {
  const console = createConsole({ color: options.color, quiet: false });
  for (const key of KEYS) checkFlag(key, options[key]);
  const asks = options.yes !== true && process.stdin.isTTY === true;
  const answers = asks ? await dialogue(options) : { ...STARTER_DEFAULTS, ...known(options) };
  const file = given ?? `${answers.service}.yaml`;
  if (existsSync(file) && options.force !== true) {
    throw new CliError(errorText(`"${file}" is there already`, "--force replaces it"));
  }
  const text = checked(file, answers, console);
  const folder = dirname(file);
  checkWritable(folder, [basename(file)]);
  writeFiles(folder, { [basename(file)]: text });
  console.print(`scenario   ${join(folder, basename(file))}\nTry: ${commandName} compare ${file}`);
  return EXIT.ok;
}

const known = (options: InitOptions): Partial<StarterAnswers> =>
  Object.fromEntries(KEYS.flatMap((key) => (options[key] ? [[key, options[key]]] : [])));

function checkFlag(key: keyof StarterAnswers, value: string | undefined): void {
  const problem = value === undefined ? null : answerProblem(key, value);
  if (problem === null) return;
  const [phrase = "", hint = null] = problem.split("\n");
  throw new CliError(errorText(`--${key} is ${phrase}, found "${value}"`, hint));
}

/** Asks for what no option says, again where an answer makes no sense; Enter takes the default. */
async function dialogue(options: InitOptions): Promise<StarterAnswers> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const answers = { ...STARTER_DEFAULTS };
  try {
    for (const key of KEYS) answers[key] = options[key] ?? (await ask(lines, key));
  } catch (error) {
    // Ctrl-C, Ctrl-D, or a signal from outside.
    const isEnd = error instanceof Error && error.name === "AbortError";
    if (isEnd) throw new CliError("interrupted; nothing was written", EXIT.interrupted);
    throw error;
  } finally {
    lines.close();
  }
  return answers;
}

async function ask(lines: Interface, key: keyof StarterAnswers): Promise<string> {
  for (;;) {
    const question = `${QUESTIONS[key]} [${STARTER_DEFAULTS[key]}]: `;
    const written = (await lines.question(question, { signal: interruption })).trim();
    const answer = written === "" ? STARTER_DEFAULTS[key] : written;
    const problem = answerProblem(key, answer);
    if (problem === null) return answer;
    process.stderr.write(`  it is ${problem.replace("\n", "\n  ")}\n`);
  }
}

/** The text, once the loader takes it: wrong answers are explained like wrong files. */
function checked(file: string, answers: StarterAnswers, console: Console): string {
  const text = starterText(answers);
  const { problems } = loadScenario({ file, text, readFile: () => null });
  if (problems.length > 0) throw new CliError(problemText(problems, console.err));
  return text;
}
