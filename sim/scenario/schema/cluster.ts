import { z } from "zod";
import { podDisruptionBudgets } from "./kubernetes.ts";
import {
  count,
  cpu,
  duration,
  flag,
  memory,
  NAME,
  name,
  number,
  positiveDuration,
  share,
  text,
  word,
} from "./leaves.ts";
import { autoscalerSync, metrics } from "./metrics.ts";
import { labels, priorityClasses, taints } from "./scheduling.ts";
import { checkOneOf, either, fields, list, metaOneOf, named } from "./shapes.ts";
import { distribution } from "./time.ts";

const nodeShape = {
  cpu: cpu("Allocatable cores of each."),
  memory: memory("Allocatable memory of each."),
  pods: count("The most pods on each. Default 110, as in Kubernetes.", 1, 100_000).optional(),
  labels: labels.optional(),
  taints: taints.optional(),
};

const node = fields({
  name: name("Nodes are called name-1, name-2, … Default node.").optional(),
  count: count("How many. Default 1.", 1, 100_000).optional(),
  ...nodeShape,
  zones: list("a list of zones", text("A zone."), 1)
    .meta({ description: "They are spread over these in turn. Default: one zone, a." })
    .optional(),
  region: text("Default: local.").optional(),
});

const nodePool = fields({
  min: count("The fewest nodes; so many are there at first. Default 0.", 0, 100_000).optional(),
  max: count("The most nodes.", 1, 100_000),
  node: fields({
    ...nodeShape,
    zones: list("a list of zones", text("A zone."), 1)
      .meta({ description: "The nodes are spread over these in turn. Default: a." })
      .optional(),
    region: text("Default: local.").optional(),
  }).meta({ description: "What each of them is like." }),
  provision: distribution("From asking for a node until it is ready. Default 90s.").optional(),
});

export const cluster = fields({
  manifests: either("a pattern like ./k8s/*.yaml, or a list of them", [
    text("Files, or a folder."),
    list("a list of patterns like ./k8s/*.yaml", text("Files, or a folder."), 1),
  ])
    .meta({ description: "Kubernetes manifests that say what the scenario does not." })
    .optional(),
  nodes: list("a list of groups of nodes", node, 1)
    .meta({ description: "Default: three nodes, in zones a to c, with room for everything." })
    .optional(),
  nodePools: named("a map from names to pools of nodes", nodePool, {
    pattern: NAME,
    phrase: "a name of lower-case letters, digits and hyphens",
  })
    .meta({ description: "Groups of like nodes that a policy set's nodeAutoscaler sizes." })
    .optional(),
  podDisruptionBudgets: podDisruptionBudgets.optional(),
  priorityClasses: priorityClasses.optional(),
  imageBandwidth: memory(
    "Of each node's link to the registry, a second, for images with a size. Default 50Mi.",
  ).optional(),
  scheduling: distribution("From a pod's creation until it is bound. Default 50ms.").optional(),
  metrics: metrics.optional(),
  autoscalerSync: autoscalerSync.optional(),
  endpointLag: distribution(
    "From a pod's readiness until its callers know. Default 1s.",
  ).optional(),
  callerLag: distribution(
    "From then on until each calling service and the edge know, one draw each. Default 0s.",
  ).optional(),
  contentionInterval: positiveDuration(
    "How often a node that is short of CPU shares it out anew. Default 100ms.",
  ).optional(),
  kubelet: fields({
    probeTicks: word(
      ["container", "pod"],
      "Probes begin with the container (the default), or tick on since the pod came to its node.",
    ).optional(),
    serializeImagePulls: flag("One image is pulled after the other. Default true.").optional(),
    maxParallelImagePulls: count("At most so many at once. Default no limit.", 1).optional(),
    crashLoopBackOff: fields({
      maxContainerRestartPeriod: positiveDuration("The longest pause. Default 300s.").optional(),
    })
      .meta({ description: "Pauses between restarts: 10s, doubling." })
      .optional(),
  })
    .meta({ description: "What runs the containers of a node." })
    .optional(),
});

const replicasInScope = either("a count or a share like 10%", [
  count("So many, the oldest first.", 1),
  z
    .string({ error: "a count or a share like 10%" })
    .regex(/^(?!0+(?:\.0+)?%$)(?:100|[0-9]{1,2}(?:\.[0-9]+)?)%$/u, {
      error: "a count or a share like 10%",
    }),
]);

const FAULT_EFFECTS = ["kill", "crash", "slow", "errors", "latency", "drain", "nodeDown"] as const;

export const fault = fields({
  name: text("Default: its effect and where.").optional(),
  at: duration("When it begins, from the start of the measured time."),
  for: positiveDuration("How long it lasts; kill and crash have no length.").optional(),
  service: text("Where: a service.").optional(),
  revision: text("Where: one revision of the service.").optional(),
  endpoint: text("Where: one endpoint of the service.").optional(),
  node: text("Where: one node.").optional(),
  zone: text("Where: a zone.").optional(),
  region: text("Where: a region.").optional(),
  replicas: replicasInScope
    .meta({ description: "How many of the replicas there. Default all." })
    .optional(),
  kill: z.literal(true, { error: "true" }).meta({ description: "They die at once." }).optional(),
  crash: z
    .literal(true, { error: "true" })
    .meta({ description: "Their processes die at once; the containers are restarted." })
    .optional(),
  slow: number("Work takes this many times as long.", { min: 1, max: 1_000_000 }).optional(),
  errors: share("Share of the requests that are answered with an error.").optional(),
  latency: distribution("Calls arrive later by this.").optional(),
  drain: text("This node is cordoned and its pods are evicted, as their budgets allow.").optional(),
  nodeDown: text(
    "This node is without power: NotReady after 40s, its pods evicted 5m later, as they tolerate.",
  ).optional(),
})
  .check(
    checkOneOf("a fault", FAULT_EFFECTS, {
      for: ["slow", "errors", "latency", "drain", "nodeDown"],
    }),
  )
  .meta(metaOneOf(FAULT_EFFECTS));

export const link = fields({
  from: text("A zone or region."),
  to: text("A zone or region."),
  latency: distribution("Delay of one way."),
});

const limit = (what: string) =>
  positiveDuration(`The objective holds while ${what} is below this.`).optional();

export const OBJECTIVES = ["mean", "p50", "p95", "p99", "failed", "missed"] as const;

export const objective = fields({
  mean: limit("the mean latency"),
  p50: limit("the median latency"),
  p95: limit("the 95th percentile of latency"),
  p99: limit("the 99th percentile of latency"),
  failed: share("The objective holds while fewer requests than this fail.").optional(),
  missed: share(
    "The objective holds while fewer messages than this miss their deadline.",
  ).optional(),
});

export const claim = fields({
  text: text("The sentence that is put to the test."),
  service: text("The service that scales."),
  from: count("Ready replicas at first.", 0, 100_000),
  to: count("Ready replicas in the end.", 0, 100_000),
  within: positiveDuration("The time it may take."),
});

export const price = fields({
  vcpuHour: number("Dollars an hour for a requested core. Default 0.04048.", { min: 0 }).optional(),
  nodeHour: number("Dollars an hour for each node of the cluster, in place of what pods request.", {
    min: 0,
  }).optional(),
  gibHour: number("Dollars an hour for a requested GiB. Default 0.004445.", { min: 0 }).optional(),
});

export type ClusterInput = z.infer<typeof cluster>;
export type FaultInput = z.infer<typeof fault>;
