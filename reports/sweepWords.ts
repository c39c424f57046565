import type { PolicyResult, Result, SweepResult } from "../sim/result/result.ts";
import { costOf } from "./costOf.ts";
import { listText, usdText } from "./format.ts";

/** How much there is to do: what a sweep may vary, and nobody may choose. */
const LOAD = /^(traffic\.[^.]+\.(rate|users)|topics\.[^.]+\.producers\.[^.]+\.(rate|batch))\b/;

interface Point {
  readonly policy: PolicyResult;
  /** What was chosen: the policy where there are several, and settings other than of the load. */
  readonly choice: string;
}

/** Points of a sweep that meet the same load. */
interface LoadLevel {
  /** "rate=30/s". */
  readonly load: string;
  readonly points: readonly Point[];
}

/** The points by the load that they meet, in order. */
function loadLevels(sweep: SweepResult, policies: readonly PolicyResult[]): readonly LoadLevel[] {
  const several = hasSeveralBases(sweep);
  const levels = new Map<string, Point[]>();
  policies.forEach((policy, index) => {
    const load = loadOf(sweep, index);
    const own = settings(sweep, index, (path) => !LOAD.test(path));
    const base = several ? [sweep.points[index]?.base ?? ""] : [];
    const point = { policy, choice: [...base, ...own].join(", ") };
    const level = levels.get(load);
    if (level === undefined) levels.set(load, [point]);
    else level.push(point);
  });
  return [...levels].map(([load, points]) => ({ load, points }));
}

const loadOf = (sweep: SweepResult, index: number): string =>
  settings(sweep, index, (path) => LOAD.test(path)).join(", ");

function settings(
  { axes, points }: SweepResult,
  index: number,
  isWanted: (path: string) => boolean,
): readonly string[] {
  const values = points[index]?.values ?? [];
  return axes.flatMap(({ name, path }, i) =>
    isWanted(path) ? [`${name}=${values[i] ?? ""}`] : [],
  );
}

/** Whether several policies are varied. */
export const hasSeveralBases = ({ points }: SweepResult): boolean =>
  new Set(points.map(({ base }) => base)).size > 1;

/** Whether the points meet different loads: then the cheapest of all has the least to do. */
export const variesLoad = ({ sweep, policies }: Result): boolean =>
  sweep !== undefined && new Set(policies.map((_, index) => loadOf(sweep, index))).size > 1;

/** The answer for each load: what holds there, and the cheapest where there is a choice. */
export function loadSentence(result: Result): string | null {
  const { sweep, policies } = result;
  if (sweep === undefined || !variesLoad(result)) return null;
  const levels = loadLevels(sweep, policies);
  const isChoice = levels.some(({ points }) => points.length > 1);
  if (!isChoice) return plainSentence(levels);
  const parts = levels.map(({ load, points }) => `${cheapestText(points)} at ${load}`);
  return `The cheapest that holds the objective is ${listText(parts)}.`;
}

function plainSentence(levels: readonly LoadLevel[]): string {
  const holds = ({ points }: LoadLevel): boolean =>
    points.some(({ policy }) => policy.objective.held);
  const held = levels.filter(holds).map(({ load }) => load);
  const missed = levels.filter((level) => !holds(level)).map(({ load }) => load);
  if (missed.length === 0) return `The objective is held at ${listText(held)}.`;
  if (held.length === 0) return `The objective is missed at ${listText(missed)}.`;
  return `The objective is held at ${listText(held)}; missed at ${listText(missed)}.`;
}

function cheapestText(points: readonly Point[]): string {
  const [best] = points
    .filter(({ policy }) => policy.objective.held)
    .toSorted((a, b) => costOf(a.policy) - costOf(b.policy));
  if (best === undefined) return "none";
  const { costUsd } = best.policy.metrics;
  return costUsd === null ? best.choice : `${best.choice} (${usdText(costUsd.mean)})`;
}
