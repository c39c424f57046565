import { arch, cpus, platform } from "node:os";
import { join, relative } from "node:path";
import type { WrittenFile } from "../../reports/terminal/index.ts";
import type { Result } from "../result/result.ts";
import { writeFiles } from "./files.ts";
import { endIfInterrupted } from "./interruption.ts";
import type { Simulated } from "./simulate.ts";

/** The files that a simulation writes. */
export const OUTPUT_FILES = ["result.json", "run.json", "report.html"] as const;

/** The deterministic bytes of `result.json`. */
export const resultJson = (result: Result): string => `${JSON.stringify(result)}\n`;

/** The page. What draws it loads slowly, so it is loaded when there is something to draw. */
export async function drawReport(result: Result): Promise<string> {
  const { renderHtml } = await import("../../reports/render/index.ts");
  const page = await renderHtml(result);
  endIfInterrupted("while the report was drawn");
  return page;
}

/** Writes result, report and the sidecar with everything that is not deterministic. */
export async function writeOutput(
  folder: string,
  result: Result,
  simulated: Simulated,
): Promise<readonly WrittenFile[]> {
  const report = await drawReport(result);
  writeFiles(folder, {
    "result.json": resultJson(result),
    "run.json": `${JSON.stringify(runRecord(result, simulated), null, 2)}\n`,
    "report.html": report,
  });
  const path = (name: string): string => relative(".", join(folder, name));
  return [
    { label: "report", path: path("report.html") },
    { label: "result", path: path("result.json") },
  ];
}

/** How the result came about on this machine. */
function runRecord(result: Result, { outputs, wallSeconds, workers }: Simulated): object {
  const all = outputs.flat();
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return {
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
