import { type Micros, micros, seconds } from "../../../kernel/time.ts";
import type { Step } from "../../policy.ts";
import type {
  StatefulSetDecision,
  StatefulSetObservation,
  StatefulSetPod,
  StatefulSetPolicy,
  StatefulSetState,
  StatefulSetWrite,
} from "./contract.ts";
import { statefulSetSettings, unavailableMax, validateStatefulSetConfig } from "./spec.ts";

/**
 * The StatefulSet controller of Kubernetes. Under `OrderedReady` a pod is created when all before
 * it are available, and one goes at a time, the highest ordinal first, once all others are
 * available; updates come after that, so that a pod that never becomes ready blocks them. Under
 * `Parallel` scaling waits for nothing; updates do.
 * Sources: https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/ and the behaviour
 * of kube-controller-manager's stateful_set_control.go.
 */
export const statefulSet: StatefulSetPolicy = {
  name: "stateful-set",
  validate: validateStatefulSetConfig,
  init: (config) => ({ settings: statefulSetSettings(config), currentRevision: null }),
  syncPeriod: () => seconds(1),
  step: (state, observation, now) => syncStatefulSet(state, observation, now),
};

type HoldReason = Extract<StatefulSetDecision, { kind: "hold" }>["reason"];
/** What a part of the reconciliation comes to; null: the next part goes on. */
type Outcome = HoldReason | readonly StatefulSetWrite[] | null;

/** What one reconciliation goes by. */
interface Pass {
  readonly state: StatefulSetState & { readonly currentRevision: string };
  readonly observation: StatefulSetObservation;
  readonly isOrdered: boolean;
  /** By ordinal; null where there is none. */
  readonly replicas: readonly (StatefulSetPod | null)[];
  /** Beyond the wanted number, the highest ordinal first. */
  readonly condemned: readonly StatefulSetPod[];
  isAvailable(pod: StatefulSetPod | null): boolean;
}

function syncStatefulSet(
  state: StatefulSetState,
  observation: StatefulSetObservation,
  now: Micros,
): Step<StatefulSetState, StatefulSetDecision> {
  const pass = beginPass(state, observation, now);
  const outcome = fillOrdinals(pass) ?? condemn(pass) ?? update(pass) ?? "AtRest";
  const next = { ...state, currentRevision: revisionAfter(pass) };
  if (typeof outcome === "string") {
    const recheckAt = nextAvailable(pass, now);
    return { state: next, decision: { kind: "hold", reason: outcome, recheckAt } };
  }
  const { reason } = outcome[0]!; // a part that writes nothing comes to null
  return { state: next, decision: { kind: "write", reason, writes: outcome } };
}

function beginPass(
  state: StatefulSetState,
  observation: StatefulSetObservation,
  now: Micros,
): Pass {
  const { pods, replicas: wanted, template } = observation;
  const { podManagementPolicy, minReadySeconds } = state.settings;
  const byOrdinal = new Map(pods.map((pod) => [pod.ordinal, pod]));
  const minReady = seconds(minReadySeconds);
  return {
    state: { ...state, currentRevision: state.currentRevision ?? template },
    observation,
    isOrdered: podManagementPolicy === "OrderedReady",
    replicas: Array.from({ length: wanted }, (_, ordinal) => byOrdinal.get(ordinal) ?? null),
    condemned: pods
      .filter(({ ordinal }) => ordinal >= wanted)
      .sort((a, b) => b.ordinal - a.ordinal),
    isAvailable: (pod) =>
      pod !== null &&
      !pod.deleted &&
      pod.ready?.status === true &&
      pod.ready.lastTransition + minReady <= now,
  };
}

/** Creates what is missing; in order, that is the first one, once all before it are available. */
function fillOrdinals(pass: Pass): Outcome {
  const creations: StatefulSetWrite[] = [];
  for (const [ordinal, pod] of pass.replicas.entries()) {
    if (pod === null) {
      const template = templateOf(pass, ordinal);
      creations.push({ kind: "create", ordinal, template, reason: "MissingReplica" });
      if (pass.isOrdered) return creations;
    } else if (pass.isOrdered && !pass.isAvailable(pod)) {
      return pod.deleted ? "WaitsForTermination" : "WaitsForPod";
    }
  }
  return creations.length === 0 ? null : creations;
}

