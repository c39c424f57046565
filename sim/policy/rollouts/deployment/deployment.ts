import { type Micros, seconds } from "../../../kernel/time.ts";
import type { Step } from "../../policy.ts";
import type {
  DeploymentDecision,
  DeploymentObservation,
  DeploymentPolicy,
  DeploymentState,
  DeploymentStatus,
} from "./contract.ts";
import { beginPass, type Pass } from "./pass.ts";
import { recreateAll } from "./recreate.ts";
import { cleanUpHistory, findReplicaSets } from "./revisions.ts";
import { rollingUpdate } from "./rollingUpdate.ts";
import { isScaled, scale } from "./scaling.ts";
import {
  type DeploymentSettings,
  deploymentSettings,
  type StrategyType,
  validateDeploymentConfig,
} from "./spec.ts";
import { NO_STATUS, syncPausedCondition, syncStatus } from "./status.ts";

/** Replaces pods step by step within `maxSurge` and `maxUnavailable`. */
export const rolling: DeploymentPolicy = deploymentPolicy("rolling", "RollingUpdate");

/** Takes all old pods away before it starts new ones. */
export const recreate: DeploymentPolicy = deploymentPolicy("recreate", "Recreate");

/**
 * The Deployment controller of Kubernetes with one strategy. The deadline's verdict comes up to a
 * second late, as there.
 * Source: https://kubernetes.io/docs/concepts/workloads/controllers/deployment/
 */
function deploymentPolicy(name: string, type: StrategyType): DeploymentPolicy {
  return {
    name,
    validate: (config) => validateDeploymentConfig(config, type),
    init: (config) => ({ settings: deploymentSettings(config, type), status: NO_STATUS }),
    syncPeriod: () => seconds(1),
    step: (state, observation, now) => syncDeployment(state, observation, now),
  };
}

/**
 * The state of a Deployment whose spec was changed to these settings, another strategy included.
 */
export const withSettings = (
  state: DeploymentState,
  settings: DeploymentSettings,
): DeploymentState => ({ ...state, settings });

/** One reconciliation. */
function syncDeployment(
  state: DeploymentState,
  observation: DeploymentObservation,
  now: Micros,
): Step<DeploymentState, DeploymentDecision> {
  const pass = beginPass(state, observation, now);
  reconcile(pass);
  const { status } = pass;
  if (!isSameStatus(state.status, status)) {
    pass.writes.push({ kind: "status", status, reason: "Status" });
  }
  const [first] = pass.writes;
  if (first === undefined) return { state, decision: { kind: "hold", reason: "AtRest" } };
  const decision: DeploymentDecision = {
    kind: "write",
    reason: first.reason,
    writes: pass.writes,
  };
  return { state: { ...state, status }, decision };
}

/** A change of size is carried out before, and apart from, a change of template. */
function reconcile(pass: Pass): void {
  syncPausedCondition(pass);
  const sets = findReplicaSets(pass);
  if (pass.wanted.paused || isScaled(pass, sets)) {
    scale(pass, sets);
    if (pass.wanted.paused) cleanUpHistory(pass, sets.old);
    syncStatus(pass, sets);
  } else if (pass.settings.strategy.type === "Recreate") {
    recreateAll(pass, sets);
  } else {
    rollingUpdate(pass, sets);
  }
}

/** Conditions are replaced only when something in them changes. */
const isSameStatus = (a: DeploymentStatus, b: DeploymentStatus): boolean =>
  STATUS_FIELDS.every((field) => a[field] === b[field]);

const STATUS_FIELDS = [
  "revision",
  "observedGeneration",
  "replicas",
  "updatedReplicas",
  "readyReplicas",
  "availableReplicas",
  "unavailableReplicas",
  "terminatingReplicas",
  "progressing",
  "available",
] as const satisfies readonly (keyof DeploymentStatus)[];
