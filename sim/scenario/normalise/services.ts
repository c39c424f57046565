import type { WorkloadSpec } from "../../cluster/clusterSpec.ts";
import type { ServiceSpec } from "../../dataplane/serviceSpec.ts";
import type { Micros } from "../../kernel/time.ts";
import {
  type DeploymentSettings,
  deploymentSettings,
} from "../../policy/rollouts/deployment/spec.ts";
import {
  statefulSetSettings,
  validateStatefulSetConfig,
} from "../../policy/rollouts/statefulSet/spec.ts";
import type { PriorityClassesInput } from "../schema/scheduling.ts";
import type { DatastoreInput, ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import { parseDuration } from "../units.ts";
import { normaliseBalancer } from "./balancer.ts";
import { DATASTORE_ENDPOINT } from "./calls.ts";
import { normaliseContainers, servingIndex } from "./containers.ts";
import type { Context } from "./context.ts";
import { deploymentPath, specIn, specOf, statefulSetSpecOf } from "./deploymentInput.ts";
import { guardsOf } from "./guards.ts";
import { normaliseOutlierDetection } from "./outliers.ts";
import { normalisePodLife } from "./podLife.ts";
import { reportConfigProblem } from "./policyUse.ts";
import { normaliseReplication } from "./replication.ts";
import { normaliseRevisionPods, normaliseRevisions, ONLY_REVISION } from "./revisions.ts";
import { normaliseScheduling } from "./scheduling.ts";
import { normaliseServing, PLAIN_SERVING } from "./serving.ts";
import { normaliseStation, queueLimitOf, slotsOf } from "./station.ts";
import { normaliseSteps } from "./steps.ts";
import { normaliseDistribution } from "./time.ts";

/** Kubernetes' own default. */
const DEFAULT_SURGE = "25%";

export function normaliseService(
  context: Context,
  name: string,
  input: ServiceInput,
  { warmUp }: { readonly warmUp: Micros },
): ServiceSpec {
  const path: Path = ["services", name];
  const discipline = input.cpu ?? "processor-sharing";
  const concurrency = slotsOf(input.concurrency);
  const isUnlimited = !context.names(...path).includes("concurrency");
  if (discipline === "fifo" && isUnlimited) {
    const hint = "add concurrency: how many requests a replica works on at once";
    context.atValue([...path, "cpu"], "fifo needs a number of slots", hint);
  }
  if (input.queue !== undefined && isUnlimited && discipline !== "event-loop") {
    const hint = "add concurrency: requests wait only when its slots are taken";
    context.atKey([...path, "queue"], "a queue without concurrency is never used", hint);
  }
  return {
    name,
    kind: "service",
    replication: null,
    discipline,
    concurrency,
    queueLimit: queueLimitOf(input.queue),
    station: normaliseStation(context, input, path, { discipline, warmUp }),
    asynchronous: input.asynchronous ?? false,
    dropsExpired: input.dropExpired ?? false,
    guards: guardsOf(context, input, path, ["rateLimiter", "bulkhead"]),
    prefersClose: input.trafficDistribution !== undefined,
    slowStart: input.slowStart === undefined ? null : parseDuration(input.slowStart),
    outlierDetection: normaliseOutlierDetection(context, input.outlierDetection, [
      ...path,
      "outlierDetection",
    ]),
    balancer: normaliseBalancer(input.balancer),
    ...normaliseServing(context, input, path),
    pools: Object.entries(input.pools ?? {}).map(([pool, { size, acquireTimeout }]) => ({
      name: pool,
      size,
      acquireTimeout: acquireTimeout === undefined ? null : parseDuration(acquireTimeout),
    })),
    endpoints: Object.entries(input.endpoints).map(([endpoint, steps]) => ({
      name: endpoint,
      steps: normaliseSteps(context, steps, [...path, "endpoints", endpoint], {
        service: name,
        endpoint,
      }),
    })),
    revisions: normaliseRevisions(context, input, path),
  };
}

/** A datastore is a service outside of the cluster, with one endpoint and no replicas. */
export function normaliseDatastore(
  context: Context,
  name: string,
  input: DatastoreInput,
  { warmUp }: { readonly warmUp: Micros },
): ServiceSpec {
  const path: Path = ["datastores", name];
  if (context.names("services").includes(name)) {
    context.atKey(path, `"${name}" is a service already`, "give the datastore another name");
  }
  const time = normaliseDistribution(context, input.time, [...path, "time"]);
  return {
    name,
    kind: "datastore",
    replication: normaliseReplication(context, input, path),
    discipline: "fifo",
    concurrency: slotsOf(input.concurrency),
    queueLimit: queueLimitOf(input.queue),
    station: normaliseStation(context, input, path, { discipline: "fifo", warmUp }),
    asynchronous: false,
    dropsExpired: false,
    outlierDetection: null,
    prefersClose: false,
    slowStart: null,
    guards: [],
    balancer: { kind: "round-robin" },
    ...PLAIN_SERVING,
    pools: [],
    endpoints: [{ name: DATASTORE_ENDPOINT, steps: [{ kind: "work", time }] }],
    revisions: [ONLY_REVISION],
  };
}

/** The workload of a service: what stands beside `deployment` comes before what stands in it. */
export function normaliseDeployment(
  context: Context,
  name: string,
  input: ServiceInput,
  classes: PriorityClassesInput = {},
): WorkloadSpec {
  const path: Path = ["services", name];
  const spec = specOf(input);
  const serving = servingIndex(context, input, path);
  const life = normalisePodLife(context, input, path, spec.template?.spec, serving);
  return {
    name,
    replicas: input.replicas ?? spec.replicas ?? 1,
    ...normaliseContainers(context, name, input, path, serving),
    deployment: normaliseRolling(context, input, path),
    paused: specIn(input.deployment).paused ?? false,
    ...normaliseStatefulSet(context, input, path),
    scheduling: normaliseScheduling(context, name, { template: spec.template, classes }, [
      ...path,
      ...deploymentPath(input),
      "template",
    ]),
    ...life,
    revisions: normaliseRevisionPods(context, input, life, path),
  };
}

/** Nothing for a service that is no StatefulSet. */
function normaliseStatefulSet(
  context: Context,
  input: ServiceInput,
  path: Path,
): Pick<WorkloadSpec, "statefulSet"> {
  if (input.statefulSet === undefined) return {};
  for (const key of ["deployment", "strategy"] as const) {
    if (input[key] === undefined) continue;
    const hint = key === "strategy" ? "it has an updateStrategy" : "take one of them away";
    context.atKey([...path, key], `a StatefulSet has no ${key}`, hint);
  }
  const { podManagementPolicy, updateStrategy, minReadySeconds } = statefulSetSpecOf(
    input.statefulSet,
  );
  const config = { podManagementPolicy, updateStrategy, minReadySeconds };
  for (const problem of validateStatefulSetConfig(config)) {
    reportConfigProblem(context, problem, [...path, ...deploymentPath(input), ...problem.path]);
  }
  return { statefulSet: statefulSetSettings(config) };
}

function normaliseRolling(context: Context, input: ServiceInput, path: Path): DeploymentSettings {
  const spec = specOf(input);
  const strategy = input.strategy ?? spec.strategy;
  const { maxSurge = DEFAULT_SURGE, maxUnavailable = DEFAULT_SURGE } =
    strategy?.rollingUpdate ?? {};
  if (strategy?.type !== "Recreate" && isNone(maxSurge) && isNone(maxUnavailable)) {
    const message = "maxSurge and maxUnavailable cannot both be 0: nothing could move";
    const isOwn = input.strategy !== undefined;
    context.atKey(isOwn ? path : [...path, ...deploymentPath(input), "strategy"], message);
  }
  return deploymentSettings({
    strategy: { type: strategy?.type, rollingUpdate: { maxSurge, maxUnavailable } },
    minReadySeconds: spec.minReadySeconds,
    progressDeadlineSeconds: spec.progressDeadlineSeconds,
    revisionHistoryLimit: spec.revisionHistoryLimit,
  });
}

const isNone = (value: number | string): boolean => Number.parseInt(String(value), 10) === 0;
