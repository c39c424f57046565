import { z } from "zod";
import { count, text, word } from "./leaves.ts";
import { either, fields, list, named } from "./shapes.ts";

/**
 * What a pod template says about the nodes that it wants, spelled as in `core/v1`.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#scheduling
 */
const plain = (description: string) => z.string({ error: "text" }).meta({ description });

export const labels = named("a map from labels to their values", plain("A value.")).meta({
  description: "Labels, as in Kubernetes.",
});

const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

const values = list("a list of values", plain("A value.")).meta({
  description: "Values of the label.",
});

const labelRequirement = fields({
  key: text("The label."),
  operator: word(["In", "NotIn", "Exists", "DoesNotExist"], "What holds of it."),
  values: values.optional(),
});

const labelSelector = fields({
  matchLabels: labels.optional(),
  matchExpressions: list("a list of requirements", labelRequirement)
    .meta({ description: "All must hold." })
    .optional(),
}).meta({ description: "Which pods, by their labels." });

const nodeRequirement = fields({
  key: text("The label or field."),
  operator: word(["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"], "What holds of it."),
  values: values.optional(),
});

const nodeRequirements = (description: string) =>
  list("a list of requirements", nodeRequirement).meta({ description }).optional();

const nodeTerm = fields({
  matchExpressions: nodeRequirements("Of labels; all must hold."),
  matchFields: nodeRequirements("Of metadata.name; all must hold."),
});

const weight = count("How much it counts.", 1, 100);

const nodeAffinity = fields({
  requiredDuringSchedulingIgnoredDuringExecution: fields({
    nodeSelectorTerms: list("a list of terms", nodeTerm, 1).meta({ description: "One must hold." }),
  })
    .meta({ description: "Nodes that will do." })
    .optional(),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    "a list of preferences",
    fields({ weight, preference: nodeTerm }),
  )
    .meta({ description: "Nodes that are better." })
    .optional(),
}).meta({ description: "Nodes that a pod wants." });

const labelKeys = (description: string) =>
  list("a list of labels", text("A label.")).meta({ description }).optional();

const podTerm = fields({
  labelSelector: labelSelector.optional(),
  topologyKey: text("A label of nodes: those with one value of it are one place."),
  namespaces: list("a list of namespaces", text("A namespace."))
    .meta({ description: "Default: the pod's own." })
    .optional(),
  namespaceSelector: z.unknown().meta({ description: "Accepted, not modelled." }).optional(),
  matchLabelKeys: labelKeys("Their values are those of the pod."),
  mismatchLabelKeys: labelKeys("Their values are not those of the pod."),
});

const podAffinity = fields({
  requiredDuringSchedulingIgnoredDuringExecution: list("a list of terms", podTerm)
    .meta({ description: "All must hold." })
    .optional(),
  preferredDuringSchedulingIgnoredDuringExecution: list(
    "a list of preferences",
    fields({ weight, podAffinityTerm: podTerm }),
  )
    .meta({ description: "Places that are better." })
    .optional(),
}).meta({ description: "Pods that a pod wants in its place, or does not." });

const affinity = fields({
  nodeAffinity: nodeAffinity.optional(),
  podAffinity: podAffinity.optional(),
  podAntiAffinity: podAffinity.optional(),
}).meta({ description: "Where a pod may go, as in Kubernetes." });

const toleration = fields({
  key: plain("The taint; absent, with Exists: all of them.").optional(),
  operator: word(["Exists", "Equal"], "Default Equal.").optional(),
  value: plain("The taint's value.").optional(),
  effect: word(EFFECTS, "Default: every effect.").optional(),
  tolerationSeconds: count(
    "How long a pod stays on a node that has become unreachable. Default for good.",
    -2_147_483_648,
    2_147_483_647,
  ).optional(),
});

const spread = fields({
  maxSkew: count("How many more pods one place may have than another.", 1),
  topologyKey: text("A label of nodes: those with one value of it are one place."),
  whenUnsatisfiable: word(["DoNotSchedule", "ScheduleAnyway"], "Whether it must hold."),
  labelSelector: labelSelector.optional(),
  minDomains: count("Places that there should be.", 1).optional(),
  matchLabelKeys: labelKeys("Their values are those of the pod."),
  nodeAffinityPolicy: word(["Honor", "Ignore"], "Default Honor.").optional(),
  nodeTaintsPolicy: word(["Honor", "Ignore"], "Default Ignore.").optional(),
});

/** Of a pod template's spec. */
export const podScheduling = {
  nodeSelector: labels.optional(),
  affinity: affinity.optional(),
  tolerations: list("a list of tolerations", toleration)
    .meta({ description: "Taints that do not matter." })
    .optional(),
  topologySpreadConstraints: list("a list of constraints", spread)
    .meta({ description: "How evenly pods are spread." })
    .optional(),
  priorityClassName: text("One of cluster.priorityClasses. Default: the default one.").optional(),
  preemptionPolicy: word(
    ["PreemptLowerPriority", "Never"],
    "Whether it may take the place of others. Default that of its class.",
  ).optional(),
};

export const taints = list(
  "a list of taints",
  fields({
    key: text("The taint."),
    value: plain("Its value.").optional(),
    effect: word(EFFECTS, "What it does to pods that do not tolerate it."),
    timeAdded: z.unknown().meta({ description: "Accepted, not modelled." }).optional(),
  }),
).meta({ description: "Taints, as in Kubernetes." });

const priority = count("Higher is more important.", -2_147_483_648, 1_000_000_000);

export const priorityClassShape = {
  value: priority,
  preemptionPolicy: word(
    ["PreemptLowerPriority", "Never"],
    "Default PreemptLowerPriority.",
  ).optional(),
  globalDefault: z
    .boolean({ error: "true or false" })
    .meta({ description: "Of pods that name no class." })
    .optional(),
};

export const priorityClasses = named(
  "a map from classes to their values",
  either("a number, or a map with value, preemptionPolicy and globalDefault", [
    priority,
    fields(priorityClassShape),
  ]).meta({ description: "How important its pods are." }),
).meta({ description: "PriorityClasses, beside the two that Kubernetes has." });

export type PriorityClassesInput = z.infer<typeof priorityClasses>;
