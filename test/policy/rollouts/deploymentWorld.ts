import { seconds } from "../../../sim/kernel/time.ts";
import type {
  DeploymentObservation,
  DeploymentPolicy,
  DeploymentState,
  DeploymentWrite,
  ReplicaSetObservation,
  ReplicaSetSpec,
} from "../../../sim/policy/rollouts/deployment/contract.ts";
import type { DeploymentConfig } from "../../../sim/policy/rollouts/deployment/spec.ts";

/** More reconciliations in a row than any change needs. */
const MAX_STEPS = 50;

/**
 * A Deployment whose ReplicaSets have their pods at once, and lose unavailable ones first. Which of
 * them are available is up to the test. Times are seconds.
 */
export class DeploymentWorld {
  readonly #policy: DeploymentPolicy;
  state: DeploymentState;
  wanted: Omit<DeploymentObservation, "replicaSets" | "generation"> = {
    replicas: 10,
    paused: false,
    template: "v1",
  };
  replicaSets: readonly ReplicaSetObservation[] = [];
  now = 0;
  #generation = 1;

  constructor(policy: DeploymentPolicy, config: DeploymentConfig = {}) {
    this.#policy = policy;
    this.state = policy.init(config);
  }

  /** A complete Deployment of v1. */
  static complete(
    policy: DeploymentPolicy,
    replicas: number,
    config: DeploymentConfig = {},
  ): DeploymentWorld {
    const world = new DeploymentWorld(policy, config);
    world.change({ replicas });
    world.settle();
    return world;
  }

  /** Writes to the Deployment's spec; returns what that leads to at once. */
  change(fields: Partial<DeploymentWorld["wanted"]>): readonly DeploymentWrite[] {
    this.#write(fields);
    return this.rest();
  }

  /** The same with one reconciliation only. */
  changeAndStep(fields: Partial<DeploymentWorld["wanted"]>): readonly DeploymentWrite[] {
    this.#write(fields);
    return this.step();
  }

  /** So many replicas of a template are available from now on. */
  available(template: string, count: number): readonly DeploymentWrite[] {
    this.#patch(template, (set) => withAvailable(set, count));
    return this.rest();
  }

  /** All pods become available again and again, until the Deployment is at rest. */
  settle(): void {
    for (let round = 0; round < 1_000; round += 1) {
      this.replicaSets = this.replicaSets.map((set) => withAvailable(set, set.spec.replicas));
      if (this.rest().length === 0) return;
    }
    throw new Error("the Deployment never comes to rest");
  }

  patchReplicaSet(template: string, fields: Partial<ReplicaSetObservation>): void {
    this.#patch(template, (set) => ({ ...set, ...fields }));
  }

  /** Steps until the policy holds; returns what it wrote to ReplicaSets. */
  rest(): readonly DeploymentWrite[] {
    const writes: DeploymentWrite[] = [];
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const next = this.step();
      if (next.length === 0) return writes.filter(({ kind }) => kind !== "status");
      writes.push(...next);
    }
    throw new Error(`no rest after ${MAX_STEPS} reconciliations`);
  }

  /** One reconciliation, carried out. */
  step(): readonly DeploymentWrite[] {
    const { wanted, replicaSets } = this;
    const observation = { ...wanted, generation: this.#generation, replicaSets };
    const now = seconds(this.now);
    const { state, decision } = this.#policy.step(this.state, observation, now, () => 0.5);
    this.state = state;
    if (decision.kind === "hold") return [];
    for (const write of decision.writes) this.#carryOut(write);
    return decision.writes;
  }

  get sizes(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.replicaSets.map(({ template, spec }) => [template, spec.replicas]),
    );
  }

  get total(): number {
    return this.replicaSets.reduce((sum, { spec }) => sum + spec.replicas, 0);
  }

  get availableReplicas(): number {
    return this.replicaSets.reduce((sum, { status }) => sum + status.availableReplicas, 0);
  }

  get progressing(): string | null {
    const { progressing } = this.state.status;
    return progressing && `${progressing.status}/${progressing.reason}`;
  }

  #write(fields: Partial<DeploymentWorld["wanted"]>): void {
    this.wanted = { ...this.wanted, ...fields };
    this.#generation += 1;
  }

  #carryOut(write: DeploymentWrite): void {
    if (write.kind === "create") {
      const { template, spec } = write;
      this.replicaSets = [...this.replicaSets, sized({ template, spec }, 0)];
    } else if (write.kind === "update") {
      const { spec } = write;
      this.#patch(write.template, (set) =>
        sized({ ...set, spec }, Math.min(set.status.availableReplicas, spec.replicas)),
      );
    } else if (write.kind === "delete") {
      this.replicaSets = this.replicaSets.filter(({ template }) => template !== write.template);
    }
  }

  #patch(template: string, change: (set: ReplicaSetObservation) => ReplicaSetObservation): void {
    this.replicaSets = this.replicaSets.map((set) =>
      set.template === template ? change(set) : set,
    );
  }
}

/** `template count` of every write that changes a size, in order. */
export const sizesWritten = (writes: readonly DeploymentWrite[]): readonly string[] =>
  writes.flatMap((write) =>
    write.kind === "create" || write.kind === "update"
      ? [`${write.template} ${write.spec.replicas} ${write.reason}`]
      : [],
  );

function sized(
  set: { readonly template: string; readonly spec: ReplicaSetSpec },
  available: number,
): ReplicaSetObservation {
  const { replicas } = set.spec;
  return withAvailable(
    {
      ...set,
      status: { replicas, readyReplicas: 0, availableReplicas: 0, terminatingReplicas: 0 },
      unfinishedPods: replicas,
    },
    available,
  );
}

const withAvailable = (set: ReplicaSetObservation, count: number): ReplicaSetObservation => ({
  ...set,
  status: { ...set.status, readyReplicas: count, availableReplicas: count },
});
