import { z } from "zod";
import { present } from "../../../sim/kernel/assert.ts";
import type { Json } from "../../../sim/kernel/json.ts";
import { micros, seconds } from "../../../sim/kernel/time.ts";
import {
  type AnalysisMetric,
  type AnalysisRun,
  reconcileAnalysis,
  startAnalysis,
  terminated,
} from "../../../sim/policy/rollouts/argo/analysisRun.ts";
import { basicCanaryCounts } from "../../../sim/policy/rollouts/argo/basicCanary.ts";
import { parseDuration } from "../../../sim/policy/rollouts/argo/duration.ts";
import type { ExpressionValue } from "../../../sim/policy/rollouts/argo/expression/syntax.ts";
import { judge } from "../../../sim/policy/rollouts/argo/measurement.ts";
import type { CanaryStep } from "../../../sim/policy/rollouts/argo/steps.ts";
import { trafficRoutedCounts } from "../../../sim/policy/rollouts/argo/trafficRouted.ts";
import { difference } from "./group.ts";

/**
 * Evaluates one case of a table and returns how it differs. Cases of tables with `columns` come as
 * arrays in that order.
 */
type CaseRunner = (testCase: Json) => readonly string[];

/**
 * Recorded answers of Argo Rollouts, by the name of the table without its ending:
 * test/conformance/rollout/README.md.
 */
export const argoRunners: Readonly<Record<string, CaseRunner>> = {
  "argo-basic-canary": (testCase) => basicCanaryDifferences(basicCanaryCase.parse(testCase)),
  "argo-canary-paths": (testCase) => canaryPathDifferences(canaryPathCase.parse(testCase)),
  "argo-traffic-routed": (testCase) => trafficRoutedDifferences(trafficRoutedCase.parse(testCase)),
  "argo-analysis": (testCase) => analysisDifferences(analysisCase.parse(testCase)),
  "argo-conditions": (testCase) => conditionDifferences(conditionCase.parse(testCase)),
};

const count = z.int().nonnegative();
const limit = z.union([count, z.string()]).nullable();

const basicCanaryCase = z.tuple([
  count, // replicas
  limit, // maxSurge
  limit, // maxUnavailable
  z.number(), // weight
  count, // canarySpec
  count, // canaryAvailable
  count, // stableSpec
  count, // stableAvailable
  count, // otherSpec
  count, // expectCanary
  count, // expectStable
]);

function basicCanaryDifferences(testCase: z.infer<typeof basicCanaryCase>): readonly string[] {
  const [replicas, maxSurge, maxUnavailable, weight, ...counts] = testCase;
  const [canarySpec, canaryAvailable, stableSpec, stableAvailable, otherSpec] = counts;
  const { canary, stable } = basicCanaryCounts({
    replicas,
    maxSurge,
    maxUnavailable,
    weight,
    canary: { spec: canarySpec, available: canaryAvailable },
    stable: { spec: stableSpec, available: stableAvailable },
    otherSpec,
  });
  return difference("[canary, stable]", testCase.slice(-2), [canary, stable]);
}

const canaryPathCase = z.strictObject({
  replicas: count,
  maxSurge: limit,
  maxUnavailable: limit,
  weights: z.array(z.number()).min(1),
  canaryFails: z.boolean().optional(),
  path: z.array(z.tuple([z.number(), count, count])),
});

/** Longer than any path to rest. */
const MAX_ROUNDS = 1000;

function canaryPathDifferences(testCase: z.infer<typeof canaryPathCase>): readonly string[] {
  const { replicas, maxSurge, maxUnavailable, weights, canaryFails } = testCase;
  const path: [number, number, number][] = [];
  let canary = { spec: 0, available: 0 };
  let stable = { spec: replicas, available: replicas };
  for (const weight of weights) {
    for (let isAtRest = false; !isAtRest; ) {
      if (path.length > MAX_ROUNDS) return ["the path never comes to rest"];
      const limits = { maxSurge, maxUnavailable };
      const next = basicCanaryCounts({ replicas, ...limits, weight, canary, stable, otherSpec: 0 });
      path.push([weight, next.canary, next.stable]);
      const before = JSON.stringify([canary, stable]);
      canary = { spec: next.canary, available: canaryFails === true ? 0 : next.canary };
      stable = { spec: next.stable, available: next.stable };
      isAtRest = JSON.stringify([canary, stable]) === before;
    }
  }
  return difference("path", testCase.path, path);
}

const stepSchema = z.strictObject({
  setWeight: z.number().optional(),
  pause: z.literal(true).optional(),
  setCanaryScaleReplicas: count.optional(),
  setCanaryScaleWeight: z.number().optional(),
  setCanaryScaleMatchTrafficWeight: z.literal(true).optional(),
});

const weightPair = z.tuple([z.number(), z.number()]);

const trafficRoutedCase = z.strictObject({
  replicas: count,
  steps: z.array(stepSchema),
  stepIndex: count,
  dynamicStableScale: z.boolean().optional(),
  minPodsPerReplicaSet: count.optional(),
  maxTrafficWeight: count.optional(),
  abort: z.boolean().optional(),
  abortScaleDownDelaySeconds: count.optional(),
  promoteFull: z.boolean().optional(),
  actualWeights: weightPair.optional(),
  canaryAvailable: count,
  stableAvailable: count,
  expect: z.tuple([count, count]),
});

