import type { CanaryCounts } from "./basicCanary.ts";
import { replicasForWeight } from "./replicas.ts";
import { type CanaryStep, canaryScaleAt, setWeightAt, setWeightsOf } from "./steps.ts";

export interface Weights {
  readonly canary: number;
  readonly stable: number;
}

export interface TrafficRoutedInput {
  readonly replicas: number;
  readonly steps: readonly CanaryStep[];
  /** From 0; the number of steps when all are done. */
  readonly stepIndex: number;
  readonly dynamicStableScale: boolean;
  /** Null: none. */
  readonly minPodsPerReplicaSet: number | null;
  /** What a weight is a share of: 100 unless the router counts otherwise. */
  readonly maxTrafficWeight: number;
  readonly abort: boolean;
  /** Null: 30. With 0 the canary keeps its replicas after an abort. */
  readonly abortScaleDownDelaySeconds: number | null;
  readonly promoteFull: boolean;
  /** What the router has; null: unknown. */
  readonly actualWeights: Weights | null;
  readonly canaryAvailable: number;
  readonly stableAvailable: number;
}

/**
 * Counts of a canary with a traffic router: the weights are the router's business, so that the
 * stable side stays whole unless `dynamicStableScale` says otherwise. Then it follows the larger of
 * the weight that it has and the one that it shall have.
 * Source: recorded runs of Argo Rollouts 1.9.1 (test/conformance/rollout/argo-traffic-routed.json).
 */
export function trafficRoutedCounts(input: TrafficRoutedInput): CanaryCounts {
  const { replicas, maxTrafficWeight, dynamicStableScale, actualWeights, abort } = input;
  const wanted = wantedCanary(input);
  const forWeight = (weight: number) => replicasForWeight(weight, replicas, maxTrafficWeight);
  const scaled =
    wanted.kind === "replicas"
      ? wanted.replicas
      : atLeastMinimum(forWeight(wanted.weight), input.minPodsPerReplicaSet);
  if (!dynamicStableScale) return { canary: scaled, stable: replicas };
  const weight = wanted.kind === "replicas" ? 0 : wanted.weight;
  const stable = Math.max(
    forWeight(maxTrafficWeight - weight),
    actualWeights === null ? 0 : forWeight(actualWeights.stable),
  );
  // An aborted canary keeps what its traffic needs until that has moved back.
  const canary =
    abort && actualWeights !== null ? Math.max(scaled, forWeight(actualWeights.canary)) : scaled;
  return {
    canary: atLeastMinimum(canary, input.minPodsPerReplicaSet),
    stable: atLeastMinimum(stable, input.minPodsPerReplicaSet),
  };
}

/** A ReplicaSet that has pods at all has a few of them. */
const atLeastMinimum = (count: number, minimum: number | null): number =>
  count === 0 || minimum === null ? count : Math.max(count, minimum);

type WantedCanary =
  | { readonly kind: "replicas"; readonly replicas: number }
  | { readonly kind: "weight"; readonly weight: number };

function wantedCanary(input: TrafficRoutedInput): WantedCanary {
  const { steps, stepIndex, maxTrafficWeight } = input;
  if (input.promoteFull) return { kind: "weight", weight: maxTrafficWeight };
  const keepsScale = !input.abort || input.abortScaleDownDelaySeconds === 0;
  const scale = keepsScale ? canaryScaleAt(steps, stepIndex) : null;
  if (scale?.replicas !== undefined) return { kind: "replicas", replicas: scale.replicas };
  if (scale?.weight !== undefined) return { kind: "weight", weight: scale.weight };
  if (input.abort) return { kind: "weight", weight: abortWeight(input) };
  return { kind: "weight", weight: setWeightAt(steps, stepIndex) ?? maxTrafficWeight };
}

/**
 * An aborted canary goes at once, unless the stable side has given replicas up: then it steps back
 * through the weights that it came by, to the last one that takes fewer replicas than it has
 * available, or than the stable side lacks.
 */
function abortWeight(input: TrafficRoutedInput): number {
  if (!input.dynamicStableScale) return 0;
  const { replicas, maxTrafficWeight, canaryAvailable, stableAvailable } = input;
  const held = Math.max(canaryAvailable, replicas - stableAvailable);
  const isBelow = (weight: number) => replicasForWeight(weight, replicas, maxTrafficWeight) < held;
  return setWeightsOf(input.steps).findLast(isBelow) ?? 0;
}
