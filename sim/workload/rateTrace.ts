import type { RateStep } from "./rateProfile.ts";

/** One thing that is wrong with a trace; lines count from 1. */
export interface TraceProblem {
  readonly line: number;
  readonly expected: string;
  readonly received: string;
}

export type RateTrace =
  | { readonly kind: "trace"; readonly steps: readonly RateStep[] }
  | { readonly kind: "problems"; readonly problems: readonly TraceProblem[] };

const HEADER = ["timestamp_s", "rps"];
const PER_SECOND = 1_000_000;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/**
 * Reads a trace of rates: CSV with the columns `timestamp_s,rps`. Each row's rate holds until the
 * next row, the last one's to the end of the run. The first timestamp is time 0, so epoch seconds
 * may stand there. Empty lines, and lines that start with `#`, are skipped. All problems are told
 * at once.
 */
export function parseRateTrace(text: string): RateTrace {
  const problems: TraceProblem[] = [];
  const steps: RateStep[] = [];
  let origin: number | null = null;
  let last = Number.NEGATIVE_INFINITY;
  let hasHeader = false;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const row = raw.trim();
    const line = index + 1;
    if (row === "" || row.startsWith("#")) continue;
    const cells = row.split(",").map((cell) => cell.trim());
    if (!hasHeader) {
      hasHeader = true;
      if (cells.join() !== HEADER.join()) {
        problems.push({ line, expected: `the header ${HEADER.join()}`, received: row });
      }
      continue;
    }
    const found = rowProblem(cells, row, last);
    if (found !== null) {
      problems.push({ line, ...found });
      continue;
    }
    last = Number(cells[0]);
    origin ??= last;
    steps.push({ at: Math.round((last - origin) * PER_SECOND), rate: Number(cells[1]) });
  }
  const end = text.split("\n").length;
  if (!hasHeader) problems.push({ line: 1, expected: `the header ${HEADER.join()}`, received: "" });
  else if (steps.length === 0 && problems.length === 0) {
    problems.push({ line: end, expected: "at least one row", received: "none" });
  }
  return problems.length > 0 ? { kind: "problems", problems } : { kind: "trace", steps };
}

function rowProblem(
  cells: readonly string[],
  row: string,
  last: number,
): Omit<TraceProblem, "line"> | null {
  const [time = "", rate = ""] = cells;
  if (cells.length !== 2) return { expected: "two columns", received: row };
  if (!NUMBER.test(time)) return { expected: "a timestamp in seconds", received: time };
  if (!(Number(time) > last)) return { expected: `a timestamp after ${last}`, received: time };
  const isRate = NUMBER.test(rate) && Number(rate) >= 0 && Number(rate) < Infinity;
  if (!isRate) return { expected: "a rate of at least 0 per second", received: rate };
  return null;
}
