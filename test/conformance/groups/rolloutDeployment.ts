import { present } from "../../../sim/kernel/assert.ts";
import type { Json } from "../../../sim/kernel/json.ts";
import { seconds } from "../../../sim/kernel/time.ts";
import { type ReplicaSetStatus, reconcileReplicaSet } from "../../../sim/policy/replicaSet.ts";
import type {
  DeploymentCondition,
  DeploymentPolicy,
  DeploymentState,
  DeploymentStatus,
  DeploymentWrite,
  ReplicaSetObservation,
} from "../../../sim/policy/rollouts/deployment/contract.ts";
import {
  recreate,
  rolling,
  withSettings,
} from "../../../sim/policy/rollouts/deployment/deployment.ts";
import { deploymentSettings } from "../../../sim/policy/rollouts/deployment/spec.ts";
import { difference } from "./group.ts";
import {
  type Change,
  type DeploymentCase,
  deploymentCase,
  type Row,
} from "./rolloutDeploymentFormats.ts";
import { isUnfinished, observePod, TrajectoryPods } from "./rolloutDeploymentPods.ts";

/** A controller that comes to no rest within so many reconciliations of a second never will. */
const MAX_RECONCILIATIONS = 1_000;

/** Plays a trajectory; after the first row that differs the rest means nothing. */
export function deploymentDifferences(testCase: Json): readonly string[] {
  const parsed = deploymentCase.parse(testCase);
  const rows = new Trajectory(parsed).play();
  const count = Math.max(rows.length, parsed.rows.length);
  for (let index = 0; index < count; index += 1) {
    const differing = difference("row", parsed.rows[index], rows[index]);
    if (differing.length > 0) return [`row ${index}: ${differing.join()}`];
  }
  return [];
}

interface ModelReplicaSet {
  readonly number: number;
  observation: Omit<ReplicaSetObservation, "unfinishedPods">;
}

/** One Deployment with its ReplicaSets and pods, second by second. */
class Trajectory {
  readonly #case: DeploymentCase;
  readonly #pods = new TrajectoryPods();
  /** By number, null once deleted. */
  readonly #replicaSets: (ModelReplicaSet | null)[] = [];
  #wanted: { readonly image: string; readonly replicas: number; readonly paused: boolean };
  #generation = 1;
  #state: DeploymentState;
  #happened = nothing();

  constructor(testCase: DeploymentCase) {
    this.#case = testCase;
    const { replicas, paused, ...config } = testCase.deployment;
    this.#wanted = { image: "v1", replicas, paused: paused ?? false };
    this.#state = policyOf(config.strategy?.type).init(config);
  }

