import { type Micros, seconds } from "../../../kernel/time.ts";
import type { Step } from "../../policy.ts";
import type { RolloutDecision, RolloutObservation, RolloutPolicy } from "../../rollout.ts";
import { windowsOf } from "./bindings.ts";
import {
  abortReason,
  isInconclusive,
  withAnalyses,
  withoutInconclusive,
} from "./canaryAnalyses.ts";
import { type ArgoCanaryConfig, canarySettings, validateCanaryConfig } from "./canaryConfig.ts";
import { availableShare, countsOf, isAtCounts, routerWeight } from "./canaryCounts.ts";
import { type ArgoCanaryState, initialCanaryState } from "./canaryState.ts";
import { hasPassed } from "./operator.ts";
import { towards, withVerdict } from "./wanted.ts";

type CanaryStepResult = Step<ArgoCanaryState, RolloutDecision>;

/**
 * The canary strategy of Argo Rollouts 1.9, with and without traffic router. Its steps are pasted
 * from a manifest; queries of AnalysisTemplates are bound to metrics of the simulation, which count
 * over a window. What people do (promote, abort) is part of the configuration.
 * Source: https://argo-rollouts.readthedocs.io/en/stable/features/canary/ and recorded runs
 * (test/conformance/rollout/argo-*).
 */
export const argoCanary: RolloutPolicy<ArgoCanaryConfig, ArgoCanaryState> = {
  name: "argo-canary",
  validate: validateCanaryConfig,
  init: (config) => initialCanaryState(canarySettings(config)),
  syncPeriod: ({ settings }) => settings.syncPeriod,
  windows({ phase, settings }) {
    if (phase !== "progressing") return [];
    const metrics = [...settings.stepAnalyses.flat(), ...(settings.background ?? [])];
    return windowsOf(metrics.map(({ binding }) => binding));
  },
  step(before, observation, now) {
    const state = { ...before, startTime: before.startTime ?? now };
    return withVerdict(stepOf(state, observation, now));
  },
};

function stepOf(
  state: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): CanaryStepResult {
  switch (state.phase) {
    case "over":
      return { state, decision: { kind: "hold", reason: "RolloutOver" } };
    case "aborted":
      return goBack(state, observation, now);
    case "finishing":
      return finish(state, observation, now);
    case "progressing":
      return progress(state, observation, now);
  }
}

function progress(
  begun: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): CanaryStepResult {
  const { operator } = begun.settings;
  if (hasPassed(operator.abortAt, begun.startTime, now)) {
    return goBack(aborted(begun, "AbortedByOperator", now), observation, now);
  }
  const skips = hasPassed(operator.promoteFullAt, begun.startTime, now);
  const current = skips ? promotedInFull(begun) : begun;
  const analysed = withAnalyses(withPause(current, now), observation, now);
  const fault = abortReason(analysed);
  if (fault !== null) return goBack(aborted(analysed, fault, now), observation, now);
  const waits = isInconclusive(analysed);
  const state = waits
    ? { ...analysed, inconclusiveSince: analysed.inconclusiveSince ?? now }
    : stepsCompleted(analysed, observation, now);
  if (isComplete(state, observation) && !waits) return complete(state, observation, now);
  const resetCounters = setWeightsDone(begun, state);
  const going = resetCounters ? "TrafficWeightUpdated" : reasonOf(state, observation);
  return apply(state, observation, {
    reason: waits ? "InconclusiveAnalysis" : going,
    resetCounters,
  });
}

/** Ends the wait for a person, once that person has come. */
function withPause(state: ArgoCanaryState, now: Micros): ArgoCanaryState {
  const { promoteAfter } = state.settings.operator;
  return hasPassed(promoteAfter, state.inconclusiveSince, now) ? withoutInconclusive(state) : state;
}

const promotedInFull = (state: ArgoCanaryState): ArgoCanaryState => ({
  ...state,
  promoteFull: true,
  stepIndex: state.settings.steps.length,
  pauseStart: null,
  inconclusiveSince: null,
  stepRun: null,
  backgroundRun: null,
});

/** Goes on through all steps that are done by now. */
function stepsCompleted(
  start: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): ArgoCanaryState {
  let state = start;
  while (state.stepIndex < state.settings.steps.length) {
    state = withPauseStart(state, now);
    if (!isStepDone(state, observation, now)) return state;
    state = { ...state, stepIndex: state.stepIndex + 1, pauseStart: null, stepRun: null };
  }
  return state;
}

function withPauseStart(state: ArgoCanaryState, now: Micros): ArgoCanaryState {
  const step = state.settings.steps[state.stepIndex];
  return step?.kind === "pause" ? { ...state, pauseStart: state.pauseStart ?? now } : state;
}

