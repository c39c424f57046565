import { nodeAutoscalers } from "../../policy/index.ts";
import type { PolicySet, PolicyUse } from "../scenario.ts";
import type { PolicySetInput } from "../schema/policies.ts";
import type { Path } from "../tree.ts";
import type { Context } from "./context.ts";
import { checkedConfig, solePolicy, type Times } from "./policyUse.ts";
import { normaliseRollouts } from "./rollouts.ts";
import { checkScaleTarget } from "./scaleTarget.ts";

/** What is compared when a file names no policies. */
export const AS_IS: PolicySet = {
  name: "as-is",
  about: "no autoscaler: replicas stay as they are",
  autoscalers: [],
  nodeAutoscaler: null,
  rollouts: [],
  pauses: [],
};

export function normalisePolicySet(
  context: Context,
  name: string,
  input: PolicySetInput,
  times: Times,
): PolicySet {
  const path: Path = ["policies", name];
  const autoscalers = Object.keys(input.autoscalers ?? {}).flatMap((service) =>
    normaliseAutoscaler(context, service, [...path, "autoscalers", service], times),
  );
  const releases = normaliseRollouts(context, input.rollouts ?? {}, [...path, "rollouts"], times);
  const nodeAutoscaler =
    input.nodeAutoscaler === undefined
      ? null
      : normaliseNodeAutoscaler(context, [...path, "nodeAutoscaler"], times);
  return { name, about: input.about ?? "", autoscalers, nodeAutoscaler, ...releases };
}

function normaliseAutoscaler(
  context: Context,
  service: string,
  path: Path,
  times: Times,
): readonly PolicyUse[] {
  if (!context.knows("service", service, context.names("services"), path, "key")) return [];
  const known = context.registry.autoscalers;
  const policy = solePolicy(context, "autoscaler", path, [], Object.keys(known));
  if (policy === null) return [];
  const config = checkedConfig(context, policy, known[policy], [...path, policy], times);
  checkScaleTarget(context, service, policy, [...path, policy]);
  return [{ workload: service, policy, config }];
}

function normaliseNodeAutoscaler(
  context: Context,
  path: Path,
  times: Times,
): PolicySet["nodeAutoscaler"] {
  if (context.names("cluster", "nodePools").length === 0) {
    context.atKey(path, "there is no pool of nodes to scale", "add cluster.nodePools");
  }
  const policy = solePolicy(context, "node autoscaler", path, [], Object.keys(nodeAutoscalers));
  if (policy === null) return null;
  const known = nodeAutoscalers[policy];
  return { policy, config: checkedConfig(context, policy, known, [...path, policy], times) };
}
