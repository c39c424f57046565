import type {
  Comparison,
  PairedDifference,
  PolicyResult,
  ReplicationResult,
} from "../result/result.ts";
import { benjaminiHochberg } from "../stats/falseDiscovery.ts";
import { pairedDifference } from "../stats/intervals.ts";
import { signedRankTest } from "../stats/signedRank.ts";
import { allKnown } from "./estimate.ts";
import { metricOf } from "./metricOf.ts";
import { missedPercent } from "./topics.ts";

type Differences = Comparison["differences"];

/**
 * Every policy against one of them, and the two cheapest that hold; verdicts adjusted for their
 * number.
 */
export function comparisonsOf(
  policies: readonly PolicyResult[],
  against: string,
  level: number,
): Comparison[] {
  const baseline = policies.find(({ name }) => name === against);
  if (baseline === undefined) return [];
  const pairs = policies
    .filter((policy) => policy !== baseline)
    .map((policy) => compare(policy, baseline, level));
  // Policies that hold are compared with each other too: the cheaper one should not win by noise.
  const holding = policies.filter(({ objective, name }) => objective.held && name !== against);
  const [best, second] = [...holding].sort(byCost);
  if (best !== undefined && second !== undefined) pairs.push(compare(best, second, level));
  return adjusted(pairs, level);
}

const byCost = (a: PolicyResult, b: PolicyResult): number =>
  (a.metrics.costUsd?.mean ?? 0) - (b.metrics.costUsd?.mean ?? 0);

function compare(policy: PolicyResult, against: PolicyResult, level: number): Comparison {
  const difference = (
    read: (result: ReplicationResult) => number | null,
  ): PairedDifference | null => {
    const a = allKnown(against.replications.map(read));
    const b = allKnown(policy.replications.map(read));
    return a === null || b === null ? null : differenceOf(a, b, level);
  };
  return {
    policy: policy.name,
    against: against.name,
    differences: {
      p95Ms: difference(metricOf("p95")),
      p99Ms: difference(metricOf("p99")),
      failedPercent: difference(metricOf("failed")),
      costUsd: difference(({ costUsd }) => costUsd),
      ...(policy.topics === undefined ? {} : { missedPercent: difference(missedPercent) }),
    },
  };
}

function differenceOf(a: readonly number[], b: readonly number[], level: number): PairedDifference {
  const paired = pairedDifference({ a, b, level, lowerIsBetter: true });
  const { mean, low, high, n, verdict } = paired;
  if (n === 1) return { mean, low, high, n, verdict };
  const { positiveRanks: _, ...signedRank } = signedRankTest({ a, b });
  return { mean, low, high, n, verdict, pValue: paired.pValue, signedRank };
}

/**
 * Each metric by itself: sure differences of costs, say, would otherwise make doubtful ones of
 * latencies pass. A single comparison stays as it is.
 */
function adjusted(pairs: readonly Comparison[], level: number): Comparison[] {
  if (pairs.length < 2) return [...pairs];
  const keys = Object.keys(pairs[0]!.differences) as (keyof Differences)[]; // made above
  const columns = keys.map((key) =>
    adjustedColumn(
      pairs.map(({ differences }) => differences[key] ?? null),
      level,
    ),
  );
  return pairs.map((pair, row) => ({
    ...pair,
    differences: {
      ...pair.differences,
      ...Object.fromEntries(keys.map((key, column) => [key, columns[column]![row]])),
    },
  }));
}

function adjustedColumn(
  differences: readonly (PairedDifference | null)[],
  level: number,
): readonly (PairedDifference | null)[] {
  const pValues = differences.flatMap((difference) => difference?.pValue ?? []);
  const values = [...benjaminiHochberg(pValues)];
  return differences.map((difference) => {
    if (typeof difference?.pValue !== "number") return difference;
    const adjustedPValue = values.shift()!;
    // An interval for one comparison may exclude 0 where all of them together leave a doubt.
    const isShown = adjustedPValue <= 1 - level;
    const verdict = isShown ? difference.verdict : "no difference shown";
    return { ...difference, verdict, adjustedPValue };
  });
}
