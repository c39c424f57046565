import type { Micros } from "../../../kernel/time.ts";
import type { AutoscalerDecision, AutoscalerObservation } from "../../autoscaler.ts";
import type { Step } from "../../policy.ts";
import type { BoundedAutoscaler } from "../bounds.ts";
import { withScaleEvent } from "./behavior.ts";
import type { Normalized } from "./normalize.ts";
import { normalize } from "./normalize.ts";
import type { Recommended } from "./replicaCalculator.ts";
import { recommendReplicas } from "./replicaCalculator.ts";
import type { HpaConfig } from "./schema.ts";
import type { Condition, Conditions, HpaState, HpaStatus } from "./state.ts";
import { initialState, tolerancesOf } from "./state.ts";
import { validateHpaConfig } from "./validate.ts";

/**
 * The HorizontalPodAutoscaler of Kubernetes 1.36 (`autoscaling/v2`), decision for decision.
 * Source: https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/ and recorded
 * runs of the controller (test/conformance/hpa), which differ from the documentation in many
 * details.
 */
export const hpa: BoundedAutoscaler<HpaConfig, HpaState> = {
  name: "hpa",
  validate: validateHpaConfig,
  init: initialState,
  syncPeriod: ({ controller }) => controller.syncPeriod,
  step,
  boundsOf: ({ spec: { minReplicas, maxReplicas } }) => ({ minReplicas, maxReplicas }),
  withBounds: (state, bounds) => ({ ...state, spec: { ...state.spec, ...bounds } }),
};

type HpaStep = Step<HpaState, AutoscalerDecision>;

function step(before: HpaState, observation: AutoscalerObservation, now: Micros): HpaStep {
  const { specReplicas: current } = observation;
  const { minReplicas, maxReplicas } = before.spec;
  // The first tick takes the current count for a recommendation, which holds it for a whole window.
  const recommendations = before.recommendations ?? [{ replicas: current, time: now }];
  const state = withConditions({ ...before, recommendations }, { ableToScale: GOT_SCALE });
  if (current === 0 && !mayWake(state)) return disabled(state);
  // Outside of the bounds neither metrics nor rates nor windows matter. From zero they do.
  if (current > maxReplicas && current > 0) return jump(state, maxReplicas, observation, now);
  if (current < minReplicas && current > 0) return jump(state, minReplicas, observation, now);

  const recommended = recommendReplicas(state.spec.metrics, {
    observation,
    now,
    controller: state.controller,
    tolerances: tolerancesOf(state),
  });
  if (recommended.replicas === null) return failed(state, current, recommended);
  const input = { state, recommendations, currentReplicas: current, now };
  const normalized = normalize({ ...input, recommended: Math.max(0, recommended.replicas) });
  // Whoever raised minReplicas while the workload was at zero gets at least that.
  const wakes = current === 0 && minReplicas > 0;
  const replicas = wakes ? Math.max(normalized.replicas, minReplicas) : normalized.replicas;
  return settle({ state, recommended, normalized, replicas, current, now });
}

/**
 * Replicas at zero mean that somebody switched the autoscaler off, unless it went to zero itself
 * and has a metric that does not need pods, or a minimum that has been raised since.
 */
function mayWake({ spec, controller, status }: HpaState): boolean {
  const isOwnZero = controller.scaleToZero && status.conditions.scaledToZero?.status === "True";
  return isOwnZero && (spec.minReplicas > 0 || readsTotals(spec));
}

const readsTotals = ({ metrics }: HpaState["spec"]): boolean =>
  metrics.some(({ source }) => source === "Object" || source === "External");

function disabled(state: HpaState): HpaStep {
  const message = "the target has no replicas: autoscaling is switched off";
  const scalingActive = condition("False", "ScalingDisabled", message);
  const changes = state.controller.scaleToZero
    ? { scalingActive }
    : { scalingActive, scaledToZero: null };
  const status = { currentReplicas: 0, desiredReplicas: 0, currentMetrics: null };
  return {
    state: withStatus(withConditions(state, changes), status),
    decision: { kind: "hold", reason: "ScalingDisabled", trace: traceOf(null, null) },
  };
}

function failed(state: HpaState, current: number, { failure, statuses }: Recommended): HpaStep {
  const reason = failure?.reason ?? "InvalidMetricSourceType";
  const scalingActive = condition("False", reason, failure?.message ?? "no metric");
  // The status keeps the desired count of an earlier tick, and no recommendation is recorded.
  const status = { currentReplicas: current, currentMetrics: statuses };
  return {
    state: withStatus(withConditions(state, { scalingActive }), status),
    decision: { kind: "hold", reason, trace: traceOf(null, null) },
  };
}

