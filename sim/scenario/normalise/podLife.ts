import type { KubeletSpec, ProbeSpec, WorkloadSpec } from "../../cluster/clusterSpec.ts";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import { parseBytes, parseMillicores } from "../../workload/quantity.ts";
import type { ClusterInput } from "../schema/cluster.ts";
import {
  type ContainerInput,
  type PodSpecInput,
  PROBE_HANDLERS,
  type ProbeInput,
} from "../schema/kubernetes.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import { parseDuration } from "../units.ts";
import type { Context } from "./context.ts";
import { normaliseMemory } from "./serving.ts";
import { constant, distributionOr } from "./time.ts";

/**
 * Two seconds: a small server process. Said in the README, since it decides how fast a fleet grows.
 */
const DEFAULT_STARTUP = seconds(2);
/** Kubernetes' own defaults. */
const DEFAULT_GRACE_SECONDS = 30;
const DEFAULT_PROBE = {
  initialDelay: 0,
  period: 10,
  timeout: 1,
  successThreshold: 1,
  failureThreshold: 3,
};
/**
 * The kubelet's own: 10 s, doubling to 5 minutes.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#restart-policy
 */
const BACK_OFF = { initial: seconds(10), max: seconds(300) };

export type PodLife = Pick<
  WorkloadSpec,
  | "startupProbe"
  | "readinessProbe"
  | "livenessProbe"
  | "readyWhen"
  | "terminationGracePeriod"
  | "preStop"
  | "onSigterm"
  | "podDeletionCost"
  | "startup"
  | "startupCpuMillicores"
  | "idleMemoryBytes"
  | "failsProbes"
  | "imagePull"
  | "imageBytes"
  | "initContainers"
>;

/**
 * How a service's pods come up and go: what stands beside `deployment` precedes what is in it.
 * `serving` is the place of the container that serves.
 */
export function normalisePodLife(
  context: Context,
  input: ServiceInput,
  path: Path,
  pod: PodSpecInput | undefined,
  serving: number,
): PodLife {
  const container = pod?.containers[serving];
  const grace =
    input.terminationGracePeriodSeconds ??
    pod?.terminationGracePeriodSeconds ??
    DEFAULT_GRACE_SECONDS;
  const readinessProbe = probeOr(input.readinessProbe ?? container?.readinessProbe);
  if (readinessProbe !== null && input.readyWhen !== undefined) {
    const message = "readyWhen is for pods without readiness probe";
    context.atKey([...path, "readyWhen"], message, "the probe says when it is ready");
  }
  return {
    startupProbe: probeOr(input.startupProbe ?? container?.startupProbe),
    readinessProbe,
    livenessProbe: probeOr(input.livenessProbe ?? container?.livenessProbe),
    readyWhen: input.readyWhen ?? "listening",
    terminationGracePeriod: seconds(grace),
    preStop: input.preStop === undefined ? hookTime(container) : parseDuration(input.preStop),
    onSigterm: input.onSigterm ?? "serve",
    podDeletionCost: input.podDeletionCost ?? "none",
    ...normaliseStartup(context, input.startup, [...path, "startup"]),
    idleMemoryBytes: normaliseMemory(input.memory).baseBytes,
    failsProbes: [],
    imagePull: distributionOr(context, input.image?.pull, [...path, "image", "pull"], constant(0)),
    imageBytes: input.image?.size === undefined ? null : (parseBytes(input.image.size) ?? 0),
    initContainers: distributionOr(
      context,
      input.initContainers,
      [...path, "initContainers"],
      null,
    ),
  };
}

export function normaliseKubelet(input: ClusterInput["kubelet"]): KubeletSpec {
  const longest = input?.crashLoopBackOff?.maxContainerRestartPeriod;
  const max = longest === undefined ? BACK_OFF.max : parseDuration(longest);
  return {
    probeTicks: input?.probeTicks ?? "container",
    crashLoopBackOff: { initial: micros(Math.min(BACK_OFF.initial, max)), max },
  };
}

export function normaliseStartup(
  context: Context,
  input: ServiceInput["startup"],
  path: Path,
): Pick<PodLife, "startup" | "startupCpuMillicores"> {
  const fallback = constant(DEFAULT_STARTUP);
  if (typeof input === "object" && "time" in input) {
    return {
      startup: distributionOr(context, input.time, [...path, "time"], fallback),
      startupCpuMillicores: parseMillicores(input.cpu) ?? 0,
    };
  }
  return { startup: distributionOr(context, input, path, fallback), startupCpuMillicores: 0 };
}

function probeOr(probe: ProbeInput | undefined): ProbeSpec | null {
  if (probe === undefined) return null;
  const fallback = DEFAULT_PROBE;
  const grace =
    "terminationGracePeriodSeconds" in probe ? probe.terminationGracePeriodSeconds : undefined;
  return {
    handler: PROBE_HANDLERS.find((name) => probe[name] !== undefined) ?? "httpGet",
    initialDelay: seconds(probe.initialDelaySeconds ?? fallback.initialDelay),
    period: seconds(probe.periodSeconds ?? fallback.period),
    timeout: seconds(probe.timeoutSeconds ?? fallback.timeout),
    successThreshold: probe.successThreshold ?? fallback.successThreshold,
    failureThreshold: probe.failureThreshold ?? fallback.failureThreshold,
    terminationGracePeriod: grace === undefined ? null : seconds(grace),
  };
}

/**
 * How long a manifest's preStop hook takes: its `sleep`, or the first sleep of a command; any other
 * hook takes no time that could be read off it.
 */
function hookTime(container: ContainerInput | undefined): Micros {
  const hook = container?.lifecycle?.preStop;
  if (hook?.sleep !== undefined) return seconds(hook.sleep.seconds);
  const command = (hook?.exec?.command ?? []).join(" ");
  const [, amount, unit = "s"] = /\bsleep\s+([0-9]+(?:\.[0-9]+)?)([smh])?\b/u.exec(command) ?? [];
  return amount === undefined ? micros(0) : parseDuration(`${amount}${unit}`);
}
