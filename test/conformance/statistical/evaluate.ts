import tQuantile from "@stdlib/stats-base-dists-t-quantile";
import type { CaseResult, ConformanceFile, JsonObject } from "../groups/group.ts";
import { isObject } from "../groups/group.ts";
import {
  type CaseSamples,
  estimate,
  isPrecise,
  jointDifferences,
  type MetricSamples,
  metricDifference,
  misses,
  missingReplications,
} from "./acceptance.ts";
import type { MetricSpec, StatisticalModel } from "./model.ts";

const REPLICATIONS = 32;
/** More of them than this many times the least number say that the runs are too short. */
const MOST = 64;
const RERUN = 4;

/** Simulates replications `from` … `from + count − 1` of a case; a row of values for each. */
export type Replicate = (
  testCase: JsonObject,
  from: number,
  count: number,
) => Promise<readonly (readonly number[])[]>;

interface Evaluation {
  readonly testCase: JsonObject;
  readonly name: string;
  readonly specs: readonly MetricSpec[];
  readonly rows: (readonly number[])[];
  readonly differences: string[];
}

/**
 * Evaluates all cases of a table under the rules of ../README.md: replications until every metric
 * is precise enough, the family-wise test, the count and bias tests over the file's cases, and one
 * re-run, with four times the replications, for what failed.
 */
export async function evaluateTable(
  model: StatisticalModel,
  file: ConformanceFile,
  replicate: Replicate,
): Promise<readonly CaseResult[]> {
  const evaluations = file.cases.map((testCase, index) => begin(model, testCase, index));
  const sound = evaluations.filter(({ differences }) => differences.length === 0);
  const least = model.replications ?? REPLICATIONS;
  await Promise.all(sound.map((evaluation) => untilPrecise(evaluation, replicate, least)));
  const known = sound.filter(({ differences }) => differences.length === 0);
  const family = known.reduce((sum, { specs }) => sum + specs.length, 0);
  const failing = known.filter((one) => failures(samplesOf(one), family).length > 0);
  const isJoint = jointOf(known).length > 0;
  const again = isJoint ? known : failing;
  await Promise.all(again.map((evaluation) => rerun(evaluation, replicate)));
  for (const one of failing) one.differences.push(...failures(samplesOf(one), family));
  if (isJoint) blame(known);
  return evaluations.map(({ name, differences }) => ({ name, differences }));
}

function begin(model: StatisticalModel, testCase: unknown, index: number): Evaluation {
  const name = isObject(testCase) ? String(testCase["id"] ?? `case ${index}`) : `case ${index}`;
  const empty = { testCase: {}, name, specs: [], rows: [] };
  if (!isObject(testCase)) return { ...empty, differences: ["not an object"] };
  try {
    return { testCase, name, specs: model.metrics(testCase), rows: [], differences: [] };
  } catch (error) {
    return { ...empty, differences: [`could not be evaluated: ${String(error)}`] };
  }
}

const samplesOf = ({ name, specs, rows }: Evaluation): CaseSamples => ({
  name,
  metrics: specs.map((spec, index) => ({ ...spec, samples: rows.map((row) => row[index]!) })),
});

const failures = ({ metrics }: CaseSamples, family: number): readonly string[] =>
  metrics.flatMap((metric) => metricDifference(metric, family) ?? []);

const primaryOf = (evaluation: Evaluation): MetricSamples => samplesOf(evaluation).metrics[0]!;

const jointOf = (evaluations: readonly Evaluation[]): readonly string[] =>
  jointDifferences(evaluations.map(primaryOf));

async function untilPrecise(
  evaluation: Evaluation,
  replicate: Replicate,
  least: number,
): Promise<void> {
  const { testCase, rows, differences } = evaluation;
  try {
    let wanted = least;
    while (rows.length < wanted) {
      rows.push(...(await replicate(testCase, rows.length, wanted - rows.length)));
      const missing = missingReplications(samplesOf(evaluation).metrics);
      wanted = Math.min(rows.length + missing, least * MOST);
    }
  } catch (error) {
    differences.push(`could not be evaluated: ${String(error)}`);
    return;
  }
  for (const metric of samplesOf(evaluation).metrics.filter((one) => !isPrecise(one))) {
    differences.push(`not evaluated: ${imprecision(metric)}`);
  }
}

function imprecision(metric: MetricSamples): string {
  const { mean, standardError, n } = estimate(metric);
  const halfWidth = tQuantile(0.995, n - 1) * standardError;
  return `${metric.name} is only known as ${mean} ± ${halfWidth} (n = ${n})`;
}

/** Seeds follow by rule: the replications after those that were used. */
async function rerun(evaluation: Evaluation, replicate: Replicate): Promise<void> {
  const { testCase, rows } = evaluation;
  const used = rows.length;
  const fresh = await replicate(testCase, used, RERUN * used);
  rows.splice(0, used, ...fresh);
}

/** Fails those that miss when the cases of a table are off together; all, when none stands out. */
function blame(evaluations: readonly Evaluation[]): void {
  const joint = jointOf(evaluations);
  if (joint.length === 0) return;
  const missing = evaluations.filter((one) => misses(primaryOf(one)));
  for (const one of missing.length > 0 ? missing : evaluations) one.differences.push(...joint);
}
