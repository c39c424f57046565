import type { Micros } from "../../../kernel/time.ts";
import type {
  DeploymentObservation,
  DeploymentState,
  DeploymentStatus,
  DeploymentWrite,
  ReplicaSetObservation,
  ReplicaSetSpec,
  WriteReason,
} from "./contract.ts";
import { type RollingLimits, rollingLimits } from "./fenceposts.ts";
import { type DeploymentSettings, NO_LIMIT } from "./spec.ts";

/** One reconciliation in progress: what is known, and what has been written so far. */
export interface Pass {
  readonly settings: DeploymentSettings;
  readonly wanted: DeploymentObservation;
  readonly limits: RollingLimits;
  readonly now: Micros;
  /** Counts and conditions as of the last status written; conditions change during the pass. */
  status: DeploymentStatus;
  readonly writes: DeploymentWrite[];
}

/** The ReplicaSet of the wanted template, if there is one, and all others, oldest first. */
export interface ReplicaSets {
  readonly current: ReplicaSetObservation | null;
  readonly old: readonly ReplicaSetObservation[];
}

export function beginPass(
  state: DeploymentState,
  wanted: DeploymentObservation,
  now: Micros,
): Pass {
  const { settings, status } = state;
  const limits = rollingLimits(settings.strategy, wanted.replicas);
  return { settings, wanted, limits, now, status, writes: [] };
}

export const hasDeadline = ({ settings }: Pass): boolean =>
  settings.progressDeadlineSeconds !== NO_LIMIT;

export const allOf = ({ current, old }: ReplicaSets): readonly ReplicaSetObservation[] =>
  current === null ? old : [...old, current];

export const isActive = ({ spec }: ReplicaSetObservation): boolean => spec.replicas > 0;

export const totalReplicas = (sets: readonly ReplicaSetObservation[]): number =>
  sets.reduce((sum, { spec }) => sum + spec.replicas, 0);

/** Sum of one count of the ReplicaSets' statuses. */
export const totalStatus = (
  sets: readonly ReplicaSetObservation[],
  count: keyof ReplicaSetObservation["status"],
): number => sets.reduce((sum, { status }) => sum + status[count], 0);

/** The note of the Deployment's size that every written ReplicaSet carries. */
export const sizeNote = ({
  wanted,
  limits,
}: Pass): Pick<ReplicaSetSpec, "desiredReplicas" | "maxReplicas"> => ({
  desiredReplicas: wanted.replicas,
  maxReplicas: wanted.replicas + limits.maxSurge,
});

/**
 * Gives a ReplicaSet this many replicas and notes the Deployment's size on it; writes nothing when
 * it has both already. Returns the ReplicaSet as it is from then on.
 */
export function scaleTo(
  pass: Pass,
  set: ReplicaSetObservation,
  replicas: number,
  reason: WriteReason,
): ReplicaSetObservation {
  return update(pass, set, { ...set.spec, ...sizeNote(pass), replicas }, reason);
}

export function update(
  pass: Pass,
  set: ReplicaSetObservation,
  spec: ReplicaSetSpec,
  reason: WriteReason,
): ReplicaSetObservation {
  if (isSameSpec(set.spec, spec)) return set;
  pass.writes.push({ kind: "update", template: set.template, spec, reason });
  return { ...set, spec };
}

const isSameSpec = (a: ReplicaSetSpec, b: ReplicaSetSpec): boolean =>
  a.replicas === b.replicas &&
  a.minReadySeconds === b.minReadySeconds &&
  a.revision === b.revision &&
  a.desiredReplicas === b.desiredReplicas &&
  a.maxReplicas === b.maxReplicas;