function jump(
  state: HpaState,
  replicas: number,
  { specReplicas: current }: AutoscalerObservation,
  now: Micros,
): HpaStep {
  const reason = replicas < current ? "TooManyReplicas" : "TooFewReplicas";
  return {
    state: withStatus(rescaled(state, { current, replicas, now }), {
      currentReplicas: current,
      desiredReplicas: replicas,
      currentMetrics: null,
    }),
    decision: { kind: "scale", replicas, reason, trace: traceOf(null, null) },
  };
}

function settle({
  state,
  recommended,
  normalized,
  replicas,
  current,
  now,
}: {
  readonly state: HpaState;
  readonly recommended: Recommended;
  readonly normalized: Normalized;
  readonly replicas: number;
  readonly current: number;
  readonly now: Micros;
}): HpaStep {
  const { ableToScale, limit, isLimited } = normalized;
  const judged = withConditions(
    { ...state, recommendations: normalized.recommendations },
    {
      ableToScale: condition("True", ableToScale, ABLE_MESSAGES[ableToScale]),
      scalingActive: condition("True", "ValidMetricFound", recommended.text ?? ""),
      scalingLimited: condition(isLimited ? "True" : "False", limit, LIMIT_MESSAGES[limit]),
    },
  );
  const status = {
    currentReplicas: current,
    desiredReplicas: replicas,
    currentMetrics: recommended.statuses,
  };
  const trace = traceOf(recommended, normalized);
  if (replicas === current) {
    const reason = isLimited ? limit : ableToScale;
    return { state: withStatus(judged, status), decision: { kind: "hold", reason, trace } };
  }
  const isStabilized = ableToScale !== "ReadyForNewScale";
  const reason = isLimited ? limit : isStabilized ? ableToScale : "SucceededRescale";
  return {
    state: withStatus(rescaled(judged, { current, replicas, now }), status),
    decision: { kind: "scale", replicas, reason, trace },
  };
}

/** What the controller remembers of a scale that it carried out. */
function rescaled(
  state: HpaState,
  change: { readonly current: number; readonly replicas: number; readonly now: Micros },
): HpaState {
  const { current, replicas, now } = change;
  const { behavior, minReplicas } = state.spec;
  const { scaleToZero } = state.controller;
  const toZero = current > 0 && replicas === 0 && minReplicas === 0 && readsTotals(state.spec);
  const message = `the target was scaled to ${replicas}`;
  const conditions = {
    ableToScale: condition("True", "SucceededRescale", message),
    scaledToZero: scaleToZero ? (toZero ? SCALED_TO_ZERO : NOT_SCALED_TO_ZERO) : null,
  };
  const event = { change: Math.abs(replicas - current), now };
  const after = withStatus(withConditions(state, conditions), { lastScaleTime: now });
  // Without behavior nobody will ask for events.
  if (behavior === null) return after;
  return replicas > current
    ? { ...after, scaleUpEvents: withScaleEvent(state.scaleUpEvents, behavior.scaleUp, event) }
    : {
        ...after,
        scaleDownEvents: withScaleEvent(state.scaleDownEvents, behavior.scaleDown, event),
      };
}

const condition = (status: Condition["status"], reason: string, message: string): Condition => ({
  status,
  reason,
  message,
});

const GOT_SCALE = condition("True", "SucceededGetScale", "the target's scale was read");
const SCALED_TO_ZERO = condition("True", "ScaledToZero", "the autoscaler scaled to zero");
const NOT_SCALED_TO_ZERO = condition("False", "NotScaledToZero", "not scaled to zero");

const ABLE_MESSAGES: Readonly<Record<Normalized["ableToScale"], string>> = {
  ReadyForNewScale: "nothing holds a change back",
  ScaleUpStabilized: "lower recommendations within the up window hold the count back",
  ScaleDownStabilized: "higher recommendations within the down window hold the count up",
};
const LIMIT_MESSAGES: Readonly<Record<Normalized["limit"], string>> = {
  DesiredWithinRange: "within bounds and rates",
  ScaleUpLimit: "growing as fast as allowed",
  ScaleDownLimit: "shrinking as fast as allowed",
  TooManyReplicas: "more replicas wanted than maxReplicas",
  TooFewReplicas: "fewer replicas wanted than minReplicas",
};

function withConditions(state: HpaState, changes: Partial<Conditions>): HpaState {
  const conditions = { ...state.status.conditions, ...changes };
  return { ...state, status: { ...state.status, conditions } };
}

function withStatus(state: HpaState, changes: Partial<HpaStatus>): HpaState {
  return { ...state, status: { ...state.status, ...changes } };
}

const traceOf = (recommended: Recommended | null, normalized: Normalized | null) => ({
  metric: recommended?.text ?? null,
  rawReplicas: recommended?.replicas ?? null,
  stabilizedReplicas: normalized?.stabilizedReplicas ?? null,
});
