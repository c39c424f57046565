import { seconds } from "../../../kernel/time.ts";
import type { DeploymentCondition, DeploymentStatus } from "./contract.ts";
import {
  allOf,
  hasDeadline,
  type Pass,
  type ReplicaSets,
  totalReplicas,
  totalStatus,
} from "./pass.ts";

/** Status of a Deployment that no controller has seen yet. */
export const NO_STATUS: DeploymentStatus = {
  revision: null,
  observedGeneration: 0,
  replicas: 0,
  updatedReplicas: 0,
  readyReplicas: 0,
  availableReplicas: 0,
  unavailableReplicas: 0,
  terminatingReplicas: 0,
  progressing: null,
  available: null,
};

/** The status with one condition set; its times stay if it says the same already. */
export function withCondition(
  { status, now }: Pick<Pass, "status" | "now">,
  type: "progressing" | "available",
  value: DeploymentCondition["status"],
  reason: string,
): DeploymentStatus {
  const before = status[type];
  if (before?.status === value && before.reason === reason) return status;
  const lastTransition = before?.status === value ? before.lastTransition : now;
  return { ...status, [type]: { status: value, reason, lastUpdate: now, lastTransition } };
}

/** Counts and the condition Available, which a paused or just scaled Deployment gets. */
export function syncStatus(pass: Pass, sets: ReplicaSets): void {
  const { wanted, limits } = pass;
  const all = allOf(sets);
  const availableReplicas = totalStatus(all, "availableReplicas");
  pass.status = {
    ...pass.status,
    observedGeneration: wanted.generation,
    replicas: totalStatus(all, "replicas"),
    updatedReplicas: sets.current?.status.replicas ?? 0,
    readyReplicas: totalStatus(all, "readyReplicas"),
    availableReplicas,
    unavailableReplicas: Math.max(0, totalReplicas(all) - availableReplicas),
    terminatingReplicas: totalStatus(all, "terminatingReplicas"),
  };
  pass.status =
    availableReplicas >= wanted.replicas - limits.maxUnavailable
      ? withCondition(pass, "available", "True", "MinimumReplicasAvailable")
      : withCondition(pass, "available", "False", "MinimumReplicasUnavailable");
}

/**
 * The same with the condition Progressing. A rollout that once was complete stays so, whatever
 * becomes of its pods, until another one begins.
 */
export function syncRolloutStatus(pass: Pass, sets: ReplicaSets): void {
  const before = pass.status;
  syncStatus(pass, sets);
  if (!hasDeadline(pass)) {
    pass.status = { ...pass.status, progressing: null };
    return;
  }
  const { replicas, updatedReplicas } = pass.status;
  const isOver = replicas === updatedReplicas && before.progressing?.reason === COMPLETE;
  if (isOver) return;
  if (isComplete(pass)) pass.status = withCondition(pass, "progressing", "True", COMPLETE);
  else if (hasProgressed(before, pass.status)) pass.status = restarted(pass);
  else if (isTimedOut(pass)) pass.status = withCondition(pass, "progressing", "False", TIMED_OUT);
}

const COMPLETE = "NewReplicaSetAvailable";
const TIMED_OUT = "ProgressDeadlineExceeded";

/** By the status: every wanted replica is of the wanted template and available. */
export function isComplete({ status, wanted }: Pick<Pass, "status" | "wanted">): boolean {
  return (
    status.updatedReplicas === wanted.replicas &&
    status.replicas === wanted.replicas &&
    status.availableReplicas === wanted.replicas &&
    status.observedGeneration >= wanted.generation
  );
}

function hasProgressed(before: DeploymentStatus, after: DeploymentStatus): boolean {
  const old = (status: DeploymentStatus): number => status.replicas - status.updatedReplicas;
  return (
    after.updatedReplicas > before.updatedReplicas ||
    old(after) < old(before) ||
    after.readyReplicas > before.readyReplicas ||
    after.availableReplicas > before.availableReplicas
  );
}

/** Progress starts the deadline's clock anew, even where the condition says the same as before. */
function restarted(pass: Pass): DeploymentStatus {
  const { status, now } = pass;
  const lastTransition =
    status.progressing?.status === "True" ? status.progressing.lastTransition : now;
  const reason = "ReplicaSetUpdated";
  return { ...status, progressing: { status: "True", reason, lastUpdate: now, lastTransition } };
}

/** The deadline itself is still in time. */
function isTimedOut({ status: { progressing }, settings, now }: Pass): boolean {
  if (progressing === null || progressing.reason === COMPLETE) return false;
  return now > progressing.lastUpdate + seconds(settings.progressDeadlineSeconds);
}

/**
 * A pause stops the deadline's clock, resuming starts it anew. A verdict of having timed out stays
 * visible.
 */
export function syncPausedCondition(pass: Pass): void {
  const { progressing } = pass.status;
  if (!hasDeadline(pass) || progressing?.reason === TIMED_OUT) return;
  const isMarked = progressing?.reason === PAUSED;
  if (pass.wanted.paused && !isMarked) {
    pass.status = withCondition(pass, "progressing", "Unknown", PAUSED);
  } else if (!pass.wanted.paused && isMarked) {
    pass.status = withCondition(pass, "progressing", "Unknown", "DeploymentResumed");
  }
}

const PAUSED = "DeploymentPaused";
