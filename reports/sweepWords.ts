import type { PolicyResult, Result, SweepResult } from "../sim/result/result.ts";
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

/** The points by the load that they meet, in order; null where only one load was tried. */
function loadLevels({ sweep, policies }: Result): readonly LoadLevel[] | null {
  if (sweep === undefined) return null;
  const levels = new Map<string, Point[]>();
  policies.forEach((policy, index) => {
    const load = settings(sweep, index, (path) => LOAD.test(path)).join(", ");
    const choice = choiceOf(sweep, index);
    levels.set(load, [...(levels.get(load) ?? []), { policy, choice }]);
  });
  return levels.size < 2 ? null : [...levels].map(([load, points]) => ({ load, points }));
}

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

function choiceOf(sweep: SweepResult, index: number): string {
  const several = new Set(sweep.points.map(({ base }) => base)).size > 1;
  const base = sweep.points[index]?.base ?? "";
  return [...(several ? [base] : []), ...settings(sweep, index, (path) => !LOAD.test(path))].join(
    ", ",
  );
}

/** Whether the points meet different loads: then the cheapest of all has the least to do. */
export const variesLoad = (result: Result): boolean => loadLevels(result) !== null;

/** The answer for each load: what holds there, and the cheapest where there is a choice. */
export function loadSentence(result: Result): string | null {
  const levels = loadLevels(result);
  if (levels === null) return null;
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
  const cost = ({ policy }: Point): number =>
    policy.metrics.costUsd?.mean ?? policy.metrics.replicaHours.mean;
  const [best] = points
    .filter(({ policy }) => policy.objective.held)
    .toSorted((a, b) => cost(a) - cost(b));
  if (best === undefined) return "none";
  const { costUsd } = best.policy.metrics;
  return costUsd === null ? best.choice : `${best.choice} (${usdText(costUsd.mean)})`;
}
