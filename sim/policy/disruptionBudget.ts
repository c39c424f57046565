import { type Micros, minutes } from "../kernel/time.ts";
import type { PodObservation } from "./autoscaler.ts";
import { type IntOrPercent, percentOf, scaledValue } from "./intOrPercent.ts";

/**
 * `policy/v1` PodDisruptionBudget: which pods may be evicted. Only the eviction API asks; rolling
 * updates, autoscalers and failing nodes do not.
 * Source: https://kubernetes.io/docs/tasks/run-application/configure-pdb/
 */
export interface DisruptionBudgetSpec {
  /** At most one of the two is given. */
  readonly minAvailable?: IntOrPercent;
  readonly maxUnavailable?: IntOrPercent;
  /** Default `IfHealthyBudget`. */
  readonly unhealthyPodEvictionPolicy?: "IfHealthyBudget" | "AlwaysAllow";
}

/** A pod that the budget selects. */
export interface BudgetedPod extends Pick<PodObservation, "name" | "phase" | "deleted" | "ready"> {
  /**
   * The workload that scales it (a ReplicaSet's Deployment, if it has one); null without an owner.
   */
  readonly owner: string | null;
}

export interface DisruptionBudgetObservation {
  readonly pods: readonly BudgetedPod[];
  /** `spec.replicas` of the pods' owners, by owner. */
  readonly replicas: Readonly<Record<string, number>>;
}

export type DisruptionBudgetStatus = {
  /** What percentages and `maxUnavailable` are taken of. */
  readonly expectedPods: number;
  readonly desiredHealthy: number;
  readonly currentHealthy: number;
  readonly disruptionsAllowed: number;
  /** When pods were evicted that the controller has not seen being deleted yet. */
  readonly disruptedPods: Readonly<Record<string, Micros>>;
};

/** Status of a budget that no controller has seen yet: it allows nothing. */
export const NO_BUDGET_STATUS: DisruptionBudgetStatus = {
  expectedPods: 0,
  desiredHealthy: 0,
  currentHealthy: 0,
  disruptionsAllowed: 0,
  disruptedPods: {},
};

/** Evicted pods that are still there after this long count as healthy again. */
const DELETION_TIMEOUT = minutes(2);

/** What the disruption controller writes when it looks at the pods. */
export function disruptionBudgetStatus(
  spec: DisruptionBudgetSpec,
  { pods, replicas }: DisruptionBudgetObservation,
  previous: DisruptionBudgetStatus,
  now: Micros,
): DisruptionBudgetStatus {
  const expected = expectation(spec, pods, replicas);
  const evicted = pods.filter(({ name, deleted }) => {
    const time = previous.disruptedPods[name];
    return !deleted && time !== undefined && time + DELETION_TIMEOUT >= now;
  });
  const disruptedPods = Object.fromEntries(
    evicted.map(({ name }) => [name, previous.disruptedPods[name]!]),
  );
  const isDisrupted = ({ name }: BudgetedPod): boolean =>
    (disruptedPods[name] ?? Number.NEGATIVE_INFINITY) + DELETION_TIMEOUT > now;
  const currentHealthy = pods.filter((pod) => isHealthy(pod) && !isDisrupted(pod)).length;
  const spare = expected.expectedPods > 0 ? currentHealthy - expected.desiredHealthy : 0;
  return {
    ...expected,
    currentHealthy,
    disruptionsAllowed: Math.max(0, spare),
    disruptedPods,
  };
}

/** Condition DisruptionAllowed. */
export const budgetCondition = ({
  disruptionsAllowed,
}: DisruptionBudgetStatus): { readonly status: "True" | "False"; readonly reason: string } =>
  disruptionsAllowed > 0
    ? { status: "True", reason: "SufficientPods" }
    : { status: "False", reason: "InsufficientPods" };

/**
 * Percentages of both fields round up. The base is what the owners want, so that a roll's surge
 * does not loosen the budget; only a `minAvailable` count needs no base.
 */
function expectation(
  { minAvailable, maxUnavailable }: DisruptionBudgetSpec,
  pods: readonly BudgetedPod[],
  replicas: Readonly<Record<string, number>>,
): Pick<DisruptionBudgetStatus, "expectedPods" | "desiredHealthy"> {
  const owners = new Set(pods.flatMap(({ owner }) => (owner === null ? [] : [owner])));
  const total = [...owners].reduce((sum, owner) => sum + (replicas[owner] ?? 0), 0);
  if (maxUnavailable !== undefined) {
    const allowed = scaledValue(maxUnavailable, { total, round: "up" });
    return { expectedPods: total, desiredHealthy: Math.max(0, total - allowed) };
  }
  if (minAvailable === undefined) return { expectedPods: 0, desiredHealthy: 0 };
  const isCount = percentOf(minAvailable) === null;
  return {
    expectedPods: isCount ? pods.length : total,
    desiredHealthy: scaledValue(minAvailable, { total, round: "up" }),
  };
}

const isHealthy = ({ deleted, ready }: BudgetedPod): boolean => !deleted && ready?.status === true;

/** The eviction API's answer, with its HTTP code. */
export type EvictionAnswer =
  | {
      readonly kind: "evict";
      readonly code: 201;
      readonly reason: "NotNeeded" | "UnhealthyPodPolicy" | "WithinBudget";
      readonly status: DisruptionBudgetStatus;
    }
  | {
      readonly kind: "refuse";
      readonly code: 429;
      readonly reason: "DisruptionBudget";
      readonly status: DisruptionBudgetStatus;
    };

/**
 * Answers one request to evict a pod, by the budget's status as it stands; `status` is what becomes
 * of it at once, before the controller looks again. A pod that does not serve is let go without
 * asking, or, if it runs without being ready, when enough others are healthy.
 */
export function answerEviction(
  { unhealthyPodEvictionPolicy }: DisruptionBudgetSpec,
  status: DisruptionBudgetStatus,
  pod: BudgetedPod,
  now: Micros,
): EvictionAnswer {
  const { currentHealthy, desiredHealthy, disruptionsAllowed, disruptedPods } = status;
  if (pod.deleted || (pod.phase !== "Running" && pod.phase !== "Unknown")) {
    return { kind: "evict", code: 201, reason: "NotNeeded", status };
  }
  const isBudgetHealthy = desiredHealthy > 0 && currentHealthy >= desiredHealthy;
  const isUnready = pod.ready?.status !== true;
  if (isUnready && (unhealthyPodEvictionPolicy === "AlwaysAllow" || isBudgetHealthy)) {
    return { kind: "evict", code: 201, reason: "UnhealthyPodPolicy", status };
  }
  if (disruptionsAllowed === 0) {
    return { kind: "refuse", code: 429, reason: "DisruptionBudget", status };
  }
  const after = {
    ...status,
    disruptionsAllowed: disruptionsAllowed - 1,
    disruptedPods: { ...disruptedPods, [pod.name]: now },
  };
  return { kind: "evict", code: 201, reason: "WithinBudget", status: after };
}
