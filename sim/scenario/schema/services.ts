import { z } from "zod";
import { type Access, FALLBACK_KINDS } from "../../dataplane/callSpec.ts";
import { balancer } from "./balancer.ts";
import {
  bulkhead,
  CALL_SETTINGS,
  type CallSettingsInput,
  callSettings,
  callTarget,
  rateLimiter,
} from "./calls.ts";
import {
  containerResources,
  deployment,
  killingProbe,
  podDisruptionBudget,
  readinessProbe,
  statefulSet,
  strategy,
} from "./kubernetes.ts";
import {
  count,
  cpu,
  duration,
  flag,
  memory,
  NAME,
  positiveDuration,
  share,
  text,
  word,
} from "./leaves.ts";
import { type LockInput, lock } from "./locks.ts";
import { access, replication } from "./replication.ts";
import { revision, startup } from "./revisions.ts";
import { memoryUse, quota, replicaWarmUp } from "./serving.ts";
import { checkOneOf, either, fields, list, META_ONE_KEY, metaOneOf, named } from "./shapes.ts";
import { breakdowns, concurrency, queue, setup } from "./station.ts";
import { type DistributionInput, distribution } from "./time.ts";

const STEP_KINDS = [
  "work",
  "wait",
  "call",
  "query",
  "cache",
  "lock",
  "transaction",
  "parallel",
  "choose",
] as const;

/** Written out, since steps contain steps. */
export interface StepInput {
  readonly work?: DistributionInput | undefined;
  readonly wait?: DistributionInput | undefined;
  readonly call?: string | CallInput | undefined;
  readonly query?: string | QueryInput | undefined;
  readonly cache?: CacheInput | undefined;
  readonly lock?: string | LockInput<StepInput> | undefined;
  readonly transaction?: readonly StepInput[] | TransactionInput | undefined;
  readonly parallel?: readonly (StepInput | readonly StepInput[])[] | undefined;
  readonly choose?:
    | readonly { readonly probability: string | number; readonly steps: readonly StepInput[] }[]
    | undefined;
}

export interface TransactionInput {
  readonly pool?: string | undefined;
  readonly steps: readonly StepInput[];
}

export interface FallbackInput {
  readonly kind: (typeof FALLBACK_KINDS)[number];
  readonly steps?: readonly StepInput[] | undefined;
}

export interface CallInput extends CallSettingsInput {
  readonly service: string;
  readonly fallback?: FallbackInput | undefined;
  readonly endpoint?: string | undefined;
}

export interface QueryInput extends CallSettingsInput {
  readonly fallback?: FallbackInput | undefined;
  readonly datastore: string;
  readonly access?: Access | undefined;
  readonly pool?: string | undefined;
}

export interface CacheEntriesInput {
  readonly size?: number | undefined;
  readonly ttl?: string | undefined;
  readonly scope?: "shared" | "replica" | undefined;
  readonly coalesce?: boolean | undefined;
}

export interface CacheInput {
  readonly name?: string | undefined;
  readonly hits?: string | number | undefined;
  readonly entries?: CacheEntriesInput | undefined;
  readonly hit?: readonly StepInput[] | undefined;
  readonly miss?: readonly StepInput[] | undefined;
}

const CACHE_HEADS = ["hits", "entries"] as const;

const cacheEntries = fields({
  size: count("How many; the least recently used makes room. Default any.", 1, 1e7).optional(),
  ttl: positiveDuration("How long one lives. Default for ever.").optional(),
  scope: word(
    ["shared", "replica"],
    "One cache for all replicas (the default), or one in each process, gone with it.",
  ).optional(),
  coalesce: flag("Who misses what is being fetched waits for it. Default false.").optional(),
}).meta({
  description: "A cache of keys, empty at first: how many hits there are follows from its entries.",
});

const STEPS = `a list of steps (${STEP_KINDS.join(", ")})`;
const stepList = () =>
  list(
    STEPS,
    z.lazy(() => step),
  );

const settingOfCall = (key: string): string =>
  `write call: { service: …, ${key}: … }, or query: { datastore: …, ${key}: … }`;

const fallback = fields({
  kind: word(
    FALLBACK_KINDS,
    "What stands in for the answer: what was known before (cached), what is right for most " +
      "(default), or nothing (degraded). The request counts as such, never as a success.",
  ),
  steps: stepList().meta({ description: "What the caller does instead." }).optional(),
}).meta({ description: "What the caller does when the call has failed for good." });

