import type { DelayChain, PolicyResult, Result } from "../../sim/result/result.ts";
import { failureLabel } from "../failureReasons.ts";
import { fixed, marginDecimals, millisecondDecimals, usdText } from "../format.ts";
import {
  batchText,
  gainSentence,
  isMeasured,
  NOTHING_MEASURED,
  objectiveText,
  ranked,
  setupText,
  stoppingText,
  warmUpText,
  worstMinuteOf,
  worstMinuteText,
} from "../verdict.ts";
import { callRows } from "./callText.ts";
import { dependencyRows } from "./dependencyText.ts";
import { endsText, plusMinus } from "./estimates.ts";
import { fileLines, paragraphs, type TextOptions, warningLines } from "./shared.ts";
import { stationRows } from "./stationText.ts";
import {
  dim,
  type Line,
  renderLines,
  statusPiece,
  type TextStyle,
  widthOf,
  wrapLine,
} from "./textStyle.ts";
import { topicRows } from "./topicText.ts";

/** The answer of `peakday run`: held or missed, then the figures that matter. */
export function runText(result: Result, options: TextOptions): string {
  const { style, files = [], next } = options;
  const policies = ranked(result);
  const blocks = policies.flatMap((policy): readonly (readonly Line[])[] => [
    ...(policies.length > 1 ? [[[policy.name] as Line]] : []),
    statusLines(result, policy, style),
    figureLines(policy, result.scenario.durationSeconds, style),
  ]);
  const notes = [batchText(result), stoppingText(result), warmUpText(result)].filter(
    (note) => note !== null,
  );
  const lines = paragraphs([
    wrapLine([`${result.scenario.name}: ${setupText(result)}`], style),
    ...blocks,
    notes.flatMap((note) => wrapLine([note], style)),
    ...policies.flatMap(({ delayChains }) => delayChains.map((chain) => gainLines(chain, style))),
    next === undefined ? [] : wrapLine([`Try: ${next}`], style),
    warningLines(result, style),
    fileLines(result, files),
  ]);
  return renderLines(lines, style);
}

function gainLines(chain: DelayChain, style: TextStyle): readonly Line[] {
  const sentence = gainSentence(chain);
  return sentence === null ? [] : wrapLine([sentence], style);
}

function statusLines(result: Result, policy: PolicyResult, style: TextStyle): readonly Line[] {
  const objective = objectiveText(result);
  if (objective === null) return [["no objective is set"]];
  if (!isMeasured(policy)) return wrapLine([{ text: NOTHING_MEASURED, paint: "red" }], style);
  const { held, heldIn, of } = policy.objective;
  const worst = held ? null : worstMinuteOf(policy);
  const minute = worst === null ? "" : `; ${worstMinuteText(worst)}`;
  const runs = of === 1 ? "run" : "runs";
  const text = `  ${objective} in ${heldIn} of ${of} ${runs}${minute}`;
  return wrapLine([statusPiece(policy), text], style, "          ");
}

function latencyCells(policy: PolicyResult): readonly Line[] {
  const { p50Ms, p95Ms, p99Ms } = policy.metrics;
  const named = { p50: p50Ms, p95: p95Ms, p99: p99Ms };
  const cells = Object.entries(named).map(
    ([name, estimate]): Line =>
      estimate === null
        ? [`${name} –`]
        : [`${name} `, ...plusMinus(estimate, millisecondDecimals(estimate.mean))],
  );
  const maxima = policy.replications
    .map((replication) => replication.latency?.maxMs)
    .filter((max) => max !== undefined);
  return maxima.length === 0 ? cells : [...cells, [`max ${fixed(Math.max(...maxima), 0)}`]];
}

/** "p95 139 [138, 141]": the middle one of the runs; no row where there are too few. */
function medianRows({ medianRun }: PolicyResult): readonly (readonly Line[])[] {
  const named = [["p95", medianRun?.p95Ms] as const, ["p99", medianRun?.p99Ms] as const];
  const cells = named.flatMap(([name, interval]): Line[] => {
    if (!interval) return [];
    const { median, low, high } = interval;
    const decimals = Math.max(millisecondDecimals(median), marginDecimals((high - low) / 2));
    return [[`${name} ${fixed(median, decimals)} `, dim(endsText([low, high], decimals))]];
  });
  return cells.length === 0 ? [] : [[["median run"], ...cells]];
}

