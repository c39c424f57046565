import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";
import {
  answerEviction,
  type BudgetedPod,
  type DisruptionBudgetSpec,
  type DisruptionBudgetStatus,
  disruptionBudgetStatus,
  NO_BUDGET_STATUS,
} from "../policy/disruptionBudget.ts";
import type { BoundPod, DisruptionBudgets, PodSchedulingSpec } from "../policy/scheduling/spec.ts";
import type { WorkloadsBudget } from "./clusterSpec.ts";
import { podPhase } from "./kubeletStatus.ts";
import { exists, type Pod } from "./pod.ts";
import { type Workload, workloadIndex } from "./workload.ts";

interface Budget {
  readonly spec: DisruptionBudgetSpec;
  /** Numbers of the workloads whose pods it selects. */
  readonly workloads: readonly number[];
  status: DisruptionBudgetStatus;
}

/**
 * The PodDisruptionBudgets of the cluster; each goes by its place in the list. The disruption
 * controller, which follows the pods with a delay of its own in Kubernetes, has always seen them.
 */
export class PodBudgets implements DisruptionBudgets {
  readonly #simulation: Simulation;
  readonly #pods: readonly Pod[];
  readonly #workloads: readonly Workload[];
  readonly #podName: (pod: Pod) => string;
  readonly #workloadOf: ReadonlyMap<PodSchedulingSpec, number>;
  readonly #budgets: readonly Budget[];
  /** By workload: the place of its budget; -1 for none. */
  readonly #budgetOf: readonly number[];

  constructor(parts: {
    readonly simulation: Simulation;
    readonly budgets: readonly WorkloadsBudget[];
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
    this.#budgets = parts.budgets.map(({ spec, workloads }) => ({
      spec,
      workloads: workloads.map((name) => workloadIndex(parts.workloads, name)),
      status: NO_BUDGET_STATUS,
    }));
    this.#budgetOf = parts.workloads.map((_, workload) =>
      this.#budgets.findIndex(({ workloads }) => workloads.includes(workload)),
    );
  }

  budgetsOf({ spec }: BoundPod): readonly string[] {
    const budget = this.#budgetOf[this.#workloadOf.get(spec) ?? -1] ?? -1;
    return budget < 0 ? [] : [String(budget)];
  }

  disruptionsAllowed(budget: string): number {
    return this.#look(this.#budgets[Number(budget)]!).disruptionsAllowed;
  }

  /** The eviction API's answer; who gets leave deletes the pod. */
  mayEvict(pod: Pod): boolean {
    const budget = this.#budgets[this.#budgetOf[pod.workload]!];
    if (budget === undefined) return true;
    const { now } = this.#simulation;
    const answer = answerEviction(budget.spec, this.#look(budget), this.#budgeted(pod), now);
    budget.status = answer.status;
    return answer.kind === "evict";
  }

  state(): Json {
    return plainState(this.#budgets.map(({ status }) => status));
  }

  restore(state: Json): void {
    savedState<DisruptionBudgetStatus[]>(state).forEach((status, place) => {
      this.#budgets[place]!.status = status;
    });
  }

  /** The status as the disruption controller writes it now. */
  #look(budget: Budget): DisruptionBudgetStatus {
    const { spec, workloads, status } = budget;
    const pods = this.#pods.filter((pod) => workloads.includes(pod.workload) && exists(pod));
    const scales = workloads.map((index): [string, number] => {
      const { spec: owner, replicas } = this.#workloads[index]!;
      return [owner.name, replicas];
    });
    const observation = {
      pods: pods.map((pod) => this.#budgeted(pod)),
      replicas: Object.fromEntries(scales),
    };
    budget.status = disruptionBudgetStatus(spec, observation, status, this.#simulation.now);
    return budget.status;
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
