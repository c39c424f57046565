import { z } from "zod";
import { count, cpu, flag, memory, text, word } from "./leaves.ts";
import { labels, podScheduling } from "./scheduling.ts";
import { fields, list, named, reportSentence } from "./shapes.ts";

/**
 * `apps/v1` Deployments as they are written in manifests. What the simulator does not model is
 * accepted by name and ignored, so that a manifest is pasted in verbatim; a name that Kubernetes
 * does not have is still an error.
 * Source: https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/
 */
type Ignored<Keys extends string> = Record<Keys, z.ZodOptional<z.ZodUnknown>>;

export function ignored<const Keys extends string>(...keys: readonly Keys[]): Ignored<Keys> {
  const shape = Object.fromEntries(
    keys.map((key) => [
      key,
      z.unknown().meta({ description: "Accepted, not modelled." }).optional(),
    ]),
  );
  return shape as Ignored<Keys>; // fromEntries forgets which keys there are
}

const PERCENT_OR_COUNT = "a count or a percentage like 25%";

/** Kubernetes' IntOrString of a rolling update. */
const integerOrPercent = (description: string) =>
  z
    .union(
      [
        z
          .number({ error: PERCENT_OR_COUNT })
          .int({ error: PERCENT_OR_COUNT })
          .min(0, { error: PERCENT_OR_COUNT }),
        z.string({ error: PERCENT_OR_COUNT }).regex(/^[0-9]+%$/u, { error: PERCENT_OR_COUNT }),
      ],
      { error: PERCENT_OR_COUNT },
    )
    .meta({ description });

export const strategy = fields({
  type: z
    .enum(["RollingUpdate", "Recreate"], { error: "RollingUpdate or Recreate" })
    .meta({ description: "RollingUpdate (the default) or Recreate." })
    .optional(),
  rollingUpdate: fields({
    maxSurge: integerOrPercent("Replicas above the wanted ones. Default 25%.").optional(),
    maxUnavailable: integerOrPercent("Replicas that may be missing. Default 25%.").optional(),
  })
    .meta({ description: "How far a roll may go at once." })
    .optional(),
}).meta({ description: "A Deployment's strategy." });

const resourceList = fields({
  cpu: cpu("Cores: 500m is half a core.").optional(),
  memory: memory("Bytes: 512Mi, 1Gi.").optional(),
  ...ignored("ephemeral-storage"),
});

export const containerResources = fields({
  requests: resourceList.meta({ description: "What a pod is scheduled and billed by." }).optional(),
  limits: resourceList.meta({ description: "What it can use at most." }).optional(),
  ...ignored("claims"),
}).meta({ description: "A container's resources, as in Kubernetes." });

const seconds = (fallback: number, min: number) =>
  count(`Default ${fallback}, as in Kubernetes.`, min, 1_000_000).optional();

export const PROBE_HANDLERS = ["httpGet", "tcpSocket", "exec", "grpc"] as const;

const handler = (description: string) => z.unknown().meta({ description }).optional();

const probeShape = {
  initialDelaySeconds: seconds(0, 0),
  periodSeconds: seconds(10, 1),
  timeoutSeconds: seconds(1, 1),
  failureThreshold: seconds(3, 1),
  httpGet: handler(
    "A request to the process, which waits as requests do. What it asks is ignored.",
  ),
  grpc: handler("The same over gRPC."),
  tcpSocket: handler("A connection: it succeeds while the process listens, however busy it is."),
  exec: handler("A command: it takes the probe's work of CPU time, and no worker."),
};

/**
 * Only what the API server takes.
 * Source: validateReadinessProbe and others of pkg/apis/core/validation (kubernetes/kubernetes)
 */
export const readinessProbe = fields(
  { ...probeShape, successThreshold: seconds(1, 1) },
  { terminationGracePeriodSeconds: "a readiness probe kills nothing: Kubernetes refuses it there" },
)
  .check(checkHandler)
  .meta({ description: "A readiness probe, as in Kubernetes." });

/** A liveness or startup probe. */
export const killingProbe = fields({
  ...probeShape,
  successThreshold: z
    .literal(1, { error: "1, as Kubernetes wants it of liveness and startup probes" })
    .meta({ description: "Kubernetes takes 1 only." })
    .optional(),
  terminationGracePeriodSeconds: count(
    "Of a container that is killed for failing it. Default the pod's.",
    1,
    1_000_000,
  ).optional(),
})
  .check(checkHandler)
  .meta({ description: "A liveness or startup probe, as in Kubernetes." });