/** "queue full 94 %": of all failures, the commonest reasons. */
function failureCells(policy: PolicyResult): readonly Line[] {
  const total = Object.values(policy.failures).reduce((sum, count) => sum + count, 0);
  if (total === 0) return [["none"]];
  return Object.entries(policy.failures)
    .filter(([, count]) => count >= total / 200)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([reason, count]) => [`${failureLabel(reason)} ${fixed((100 * count) / total, 0)} %`]);
}

/** Answers that something stood in for, in percent of all requests, by kind; no row without any. */
function degradedRows(policy: PolicyResult): readonly (readonly Line[])[] {
  const requests = policy.replications.reduce((sum, { requests: count }) => sum + count, 0);
  const kinds = new Map<string, number>();
  for (const { degraded = {} } of policy.replications) {
    for (const [kind, count] of Object.entries(degraded)) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + count);
    }
  }
  if (kinds.size === 0) return [];
  const percent = (count: number): string => fixed((100 * count) / requests, 2);
  const total = [...kinds.values()].reduce((sum, count) => sum + count, 0);
  const cells = [...kinds].map(([kind, count]): Line => [`${kind} ${percent(count)} %`]);
  return [[["degraded %"], [percent(total)], ...(kinds.size > 1 ? cells : [[...kinds.keys()]])]];
}

function replicaRows(policy: PolicyResult): readonly (readonly Line[])[] {
  return policy.replicas.map(({ service, mean, min, max }) => [
    ["replicas"],
    [`mean ${fixed(mean, 1)}`],
    [`min ${fixed(min, 0)}`],
    [`max ${fixed(max, 0)}`],
    ...(policy.replicas.length > 1 ? [[service]] : []),
  ]);
}

/** Arrivals; and answers, where fewer came than were asked for. */
function rateText({ metrics }: PolicyResult, durationSeconds: number): string {
  const arrivals = fixed(metrics.requests.mean / durationSeconds, 1);
  const completed = fixed(metrics.throughputRps.mean, 1);
  return arrivals === completed ? `${arrivals} rps` : `${arrivals} rps, ${completed} completed`;
}

function figureLines(
  policy: PolicyResult,
  durationSeconds: number,
  style: TextStyle,
): readonly Line[] {
  const { metrics, bottleneck } = policy;
  const requestRows: readonly (readonly Line[])[] = [
    [["requests"], plusMinus(metrics.requests, 0), [rateText(policy, durationSeconds)]],
    [["latency ms"], ...latencyCells(policy)],
    ...medianRows(policy),
    [["failed %"], plusMinus(metrics.failedPercent, 2), ...failureCells(policy)],
    ...degradedRows(policy),
  ];
  const hasRequests = policy.topics === undefined || metrics.requests.mean > 0;
  const rows: (readonly Line[])[] = [
    ...(hasRequests ? requestRows : []),
    ...callRows(policy),
    ...stationRows(policy),
    ...dependencyRows(policy),
    ...topicRows(policy),
    ...replicaRows(policy),
    [
      ["cost"],
      metrics.costUsd === null ? [dim("no price")] : [usdText(metrics.costUsd.mean)],
      [`${fixed(metrics.replicaHours.mean, 2)} replica-hours`],
    ],
  ];
  if (bottleneck !== null) {
    const busy = `${fixed(bottleneck.busyPercent, 0)} % busy at the worst minute`;
    rows.push([["bottleneck"], [`${bottleneck.resource} of ${bottleneck.service}`], [busy]]);
  }
  return ragged(rows, style);
}

/** Aligned cells; the last of a row may run on, and widens no column. */
function ragged(rows: readonly (readonly Line[])[], style: TextStyle): readonly Line[] {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(
      0,
      ...rows
        .filter((row) => column < row.length - 1)
        .map((row) => widthOf(row[column] ?? [], style)),
    ),
  );
  return rows.map((row) =>
    row.flatMap((cell, column): Line => {
      const blanks = (widths[column] ?? 0) - widthOf(cell, style) + 3;
      return column === row.length - 1 ? cell : [...cell, " ".repeat(Math.max(2, blanks))];
    }),
  );
}
