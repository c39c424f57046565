import type { CanaryResult } from "../sim/result/result.ts";
import { clock, fixed, plain } from "./format.ts";

export type CanaryCell = CanaryResult["cells"][number];

const distinct = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
const ascending = (values: readonly number[]): readonly number[] =>
  distinct(values).toSorted((a, b) => a - b);

/** The grid of a canary taken apart: the first variant is the policy, the others mend it. */
export interface CanaryGrid {
  readonly variants: readonly string[];
  /** Requests per second, ascending. */
  readonly traffic: readonly number[];
  /** True error shares of the new release, 0 … 1, ascending. */
  readonly errorShares: readonly number[];
  readonly latencyFactors: readonly number[];
  readonly worstShare: number;
}

export function canaryGrid(canary: CanaryResult): CanaryGrid {
  const errorShares = ascending(canary.cells.map((cell) => cell.errorShare));
  return {
    variants: distinct(canary.cells.map((cell) => cell.variant)),
    traffic: ascending(canary.cells.map((cell) => cell.trafficRps)),
    errorShares,
    latencyFactors: ascending(canary.cells.map((cell) => cell.latencyFactor)),
    worstShare: errorShares.at(-1) ?? 0,
  };
}

export interface CellKey {
  readonly variant: string;
  readonly trafficRps: number;
  readonly errorShare: number;
  readonly latencyFactor?: number;
}

/** The cell of a grid point; without a latency factor the one that changes latency least. */
export function cellAt(canary: CanaryResult, key: CellKey): CanaryCell | null {
  const matching = canary.cells.filter(
    (cell) =>
      cell.variant === key.variant &&
      cell.trafficRps === key.trafficRps &&
      cell.errorShare === key.errorShare &&
      (key.latencyFactor === undefined || cell.latencyFactor === key.latencyFactor),
  );
  return matching.toSorted((a, b) => a.latencyFactor - b.latencyFactor)[0] ?? null;
}

/** Cells of one variant and error share, one per level of traffic. */
export function cellsAcrossTraffic(
  canary: CanaryResult,
  variant: string,
  errorShare: number,
): readonly CanaryCell[] {
  return canaryGrid(canary)
    .traffic.map((trafficRps) => cellAt(canary, { variant, trafficRps, errorShare }))
    .filter((cell) => cell !== null);
}

const percentOf = (share: number): number => 100 * share;

/** "5 %" of a share, without trailing zeros. */
export function shareText(share: number): string {
  return `${plain(Number(percentOf(share).toPrecision(6)))} %`;
}

/** "43 to 86 %", or "77 %" when all levels of traffic agree. */
function rangeText(cells: readonly CanaryCell[]): string {
  const percents = cells.map((cell) => percentOf(cell.share.mean));
  const low = fixed(Math.min(...percents), 0);
  const high = fixed(Math.max(...percents), 0);
  return low === high ? `${low} %` : `${low} to ${high} %`;
}

/** What the policy does to bad and to healthy releases, in one sentence. */
export function canarySentence(canary: CanaryResult, variant: string): string {
  const { worstShare } = canaryGrid(canary);
  const bad = cellsAcrossTraffic(canary, variant, worstShare);
  const healthy = cellsAcrossTraffic(canary, variant, canary.healthyErrorShare);
  const always = bad.every((cell) => cell.share.mean >= 0.995);
  const bug = shareText(worstShare);
  const caught = always
    ? `catches every ${bug} bug`
    : `catches ${rangeText(bad)} of releases with ${bug} errors`;
  if (healthy.length === 0) return `It ${caught}.`;
  const never = healthy.every((cell) => cell.share.mean < 0.005);
  const byTraffic = healthy.length > 1 ? ", by traffic" : "";
  const alarms = never
    ? "rolls back hardly any healthy release"
    : `rolls back ${rangeText(healthy)} of healthy releases${byTraffic}`;
  return `It ${caught}, and ${alarms}.`;
}

/** "a bug of 5 %, ×2 latency, at 200 rps: found after 0:50, 5 ± 1 users hurt". */
export function detectionText(cell: CanaryCell): string | null {
  if (cell.detectionSeconds === null) return null;
  const latency = cell.latencyFactor === 1 ? "" : `, ×${plain(cell.latencyFactor)} latency`;
  const hurt = cell.usersHurt;
  const half =
    hurt === null || hurt.low === null || hurt.high === null ? null : (hurt.high - hurt.low) / 2;
  const margin = half === null ? "" : ` ± ${fixed(half, 0)}`;
  const users = hurt === null ? "" : `, ${fixed(hurt.mean, 0)}${margin} users hurt`;
  const bug = `a bug of ${shareText(cell.errorShare)}${latency}`;
  const found = clock(cell.detectionSeconds.mean);
  return `${bug}, at ${plain(cell.trafficRps)} rps: found after ${found}${users}`;
}

/** The outcome of a rollout as a sentence: "rolled back at 0:50: 5 errors in 102 requests". */
export function outcomeText(rollout: CanaryCell["example"]): string {
  const words = { promoted: "promoted", "rolled-back": "rolled back", unfinished: "unfinished" };
  const at = rollout.endSeconds === null ? "" : ` at ${clock(rollout.endSeconds)}`;
  const reason = rollout.reason === "" ? "" : `: ${rollout.reason}`;
  return `${words[rollout.outcome]}${at}${reason}`;
}

/** Largest half width of the grid's intervals, in percent; null when there is none. */
export function largestHalfWidth(canary: CanaryResult): number | null {
  const widths = canary.cells
    .map(({ share }) =>
      share.low === null || share.high === null ? null : (100 * (share.high - share.low)) / 2,
    )
    .filter((width) => width !== null);
  return widths.length === 0 ? null : Math.max(...widths);
}

export function rolledBackText(cell: CanaryCell): string {
  return `${fixed(percentOf(cell.share.mean), 0)} %`;
}
