import { dirname, join, relative } from "node:path";
import type { Command } from "commander";
import {
  canaryText,
  compareText,
  headroomText,
  runText,
  sweepText,
} from "../../../reports/terminal/index.ts";
import { type Result, resultSchema } from "../../result/result.ts";
import { createConsole } from "../console.ts";
import { CliError, errorText } from "../exitCodes.ts";
import { checkWritable, readInput, writeFiles } from "../files.ts";
import { drawReport } from "../output.ts";

const FILE = "report.html";

export function addReport(program: Command): void {
  program
    .command("report <result>")
    .summary("renders a result.json again")
    .description("Renders the page and the terminal text of a result.json again.")
    .option("--out <dir>", `where ${FILE} goes (default: beside the result)`)
    .addHelpText(
      "after",
      "\nExit codes  0 fine  104 bad input\n\n" +
        "Example\n  peakday report out/black-friday/result.json",
    )
    .action(async (file: string, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<{ readonly out?: string; readonly color?: boolean }>();
      const console = createConsole({ color: options.color, quiet: false });
      const result = readResult(file);
      const folder = options.out ?? dirname(file);
      checkWritable(folder, [FILE]);
      const page = await drawReport(result);
      writeFiles(folder, { [FILE]: page });
      const files = [{ label: "report", path: relative(".", join(folder, FILE)) }];
      console.print(textOf(result)(result, { style: console.out, files }));
    });
}

function textOf({ canary, headroom, sweep, policies }: Result): typeof runText {
  if (headroom !== undefined) return headroomText;
  if (sweep !== undefined) return sweepText;
  if (canary !== null) return canaryText;
  return policies.length > 1 ? compareText : runText;
}

function readResult(file: string): Result {
  const text = readInput(file, "result");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new CliError(
      errorText(
        `"${file}" is not JSON`,
        "peakday run and compare write out/<scenario>/result.json",
      ),
    );
  }
  const parsed = resultSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.join(".") ?? "";
  const where = path === "" ? "" : `${path}: `;
  throw new CliError(
    errorText(`"${file}" is no result of this version of peakday`, `${where}${issue?.message}`),
  );
}
