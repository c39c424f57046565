import { assert } from "../kernel/assert.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { micros } from "../kernel/time.ts";
import type { PodPhase } from "../policy/autoscaler.ts";
import {
  type ReplicaSetPod,
  type ReplicaSetStatus,
  reconcileReplicaSet,
} from "../policy/replicaSet.ts";
import { exists, isActive, type Pod } from "./pod.ts";
import type { ReplicaSet, Workload } from "./workload.ts";

/** More reconciliations than this without coming to rest are a bug. */
const RECONCILIATIONS_MAX = 1000;

/**
 * The ReplicaSet controller: creates and deletes pods until every ReplicaSet has as many as its
 * spec says, picks those that are missed least, and keeps the statuses that Deployments go by.
 */
export class ReplicaSets {
  readonly #simulation: Simulation;
  readonly #pods: readonly Pod[];
  readonly #phaseOf: (pod: Pod) => PodPhase;
  readonly #create: (workload: number, revision: number) => void;
  readonly #delete: (pod: Pod) => void;
  readonly #deletionCost: (pod: Pod) => number;
  readonly #wake: number;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly pods: readonly Pod[];
    readonly phaseOf: (pod: Pod) => PodPhase;
    readonly deletionCost: (pod: Pod) => number;
    readonly create: (workload: number, revision: number) => void;
    readonly delete: (pod: Pod) => void;
    /** A pod has been ready for `minReadySeconds`. */
    readonly available: (workload: number) => void;
  }) {
    this.#simulation = parts.simulation;
    this.#pods = parts.pods;
    this.#phaseOf = parts.phaseOf;
    this.#deletionCost = parts.deletionCost;
    this.#create = parts.create;
    this.#delete = parts.delete;
    this.#wake = parts.simulation.register("pods become available", parts.available);
  }

  /** Reconciles the ReplicaSets of a workload, in order of creation, until none writes. */
  settle(workload: Workload, index: number): void {
    for (let round = 0; round < RECONCILIATIONS_MAX; round++) {
      const wrote = workload.replicaSets.map((set) => this.#reconcile(index, set));
      if (!wrote.includes(true)) return;
    }
    assert(false, `the ReplicaSets of ${workload.spec.name} do not come to rest`);
  }

  #reconcile(index: number, set: ReplicaSet): boolean {
    const { now } = this.#simulation;
    const pods = this.#pods.filter(
      (pod) => pod.workload === index && pod.revision === set.revision && exists(pod),
    );
    const decision = reconcileReplicaSet(
      {
        replicas: set.spec.replicas,
        minReadySeconds: set.spec.minReadySeconds,
        pods: pods.map((pod) => this.#observe(pod)),
        podsOnNode: (node) =>
          this.#pods.filter((pod) => pod.workload === index && pod.node === node && isActive(pod))
            .length,
      },
      now,
    );
    for (let i = 0; i < decision.create; i++) this.#create(index, set.revision);
    for (const place of decision.delete) this.#delete(pods[place]!);
    const changed = !isSame(set.status, decision.status);
    set.status = decision.status;
    if (decision.nextAvailable !== null && changed) {
      this.#simulation.schedule(decision.nextAvailable, this.#wake, index, 0);
    }
    return decision.create > 0 || decision.delete.length > 0 || changed;
  }

  #observe(pod: Pod): ReplicaSetPod {
    return {
      phase: this.#phaseOf(pod),
      deleted: pod.deletedAt !== null,
      ready: {
        status: pod.ready,
        lastTransition: micros(pod.readyChangedAt ?? pod.createdAt),
      },
      node: pod.node,
      createdAt: micros(pod.createdAt),
      restarts: pod.restarts,
      deletionCost: this.#deletionCost(pod),
    };
  }
}

const isSame = (a: ReplicaSetStatus, b: ReplicaSetStatus): boolean =>
  a.replicas === b.replicas &&
  a.readyReplicas === b.readyReplicas &&
  a.availableReplicas === b.availableReplicas &&
  a.terminatingReplicas === b.terminatingReplicas;
