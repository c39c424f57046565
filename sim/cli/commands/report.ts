import { dirname, join } from "node:path";
import type { Command } from "commander";
import { renderHtml } from "../../../reports/render/index.ts";
import { compareText, runText } from "../../../reports/terminal/index.ts";
import { type Result, resultSchema } from "../../result/result.ts";
import { createConsole } from "../console.ts";
import { CliError } from "../exitCodes.ts";
import { readInput, writeFiles } from "../files.ts";

export function addReport(program: Command): void {
  program
    .command("report <result>")
    .summary("renders a result again")
    .description("Renders the page and the terminal text of a result.json again.")
    .option("--out <dir>", "where report.html goes (default: beside the result)")
    .addHelpText("after", "\nExample\n  peakday report out/black-friday/result.json")
    .action(async (file: string, _: unknown, self: Command) => {
      const options = self.optsWithGlobals<{ readonly out?: string; readonly color?: boolean }>();
      const console = createConsole({ color: options.color, quiet: false });
      const result = readResult(file);
      const folder = options.out ?? dirname(file);
      writeFiles(folder, { "report.html": await renderHtml(result) });
      const files = [{ label: "report", path: join(folder, "report.html") }];
      const text = result.policies.length > 1 ? compareText : runText;
      console.print(text(result, { style: console.out, files }));
    });
}

export function readResult(file: string): Result {
  const text = readInput(file, "result");
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : "";
    throw new CliError(`error: "${file}" is not JSON: ${reason}`);
  }
  const parsed = resultSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.join(".")}`;
  throw new CliError(
    `error: "${file}" is no result of this version of peakday\n       ${issue?.message}${where}`,
  );
}
