import { arch, cpus, platform } from "node:os";
import { join, relative } from "node:path";
import type { WrittenFile } from "../../reports/terminal/index.ts";
import type { Result } from "../result/result.ts";
import type { Console } from "./console.ts";
import { readBeside, writeFiles } from "./files.ts";
import { endIfInterrupted } from "./interruption.ts";
import type { Simulated } from "./simulate.ts";

/** The files that a simulation writes. */
export const OUTPUT_FILES = ["result.json", "run.json", "report.html"] as const;

type Command = "run" | "compare" | "canary" | "headroom" | "sweep";

interface Destination {
  readonly folder: string;
  readonly command: Command;
  readonly console: Console;
}

/** The command that wrote the files of a folder; null when none did, or nobody knows. */
function commandOf(folder: string): string | null {
  const text = readBeside(join(folder, "result.json"), "run.json");
  try {
    const record: unknown = JSON.parse(text ?? "null");
    const command = record !== null && typeof record === "object" && Reflect.get(record, "command");
    return typeof command === "string" ? command : null;
  } catch {
    return null;
  }
}

/** The deterministic bytes of `result.json`. */
export const resultJson = (result: Result): string => `${JSON.stringify(result)}\n`;

/** The page. What draws it loads slowly, so it is loaded when there is something to draw. */
export async function drawReport(result: Result): Promise<string> {
  const { renderHtml } = await import("../../reports/render/index.ts");
  const page = await renderHtml(result);
  endIfInterrupted("while the report was drawn");
  return page;
}

/**
 * Writes result, report and the sidecar with everything that is not deterministic. All commands
 * write into the scenario's folder, so what another one has left there is told of when it goes.
 */
export async function writeOutput(
  { folder, command, console }: Destination,
  result: Result,
  simulated: Simulated,
): Promise<readonly WrittenFile[]> {
  const report = await drawReport(result);
  const before = commandOf(folder);
  writeFiles(folder, {
    "result.json": resultJson(result),
    "run.json": `${JSON.stringify(runRecord(command, result, simulated), null, 2)}\n`,
    "report.html": report,
  });
  if (before !== null && before !== command && !console.quiet) {
    const place = relative(".", folder) || ".";
    console.note(`note: this replaced the report of ${before} in ${place}; --out keeps both`);
  }
  const path = (name: string): string => relative(".", join(folder, name));
  return [
    { label: "report", path: path("report.html") },
    { label: "result", path: path("result.json") },
  ];
}

/** How the result came about on this machine. */
function runRecord(
  command: Command,
  result: Result,
  { outputs, wallSeconds, workers }: Simulated,
): object {
  const all = outputs.flat();
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
    command,
    digest: result.digest,
    finishedAt: new Date().toISOString(),
    wallSeconds,
    workers,
    replications: all.length,
    modelEvents: sum(all.map(({ events }) => events)),
    requests: sum(all.map(({ result: { requests } }) => requests)),
    machine: {
      node: process.version,
      platform: platform(),
      arch: arch(),
      cpus: cpus().length,
      cpu: cpus()[0]?.model ?? "unknown",
    },
  };
}
