import type { Result, SelectionResult, StoppingResult } from "../sim/result/result.ts";
import { answersCanary, baselineOf, runsOf } from "./verdict.ts";

/** The command that gives the same bytes again. */
export function reproduceCommand(result: Result): string {
  const { scenario, level } = result;
  const { command, choice, runs, more = [] } = reproduceParts(result);
  const words = [
    ...["peakday", command, scenario.file, ...choice, ...scenario.arguments],
    ...(runs === null ? [] : ["--runs", String(runs)]),
    ...more,
    ...["--seed", String(scenario.seed)],
    ...(level === DEFAULT_LEVEL ? [] : ["--level", String(level)]),
  ];
  return words.map(quoted).join(" ");
}

/** Of the command line. */
const DEFAULT_LEVEL = 0.95;

function reproduceParts(result: Result): {
  readonly command: "run" | "compare" | "canary" | "headroom" | "sweep";
  /** Arguments that choose the policies. */
  readonly choice: readonly string[];
  /** Null where the default gives each cell its own number. */
  readonly runs: number | null;
  /** Arguments that follow the number of runs. */
  readonly more?: readonly string[];
} {
  if (answersCanary(result) && result.canary !== null) {
    const runs = [...new Set(result.canary.cells.map(({ rollouts }) => rollouts))];
    return { command: "canary", choice: [], runs: runs.length === 1 ? (runs[0] ?? null) : null };
  }
  const names = result.policies.map(({ name }) => name);
  const policies = names.length === 0 ? [] : ["--policy", ...names];
  const baseline = baselineOf(result);
  const against = baseline === null || baseline === names[0] ? [] : ["--against", baseline];
  if (result.sweep !== undefined) {
    const { axes, points } = result.sweep;
    const bases = [...new Set(points.map(({ base }) => base))];
    const vary = axes.flatMap(({ path, values }) => ["--vary", `${path}=${values.join(",")}`]);
    const choice = [...(bases.length === 0 ? [] : ["--policy", ...bases]), ...vary];
    return { command: "sweep", choice, runs: runsOf(result) };
  }
  if (result.headroom !== undefined) {
    const within = ["--within", String(result.headroom.within)];
    return { command: "headroom", choice: [...policies, ...within], runs: runsOf(result) };
  }
  const { stopping, selection } = result;
  const batches = result.policies[0]?.batchMeans?.count;
  return {
    command: names.length > 1 ? "compare" : "run",
    choice: [...policies, ...against],
    runs: stopping?.firstRuns ?? runsOf(result),
    more: [
      ...(batches === undefined ? [] : ["--batch-means", String(batches)]),
      ...(stopping === undefined ? [] : stoppingWords(stopping)),
      ...(selection === undefined ? [] : selectionWords(selection)),
    ],
  };
}

const stoppingWords = ({ untilWidth, maxRuns }: StoppingResult): readonly string[] => [
  ...["--until-width", String(untilWidth)],
  ...["--max-runs", String(maxRuns)],
];

const selectionWords = (selection: SelectionResult): readonly string[] => [
  ...["--select", String(selection.probability)],
  ...["--indifference", String(selection.indifference), "--by", selection.metric],
  ...["--max-runs", String(selection.maxRuns)],
];

/** Quoted for a POSIX shell where it must be. */
function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
