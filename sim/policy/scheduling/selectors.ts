import { unreachable } from "../../kernel/assert.ts";
import {
  type LabelRequirement,
  type LabelSelector,
  type Labels,
  type NodeRequirement,
  type NodeSelectorTerm,
  namespaceOf,
  type PodAffinityTerm,
  type PodSchedulingSpec,
  type SchedulingNode,
  type Taint,
  type Toleration,
} from "./spec.ts";

/**
 * Label and node selectors, taints and tolerations.
 * Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ and
 * https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */

/** An absent selector selects nothing, an empty one everything. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels): boolean {
  if (selector === undefined) return false;
  const { matchLabels, matchExpressions } = selector;
  for (const key in matchLabels) if (labels[key] !== matchLabels[key]) return false;
  return (
    matchExpressions?.every((requirement) => meets(requirement, labels[requirement.key])) ?? true
  );
}

/** One requirement on the value of a label, which may be missing. */
function meets(requirement: NodeRequirement, value: string | undefined): boolean {
  const { operator, values = [] } = requirement;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return compare(value, values, (label, bound) => label > bound);
    case "Lt":
      return compare(value, values, (label, bound) => label < bound);
    default:
      return unreachable(operator);
  }
}

const WHOLE_NUMBER = /^[+-]?[0-9]+$/;

/** Labels that are no whole numbers meet neither Gt nor Lt. */
function compare(
  value: string | undefined,
  values: readonly string[],
  holds: (label: number, bound: number) => boolean,
): boolean {
  const [bound] = values;
  if (value === undefined || bound === undefined || values.length !== 1) return false;
  if (!WHOLE_NUMBER.test(value) || !WHOLE_NUMBER.test(bound)) return false;
  return holds(Number(value), Number(bound));
}

/** A term without any requirement matches no node. */
export function matchesNodeTerm(term: NodeSelectorTerm, node: SchedulingNode): boolean {
  const { matchExpressions = [], matchFields = [] } = term;
  if (matchExpressions.length + matchFields.length === 0) return false;
  return (
    matchExpressions.every((requirement) => meets(requirement, node.labels[requirement.key])) &&
    matchFields.every((requirement) =>
      meets(requirement, requirement.key === "metadata.name" ? node.name : undefined),
    )
  );
}

/** `nodeSelector`, and one of the terms of the required node affinity. */
export function matchesNodeAffinity(spec: PodSchedulingSpec, node: SchedulingNode): boolean {
  const { nodeSelector } = spec;
  for (const key in nodeSelector) if (node.labels[key] !== nodeSelector[key]) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required?.nodeSelectorTerms.some((term) => matchesNodeTerm(term, node)) ?? true;
}

export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key, operator = "Equal", value, effect } = toleration;
  if (effect !== undefined && effect !== taint.effect) return false;
  if (key === undefined || key === "") return operator === "Exists";
  if (key !== taint.key) return false;
  return operator === "Exists" || (value ?? "") === (taint.value ?? "");
}

/** The first taint that keeps the pod off the node; undefined when none does. */
export function untoleratedTaint(
  node: SchedulingNode,
  tolerations: readonly Toleration[] | undefined,
): Taint | undefined {
  return node.taints.find(
    (taint) =>
      taint.effect !== "PreferNoSchedule" &&
      !tolerations?.some((toleration) => tolerates(toleration, taint)),
  );
}

/** A selector narrowed by `matchLabelKeys` and `mismatchLabelKeys` of the pod that asks. */
export function narrowedSelector(
  asked: Pick<PodAffinityTerm, "labelSelector" | "matchLabelKeys" | "mismatchLabelKeys">,
  labels: Labels,
): LabelSelector | undefined {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = asked;
  if (labelSelector === undefined) return undefined;
  const added = [
    ...matchLabelKeys.flatMap((key) => requirementOn(key, "In", labels[key])),
    ...mismatchLabelKeys.flatMap((key) => requirementOn(key, "NotIn", labels[key])),
  ];
  if (added.length === 0) return labelSelector;
  return {
    ...labelSelector,
    matchExpressions: [...(labelSelector.matchExpressions ?? []), ...added],
  };
}

/** Keys that the pod lacks are ignored. */
const requirementOn = (
  key: string,
  operator: "In" | "NotIn",
  value: string | undefined,
): readonly LabelRequirement[] => (value === undefined ? [] : [{ key, operator, values: [value] }]);

/** Whether a term of one pod means another pod. */
export function termSelects(
  term: PodAffinityTerm,
  owner: PodSchedulingSpec,
  other: PodSchedulingSpec,
): boolean {
  const namespace = namespaceOf(other);
  const isInNamespace = term.namespaces?.length
    ? term.namespaces.includes(namespace)
    : namespace === namespaceOf(owner);
  return isInNamespace && matchesSelector(narrowedSelector(term, owner.labels), other.labels);
}
