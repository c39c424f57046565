import { z } from "zod";
import { type Micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import type { ConfigProblem, Step } from "../policy.ts";
import type { RolloutDecision, RolloutObservation, RolloutPolicy } from "../rollout.ts";
import type { AnalysisRun } from "./argo/analysisRun.ts";
import { bindingsSchema, windowsOf } from "./argo/bindings.ts";
import { faultOf, reconciled } from "./argo/canaryAnalyses.ts";
import { hasPassed, type Operator, operatorOf, operatorSchema } from "./argo/operator.ts";
import {
  type AnalysisSources,
  analysisProblems,
  analysisUseSchema,
  type BoundMetric,
  boundMetrics,
  templatesSchema,
} from "./argo/templates.ts";
import { towards, withVerdict } from "./argo/wanted.ts";

const delay = z.int32().nonnegative().optional();
const ignored = z.unknown().optional();

const blueGreenConfigSchema = z.strictObject({
  /** `spec.strategy` of a Rollout. Fields that are about names and labels only do nothing. */
  strategy: z.strictObject({
    blueGreen: z.strictObject({
      previewReplicaCount: z.int32().positive().optional(),
      autoPromotionEnabled: z.boolean().optional(),
      autoPromotionSeconds: delay,
      prePromotionAnalysis: analysisUseSchema.optional(),
      postPromotionAnalysis: analysisUseSchema.optional(),
      scaleDownDelaySeconds: delay,
      abortScaleDownDelaySeconds: delay,
      activeService: ignored,
      previewService: ignored,
      activeMetadata: ignored,
      previewMetadata: ignored,
      antiAffinity: ignored,
      scaleDownDelayRevisionLimit: ignored,
    }),
  }),
  analysisTemplates: templatesSchema.optional(),
  bindings: bindingsSchema.optional(),
  operator: operatorSchema.optional(),
  syncPeriodSeconds: z.number().positive().optional(),
});

type BlueGreenConfig = z.infer<typeof blueGreenConfigSchema>;

type BlueGreenState = {
  readonly previewReplicaCount: number | null;
  readonly autoPromotionEnabled: boolean;
  readonly autoPromotionAfter: Micros;
  readonly preAnalysis: readonly BoundMetric[] | null;
  readonly postAnalysis: readonly BoundMetric[] | null;
  readonly scaleDownDelay: Micros;
  /** 0: an aborted preview keeps its replicas. */
  readonly abortScaleDownDelay: Micros;
  readonly operator: Operator;
  readonly syncPeriod: Micros;
  /**
   * `preview`: comes up without traffic. `pause`: waits to be promoted. `filling`: gets all its
   * replicas. `active`: has the traffic, and is still on probation. `finishing`: the old replicas
   * wait for their end. `aborted`: the new ones do.
   */
  readonly phase: "preview" | "pause" | "filling" | "active" | "finishing" | "aborted" | "over";
  readonly startTime: Micros | null;
  /** When the phase began. */
  readonly since: Micros | null;
  readonly inconclusiveSince: Micros | null;
  /** The analysis before or after the switch, whichever is in progress. */
  readonly run: AnalysisRun | null;
  /** Share of the traffic that was asked for last. */
  readonly share: 0 | 1;
  readonly endReason: string;
};

type BlueGreenStep = Step<BlueGreenState, RolloutDecision>;

/** Of both delays: https://argo-rollouts.readthedocs.io/en/stable/features/bluegreen/ */
const DEFAULT_DELAY_SECONDS = 30;

/**
 * The blue-green strategy of Argo Rollouts 1.9: the new revision comes up beside the old one, is
 * tried, gets all traffic at once, and gives it back if the analysis after the switch fails.
 * Source: https://argo-rollouts.readthedocs.io/en/stable/features/bluegreen/
 */
export const blueGreen: RolloutPolicy<BlueGreenConfig, BlueGreenState> = {
  name: "blue-green",
  // `status.HPAReplicas` and `status.selector` are those of the active ReplicaSet.
  scaleSelector: "active",
  validate(config) {
    const shape = problemsOf(blueGreenConfigSchema, config);
    return shape.length > 0 ? shape : analysesProblems(blueGreenConfigSchema.parse(config));
  },
  init(config) {
    const { blueGreen: written } = config.strategy;
    const sources = sourcesOf(config);
    const metricsOf = (use: typeof written.prePromotionAnalysis) =>
      use === undefined ? null : boundMetrics(use, sources);
    return {
      previewReplicaCount: written.previewReplicaCount ?? null,
      autoPromotionEnabled: written.autoPromotionEnabled ?? true,
      autoPromotionAfter: seconds(written.autoPromotionSeconds ?? 0),
      preAnalysis: metricsOf(written.prePromotionAnalysis),
      postAnalysis: metricsOf(written.postPromotionAnalysis),
      scaleDownDelay: seconds(written.scaleDownDelaySeconds ?? DEFAULT_DELAY_SECONDS),
      abortScaleDownDelay: seconds(written.abortScaleDownDelaySeconds ?? DEFAULT_DELAY_SECONDS),
      operator: operatorOf(config.operator),
      syncPeriod: seconds(config.syncPeriodSeconds ?? 1),
      phase: "preview",
      startTime: null,
      since: null,
      inconclusiveSince: null,
      run: null,
      share: 0,
      endReason: "",
    };
  },
  syncPeriod: (state) => state.syncPeriod,
  windows: ({ preAnalysis, postAnalysis }) =>
    windowsOf([...(preAnalysis ?? []), ...(postAnalysis ?? [])].map(({ binding }) => binding)),
  step(before, observation, now) {
    const state = { ...before, startTime: before.startTime ?? now, since: before.since ?? now };
    const isOpen = state.phase !== "over" && state.phase !== "aborted";
    const isAborted = isOpen && hasPassed(state.operator.abortAt, state.startTime, now);
    return withVerdict(
      isAborted
        ? goBack(aborted(state, "AbortedByOperator", now), observation, now)
        : stepOf(state, observation, now),
    );
  },
};

const sourcesOf = (config: BlueGreenConfig): AnalysisSources => ({
  analysisTemplates: config.analysisTemplates ?? [],
  bindings: config.bindings ?? {},
});

function analysesProblems(config: BlueGreenConfig): readonly ConfigProblem[] {
  const sources = sourcesOf(config);
  return (["prePromotionAnalysis", "postPromotionAnalysis"] as const).flatMap((field) =>
    analysisProblems(config.strategy.blueGreen[field], ["strategy", "blueGreen", field], sources),
  );
}

function stepOf(
  state: BlueGreenState,
  observation: RolloutObservation,
  now: Micros,
): BlueGreenStep {
  switch (state.phase) {
    case "preview":
      return preview(state, observation, now);
    case "pause":
      return pause(state, observation, now);
    case "filling":
      return fill(state, observation, now);
    case "active":
      return prove(state, observation, now);
    case "finishing":
      return finish(state, observation, now);
    case "aborted":
      return goBack(state, observation, now);
    case "over":
      return { state, decision: { kind: "hold", reason: "RolloutOver" } };
  }
}

const entering = (
  state: BlueGreenState,
  phase: BlueGreenState["phase"],
  now: Micros,
): BlueGreenState => ({ ...state, phase, since: now, run: null, inconclusiveSince: null });

const isPromotedInFull = ({ operator, startTime }: BlueGreenState, now: Micros): boolean =>
  hasPassed(operator.promoteFullAt, startTime, now);

function preview(
  state: BlueGreenState,
  observation: RolloutObservation,
  now: Micros,
): BlueGreenStep {
  if (isPromotedInFull(state, now)) return fill(entering(state, "filling", now), observation, now);
  const wanted = previewCount(state, observation);
  if (state.run === null && !isAvailable(observation, wanted)) {
    return apply(state, observation, "ScalingPreview");
  }
  const judged = withAnalysis(state, state.preAnalysis, observation, now);
  if (judged.verdict === "fault") {
    return goBack(aborted(judged.state, judged.reason, now), observation, now);
  }
  if (judged.verdict !== "passed") return apply(judged.state, observation, judged.reason);
  return pause(entering(judged.state, "pause", now), observation, now);
}

const previewCount = (
  { previewReplicaCount }: BlueGreenState,
  { replicas }: RolloutObservation,
): number => previewReplicaCount ?? replicas;

const isAvailable = ({ canary }: RolloutObservation, count: number): boolean =>
  canary.replicas === count && canary.availableReplicas === count;

function pause(state: BlueGreenState, observation: RolloutObservation, now: Micros): BlueGreenStep {
  const { autoPromotionEnabled, autoPromotionAfter, operator, since } = state;
  const isTimed = autoPromotionEnabled || autoPromotionAfter > 0;
  const isPromoted =
    isPromotedInFull(state, now) ||
    (isTimed && hasPassed(autoPromotionAfter, since, now)) ||
    hasPassed(operator.promoteAfter, since, now);
  if (!isPromoted) return apply(state, observation, "BlueGreenPause");
  return fill(entering(state, "filling", now), observation, now);
}

function fill(state: BlueGreenState, observation: RolloutObservation, now: Micros): BlueGreenStep {
  if (!isAvailable(observation, observation.replicas)) {
    return apply(state, observation, "ScalingPreview");
  }
  const active = { ...entering(state, "active", now) };
  return apply(active, observation, "SwitchedActive", true);
}

/** The first measurement comes after the switch has had its effect on the counters. */
function prove(state: BlueGreenState, observation: RolloutObservation, now: Micros): BlueGreenStep {
  const metrics = isPromotedInFull(state, now) ? null : state.postAnalysis;
  const judged = withAnalysis(state, metrics, observation, now);
  if (judged.verdict === "fault") {
    return goBack(aborted(judged.state, judged.reason, now), observation, now);
  }
  if (judged.verdict !== "passed") return apply(judged.state, observation, judged.reason);
  return finish(entering(judged.state, "finishing", now), observation, now);
}

function finish(
  state: BlueGreenState,
  observation: RolloutObservation,
  now: Micros,
): BlueGreenStep {
  if (!hasPassed(state.scaleDownDelay, state.since, now)) {
    return apply(state, observation, "ScaleDownDelay");
  }
  return over(state, { kind: "promote", reason: "SwitchedActive" });
}

const aborted = (state: BlueGreenState, endReason: string, now: Micros): BlueGreenState => ({
  ...entering(state, "aborted", now),
  endReason,
});

/** Traffic returns at once: the old replicas are still there. */
function goBack(
  state: BlueGreenState,
  observation: RolloutObservation,
  now: Micros,
): BlueGreenStep {
  const { abortScaleDownDelay, since, endReason } = state;
  if (abortScaleDownDelay > 0 && hasPassed(abortScaleDownDelay, since, now)) {
    return over(state, { kind: "rollback", reason: endReason });
  }
  return apply(state, observation, endReason);
}

const over = (state: BlueGreenState, decision: RolloutDecision): BlueGreenStep => ({
  state: { ...state, phase: "over" },
  decision,
});

interface Judged {
  readonly state: BlueGreenState;
  readonly verdict: "passed" | "waiting" | "fault";
  readonly reason: string;
}

function withAnalysis(
  before: BlueGreenState,
  metrics: readonly BoundMetric[] | null,
  observation: RolloutObservation,
  now: Micros,
): Judged {
  if (metrics === null) return { state: before, verdict: "passed", reason: "" };
  const resumes = hasPassed(before.operator.promoteAfter, before.inconclusiveSince, now);
  const state = resumes ? { ...before, run: null, inconclusiveSince: null } : before;
  const run = reconciled(state.run, metrics, observation, now);
  const fault = faultOf(run, metrics);
  if (fault !== null) return { state: { ...state, run }, verdict: "fault", reason: fault };
  if (run.phase === "Successful")
    return { state: { ...state, run }, verdict: "passed", reason: "" };
  if (run.phase === "Running") {
    return { state: { ...state, run }, verdict: "waiting", reason: "AnalysisRunning" };
  }
  const inconclusiveSince = state.inconclusiveSince ?? now;
  return {
    state: { ...state, run, inconclusiveSince },
    verdict: "waiting",
    reason: "InconclusiveAnalysis",
  };
}

/** Asks for the counts and the traffic that belong to the phase. */
function apply(
  state: BlueGreenState,
  observation: RolloutObservation,
  reason: string,
  resetCounters = false,
): BlueGreenStep {
  const { replicas, canary, stable } = observation;
  const isActive = state.phase === "active" || state.phase === "finishing";
  const counts: Readonly<Record<BlueGreenState["phase"], number>> = {
    preview: previewCount(state, observation),
    pause: previewCount(state, observation),
    filling: replicas,
    active: replicas,
    finishing: replicas,
    aborted: canary.replicas,
    over: canary.replicas,
  };
  const share = isActive ? 1 : 0;
  const decision = towards(
    // The side without traffic is not scaled any more.
    { canary: counts[state.phase], stable: isActive ? stable.replicas : replicas, share },
    observation,
    { stage: STAGES[state.phase], reason, resetCounters, lastShare: state.share },
  );
  return { state: { ...state, share }, decision };
}

const STAGES: Readonly<Record<BlueGreenState["phase"], number>> = {
  preview: 0,
  pause: 1,
  filling: 2,
  active: 3,
  finishing: 4,
  aborted: 5,
  over: 5,
};
