import { z } from "zod";
import {
  budgetShape,
  checkBudget,
  deploymentSpecShape,
  ignored,
  podSpec,
  statefulSetSpecShape,
} from "../schema/kubernetes.ts";
import { count, text, word } from "../schema/leaves.ts";
import { priorityClassShape } from "../schema/scheduling.ts";
import { fields, list } from "../schema/shapes.ts";

/**
 * Manifests as the API server takes them with `fieldValidation: Strict`: what a scenario may leave
 * out around a Deployment is required here.
 * Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
 */
const literal = <const Text extends string>(written: Text) =>
  z.literal(written, { error: written });

/** A label of `1.0` without quotes is a number to YAML, and refused. */
export const labels = z.record(
  z.string(),
  z.string({ error: 'text (a number or true needs quotes: "1")' }),
  {
    error: "a map with text",
  },
);

const objectMeta = fields({
  name: text("Its name."),
  namespace: text("Its namespace. Default: default.").optional(),
  labels: labels.optional(),
  annotations: labels.optional(),
  ...ignored("creationTimestamp", "deletionGracePeriodSeconds", "deletionTimestamp", "finalizers"),
  ...ignored("generateName", "generation", "managedFields", "ownerReferences", "resourceVersion"),
  ...ignored("selfLink", "uid"),
});

/** The keys that every resource has. */
const resource = <Version extends string, Kind extends string, Spec extends z.ZodType>(
  version: Version,
  kind: Kind,
  spec: Spec,
) =>
  fields({
    apiVersion: literal(version),
    kind: literal(kind),
    metadata: objectMeta,
    spec,
    ...ignored("status"),
  });

const operators = ["In", "NotIn", "Exists", "DoesNotExist"] as const;
export const labelSelector = fields({
  matchLabels: labels.optional(),
  matchExpressions: list(
    "a list of requirements",
    fields({
      key: text("A label."),
      operator: word(operators, "What holds of its value."),
      values: list("a list of values", z.string({ error: "text" })).optional(),
    }),
  ).optional(),
});

const podTemplate = fields({
  metadata: fields({
    ...objectMeta.shape,
    name: text("Ignored.").optional(),
  }).optional(),
  spec: podSpec,
});

const deployment = resource(
  "apps/v1",
  "Deployment",
  fields({ ...deploymentSpecShape, selector: labelSelector, template: podTemplate }),
);

const statefulSet = resource(
  "apps/v1",
  "StatefulSet",
  fields({ ...statefulSetSpecShape, selector: labelSelector, template: podTemplate }),
);

const budget = resource(
  "policy/v1",
  "PodDisruptionBudget",
  fields({ ...budgetShape, selector: labelSelector.optional() }).check(checkBudget),
);

const service = resource(
  "v1",
  "Service",
  fields({
    selector: labels.optional(),
    ...ignored("allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs"),
    ...ignored("externalName", "externalTrafficPolicy", "healthCheckNodePort"),
    ...ignored("internalTrafficPolicy", "ipFamilies", "ipFamilyPolicy", "loadBalancerClass"),
    ...ignored("loadBalancerIP", "loadBalancerSourceRanges", "ports", "publishNotReadyAddresses"),
    ...ignored("sessionAffinity", "sessionAffinityConfig", "trafficDistribution", "type"),
  }),
);

/** Its strategy is checked by the policy that carries it out. */
const rollout = resource(
  "argoproj.io/v1alpha1",
  "Rollout",
  fields({
    replicas: deploymentSpecShape.replicas,
    selector: labelSelector.optional(),
    template: podTemplate.optional(),
    workloadRef: fields({
      apiVersion: text("apps/v1.").optional(),
      kind: text("Deployment.").optional(),
      name: text("Whose pod template it is."),
      ...ignored("scaleDown"),
    }).optional(),
    minReadySeconds: deploymentSpecShape.minReadySeconds,
    progressDeadlineSeconds: deploymentSpecShape.progressDeadlineSeconds,
    revisionHistoryLimit: deploymentSpecShape.revisionHistoryLimit,
    strategy: fields({ ...ignored("canary", "blueGreen") }),
    ...ignored("analysis", "paused", "progressDeadlineAbort", "restartAt", "rollbackWindow"),
  }),
);

/** Checked by the policy that uses it, where it is used. */
const analysisTemplate = (kind: string) =>
  resource("argoproj.io/v1alpha1", kind, z.record(z.string(), z.unknown(), { error: "a map" }));

const priorityClass = fields({
  apiVersion: literal("scheduling.k8s.io/v1"),
  kind: literal("PriorityClass"),
  metadata: objectMeta,
  ...priorityClassShape,
  ...ignored("description"),
});

/** HorizontalPodAutoscalers are checked by the policy; here only what surrounds their spec. */
const autoscaler = fields({
  apiVersion: z.enum(["autoscaling/v2", "autoscaling/v1"], { error: "autoscaling/v2" }),
  kind: literal("HorizontalPodAutoscaler"),
  metadata: objectMeta,
  spec: z.record(z.string(), z.unknown(), { error: "a map with scaleTargetRef and maxReplicas" }),
  ...ignored("status"),
});

/** What a kind of `autoscaling/v1` has instead of metrics. */
export const autoscalerV1Spec = fields({
  scaleTargetRef: fields({
    apiVersion: text("apps/v1.").optional(),
    kind: text("Deployment."),
    name: text("What is scaled."),
  }),
  minReplicas: count("Default 1.", 0).optional(),
  maxReplicas: count("The most.", 1),
  targetCPUUtilizationPercentage: count("Of the request. Default 80.", 1).optional(),
});

export const KINDS = [
  "Deployment",
  "StatefulSet",
  "Rollout",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "Service",
  "AnalysisTemplate",
  "ClusterAnalysisTemplate",
  "PriorityClass",
] as const;
export type Kind = (typeof KINDS)[number];

interface KindSchema {
  /** API groups, today's and those it has left; the version is checked by the schema. */
  readonly groups: readonly string[];
  readonly schema: z.ZodType;
}

export const KIND_SCHEMAS: Readonly<Record<Kind, KindSchema>> = {
  Deployment: { groups: ["apps", "extensions"], schema: deployment },
  StatefulSet: { groups: ["apps"], schema: statefulSet },
  Rollout: { groups: ["argoproj.io"], schema: rollout },
  HorizontalPodAutoscaler: { groups: ["autoscaling"], schema: autoscaler },
  PodDisruptionBudget: { groups: ["policy"], schema: budget },
  Service: { groups: [""], schema: service },
  AnalysisTemplate: { groups: ["argoproj.io"], schema: analysisTemplate("AnalysisTemplate") },
  ClusterAnalysisTemplate: {
    groups: ["argoproj.io"],
    schema: analysisTemplate("ClusterAnalysisTemplate"),
  },
  PriorityClass: { groups: ["scheduling.k8s.io"], schema: priorityClass },
};
