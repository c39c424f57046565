import type { ReplicationResult, Result, StoppingResult } from "../result/result.ts";
import type { Objective, Scenario } from "../scenario/scenario.ts";
import { confidenceInterval } from "../stats/intervals.ts";
import { allKnown } from "./estimate.ts";
import { metricOf } from "./metricOf.ts";
import type { ReplicationOutput } from "./replication.ts";
import { withParts } from "./summarise.ts";

/** Replicate until the estimates are known well enough. */
export interface StoppingRule {
  /** Half an interval as a share of its estimate, like 0.02. */
  readonly untilWidth: number;
  /** At least 2: a single run shows no spread. */
  readonly firstRuns: number;
  readonly maxRuns: number;
  readonly level: number;
}

/** What is estimated least well, of all policies. */
interface Precision {
  readonly policy: string;
  readonly metric: Objective["metric"];
  /** Half the interval as a share of the estimate; infinite where a run has no value. */
  readonly width: number;
}

const share = (metric: Objective["metric"]): boolean => metric === "failed" || metric === "missed";

/**
 * The relative-precision rule (Law, "Simulation Modeling and Analysis", §9.4.1, "the sequential
 * procedure"): how many replications every policy needs next, or null when half the interval of
 * each metric of the objective (p95 without one) is narrow enough, or the cap is reached. A share
 * that is nearly 0 is judged by the limit that it must keep. It looks at outputs in their order, so
 * that it stops at the same number however they were computed.
 */
export function nextRuns(
  scenarios: readonly Scenario[],
  outputs: readonly (readonly ReplicationOutput[])[],
  rule: StoppingRule,
): number | null {
  const runs = outputs[0]?.length ?? 0;
  if (runs < rule.firstRuns) return rule.firstRuns;
  const { width } = worstPrecision(scenarios, outputs, rule.level);
  if (width <= rule.untilWidth || runs >= rule.maxRuns) return null;
  // Widths shrink with the root of the number. Early spreads are uncertain: at most twice as many.
  const needed = Math.ceil(runs * (width / rule.untilWidth) ** 2);
  const step = Math.min(Math.max(needed, runs + 1), 2 * runs);
  return Math.min(step, rule.maxRuns);
}

function stoppingResult(
  scenarios: readonly Scenario[],
  outputs: readonly (readonly ReplicationOutput[])[],
  { untilWidth, firstRuns, maxRuns, level }: StoppingRule,
): StoppingResult {
  const { policy, metric, width } = worstPrecision(scenarios, outputs, level);
  return {
    untilWidth,
    firstRuns,
    maxRuns,
    isReached: width <= untilWidth,
    widest: { policy, metric, width: Number.isFinite(width) ? width : null },
  };
}

/** A result that says what stopped it; as it is without a rule. */
export function withStopping(
  result: Result,
  scenarios: readonly Scenario[],
  outputs: readonly (readonly ReplicationOutput[])[],
  rule: StoppingRule | null,
): Result {
  if (rule === null) return result;
  const stopping = stoppingResult(scenarios, outputs, rule);
  return withParts(result, { stopping, warnings: [...result.warnings, ...doubtsOf(stopping)] });
}

function doubtsOf({ isReached, maxRuns, untilWidth, widest }: StoppingResult): readonly string[] {
  if (isReached) return [];
  const { policy, metric, width } = widest;
  const known =
    width === null
      ? `has no value in some of ${maxRuns} runs`
      : `is known to ± ${percent(width)} only after ${maxRuns} runs`;
  const wanted = `not to the ± ${percent(untilWidth)} of --until-width`;
  return [`${policy}: ${metric} ${known}, ${wanted}. Use a higher --max-runs.`];
}

const percent = (fraction: number): string => `${Number((100 * fraction).toPrecision(3))} %`;

function worstPrecision(
  scenarios: readonly Scenario[],
  outputs: readonly (readonly ReplicationOutput[])[],
  level: number,
): Precision {
  const all = scenarios.flatMap((scenario, index) => {
    const results = outputs[index]!.map(({ result }) => result);
    const limits: readonly Objective[] =
      scenario.objective.length > 0 ? scenario.objective : [{ metric: "p95", limit: 0 }];
    return limits.map(({ metric, limit }) => ({
      policy: scenario.policy.name,
      metric,
      width: relativeWidth(results, metric, share(metric) ? limit : 0, level),
    }));
  });
  return all.reduce((worst, one) => (one.width > worst.width ? one : worst));
}

function relativeWidth(
  results: readonly ReplicationResult[],
  metric: Objective["metric"],
  least: number,
  level: number,
): number {
  const samples = allKnown(results.map(metricOf(metric)));
  if (samples === null) return Number.POSITIVE_INFINITY;
  const { mean, halfWidth } = confidenceInterval({ samples, level });
  if (halfWidth === 0) return 0;
  return (halfWidth ?? Number.POSITIVE_INFINITY) / Math.max(Math.abs(mean), least);
}