function trafficRoutedDifferences(testCase: z.infer<typeof trafficRoutedCase>): readonly string[] {
  const { replicas, stepIndex, canaryAvailable, stableAvailable, actualWeights } = testCase;
  const { canary, stable } = trafficRoutedCounts({
    replicas,
    steps: testCase.steps.map(canaryStep),
    stepIndex,
    dynamicStableScale: testCase.dynamicStableScale ?? false,
    minPodsPerReplicaSet: testCase.minPodsPerReplicaSet ?? null,
    maxTrafficWeight: testCase.maxTrafficWeight ?? 100,
    abort: testCase.abort ?? false,
    abortScaleDownDelaySeconds: testCase.abortScaleDownDelaySeconds ?? null,
    promoteFull: testCase.promoteFull ?? false,
    actualWeights:
      actualWeights === undefined ? null : { canary: actualWeights[0], stable: actualWeights[1] },
    canaryAvailable,
    stableAvailable,
  });
  return difference("[canary, stable]", testCase.expect, [canary, stable]);
}

function canaryStep(step: z.infer<typeof stepSchema>): CanaryStep {
  if (step.setWeight !== undefined) return { kind: "setWeight", weight: step.setWeight };
  if (step.pause !== undefined) return { kind: "pause", duration: null };
  const { setCanaryScaleReplicas: replicas, setCanaryScaleWeight: weight } = step;
  const scale = {
    ...(replicas !== undefined && { replicas }),
    ...(weight !== undefined && { weight }),
  };
  return { kind: "setCanaryScale", scale };
}

/** A number, a vector, or text that stands for a number that JSON cannot write. */
const value = z.union([z.number(), z.string(), z.array(z.union([z.number(), z.string()]))]);
const limitOfMetric = z.int().optional();

const metricSchema = z.strictObject({
  name: z.string(),
  interval: z.string().optional(),
  initialDelay: z.string().optional(),
  count: limitOfMetric,
  failureLimit: limitOfMetric,
  inconclusiveLimit: limitOfMetric,
  consecutiveErrorLimit: limitOfMetric,
  consecutiveSuccessLimit: limitOfMetric,
  successCondition: z.string().optional(),
  failureCondition: z.string().optional(),
  dryRun: z.boolean().optional(),
  values: z.array(value),
});

const analysisCase = z.strictObject({
  name: z.string(),
  metrics: z.array(metricSchema),
  terminateAt: count.optional(),
  rows: z.array(
    z.strictObject({
      t: count,
      run: z.string(),
      metrics: z.array(
        z
          .tuple([z.string(), z.string(), count, count, count, count, count, count, count])
          .nullable(),
      ),
      invalid: z.boolean().optional(),
    }),
  ),
});

type Row = z.infer<typeof analysisCase>["rows"][number];

/** Seconds after which a run that has not ended is given up. */
const MAX_SECONDS = 100_000;

function analysisDifferences(testCase: z.infer<typeof analysisCase>): readonly string[] {
  const { terminateAt } = testCase;
  const metrics = testCase.metrics.map(analysisMetric);
  const used = testCase.metrics.map(() => 0);
  const measure = (_: AnalysisMetric, index: number) => {
    const next = present(testCase.metrics[index]?.values[used[index]!], "value");
    used[index]! += 1;
    return next === "error" ? null : { value: measured(next) };
  };
  const rows: Row[] = [];
  let run = startAnalysis(metrics, seconds(0));
  for (let t = 0; t <= MAX_SECONDS; t += 1) {
    const before = JSON.stringify([rows.at(-1)?.run, rows.at(-1)?.metrics]);
    if (t === terminateAt) run = terminated(run);
    run = reconcileAnalysis(run, metrics, measure, seconds(t));
    const row = rowOf(run, t);
    if (JSON.stringify([row.run, row.metrics]) !== before) rows.push(row);
    const isSpent = testCase.metrics.some(({ values }, index) => used[index]! >= values.length);
    if (run.phase !== "Running" || (isSpent && terminateAt === undefined)) break;
  }
  return difference("rows", testCase.rows, rows);
}

function rowOf(run: AnalysisRun, t: number): Row {
  return {
    t,
    run: run.phase,
    metrics: run.results.map((result) =>
      result === null
        ? null
        : [
            result.lastMeasurement,
            result.phase,
            result.count,
            result.successful,
            result.failed,
            result.inconclusive,
            result.error,
            result.consecutiveError,
            result.consecutiveSuccess,
          ],
    ),
    ...(run.invalid !== null && { invalid: true }),
  };
}

function analysisMetric(metric: z.infer<typeof metricSchema>): AnalysisMetric {
  const duration = (text: string | undefined) =>
    text === undefined ? null : micros(present(parseDuration(text), `duration in ${text}`));
  return {
    name: metric.name,
    interval: duration(metric.interval),
    initialDelay: duration(metric.initialDelay),
    count: metric.count ?? null,
    failureLimit: metric.failureLimit ?? null,
    inconclusiveLimit: metric.inconclusiveLimit ?? null,
    consecutiveErrorLimit: metric.consecutiveErrorLimit ?? null,
    consecutiveSuccessLimit: metric.consecutiveSuccessLimit ?? null,
    successCondition: metric.successCondition || null,
    failureCondition: metric.failureCondition || null,
    dryRun: metric.dryRun ?? false,
  };
}

const conditionCase = z.tuple([z.string(), z.string(), value, z.string()]);

function conditionDifferences(testCase: z.infer<typeof conditionCase>): readonly string[] {
  const [successCondition, failureCondition, result, expected] = testCase;
  const conditions = {
    successCondition: successCondition || null,
    failureCondition: failureCondition || null,
  };
  return difference("phase", expected, judge(conditions, measured(result)));
}

const NUMBERS: Readonly<Record<string, number>> = {
  NaN,
  Inf: Infinity,
  "+Inf": Infinity,
  "-Inf": -Infinity,
};

function measured(written: z.infer<typeof value>): ExpressionValue {
  if (Array.isArray(written)) return written.map(measured);
  return typeof written === "string" ? (NUMBERS[written] ?? written) : written;
}