const stepKeys = {
  work: distribution("CPU time.").optional(),
  wait: distribution("Time that passes without CPU.").optional(),
  call: either("a service, or a map with service, endpoint, timeout and retries", [
    callTarget,
    fields({
      service: text("The service that is called."),
      endpoint: text("Its endpoint. Default: its only one.").optional(),
      ...callSettings,
      fallback: fallback.optional(),
    }),
  ])
    .meta({ description: "A call to another service; the caller waits." })
    .optional(),
  query: either("a datastore, or a map with datastore, pool, timeout and retries", [
    text("The datastore; over the pool of that name, when there is one."),
    fields({
      datastore: text("The datastore that is asked."),
      pool: text("Connections it goes over. Default: the pool named after it, if any.").optional(),
      access: access.optional(),
      ...callSettings,
      fallback: fallback.optional(),
    }),
  ])
    .meta({ description: "A call to a datastore." })
    .optional(),
  cache: fields({
    name: text("Its name in reports. Default cache.").optional(),
    hits: share("Share of the requests that find what they want.").optional(),
    entries: cacheEntries.optional(),
    hit: stepList().meta({ description: "What a hit does." }).optional(),
    miss: stepList().meta({ description: "What a miss does." }).optional(),
  })
    .check(checkOneOf("a cache", CACHE_HEADS))
    .meta({ ...metaOneOf(CACHE_HEADS), description: "A look into a cache." })
    .optional(),
  lock: lock(stepList()).optional(),
  transaction: either("a list of steps, or a map with pool and steps", [
    stepList(),
    fields({
      pool: text(
        "It holds one of its connections to the end; queries over it use that.",
      ).optional(),
      steps: stepList().meta({ description: "What it does." }),
    }),
  ])
    .meta({ description: "Locks that are taken in it are given back at its end." })
    .optional(),
  parallel: list(
    "a list of branches",
    either("a step, or a list of steps", [z.lazy(() => step), stepList()]),
    1,
  )
    .meta({ description: "All at once; the slowest branch counts." })
    .optional(),
  choose: list(
    "a list of options with probability and steps",
    fields({
      probability: share("How often it is taken; what is left to 1 takes none."),
      steps: stepList().meta({ description: "What it does." }),
    }),
    1,
  )
    .meta({ description: "One option, by chance." })
    .optional(),
};

const step: z.ZodType<StepInput> = fields(
  stepKeys,
  Object.fromEntries([...CALL_SETTINGS, "fallback"].map((key) => [key, settingOfCall(key)])),
)
  .check(checkOneOf("a step", STEP_KINDS))
  .meta({ id: "Step", ...META_ONE_KEY, description: "One thing that a request does." });

const adviseOnDiscipline = (written: string): string | null =>
  /^[0-9.]+m?$/u.test(written)
    ? "how much CPU a pod has goes under resources: {requests: {cpu: …}, limits: {cpu: …}}"
    : null;

const DISCIPLINES = ["processor-sharing", "fifo", "event-loop"] as const;

const pool = fields({
  size: count("Connections of each replica.", 1, 1_000_000),
  acquireTimeout: positiveDuration(
    "A query gives up waiting after this. Default never.",
  ).optional(),
});

const IMAGE_HEADS = ["pull", "size"] as const;

