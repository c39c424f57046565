import { assert } from "../kernel/assert.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** One setting of a scenario that is varied, as `--set` names it, and what it becomes. */
export interface SweepAxis {
  readonly path: string;
  readonly values: readonly string[];
}

/** Settings of one point of the grid, a value for each axis. */
export type SweepPoint = readonly string[];

/** Every combination, the last axis running fastest. */
export function sweepPoints(axes: readonly SweepAxis[]): readonly SweepPoint[] {
  return axes.reduce<readonly SweepPoint[]>(
    (points, { values }) => points.flatMap((point) => values.map((value) => [...point, value])),
    [[]],
  );
}

/**
 * Short names of the axes: the last words of their paths, as many as tell them apart
 * ("services.shop.replicas" → "replicas").
 */
export function axisNames(axes: readonly SweepAxis[]): readonly string[] {
  const paths = axes.map(({ path }) => path.split("."));
  const lastWords = (words: readonly string[], count: number): string =>
    words.slice(-count).join(".");
  return paths.map((words, index) => {
    let count = 1;
    const isShared = (): boolean =>
      paths.some((other, i) => i !== index && lastWords(other, count) === lastWords(words, count));
    while (count < words.length && isShared()) count++;
    return lastWords(words, count);
  });
}

/** The scenario of one policy set at one point, under a name that says both. */
export function atPoint(
  scenario: Scenario,
  axes: readonly SweepAxis[],
  point: SweepPoint,
): Scenario {
  assert(point.length === axes.length, "a point has a value for each axis");
  const settings = axisNames(axes).map((name, index) => `${name}=${point[index]!}`);
  const name = [scenario.policy.name, ...settings].join(", ");
  return { ...scenario, policy: { ...scenario.policy, name } };
}