function checkHandler(context: z.core.ParsePayload<object>): void {
  const written = new Map(Object.entries(context.value));
  const [first, second] = PROBE_HANDLERS.filter((name) => written.get(name) !== undefined);
  if (first === undefined || second === undefined) return;
  const message = `a probe has one handler: ${first} and ${second} cannot be both set`;
  reportSentence(context, message, second);
}

const lifecycle = fields({
  preStop: fields({
    sleep: fields({ seconds: count("How long.", 0, 1_000_000) })
      .meta({ description: "The hook waits." })
      .optional(),
    exec: fields({
      command: list("a list of words", z.string({ error: "text" })).optional(),
    })
      .meta({ description: "A command: a sleep in it is what it takes, else it takes no time." })
      .optional(),
    ...ignored("httpGet", "tcpSocket"),
  })
    .meta({ description: "Runs before SIGTERM, within the grace period." })
    .optional(),
  ...ignored("postStart", "stopSignal"),
}).meta({ description: "A container's lifecycle hooks, as in Kubernetes." });

const container = fields({
  name: text("The container's name.").optional(),
  resources: containerResources.optional(),
  readinessProbe: readinessProbe.optional(),
  livenessProbe: killingProbe.optional(),
  startupProbe: killingProbe.optional(),
  lifecycle: lifecycle.optional(),
  restartPolicy: text("Always makes an init container a sidecar.").optional(),
  ...ignored("args", "command", "env", "envFrom", "image", "imagePullPolicy"),
  ...ignored("ports", "resizePolicy", "restartPolicyRules", "securityContext"),
  ...ignored("stdin", "stdinOnce", "terminationMessagePath", "terminationMessagePolicy", "tty"),
  ...ignored("volumeDevices", "volumeMounts", "workingDir"),
});

export const podSpec = fields({
  containers: list("a list of containers", container, 1),
  initContainers: list("a list of containers", container)
    .meta({ description: "Run one after the other before the containers." })
    .optional(),
  terminationGracePeriodSeconds: seconds(30, 0),
  ...podScheduling,
  ...ignored("activeDeadlineSeconds", "automountServiceAccountToken", "dnsConfig"),
  ...ignored("dnsPolicy", "enableServiceLinks", "ephemeralContainers", "hostAliases", "hostIPC"),
  ...ignored("hostNetwork", "hostPID", "hostUsers", "hostname", "hostnameOverride"),
  ...ignored("imagePullSecrets", "nodeName", "os", "overhead", "priority", "readinessGates"),
  ...ignored("resourceClaims", "resources", "restartPolicy", "runtimeClassName"),
  ...ignored("schedulerName", "schedulingGates", "securityContext", "serviceAccount"),
  ...ignored("serviceAccountName", "setHostnameAsFQDN", "shareProcessNamespace", "subdomain"),
  ...ignored("volumes"),
});

const podMetadata = z
  .looseObject(
    {
      labels: labels.optional(),
      annotations: z.record(z.string(), z.unknown(), { error: "a map with text" }).optional(),
    },
    { error: "a map with labels" },
  )
  .meta({ description: "Labels; what else there is is accepted, not modelled." });

export const deploymentSpecShape = {
  replicas: count("Replicas at the start. Default 1.", 0, 100_000).optional(),
  strategy: strategy.optional(),
  template: fields({ spec: podSpec, metadata: podMetadata.optional() }).optional(),
  minReadySeconds: seconds(0, 0),
  progressDeadlineSeconds: seconds(600, 1),
  revisionHistoryLimit: seconds(10, 0),
  paused: flag("Rollouts stand still. Default false.").optional(),
  ...ignored("selector"),
};

export const statefulSetSpecShape = {
  replicas: deploymentSpecShape.replicas,
  template: deploymentSpecShape.template,
  minReadySeconds: deploymentSpecShape.minReadySeconds,
  revisionHistoryLimit: deploymentSpecShape.revisionHistoryLimit,
  podManagementPolicy: word(
    ["OrderedReady", "Parallel"],
    "Pods come and go one by one (OrderedReady, the default), or all at once (Parallel).",
  ).optional(),
  updateStrategy: fields({
    type: word(
      ["RollingUpdate", "OnDelete"],
      "A new template replaces pods from the last to the first (RollingUpdate, the default), or " +
        "none until they are gone for another reason (OnDelete).",
    ).optional(),
    rollingUpdate: fields({
      partition: count("Pods from this ordinal on are replaced. Default 0.", 0).optional(),
      maxUnavailable: integerOrPercent("Pods that may be missing. Default 1.").optional(),
    })
      .meta({ description: "How far an update may go." })
      .optional(),
  })
    .meta({ description: "How pods are replaced." })
    .optional(),
  ...ignored("ordinals", "persistentVolumeClaimRetentionPolicy", "selector", "serviceName"),
  ...ignored("volumeClaimTemplates"),
};

