import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";
import {
  answerEviction,
  type BudgetedPod,
  type DisruptionBudgetStatus,
  disruptionBudgetStatus,
  NO_BUDGET_STATUS,
} from "../policy/disruptionBudget.ts";
import type { BoundPod, DisruptionBudgets, PodSchedulingSpec } from "../policy/scheduling/spec.ts";
import { podPhase } from "./kubeletStatus.ts";
import { exists, type Pod } from "./pod.ts";
import { type Workload, workloadIndex } from "./workload.ts";

/**
 * The PodDisruptionBudgets of the workloads, one each at most and named after it. The disruption
 * controller, which follows the pods with a delay of its own in Kubernetes, has always seen them.
 */
export class PodBudgets implements DisruptionBudgets {
  readonly #simulation: Simulation;
  readonly #pods: readonly Pod[];
  readonly #workloads: readonly Workload[];
  readonly #podName: (pod: Pod) => string;
  readonly #workloadOf: ReadonlyMap<PodSchedulingSpec, number>;
  #statuses: DisruptionBudgetStatus[];

  constructor(parts: {
    readonly simulation: Simulation;
    readonly pods: readonly Pod[];
    readonly workloads: readonly Workload[];
    readonly podName: (pod: Pod) => string;
    /** By workload and revision. */
    readonly templates: readonly (readonly PodSchedulingSpec[])[];
  }) {
    this.#simulation = parts.simulation;
    this.#pods = parts.pods;
    this.#workloads = parts.workloads;
    this.#podName = parts.podName;
    this.#workloadOf = new Map(
      parts.templates.flatMap((specs, workload) => specs.map((spec) => [spec, workload])),
    );
    this.#statuses = parts.workloads.map(() => NO_BUDGET_STATUS);
  }

  budgetsOf({ spec }: BoundPod): readonly string[] {
    const workload = this.#workloads[this.#workloadOf.get(spec) ?? -1];
    return workload?.spec.disruptionBudget === undefined ? [] : [workload.spec.name];
  }

  disruptionsAllowed(budget: string): number {
    return this.#look(workloadIndex(this.#workloads, budget)).disruptionsAllowed;
  }

  /** The eviction API's answer; who gets leave deletes the pod. */
  mayEvict(pod: Pod): boolean {
    const budget = this.#workloads[pod.workload]!.spec.disruptionBudget;
    if (budget === undefined) return true;
    const { now } = this.#simulation;
    const status = this.#look(pod.workload);
    const answer = answerEviction(budget, status, this.#budgeted(pod), now);
    this.#statuses[pod.workload] = answer.status;
    return answer.kind === "evict";
  }

  state(): Json {
    return plainState(this.#statuses);
  }

  restore(state: Json): void {
    this.#statuses = [...savedState<DisruptionBudgetStatus[]>(state)];
  }

  /** The status as the disruption controller writes it now. */
  #look(index: number): DisruptionBudgetStatus {
    const workload = this.#workloads[index]!;
    const { name, disruptionBudget } = workload.spec;
    if (disruptionBudget === undefined) return NO_BUDGET_STATUS;
    const pods = this.#pods.filter((pod) => pod.workload === index && exists(pod));
    const observation = {
      pods: pods.map((pod) => this.#budgeted(pod)),
      replicas: { [name]: workload.replicas },
    };
    const status = disruptionBudgetStatus(
      disruptionBudget,
      observation,
      this.#statuses[index]!,
      this.#simulation.now,
    );
    this.#statuses[index] = status;
    return status;
  }

  #budgeted(pod: Pod): BudgetedPod {
    return {
      name: this.#podName(pod),
      phase: podPhase(pod),
      deleted: pod.deletedAt !== null,
      ready: { status: pod.ready, lastTransition: this.#simulation.now },
      owner: this.#workloads[pod.workload]!.spec.name,
    };
  }
}
