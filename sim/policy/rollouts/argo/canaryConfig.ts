import { z } from "zod";
import type { Micros } from "../../../kernel/time.ts";
import { seconds } from "../../../kernel/time.ts";
import { problemsOf, shown } from "../../autoscalers/problems.ts";
import { type IntOrPercent, intOrPercentSchema, percentOf } from "../../intOrPercent.ts";
import type { ConfigProblem } from "../../policy.ts";
import { bindingsSchema } from "./bindings.ts";
import { parseDuration } from "./duration.ts";
import { type Operator, operatorOf, operatorSchema } from "./operator.ts";
import type { CanaryStep } from "./steps.ts";
import {
  type AnalysisSources,
  analysisProblems,
  analysisUseFields,
  analysisUseSchema,
  type BoundMetric,
  boundMetrics,
  templatesSchema,
} from "./templates.ts";

const seconds0 = z.int32().nonnegative().optional();
const ignored = z.unknown().optional();

const stepSchema = z.strictObject({
  setWeight: z.int32().nonnegative().optional(),
  pause: z
    .strictObject({
      duration: z.union([z.int32().nonnegative(), z.string()], { error: "a duration" }).optional(),
    })
    .nullish(),
  setCanaryScale: z
    .strictObject({
      replicas: z.int32().nonnegative().optional(),
      weight: z.int32().min(0).max(100).optional(),
      matchTrafficWeight: z.boolean().optional(),
    })
    .optional(),
  analysis: analysisUseSchema.optional(),
});
type StepInput = z.infer<typeof stepSchema>;

/** `spec.strategy.canary` of a Rollout. Fields that are about names and labels only do nothing. */
const canarySchema = z.strictObject({
  steps: z.array(stepSchema).optional(),
  maxSurge: intOrPercentSchema.optional(),
  maxUnavailable: intOrPercentSchema.optional(),
  /** Whichever it is: the simulation splits traffic by weights. */
  trafficRouting: z.looseObject({ maxTrafficWeight: z.int32().positive().optional() }).optional(),
  dynamicStableScale: z.boolean().optional(),
  minPodsPerReplicaSet: z.int32().positive().optional(),
  scaleDownDelaySeconds: seconds0,
  abortScaleDownDelaySeconds: seconds0,
  analysis: z
    .strictObject({ ...analysisUseFields, startingStep: z.int32().nonnegative().optional() })
    .optional(),
  canaryService: ignored,
  stableService: ignored,
  canaryMetadata: ignored,
  stableMetadata: ignored,
  antiAffinity: ignored,
  scaleDownDelayRevisionLimit: ignored,
});

const argoCanaryConfigSchema = z.strictObject({
  strategy: z.strictObject({ canary: canarySchema }),
  analysisTemplates: templatesSchema.optional(),
  bindings: bindingsSchema.optional(),
  operator: operatorSchema.optional(),
  syncPeriodSeconds: z.number().positive().optional(),
});

export type ArgoCanaryConfig = z.infer<typeof argoCanaryConfigSchema>;

/** A configuration with its defaults filled in, as the policy's state keeps it. */
export type CanarySettings = {
  readonly steps: readonly CanaryStep[];
  /** Metrics of the analysis steps, in order. */
  readonly stepAnalyses: readonly (readonly BoundMetric[])[];
  readonly background: readonly BoundMetric[] | null;
  readonly startingStep: number;
  readonly maxSurge: IntOrPercent | null;
  readonly maxUnavailable: IntOrPercent | null;
  readonly hasRouter: boolean;
  readonly maxTrafficWeight: number;
  readonly dynamicStableScale: boolean;
  readonly minPodsPerReplicaSet: number | null;
  readonly scaleDownDelay: Micros;
  /** 0: an aborted canary keeps its replicas. */
  readonly abortScaleDownDelaySeconds: number;
  readonly operator: Operator;
  readonly syncPeriod: Micros;
};

const DEFAULT_MAX_WEIGHT = 100;
/** Of both delays: https://argo-rollouts.readthedocs.io/en/stable/features/specification/ */
const DEFAULT_DELAY_SECONDS = 30;

export function canarySettings(config: ArgoCanaryConfig): CanarySettings {
  const { canary } = config.strategy;
  const sources = sourcesOf(config);
  const written = canary.steps ?? [];
  const analyses = written.flatMap(({ analysis }) => (analysis === undefined ? [] : [analysis]));
  return {
    steps: written.map((step, index) => canaryStep(step, analysesBefore(written, index))),
    stepAnalyses: analyses.map((use) => boundMetrics(use, sources)),
    background: canary.analysis === undefined ? null : boundMetrics(canary.analysis, sources),
    startingStep: canary.analysis?.startingStep ?? 0,
    maxSurge: canary.maxSurge ?? null,
    maxUnavailable: canary.maxUnavailable ?? null,
    hasRouter: canary.trafficRouting !== undefined,
    maxTrafficWeight: canary.trafficRouting?.maxTrafficWeight ?? DEFAULT_MAX_WEIGHT,
    dynamicStableScale: canary.dynamicStableScale ?? false,
    minPodsPerReplicaSet: canary.minPodsPerReplicaSet ?? null,
    scaleDownDelay: seconds(canary.scaleDownDelaySeconds ?? DEFAULT_DELAY_SECONDS),
    abortScaleDownDelaySeconds: canary.abortScaleDownDelaySeconds ?? DEFAULT_DELAY_SECONDS,
    operator: operatorOf(config.operator),
    syncPeriod: seconds(config.syncPeriodSeconds ?? 1),
  };
}

