import type { CanaryResult, Estimate } from "../sim/result/result.ts";
import { clock, fixed, listText, marginDecimals, plain, plural } from "./format.ts";

export type CanaryCell = CanaryResult["cells"][number];

const distinct = <T>(values: readonly T[]): readonly T[] => [...new Set(values)];
const ascending = (values: readonly number[]): readonly number[] =>
  distinct(values).toSorted((a, b) => a - b);

/** The grid of a canary taken apart: the first variant is the policy, the others mend it. */
export interface CanaryGrid {
  readonly variants: readonly string[];
  /** Requests per second, ascending. */
  readonly traffic: readonly number[];
  /** True error shares of the releases that are as quick as production, 0 … 1, ascending. */
  readonly errorShares: readonly number[];
}

export function canaryGrid(canary: CanaryResult): CanaryGrid {
  const { cells } = canary;
  return {
    variants: distinct(cells.map((cell) => cell.variant)),
    traffic: ascending(cells.map((cell) => cell.trafficRps)),
    errorShares: ascending(cells.filter(isQuickIn(canary)).map((cell) => cell.errorShare)),
  };
}

/** Whether a cell is of the releases that change latency least. */
function isQuickIn({ cells }: CanaryResult): (cell: CanaryCell) => boolean {
  const least = Math.min(...cells.map((cell) => cell.latencyFactor));
  return (cell) => cell.latencyFactor === least;
}

export interface CellKey {
  readonly variant: string;
  readonly trafficRps: number;
  readonly errorShare: number;
}

/** The cell of a release that has errors but is not slow. */
export function cellAt(canary: CanaryResult, key: CellKey): CanaryCell | null {
  const found = canary.cells
    .filter(isQuickIn(canary))
    .find(
      (cell) =>
        cell.variant === key.variant &&
        cell.trafficRps === key.trafficRps &&
        cell.errorShare === key.errorShare,
    );
  return found ?? null;
}

/** The healthy release under a variant, one cell per level of traffic. */
export function healthyCells(canary: CanaryResult, variant: string): readonly CanaryCell[] {
  const errorShare = canary.healthyErrorShare;
  return canaryGrid(canary)
    .traffic.map((trafficRps) => cellAt(canary, { variant, trafficRps, errorShare }))
    .filter((cell) => cell !== null);
}

/** The bug under a variant: of each level of traffic the last cell. */
export function bugCells(canary: CanaryResult, variant: string): readonly CanaryCell[] {
  const healthy = healthyCells(canary, variant);
  return canaryGrid(canary).traffic.flatMap((trafficRps): readonly CanaryCell[] => {
    const last = canary.cells
      .filter((cell) => cell.variant === variant && cell.trafficRps === trafficRps)
      .at(-1);
    return last === undefined || healthy.includes(last) ? [] : [last];
  });
}

const percentOf = (share: number): number => 100 * share;

/** "5 %" of a share, without trailing zeros. */
export function shareText(share: number): string {
  return `${plain(Number(percentOf(share).toPrecision(6)))} %`;
}

/** "5 % bug". */
export function bugName(canary: CanaryResult): string {
  const [bug] = bugCells(canary, canaryGrid(canary).variants[0] ?? "");
  return bug === undefined ? "bug" : `${shareText(bug.errorShare)} bug`;
}

/** "a bug of 5 %, ×2.25 latency". */
export function bugText({ errorShare, latencyFactor }: CanaryCell): string {
  const latency = latencyFactor === 1 ? "" : `, ×${plain(latencyFactor)} latency`;
  return `a bug of ${shareText(errorShare)}${latency}`;
}

/** A share in whole percent, without its sign; what is not all or nothing never reads like it. */
export function wholePercent(share: number): string {
  if (share > 0 && share < 0.005) return "< 1";
  return share < 1 && share >= 0.995 ? "> 99" : fixed(percentOf(share), 0);
}

/** "43 to 86", or "77" when both ends read the same. */
function rangeText(values: readonly number[], text: (value: number) => string): string {
  const low = text(Math.min(...values));
  const high = text(Math.max(...values));
  return low === high ? low : `${low} to ${high}`;
}

const shareRange = (cells: readonly CanaryCell[]): string =>
  `${rangeText(
    cells.map((cell) => cell.share.mean),
    wholePercent,
  )} %`;

export function rolloutSum(cells: readonly CanaryCell[]): number {
  return cells.reduce((sum, cell) => sum + cell.rollouts, 0);
}

/** Rollouts of one cell: "15 to 150". */
export function rolloutRange(cells: readonly CanaryCell[]): string {
  return rangeText(
    cells.map((cell) => cell.rollouts),
    plain,
  );
}

/** What no cell's chance of a rollback exceeds, rounded up: "17 %"; null without intervals. */
function atMost(cells: readonly CanaryCell[]): string | null {
  const highs = cells.map((cell) => cell.share.high).filter((high) => high !== null);
  if (highs.length === 0) return null;
  const percent = percentOf(Math.max(...highs));
  const steps = percent < 1 ? 10 : 1;
  return `${plain(Math.min(100, Math.ceil(percent * steps - 1e-9) / steps))} %`;
}

