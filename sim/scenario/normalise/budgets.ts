import type { WorkloadsBudget } from "../../cluster/clusterSpec.ts";
import type { DisruptionBudgetSpec } from "../../policy/disruptionBudget.ts";
import type { PodDisruptionBudgetInput } from "../schema/kubernetes.ts";
import type { ScenarioInput } from "../schema/scenario.ts";
import type { Path } from "../tree.ts";
import type { Context } from "./context.ts";

/**
 * Those of services, which mean the pods of one, and those of the cluster, which name several. The
 * eviction API refuses to evict a pod that two of them select (HTTP 500), so that nobody wants it.
 */
export function normaliseBudgets(
  context: Context,
  { services, cluster }: Pick<ScenarioInput, "services" | "cluster">,
): readonly WorkloadsBudget[] {
  const own = Object.entries(services).flatMap(
    ([name, { podDisruptionBudget: input }]): WorkloadsBudget[] =>
      input === undefined ? [] : [{ name, workloads: [name], spec: budgetSpec(input) }],
  );
  const taken = new Set(own.map(({ name }) => name));
  const shared = Object.entries(cluster?.podDisruptionBudgets ?? {}).map(([name, input]) => {
    input.services.forEach((service, i) => {
      const path: Path = ["cluster", "podDisruptionBudgets", name, "services", i];
      if (!context.knows("service", service, context.names("services"), path)) return;
      if (taken.has(service)) {
        const hint = "Kubernetes evicts no pod that two budgets select";
        context.atValue(path, `"${service}" has a PodDisruptionBudget already`, hint);
      }
      taken.add(service);
    });
    return { name, workloads: input.services, spec: budgetSpec(input) };
  });
  return [...own, ...shared];
}

function budgetSpec(input: PodDisruptionBudgetInput): DisruptionBudgetSpec {
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy } = input.spec ?? input;
  return {
    ...(minAvailable === undefined ? {} : { minAvailable }),
    ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
    ...(unhealthyPodEvictionPolicy === undefined ? {} : { unhealthyPodEvictionPolicy }),
  };
}