/** A manifest, or only its spec: one form, so that a mistake in either is told as one. */
export const deployment = fields({
  apiVersion: z.literal("apps/v1", { error: "apps/v1" }).optional(),
  kind: z.literal("Deployment", { error: "Deployment" }).optional(),
  spec: fields(deploymentSpecShape).optional(),
  ...ignored("metadata", "status"),
  ...deploymentSpecShape,
})
  .check((context) => checkManifest(context, deploymentSpecShape))
  .meta({
    description:
      "An apps/v1 Deployment, or its spec, verbatim. The keys beside it come before what is in it.",
  });

export const statefulSet = fields({
  apiVersion: z.literal("apps/v1", { error: "apps/v1" }).optional(),
  kind: z.literal("StatefulSet", { error: "StatefulSet" }).optional(),
  spec: fields(statefulSetSpecShape).optional(),
  ...ignored("metadata", "status"),
  ...statefulSetSpecShape,
})
  .check((context) => checkManifest(context, statefulSetSpecShape))
  .meta({
    description:
      "An apps/v1 StatefulSet, or its spec, verbatim, instead of a Deployment. " +
      "The keys beside it come before what is in it.",
  });

/** What is part of the spec does not stand beside it. */
function checkManifest(context: z.core.ParsePayload<object>, specShape: object): void {
  const written = new Map(Object.entries(context.value));
  if (written.get("spec") === undefined) return;
  for (const key of Object.keys(specShape)) {
    if (written.get(key) === undefined) continue;
    reportSentence(context, `"${key}" belongs into spec`, key);
  }
}

export const budgetShape = {
  minAvailable: integerOrPercent("Pods that stay, as a count or a share.").optional(),
  maxUnavailable: integerOrPercent("Pods that may be gone, as a count or a share.").optional(),
  unhealthyPodEvictionPolicy: word(
    ["IfHealthyBudget", "AlwaysAllow"],
    "Whether pods that are not ready may always be evicted. Default IfHealthyBudget.",
  ).optional(),
  ...ignored("selector"),
};

const manifestOfBudget = {
  apiVersion: z
    .literal("policy/v1", { error: "policy/v1" })
    .meta({ description: "As in a manifest." })
    .optional(),
  kind: z
    .literal("PodDisruptionBudget", { error: "PodDisruptionBudget" })
    .meta({ description: "As in a manifest." })
    .optional(),
  spec: fields(budgetShape)
    .check(checkBudget)
    .meta({ description: "As in a manifest." })
    .optional(),
  ...ignored("metadata", "status"),
  ...budgetShape,
};

/** A manifest, or only its spec; that it means this service's pods is what its place says. */
export const podDisruptionBudget = fields(manifestOfBudget)
  .check(checkBudget, (context) => checkManifest(context, budgetShape))
  .meta({ description: "A policy/v1 PodDisruptionBudget, or its spec, verbatim." });

/** The same for the pods of several services, taken together: their names are its selector. */
export const podDisruptionBudgets = named(
  "a map from names to budgets",
  fields({
    services: list("a list of services", text("A service."), 1).meta({
      description: "Whose pods it means, taken together.",
    }),
    ...manifestOfBudget,
  }).check(checkBudget, (context) => checkManifest(context, budgetShape)),
).meta({ description: "PodDisruptionBudgets of several services; one has its own." });

export function checkBudget(context: z.core.ParsePayload<object>): void {
  const written = new Map(Object.entries(context.value));
  if (written.get("minAvailable") === undefined) return;
  if (written.get("maxUnavailable") === undefined) return;
  const message = "minAvailable and maxUnavailable cannot be both set";
  reportSentence(context, message, "maxUnavailable");
}

export type PodDisruptionBudgetInput = z.infer<typeof podDisruptionBudget>;
export type DeploymentInput = z.infer<typeof deployment>;
export type DeploymentSpecInput = Pick<DeploymentInput, keyof typeof deploymentSpecShape>;
export type StatefulSetInput = z.infer<typeof statefulSet>;
export type StatefulSetSpecInput = Pick<StatefulSetInput, keyof typeof statefulSetSpecShape>;
export type ProbeInput = z.infer<typeof readinessProbe> | z.infer<typeof killingProbe>;
export type ContainerInput = z.infer<typeof container>;
export type PodSpecInput = z.infer<typeof podSpec>;
