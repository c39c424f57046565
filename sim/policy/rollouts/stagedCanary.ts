import { z } from "zod";
import { type Micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { logLikelihoodRatio, sprtVerdict, sprtWalk } from "../judges/sprt.ts";
import { type ThresholdLimits, thresholdFault } from "../judges/thresholdRule.ts";
import type { Step } from "../policy.ts";
import {
  type RolloutDecision,
  type RolloutObservation,
  type RolloutPolicy,
  splitBetween,
} from "../rollout.ts";

const PERCENT = /^\d+(?:\.\d+)?%$/;

/** From 0 to 1, of a number or a percentage such as `1%`; NaN of another text. */
function shareOf(written: number | string): number {
  if (typeof written === "number") return written;
  return PERCENT.test(written) ? Number(written.slice(0, -1)) / 100 : Number.NaN;
}

const SHARE = { error: "a share from 0 to 1, or a percentage like 1%" };
const share = z
  .union([z.number(), z.string()], SHARE)
  .refine((written) => shareOf(written) >= 0 && shareOf(written) <= 1, SHARE);
const positiveShare = share.refine((written) => shareOf(written) !== 0, { error: "more than 0" });

/**
 * Shares of errors of a good and of a bad release, and how often each may be taken for the other.
 */
const sprtSchema = z
  .strictObject({
    p0: positiveShare,
    p1: positiveShare,
    alpha: positiveShare.optional(),
    beta: positiveShare.optional(),
  })
  .refine(({ p0, p1 }) => shareOf(p0) < shareOf(p1) && shareOf(p1) < 1, {
    error: "a p1 that is more than p0 and less than 1",
  });

/**
 * Canary in stages of growing traffic, each judged once, at its end: row 16 of the reference
 * systems. Rates are shares, 0 … 1. The named variants are ways to read the document that this
 * comes from.
 */
export const stagedCanaryConfigSchema = z.strictObject({
  /** Percent of the traffic, stage by stage. */
  stages: z.array(z.number().positive().max(100)).min(1).optional(),
  stageSeconds: z.number().positive().optional(),
  /** A stage with fewer canary requests is not judged. */
  minimumRequests: z.int().nonnegative().optional(),
  errorRateLimit: share.optional(),
  /** Canary's error rate over production's, which counts as at least `errorRatioFloor`. */
  errorRatioLimit: z.number().positive().optional(),
  errorRatioFloor: positiveShare.optional(),
  p50RatioLimit: z.number().positive().optional(),
  /**
   * Errors count against the canary only if the one-sided test of two proportions gives a p-value
   * below this. Default: no test.
   */
  significanceLevel: positiveShare.optional(),
  /**
   * Instead of the limits of error rates: Wald's sequential test of the canary's error share, at
   * every look. It ends a stage as soon as it knows; one that does not know at the stage's end goes
   * the way of a short stage.
   */
  sprt: sprtSchema.optional(),
  /** What a stage that is short of requests does at its end: go on unjudged, or wait for them. */
  shortStage: z.enum(["advance", "extend"]).optional(),
  /** Without production traffic the ratio rules are skipped, or production counts as faultless. */
  emptyBaseline: z.enum(["skip-ratios", "floor"]).optional(),
  counters: z.enum(["fresh", "cumulative"]).optional(),
  syncPeriodSeconds: z.number().positive().optional(),
});

export type StagedCanaryConfig = z.infer<typeof stagedCanaryConfigSchema>;

export type StagedCanaryState = ThresholdLimits & {
  readonly stages: readonly number[];
  readonly stageDuration: Micros;
  readonly minimumRequests: number;
  readonly sprt: SprtState | null;
  readonly shortStage: "advance" | "extend";
  readonly counters: "fresh" | "cumulative";
  readonly syncPeriod: Micros;
  /** Stage in progress, from 0; its replicas come first, then its traffic. */
  readonly stage: number;
  readonly phase: "scaling" | "observing" | "over";
  readonly stageStart: Micros | null;
};

/** `SprtConfig` as plain JSON. */
type SprtState = {
  readonly p0: number;
  readonly p1: number;
  readonly alpha: number;
  readonly beta: number;
};

type StagedStep = Step<StagedCanaryState, RolloutDecision>;

export const stagedCanary: RolloutPolicy<StagedCanaryConfig, StagedCanaryState> = {
  name: "staged-canary",
  validate(config) {
    const problems = problemsOf(stagedCanaryConfigSchema, config);
    if (problems.length > 0) return problems;
    const { stages } = stagedCanaryConfigSchema.parse(config);
    const falling = stages?.findIndex((percent, i) => i > 0 && percent <= stages[i - 1]!) ?? -1;
    if (falling < 0) return [];
    const expected = `more than the stage before it (${stages![falling - 1]})`;
    return [{ path: ["stages", falling], expected, received: String(stages![falling]) }];
  },
  init: (config) => ({
    stages: config.stages ?? [1, 5, 10, 25, 50, 100],
    stageDuration: seconds(config.stageSeconds ?? 60),
    minimumRequests: config.minimumRequests ?? 100,
    errorRateLimit: shareOf(config.errorRateLimit ?? 0.01),
    errorRatioLimit: config.errorRatioLimit ?? 2,
    errorRatioFloor: shareOf(config.errorRatioFloor ?? 0.001),
    p50RatioLimit: config.p50RatioLimit ?? 1.5,
    significanceLevel:
      config.significanceLevel === undefined ? null : shareOf(config.significanceLevel),
    sprt: config.sprt === undefined ? null : initialSprt(config.sprt),
    shortStage: config.shortStage ?? "advance",
    emptyBaseline: config.emptyBaseline ?? "skip-ratios",
    counters: config.counters ?? "fresh",
    syncPeriod: seconds(config.syncPeriodSeconds ?? 1),
    stage: 0,
    phase: "scaling",
    stageStart: null,
  }),
  syncPeriod: (state) => state.syncPeriod,
  step(state, observation, now) {
    // What an autoscaler wants in all is the stable revision's to serve.
    if (state.phase !== "over" && observation.stable.replicas !== observation.replicas) {
      return { state, decision: followScale(state, observation) };
    }
    switch (state.phase) {
      case "over":
        return hold(state, "RolloutOver");
      case "scaling":
        return bringUp(state, observation, now);
      case "observing":
        return observe(state, observation, now);
    }
  },
};

const followScale = (
  { stage }: StagedCanaryState,
  { replicas, stable, canary }: RolloutObservation,
): RolloutDecision => ({
  kind: "advance",
  reason: "FollowsScale",
  stage,
  routes: splitBetween(stable.revision, canary.revision, canary.weight),
  replicas: { [stable.revision]: replicas },
  resetCounters: false,
});

/** Replicas first: traffic for a canary that is not there yet would fail. */
function bringUp(
  state: StagedCanaryState,
  { replicas, stable, canary }: RolloutObservation,
  now: Micros,
): StagedStep {
  const weight = state.stages[state.stage]! / 100;
  const wanted = Math.max(1, Math.ceil(weight * replicas - 1e-9));
  if (canary.replicas < wanted) {
    const decision: RolloutDecision = {
      kind: "advance",
      reason: "ScalingCanary",
      stage: state.stage,
      routes: splitBetween(stable.revision, canary.revision, canary.weight),
      replicas: { [canary.revision]: wanted },
      resetCounters: false,
    };
    return { state, decision };
  }
  if (canary.availableReplicas < wanted) return hold(state, "WaitingForCanary");
  const decision: RolloutDecision = {
    kind: "advance",
    reason: "StageStarted",
    stage: state.stage,
    routes: splitBetween(stable.revision, canary.revision, weight),
    replicas: {},
    resetCounters: state.counters === "fresh" || state.stage === 0,
  };
  return { state: { ...state, phase: "observing", stageStart: now }, decision };
}

function observe(
  state: StagedCanaryState,
  { stable, canary }: RolloutObservation,
  now: Micros,
): StagedStep {
  const isOver = now - (state.stageStart ?? now) >= state.stageDuration;
  if (state.sprt !== null) return test(state, state.sprt, { stable, canary }, isOver);
  if (!isOver) return hold(state, "StageInProgress");
  if (canary.requests < state.minimumRequests) return unjudged(state, { stable, canary });
  // Fresh counters without production traffic hold only stragglers of the stage before: no sample.
  const isAlone = state.counters === "fresh" && stable.weight === 0;
  const production = isAlone ? { requests: 0, failures: 0, p50Ms: null } : stable;
  return judged(state, thresholdFault(state, production, canary), { stable, canary });
}

/** A stage under a sequential test: errors are its business, the p50 that of the limits. */
function test(
  state: StagedCanaryState,
  sprt: SprtState,
  { stable, canary }: Sides,
  isOver: boolean,
): StagedStep {
  const walk = sprtWalk(sprt);
  const { requests, failures: errors } = canary;
  const verdict = sprtVerdict(walk, logLikelihoodRatio(walk, { requests, errors }));
  if (verdict === "reject") {
    const fault = `${errors} errors in ${requests} requests: rejected`;
    return judged(state, fault, { stable, canary });
  }
  if (verdict === "continue") {
    return isOver ? unjudged(state, { stable, canary }) : hold(state, "StageInProgress");
  }
  const limits = { ...state, errorRateLimit: 1, errorRatioLimit: Number.MAX_VALUE };
  return judged(state, thresholdFault(limits, stable, canary), { stable, canary });
}

type Sides = Pick<RolloutObservation, "stable" | "canary">;

/** A stage at its end that is short of requests. */
const unjudged = (state: StagedCanaryState, sides: Sides): StagedStep =>
  state.shortStage === "extend"
    ? hold(state, "WaitingForRequests")
    : next(state, "TooFewRequestsToJudge", sides);

/** `fault`: what speaks against the canary; null for nothing. */
const judged = (state: StagedCanaryState, fault: string | null, sides: Sides): StagedStep =>
  fault === null
    ? next(state, "StagePassed", sides)
    : { state: { ...state, phase: "over" }, decision: { kind: "rollback", reason: fault } };

const initialSprt = ({ p0, p1, alpha, beta }: z.infer<typeof sprtSchema>): SprtState => ({
  p0: shareOf(p0),
  p1: shareOf(p1),
  alpha: shareOf(alpha ?? 0.05),
  beta: shareOf(beta ?? 0.05),
});

function next(state: StagedCanaryState, reason: string, { stable, canary }: Sides): StagedStep {
  const stage = state.stage + 1;
  if (stage >= state.stages.length) {
    return { state: { ...state, phase: "over" }, decision: { kind: "promote", reason } };
  }
  const decision: RolloutDecision = {
    kind: "advance",
    reason,
    stage,
    routes: splitBetween(stable.revision, canary.revision, canary.weight),
    replicas: {},
    resetCounters: false,
  };
  return { state: { ...state, stage, phase: "scaling" }, decision };
}

const hold = (state: StagedCanaryState, reason: string): StagedStep => ({
  state,
  decision: { kind: "hold", reason },
});
