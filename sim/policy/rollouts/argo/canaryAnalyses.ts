import type { Micros } from "../../../kernel/time.ts";
import type { RolloutObservation } from "../../rollout.ts";
import { type AnalysisRun, reconcileAnalysis, startAnalysis } from "./analysisRun.ts";
import { measureBinding } from "./bindings.ts";
import type { ArgoCanaryState } from "./canaryState.ts";
import type { BoundMetric } from "./templates.ts";

/** A run one moment later; started if there is none yet. */
export const reconciled = (
  run: AnalysisRun | null,
  metrics: readonly BoundMetric[],
  observation: RolloutObservation,
  now: Micros,
): AnalysisRun =>
  reconcileAnalysis(
    run ?? startAnalysis(metrics, now),
    metrics,
    ({ binding }) => measureBinding(binding, observation),
    now,
  );

/** The state with the analyses that belong to its step measured and judged. */
export function withAnalyses(
  state: ArgoCanaryState,
  observation: RolloutObservation,
  now: Micros,
): ArgoCanaryState {
  const { background, startingStep } = state.settings;
  const metrics = stepMetrics(state);
  const stepRun = metrics === null ? null : reconciled(state.stepRun, metrics, observation, now);
  const hasBegun = background !== null && !state.promoteFull && state.stepIndex >= startingStep;
  const backgroundRun = hasBegun
    ? reconciled(state.backgroundRun, background, observation, now)
    : state.backgroundRun;
  return { ...state, stepRun, backgroundRun };
}

function stepMetrics({ settings, stepIndex }: ArgoCanaryState): readonly BoundMetric[] | null {
  const step = settings.steps[stepIndex];
  return step?.kind === "analysis" ? (settings.stepAnalyses[step.analysis] ?? null) : null;
}

/** Why the analyses want an abort, or null. */
export function abortReason(state: ArgoCanaryState): string | null {
  const reasons = [
    faultOf(state.stepRun, stepMetrics(state) ?? []),
    faultOf(state.backgroundRun, state.settings.background ?? []),
  ];
  return reasons.find((reason) => reason !== null) ?? null;
}

/** What speaks against a run that failed or could not be measured: `error-rate Failed`. */
export function faultOf(run: AnalysisRun | null, metrics: readonly BoundMetric[]): string | null {
  if (run === null || (run.phase !== "Failed" && run.phase !== "Error")) return null;
  const guilty = metrics.find(
    ({ dryRun }, index) => !dryRun && run.results[index]?.phase === run.phase,
  );
  return `analysis: ${guilty?.name ?? "metrics"} ${run.phase}`;
}

export const isInconclusive = ({ stepRun, backgroundRun }: ArgoCanaryState): boolean =>
  stepRun?.phase === "Inconclusive" || backgroundRun?.phase === "Inconclusive";

/** After a person let it go on, what was inconclusive is measured anew. */
export const withoutInconclusive = (state: ArgoCanaryState): ArgoCanaryState => ({
  ...state,
  inconclusiveSince: null,
  stepRun: state.stepRun?.phase === "Inconclusive" ? null : state.stepRun,
  backgroundRun: state.backgroundRun?.phase === "Inconclusive" ? null : state.backgroundRun,
});