/** Pods below the partition come back as they were. */
function templateOf({ state, observation }: Pass, ordinal: number): string {
  const { updateStrategy } = state.settings;
  const isKept = updateStrategy.type === "RollingUpdate" && ordinal < updateStrategy.partition;
  return isKept ? state.currentRevision : observation.template;
}

/** Takes away what is too much; in order, nothing goes before a lower pod that is unavailable. */
function condemn({ condemned, isOrdered, isAvailable }: Pass): Outcome {
  const deletion = ({ ordinal }: StatefulSetPod): StatefulSetWrite => {
    return { kind: "delete", ordinal, reason: "ScaleDown" };
  };
  if (!isOrdered) {
    const deletions = condemned.filter(({ deleted }) => !deleted).map(deletion);
    return deletions.length === 0 ? null : deletions;
  }
  const [highest] = condemned;
  if (highest === undefined) return null;
  if (highest.deleted) return "WaitsForTermination";
  const firstUnavailable = condemned.findLast((pod) => !isAvailable(pod));
  const mayGo = isAvailable(highest) || highest === firstUnavailable;
  return mayGo ? [deletion(highest)] : "WaitsForPod";
}

/** Replaces pods of other revisions from the highest ordinal down to the partition. */
function update(pass: Pass): Outcome {
  const { updateStrategy } = pass.state.settings;
  if (updateStrategy.type === "OnDelete") return null;
  const { partition, maxUnavailable } = updateStrategy;
  const targets = pass.replicas.slice(partition).reverse();
  if (maxUnavailable === null) return updateOne(pass, targets);
  const unavailable = pass.replicas.filter((pod) => !pass.isAvailable(pod)).length;
  const room = unavailableMax(maxUnavailable, pass.replicas.length) - unavailable;
  const outdated = targets.filter((pod) => isOutdated(pass, pod));
  if (outdated.length === 0) return null;
  return room > 0 ? outdated.slice(0, room).flatMap(replacement) : "WaitsForPod";
}

/** A broken pod of an old revision is replaced without waiting for it. */
function updateOne(pass: Pass, targets: Pass["replicas"]): Outcome {
  for (const pod of targets) {
    if (isOutdated(pass, pod)) return replacement(pod);
    if (!pass.isAvailable(pod)) return pod?.deleted ? "WaitsForTermination" : "WaitsForPod";
  }
  return null;
}

const isOutdated = ({ observation }: Pass, pod: StatefulSetPod | null): boolean =>
  pod !== null && !pod.deleted && pod.template !== observation.template;

const replacement = (pod: StatefulSetPod | null): readonly StatefulSetWrite[] =>
  pod === null ? [] : [{ kind: "delete", ordinal: pod.ordinal, reason: "Update" }];

/** A rolling update is complete when all pods are of it and ready. */
function revisionAfter({ state, observation, replicas }: Pass): string {
  const { template, pods } = observation;
  if (state.settings.updateStrategy.type === "OnDelete") return state.currentRevision;
  const isUpdated = (pod: StatefulSetPod | null): boolean =>
    pod !== null && !pod.deleted && pod.ready?.status === true && pod.template === template;
  const isComplete = pods.length === replicas.length && replicas.every(isUpdated);
  return isComplete ? template : state.currentRevision;
}

function nextAvailable({ state, observation }: Pass, now: Micros): Micros | null {
  const minReady = seconds(state.settings.minReadySeconds);
  const waiting = observation.pods.flatMap(({ ready, deleted }) => {
    const at = ready?.status === true && !deleted ? ready.lastTransition + minReady : now;
    return at > now ? [at] : [];
  });
  return waiting.length === 0 ? null : micros(Math.min(...waiting));
}