export function validateCanaryConfig(config: unknown): readonly ConfigProblem[] {
  const shape = problemsOf(argoCanaryConfigSchema, config);
  if (shape.length > 0) return shape;
  const written = argoCanaryConfigSchema.parse(config);
  const { canary } = written.strategy;
  const path = ["strategy", "canary"];
  const sources = sourcesOf(written);
  return [
    ...(canary.steps ?? []).flatMap((step, index) => [
      ...stepProblems(step, [...path, "steps", index], canary),
      ...analysisProblems(step.analysis, [...path, "steps", index, "analysis"], sources),
    ]),
    ...analysisProblems(canary.analysis, [...path, "analysis"], sources),
    ...canaryProblems(canary, path),
  ];
}

const sourcesOf = (config: ArgoCanaryConfig): AnalysisSources => ({
  analysisTemplates: config.analysisTemplates ?? [],
  bindings: config.bindings ?? {},
});

const analysesBefore = (steps: readonly StepInput[], index: number): number =>
  steps.slice(0, index).filter(({ analysis }) => analysis !== undefined).length;

/** `analysis` is the number that its analysis has, if it is one. */
function canaryStep(step: StepInput, analysis: number): CanaryStep {
  if (step.setWeight !== undefined) return { kind: "setWeight", weight: step.setWeight };
  if (step.analysis !== undefined) return { kind: "analysis", analysis };
  if (step.setCanaryScale !== undefined) {
    const { replicas, weight } = step.setCanaryScale;
    if (replicas !== undefined) return { kind: "setCanaryScale", scale: { replicas } };
    return { kind: "setCanaryScale", scale: weight === undefined ? {} : { weight } };
  }
  return { kind: "pause", duration: pauseDuration(step.pause?.duration) };
}

/** A number, also as text, is in seconds. */
function pauseDuration(written: number | string | undefined): Micros | null {
  if (written === undefined) return null;
  if (typeof written === "number") return seconds(written);
  return /^[0-9]+$/.test(written) ? seconds(Number(written)) : parseDuration(written);
}

type Path = readonly (string | number)[];
type CanaryInput = z.infer<typeof canarySchema>;

function stepProblems(step: StepInput, path: Path, canary: CanaryInput): ConfigProblem[] {
  const kinds = Object.entries(step).filter(([, value]) => value !== undefined);
  if (kinds.length !== 1) {
    const expected = "one of setWeight, pause, setCanaryScale, analysis";
    return [{ path, expected, received: shown(kinds.map(([kind]) => kind)) }];
  }
  const problems: ConfigProblem[] = [];
  const report = (field: readonly string[], expected: string, received: unknown): void => {
    problems.push({ path: [...path, ...field], expected, received: shown(received) });
  };
  const { setWeight, pause, setCanaryScale } = step;
  const most = canary.trafficRouting?.maxTrafficWeight ?? DEFAULT_MAX_WEIGHT;
  if (setWeight !== undefined && setWeight > most) {
    report(["setWeight"], `0 to ${most}`, setWeight);
  }
  const duration = pause?.duration;
  if (duration !== undefined && pauseDuration(duration) === null) {
    report(["pause", "duration"], "seconds, or a duration like 30s, 5m or 1h", duration);
  }
  if (setCanaryScale !== undefined) {
    const fields = Object.values(setCanaryScale).filter((value) => value !== undefined);
    if (fields.length !== 1) {
      report(["setCanaryScale"], "one of replicas, weight, matchTrafficWeight", setCanaryScale);
    }
    if (canary.trafficRouting === undefined) {
      report(["setCanaryScale"], "trafficRouting beside it", setCanaryScale);
    }
  }
  return problems;
}

function canaryProblems(canary: CanaryInput, path: Path): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const report = (field: readonly string[], expected: string, received: unknown): void => {
    problems.push({ path: [...path, ...field], expected, received: shown(received) });
  };
  const isZero = (value: IntOrPercent | undefined): boolean =>
    value !== undefined && (percentOf(value) ?? value) === 0;
  if (isZero(canary.maxSurge) && isZero(canary.maxUnavailable)) {
    report(["maxUnavailable"], "more than 0, since maxSurge is 0", canary.maxUnavailable);
  }
  const { trafficRouting, dynamicStableScale, scaleDownDelaySeconds: delay } = canary;
  if (dynamicStableScale === true && trafficRouting === undefined) {
    report(["dynamicStableScale"], "trafficRouting beside it", true);
  }
  if (dynamicStableScale === true && delay !== undefined) {
    report(["scaleDownDelaySeconds"], "none with dynamicStableScale", delay);
  }
  if (trafficRouting === undefined && delay !== undefined) {
    report(["scaleDownDelaySeconds"], "trafficRouting beside it", delay);
  }
  const starting = canary.analysis?.startingStep;
  const count = canary.steps?.length ?? 0;
  if (starting !== undefined && starting >= count) {
    report(["analysis", "startingStep"], `less than the number of steps (${count})`, starting);
  }
  return problems;
}