export const service = fields({
  deployment: either("a Deployment, or the name of one in cluster.manifests", [
    text("Its name in the manifests of the cluster."),
    deployment,
  ])
    .meta({ description: "Default: the one of the service's name in the manifests, if any." })
    .optional(),
  statefulSet: statefulSet.optional(),
  podDisruptionBudget: podDisruptionBudget.optional(),
  replicas: count("Replicas at the start. Default 1.", 0, 100_000).optional(),
  container: text(
    "The container of its pods that serves. Default that of the annotation " +
      "kubectl.kubernetes.io/default-container, or the first.",
  ).optional(),
  resources: containerResources.optional(),
  strategy: strategy.optional(),
  startupProbe: killingProbe.optional(),
  readinessProbe: readinessProbe.optional(),
  livenessProbe: killingProbe.optional(),
  readyWhen: word(
    ["listening", "running"],
    "Without readiness probe: when it listens (the default), or runs, as in Kubernetes.",
  ).optional(),
  terminationGracePeriodSeconds: count("Default 30, as in Kubernetes.", 0, 86_400).optional(),
  preStop: duration("The preStop hook sleeps so long before SIGTERM. Default 0s.").optional(),
  onSigterm: word(
    ["serve", "refuse"],
    "New requests from SIGTERM on: served until no caller knows it (the default), or refused.",
  ).optional(),
  podDeletionCost: word(
    ["none", "in-flight"],
    "Pods that are scaled down first are those of the lowest " +
      "controller.kubernetes.io/pod-deletion-cost: the requests and messages in them " +
      "(in-flight), or all alike (none, the default).",
  ).optional(),
  cpu: word(
    DISCIPLINES,
    "All requests share the quota (the default), slots run at full speed, or one core in order.",
    adviseOnDiscipline,
  ).optional(),
  concurrency: concurrency.optional(),
  queue: queue.optional(),
  breakdowns: breakdowns.optional(),
  setup: setup.optional(),
  asynchronous: flag("Gives its slot back while it waits for others. Default false.").optional(),
  outlierDetection: z
    .record(z.string(), z.unknown(), { error: "a map with consecutive5xx and the like" })
    .meta({
      description:
        "Callers eject replicas that fail: the fields of Envoy's OutlierDetection, in camel case " +
        "and with its defaults; times in seconds (intervalSeconds, baseEjectionTimeSeconds).",
    })
    .optional(),
  trafficDistribution: word(
    ["PreferClose", "PreferSameZone"],
    "As in a Kubernetes Service: callers choose among the replicas of their own zone, while " +
      "there are any. Default: among all.",
  ).optional(),
  slowStart: positiveDuration(
    "A replica that callers have just heard of gets 10 % of its part at first, and all of it " +
      "after this long (Envoy's slow start). Default none.",
  ).optional(),
  rateLimiter: rateLimiter.optional(),
  bulkhead: bulkhead.optional(),
  dropExpired: flag(
    "Requests past their deadline are dropped when their turn comes. Default false.",
  ).optional(),
  balancer: balancer.optional(),
  startup: startup.optional(),
  initContainers: distribution("All init containers together. Default none.").optional(),
  sidecars: list(
    "a list of containers with name, cpu and memory",
    fields({
      name: text("Its name: that of a container of the manifest, or of another one.").optional(),
      cpu: cpu("What it uses, always, up to its limit. Default 0.").optional(),
      memory: memory("What it uses, always. Default 0.").optional(),
    }),
  )
    .meta({ description: "Containers beside the one that serves, and what they use." })
    .optional(),
  image: fields({
    pull: distribution("Time to pull the image. Default 0s: it is there.").optional(),
    size: memory("Pulled with the node's bandwidth, instead of in a drawn time.").optional(),
  })
    .check(checkOneOf("an image", IMAGE_HEADS))
    .meta({ ...metaOneOf(IMAGE_HEADS), description: "The container's image." })
    .optional(),
  memory: memoryUse.optional(),
  quota: quota.optional(),
  probeWork: distribution("CPU time of answering a probe. Default 500us.").optional(),
  probeThread: word(
    ["shared", "own"],
    "Whether probes wait for a slot like requests (shared, the default) or a thread of their own " +
      "answers them, as with a management port (own).",
  ).optional(),
  warmUp: replicaWarmUp.optional(),
  pools: named("a map from pools to their sizes", pool)
    .meta({ description: "Connection pools of each replica." })
    .optional(),
  revisions: named("a map from revisions to what is different in them", revision)
    .meta({ description: "The first one runs at the start; rollouts bring the others." })
    .optional(),
  endpoints: named("a map from endpoints to their steps", stepList()).meta({
    description: "What a request to each endpoint does.",
  }),
});

export const datastore = fields({
  concurrency: concurrency.meta({ description: "Requests it works on at once." }),
  queue: queue.optional(),
  breakdowns: breakdowns.optional(),
  setup: setup.optional(),
  time: distribution("How long a request takes."),
  ...replication,
});

export const services = named("a map from names to services", service, {
  pattern: NAME,
  phrase: "a name of lower-case letters, digits and hyphens",
});
export const datastores = named("a map from names to datastores", datastore, {
  pattern: NAME,
  phrase: "a name of lower-case letters, digits and hyphens",
});

export type ServiceInput = z.infer<typeof service>;
export type DatastoreInput = z.infer<typeof datastore>;