  play(): readonly Row[] {
    const { seconds: last, changes = [], podEvents = [] } = this.#case;
    const rows: Row[] = [];
    let before = "";
    for (let t = 0; t <= last; t += 1) {
      this.#happened = nothing();
      this.#pods.advance(t);
      for (const event of podEvents) if (event.t === t) this.#pods.happen(event, t);
      this.#comeToRest(t);
      for (const change of changes) if (change.t === t) this.#change(change);
      this.#comeToRest(t);
      const seen = this.#seen();
      const text = JSON.stringify(seen);
      const happened = Object.entries(this.#happened).filter(([, list]) => list.length > 0);
      if (text !== before || happened.length > 0) {
        rows.push({ t, ...seen, ...Object.fromEntries(happened) });
      }
      before = text;
    }
    return rows;
  }

  #change({ image, replicas, paused, strategy }: Change): void {
    const { image: oldImage, replicas: oldReplicas, paused: oldPaused } = this.#wanted;
    const wanted = {
      image: image ?? oldImage,
      replicas: replicas ?? oldReplicas,
      paused: paused ?? oldPaused,
    };
    const { settings } = this.#state;
    const next =
      strategy === undefined
        ? settings
        : { ...settings, strategy: deploymentSettings({ strategy }).strategy };
    if (isSame(wanted, this.#wanted) && isSame(next, settings)) return;
    this.#wanted = wanted;
    this.#state = withSettings(this.#state, next);
    this.#generation += 1;
  }

  /** All ReplicaSets until none writes, then the Deployment once; from the start if it wrote. */
  #comeToRest(t: number): void {
    for (let round = 0; round < MAX_RECONCILIATIONS; round += 1) {
      const wrote = this.#replicaSets.map((set) => set !== null && this.#reconcile(set, t));
      if (!wrote.includes(true) && !this.#reconcileDeployment(t)) return;
    }
    throw new Error(`no rest after ${MAX_RECONCILIATIONS} reconciliations at ${t} s`);
  }

  #reconcile(set: ModelReplicaSet, t: number): boolean {
    const { template, spec, status: before } = set.observation;
    const pods = this.#pods.of(set.number);
    const { replicas, minReadySeconds } = spec;
    const decision = reconcileReplicaSet(
      { replicas, minReadySeconds, pods: pods.map(observePod), podsOnNode: () => 1 },
      seconds(t),
    );
    const { created, deleted } = this.#happened;
    const life = this.#case.podsByImage?.[template] ?? this.#case.pods;
    for (let count = 0; count < decision.create; count += 1) {
      created.push([this.#pods.create(set.number, life, t).number, set.number]);
    }
    const victims = decision.delete.map((index) => present(pods[index], "pod"));
    for (const pod of victims) this.#pods.delete(pod, t);
    deleted.push(...victims.map(({ number }) => number).sort((a, b) => a - b));
    set.observation = { template, spec, status: decision.status };
    return decision.create > 0 || victims.length > 0 || !isSameStatus(before, decision.status);
  }

  #reconcileDeployment(t: number): boolean {
    const { image, ...wanted } = this.#wanted;
    const existing = this.#replicaSets.filter((set) => set !== null);
    const observation = {
      ...wanted,
      generation: this.#generation,
      template: image,
      replicaSets: existing.map(({ number, observation: set }) => ({
        ...set,
        unfinishedPods: this.#pods.of(number).filter(isUnfinished).length,
      })),
    };
    const policy = policyOf(this.#state.settings.strategy.type);
    const { state, decision } = policy.step(this.#state, observation, seconds(t), noDraw);
    this.#state = state;
    if (decision.kind === "hold") return false;
    for (const write of decision.writes) this.#carryOut(write);
    return true;
  }

  #carryOut(write: DeploymentWrite): void {
    if (write.kind === "status") return;
    const { template } = write;
    const { scales } = this.#happened;
    if (write.kind === "create") {
      const number = this.#replicaSets.length;
      const observation = { template, spec: write.spec, status: NO_PODS };
      this.#replicaSets.push({ number, observation });
      scales.push([number, write.spec.replicas]);
      return;
    }
    const found = this.#replicaSets.find((set) => set?.observation.template === template);
    const set = present(found, `ReplicaSet of ${template}`);
    if (write.kind === "delete") {
      this.#replicaSets[set.number] = null;
      return;
    }
    const { spec, status } = set.observation;
    if (spec.replicas !== write.spec.replicas) scales.push([set.number, write.spec.replicas]);
    set.observation = { template, spec: write.spec, status };
  }

  /** The row without what happened. */
  #seen(): Omit<Row, "t" | "scales" | "created" | "deleted"> {
    const { status } = this.#state;
    const { progressing, available, revision } = status;
    return {
      rs: this.#replicaSets.map((set) => set && replicaSetColumns(set.observation)),
      status: statusColumns(status),
      ...(progressing && { progressing: conditionText(progressing) }),
      ...(available && { available: conditionText(available) }),
      revision: revision === null ? "" : String(revision),
    };
  }
}

const policyOf = (strategy: "RollingUpdate" | "Recreate" | undefined): DeploymentPolicy =>
  strategy === "Recreate" ? recreate : rolling;

const NO_PODS = { replicas: 0, readyReplicas: 0, availableReplicas: 0, terminatingReplicas: 0 };

const nothing = (): {
  readonly scales: [number, number][];
  readonly created: [number, number][];
  readonly deleted: number[];
} => ({ scales: [], created: [], deleted: [] });

const isSameStatus = (a: ReplicaSetStatus, b: ReplicaSetStatus): boolean =>
  a.replicas === b.replicas &&
  a.readyReplicas === b.readyReplicas &&
  a.availableReplicas === b.availableReplicas &&
  a.terminatingReplicas === b.terminatingReplicas;

const isSame = (a: object, b: object): boolean => JSON.stringify(a) === JSON.stringify(b);

const replicaSetColumns = ({ spec, status }: ModelReplicaSet["observation"]): number[] => [
  spec.replicas,
  status.replicas,
  status.readyReplicas,
  status.availableReplicas,
];

const statusColumns = (status: DeploymentStatus): number[] => [
  status.replicas,
  status.updatedReplicas,
  status.readyReplicas,
  status.availableReplicas,
  status.unavailableReplicas,
  status.terminatingReplicas,
];

const conditionText = ({ status, reason }: DeploymentCondition): string => `${status}/${reason}`;

function noDraw(): never {
  throw new Error("a Deployment draws no random numbers");
}
