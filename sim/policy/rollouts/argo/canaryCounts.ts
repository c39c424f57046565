import type { RolloutObservation } from "../../rollout.ts";
import { basicCanaryCounts, type CanaryCounts } from "./basicCanary.ts";
import type { ArgoCanaryState } from "./canaryState.ts";
import { setWeightAt, setWeightsOf } from "./steps.ts";
import { trafficRoutedCounts } from "./trafficRouted.ts";

type Sides = Pick<RolloutObservation, "replicas" | "stable" | "canary">;

/** Counts that both ReplicaSets should have next. */
export function countsOf(state: ArgoCanaryState, observation: Sides): CanaryCounts {
  const { settings, promoteFull, stepIndex, weight } = state;
  const { replicas, canary, stable } = observation;
  const abort = state.phase === "aborted";
  if (!settings.hasRouter) {
    const next = promoteFull ? 100 : (setWeightAt(settings.steps, stepIndex) ?? 100);
    return basicCanaryCounts({
      replicas,
      maxSurge: settings.maxSurge,
      maxUnavailable: settings.maxUnavailable,
      weight: abort ? 0 : next,
      canary: { spec: canary.replicas, available: canary.availableReplicas },
      stable: { spec: stable.replicas, available: stable.availableReplicas },
      otherSpec: 0,
    });
  }
  return trafficRoutedCounts({
    replicas,
    steps: settings.steps,
    // An aborted rollout starts over.
    stepIndex: abort ? 0 : stepIndex,
    dynamicStableScale: settings.dynamicStableScale,
    minPodsPerReplicaSet: settings.minPodsPerReplicaSet,
    maxTrafficWeight: settings.maxTrafficWeight,
    abort,
    abortScaleDownDelaySeconds: settings.abortScaleDownDelaySeconds,
    promoteFull: promoteFull && !abort,
    actualWeights: { canary: weight, stable: settings.maxTrafficWeight - weight },
    canaryAvailable: canary.availableReplicas,
    stableAvailable: stable.availableReplicas,
  });
}

/**
 * Whether replicas are as the step in progress wants them. With a router the canary alone decides.
 */
export function isAtCounts(state: ArgoCanaryState, observation: Sides): boolean {
  const { canary, stable } = countsOf(state, observation);
  const isThere = (set: Sides["canary"], count: number): boolean =>
    set.replicas === count && set.availableReplicas === count;
  if (!isThere(observation.canary, canary)) return false;
  return state.settings.hasRouter || isThere(observation.stable, stable);
}

/**
 * Weight that the router should give the canary, out of `maxTrafficWeight`. The earlier weight
 * holds until the canary has the replicas for the next one; a canary without replicas gets none.
 */
export function routerWeight(state: ArgoCanaryState, observation: Sides): number {
  const { settings, stepIndex } = state;
  const { steps, maxTrafficWeight, dynamicStableScale } = settings;
  const { canary, replicas } = observation;
  if (state.phase === "aborted") return abortedWeight(state, observation);
  if (canary.availableReplicas === 0) return 0;
  if (state.promoteFull) {
    if (!dynamicStableScale) return state.weight;
    return shareOf(canary.availableReplicas, replicas, maxTrafficWeight);
  }
  if (!isAtCounts(state, observation)) return setWeightsOf(steps.slice(0, stepIndex)).at(-1) ?? 0;
  return setWeightAt(steps, stepIndex) ?? maxTrafficWeight;
}

/** Back at once, unless the stable side has to grow first: then as far as it can carry. */
function abortedWeight({ settings, weight }: ArgoCanaryState, { stable, replicas }: Sides): number {
  const { maxTrafficWeight, dynamicStableScale } = settings;
  if (!dynamicStableScale || replicas === 0) return 0;
  const carried = shareOf(stable.availableReplicas, replicas, maxTrafficWeight);
  // Never up again, should a stable replica restart meanwhile.
  return Math.min(maxTrafficWeight - carried, weight);
}

const shareOf = (available: number, replicas: number, maxWeight: number): number =>
  Math.min(maxWeight, Math.floor((maxWeight * available) / Math.max(1, replicas)));

/** Without a router traffic goes to whatever is available. */
export function availableShare({ canary, stable }: Sides): number {
  const all = canary.availableReplicas + stable.availableReplicas;
  return all === 0 ? 0 : canary.availableReplicas / all;
}