function isStepDone(state: ArgoCanaryState, observation: RolloutObservation, now: Micros): boolean {
  const { settings, stepIndex, pauseStart, stepRun } = state;
  const step = settings.steps[stepIndex]!;
  switch (step.kind) {
    case "setWeight":
    case "setCanaryScale":
      return isAtCounts(state, observation);
    case "pause":
      return hasPassed(step.duration ?? settings.operator.promoteAfter, pauseStart, now);
    case "analysis":
      return stepRun?.phase === "Successful";
  }
}

/** Whether a setWeight has been completed since, so that its traffic is counted anew. */
function setWeightsDone(before: ArgoCanaryState, after: ArgoCanaryState): boolean {
  const passed = after.settings.steps.slice(before.stepIndex, after.stepIndex);
  return !after.promoteFull && passed.some(({ kind }) => kind === "setWeight");
}

function reasonOf(state: ArgoCanaryState, observation: RolloutObservation): string {
  const step = state.settings.steps[state.stepIndex];
  if (step?.kind === "pause") return "CanaryPauseStep";
  if (step?.kind === "analysis") return "StepAnalysisRunning";
  if (state.promoteFull) return "PromotingInFull";
  return isAtCounts(state, observation) ? "StepCompleted" : "ScalingReplicaSets";
}

/** All steps are done and the canary could carry everything. */
const isComplete = (
  { settings, stepIndex }: ArgoCanaryState,
  { canary, replicas }: RolloutObservation,
): boolean =>
  stepIndex >= settings.steps.length &&
  canary.replicas === replicas &&
  canary.availableReplicas === replicas;

function complete(
  state: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): CanaryStepResult {
  const { settings, promoteFull, stepIndex } = state;
  const endReason = promoteFull ? "PromotedInFull" : `Completed all ${stepIndex} canary steps`;
  const ended = { ...state, phase: "finishing" as const, endTime: now, endReason };
  return finish({ ...ended, weight: settings.maxTrafficWeight }, observation, now);
}

/** With a router the old replicas outlive their traffic, lest proxies that lag behind find none. */
function finish(
  state: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): CanaryStepResult {
  const { settings, endTime, endReason } = state;
  const lingers = settings.hasRouter && !settings.dynamicStableScale;
  if (!lingers || hasPassed(settings.scaleDownDelay, endTime, now)) {
    return over(state, { kind: "promote", reason: endReason });
  }
  return towardsWanted(
    state,
    { canary: observation.replicas, stable: observation.stable.replicas, share: 1 },
    observation,
    { reason: "ScaleDownDelay", resetCounters: false },
  );
}

const aborted = (state: ArgoCanaryState, reason: string, now: Micros): ArgoCanaryState => ({
  ...state,
  phase: "aborted",
  promoteFull: false,
  endTime: now,
  endReason: reason,
});

/**
 * Traffic first. A router's canary then lives on for a while; one that shares its replicas with the
 * stable side goes as those return; one without a router as in any step.
 */
function goBack(
  state: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): CanaryStepResult {
  const { settings, endTime, endReason } = state;
  const { canary, stable, replicas } = observation;
  const about = { reason: endReason, resetCounters: false };
  if (settings.hasRouter && !settings.dynamicStableScale) {
    const delay = settings.abortScaleDownDelaySeconds;
    if (delay > 0 && hasPassed(seconds(delay), endTime, now)) {
      return over(state, { kind: "rollback", reason: endReason });
    }
    const wanted = { canary: canary.replicas, stable: replicas, share: 0 };
    return towardsWanted({ ...state, weight: 0 }, wanted, observation, about);
  }
  const isBack =
    state.share === 0 && stable.replicas === replicas && stable.availableReplicas >= replicas;
  if (isBack && (settings.hasRouter || canary.replicas === 0)) {
    return over(state, { kind: "rollback", reason: endReason });
  }
  return apply(state, observation, about);
}

const over = (state: ArgoCanaryState, decision: RolloutDecision): CanaryStepResult => ({
  state: { ...state, phase: "over" },
  decision,
});

interface About {
  readonly reason: string;
  readonly resetCounters: boolean;
}

/** Asks for the counts and the traffic that belong to the state. */
function apply(
  state: ArgoCanaryState,
  observation: RolloutObservation,
  about: About,
): CanaryStepResult {
  const { settings } = state;
  if (!settings.hasRouter) {
    const share = availableShare(observation);
    return towardsWanted(state, { ...countsOf(state, observation), share }, observation, about);
  }
  const weight = routerWeight(state, observation);
  const share = weight / settings.maxTrafficWeight;
  // Counts follow the weight that traffic has, not the one that it gets now.
  const counts = countsOf(state, observation);
  return towardsWanted({ ...state, weight }, { ...counts, share }, observation, about);
}

function towardsWanted(
  state: ArgoCanaryState,
  wanted: { readonly canary: number; readonly stable: number; readonly share: number },
  observation: RolloutObservation,
  about: About,
): CanaryStepResult {
  const decision = towards(wanted, observation, {
    ...about,
    stage: state.stepIndex,
    lastShare: state.share,
  });
  return { state: { ...state, share: wanted.share }, decision };
}