const none = (cells: readonly CanaryCell[]): boolean =>
  cells.every(({ rolledBack }) => rolledBack === 0);

/** Chance from which on "every" is no exaggeration. */
const EVERY = 0.95;

function catchesText(bad: readonly CanaryCell[], bug: string): string {
  const tried = plural(rolloutSum(bad), "rollout");
  if (none(bad)) return `never catches the ${bug} (${tried})`;
  if (bad.some(({ rolledBack, rollouts }) => rolledBack < rollouts)) {
    return `catches ${shareRange(bad)} of releases with the ${bug}`;
  }
  const sure = bad.every(({ share }) => share.low !== null && share.low >= EVERY);
  return sure ? `catches every ${bug}` : `catches the ${bug} in all ${tried}`;
}

function alarmsText(healthy: readonly CanaryCell[]): string {
  const byTraffic = healthy.length > 1 ? ", by traffic" : "";
  if (!none(healthy)) {
    return `rolls back ${shareRange(healthy)} of healthy releases${byTraffic}`;
  }
  const tried = rolloutSum(healthy);
  const most = atMost(healthy);
  return most === null
    ? `rolls back none of ${plural(tried, "healthy release")}`
    : `rolls back at most ${most} of healthy releases (none of ${tried} was)`;
}

/** What the policy does to bad and to healthy releases, in one sentence. */
export function canarySentence(canary: CanaryResult, variant: string): string {
  const bad = bugCells(canary, variant);
  const healthy = healthyCells(canary, variant);
  const parts = [
    ...(bad.length === 0 ? [] : [catchesText(bad, bugName(canary))]),
    ...(healthy.length === 0 ? [] : [alarmsText(healthy)]),
  ];
  return parts.length === 0 ? "It was not tried." : `It ${parts.join(", and ")}.`;
}

/** Healthy releases stopped: "healthy rolled back 20 to 30 %". */
export function healthyText(cells: readonly CanaryCell[]): string {
  const most = none(cells) ? atMost(cells) : null;
  return `healthy rolled back ${shareRange(cells)}${most === null ? "" : ` (at most ${most})`}`;
}

/** "caught in 100 %, after 0:50 to 4:11; not at 10 rps". */
export function caughtText(cells: readonly CanaryCell[]): string {
  const found = cells.filter(({ rolledBack }) => rolledBack > 0);
  if (found.length === 0) return `not caught in ${plural(rolloutSum(cells), "rollout")}`;
  const seconds = found.flatMap(({ detectionSeconds }) => detectionSeconds?.mean ?? []);
  const after = seconds.length === 0 ? "" : `, after ${rangeText(seconds, clock)}`;
  const missed = cells.filter(({ rolledBack }) => rolledBack === 0);
  const rates = listText(missed.map(({ trafficRps }) => `${plain(trafficRps)} rps`));
  return `caught in ${shareRange(found)}${after}${missed.length === 0 ? "" : `; not at ${rates}`}`;
}

/** "caught in 100 %, after 0:50, 5 ± 1 users hurt". */
export function detectionText(cell: CanaryCell): string {
  const hurt = cell.usersHurt;
  return `${caughtText([cell])}${hurt === null ? "" : `, ${hurtText(hurt)}`}`;
}

function hurtText(hurt: Estimate): string {
  const text = marginText(hurt);
  return `${text} ${text === "1" ? "user" : "users"} hurt`;
}

/** "5 ± 1", with the decimals that the margin needs to be seen; only the mean without one. */
export function marginText({ mean, low, high }: Estimate): string {
  const half = low === null || high === null ? 0 : (high - low) / 2;
  if (half === 0) return fixed(mean, Number.isInteger(mean) ? 0 : 1);
  const decimals = marginDecimals(half);
  return `${fixed(mean, decimals)} ± ${fixed(half, decimals)}`;
}

/** Widest interval of the grid: "± 3", in percent; null when there is none. */
export function widestMargin({ cells }: CanaryResult): string | null {
  const widths = cells
    .map(({ share: { low, high } }) => (low === null || high === null ? 0 : percentOf(high - low)))
    .filter((width) => width > 0);
  if (widths.length === 0) return null;
  const half = Math.max(...widths) / 2;
  return `± ${fixed(half, marginDecimals(half))}`;
}

/** "7 %", and of none what it may be at most: "0 % (≤ 28 %)". */
export function rolledBackText(cell: CanaryCell): string {
  const most = none([cell]) ? atMost([cell]) : null;
  return `${wholePercent(cell.share.mean)} %${most === null ? "" : ` (≤ ${most})`}`;
}

/** "stages 1, 5, 10 %, 60 s each". */
export function stagesText({ stagesPercent, stageSeconds }: CanaryResult, joint: string): string {
  const each = stageSeconds === null ? "" : `, ${plain(stageSeconds)} s each`;
  return `stages ${stagesPercent.map(plain).join(joint)} %${each}`;
}
