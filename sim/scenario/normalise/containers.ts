import type { ContainerSpec, SidecarSpec, WorkloadSpec } from "../../cluster/clusterSpec.ts";
import { parseBytes, parseMillicores } from "../../workload/quantity.ts";
import type { ContainerInput, PodSpecInput } from "../schema/kubernetes.ts";
import type { ServiceInput } from "../schema/services.ts";
import type { Path } from "../tree.ts";
import type { Context } from "./context.ts";
import { deploymentPath, specOf } from "./deploymentInput.ts";
import { slotsOf } from "./station.ts";

type ResourceList = ContainerSpec["requests"];
type Use = SidecarSpec["uses"];
type Containers = Pick<WorkloadSpec, "container" | "sidecars" | "podRequests">;

/** The annotation by which kubectl finds the container that a pod is about. */
const DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container";
/** What of a container is followed of the one that serves only. */
const FOLLOWED = ["startupProbe", "readinessProbe", "livenessProbe", "lifecycle"] as const;

/**
 * The place of the container that serves among those of the manifest: the one that the scenario
 * names, that of the annotation, or the first.
 */
export function servingIndex(context: Context, input: ServiceInput, path: Path): number {
  const { template } = specOf(input);
  const names = (template?.spec.containers ?? []).map(({ name }) => name ?? "");
  if (input.container !== undefined && names.length > 0) {
    context.knows("container", input.container, names, [...path, "container"]);
    return Math.max(0, names.indexOf(input.container));
  }
  const annotated = template?.metadata?.annotations?.[DEFAULT_CONTAINER];
  return Math.max(0, names.indexOf(typeof annotated === "string" ? annotated : ""));
}

/**
 * The container that serves, at its `index`, and those beside it: the pod's other containers, init
 * containers that go on beside them (restartPolicy Always), and those that only the scenario knows.
 */
export function normaliseContainers(
  context: Context,
  name: string,
  input: ServiceInput,
  path: Path,
  index: number,
): Containers {
  const pod = specOf(input).template?.spec;
  const serving = pod?.containers[index];
  const own = input.resources ?? serving?.resources;
  const place =
    input.resources !== undefined
      ? [...path, "resources"]
      : [...path, ...deploymentPath(input), "template", "spec", "containers", index, "resources"];
  checkLimits(context, own, input, place);
  const container: ContainerSpec = {
    name: serving?.name ?? input.container ?? name,
    ...resourcesOf(own),
  };
  const others = [
    ...(pod?.containers ?? []).filter((_, i) => i !== index),
    ...(pod?.initContainers ?? []).filter(runsBeside),
  ];
  noteUnfollowed(context, others, { serving: container.name, path });
  const sidecars = sidecarsOf(context, others, input, { serving: container.name, path });
  return { container, sidecars, podRequests: podRequests(pod, container, sidecars) };
}

const runsBeside = ({ restartPolicy }: ContainerInput): boolean => restartPolicy === "Always";

/** Pods are ready when all of their containers are; here the one that serves decides. */
function noteUnfollowed(
  context: Context,
  others: readonly ContainerInput[],
  { serving, path }: { readonly serving: string; readonly path: Path },
): void {
  for (const other of others) {
    const found = FOLLOWED.filter((key) => other[key] !== undefined);
    if (found.length === 0) continue;
    const keys = found.join(" and ");
    const what = `${keys} of container "${other.name ?? ""}" of "${path.at(-1)}"`;
    const hint = "say container: and its name if that one serves";
    context.noteAt(path, `not modelled: ${what}; the container that serves is "${serving}"`, hint);
  }
}

function sidecarsOf(
  context: Context,
  others: readonly ContainerInput[],
  { sidecars = [] }: ServiceInput,
  { serving, path }: { readonly serving: string; readonly path: Path },
): readonly SidecarSpec[] {
  const uses = sidecars.map(({ name, cpu, memory }, index) => ({
    name: name ?? `sidecar-${index + 1}`,
    uses: { cpuMillicores: millicores(cpu) ?? 0, memoryBytes: bytes(memory) ?? 0 },
  }));
  const first = uses.findIndex(({ name }) => name === serving);
  if (first >= 0) {
    const message = `"${serving}" is the container that serves`;
    const hint = "what it uses comes of its requests";
    context.atValue([...path, "sidecars", first, "name"], message, hint);
  }
  const known = others.map(({ name = "", resources }): SidecarSpec => {
    const index = uses.findIndex((entry) => entry.name === name);
    const { requests, limits } = resourcesOf(resources);
    const used = uses[index]?.uses ?? NOTHING;
    if (limits.memoryBytes !== null && used.memoryBytes > limits.memoryBytes) {
      const limit = resources?.limits?.memory;
      const message = `"${name}" would use more memory than its limit (${limit})`;
      context.atValue([...path, "sidecars", index, "memory"], message, "it would be OOM-killed");
    }
    const cpuMillicores = Math.min(used.cpuMillicores, limits.cpuMillicores ?? Infinity);
    return { name, requests, limits, uses: { ...used, cpuMillicores } };
  });
  const unknown = uses.filter(({ name }) => others.every((other) => other.name !== name));
  return [...known, ...unknown.map((entry) => ({ ...entry, ...UNASKED }))];
}

const NOTHING: Use = { cpuMillicores: 0, memoryBytes: 0 };
/** Of containers that only the scenario knows: they ask for nothing. */
const UNASKED = { requests: NOTHING, limits: { cpuMillicores: null, memoryBytes: null } };

/** A limit without a request is the request too, as in Kubernetes. */
function resourcesOf(resources: ContainerInput["resources"]): Omit<ContainerSpec, "name"> {
  const limits = listOf(resources?.limits);
  const requests = listOf(resources?.requests);
  return {
    requests: {
      cpuMillicores: requests.cpuMillicores ?? limits.cpuMillicores,
      memoryBytes: requests.memoryBytes ?? limits.memoryBytes,
    },
    limits,
  };
}

/**
 * What the scheduler counts: an init container may ask for more than all containers together. Init
 * containers that are sidecars (restartPolicy Always) run beside those that follow, and beside the
 * containers.
 * Source: https://kubernetes.io/docs/concepts/workloads/pods/init-containers/
 */
function podRequests(
  pod: PodSpecInput | undefined,
  container: ContainerSpec,
  sidecars: readonly SidecarSpec[],
): WorkloadSpec["podRequests"] {
  const sum = (field: keyof ResourceList): number => {
    let beside = 0;
    let peak = 0;
    for (const init of pod?.initContainers ?? []) {
      const asked = resourcesOf(init.resources).requests[field] ?? 0;
      if (runsBeside(init)) beside += asked;
      else peak = Math.max(peak, beside + asked);
    }
    const all = [container, ...sidecars].reduce((s, { requests }) => s + (requests[field] ?? 0), 0);
    return Math.max(peak, all);
  };
  return { cpuMillicores: sum("cpuMillicores"), memoryBytes: sum("memoryBytes") };
}

function checkLimits(
  context: Context,
  own: ServiceInput["resources"],
  input: ServiceInput,
  place: Path,
): void {
  const [limits, requests] = [listOf(own?.limits), listOf(own?.requests)];
  for (const resource of ["cpu", "memory"] as const) {
    const field = resource === "cpu" ? "cpuMillicores" : "memoryBytes";
    const [limit, request] = [limits[field], requests[field]];
    if (limit !== null && request !== null && request > limit) {
      const message = `the ${resource} request is above the limit (${own?.limits?.[resource]})`;
      context.atValue([...place, "requests", resource], message, "Kubernetes refuses that");
    }
    if (limit === 0)
      context.atValue([...place, "limits", resource], `a ${resource} limit of 0 is none`);
  }
  const slots = slotsOf(input.concurrency);
  const quota = limits.cpuMillicores;
  if (input.cpu === "fifo" && slots !== null && quota !== null && quota < slots * 1000) {
    const limit = `a CPU limit of ${own?.limits?.cpu} would not hold`;
    const message = `fifo runs all ${slots} slots at full speed: ${limit}`;
    const hint = "use cpu: processor-sharing, fewer slots, or no limit";
    context.atValue([...place, "limits", "cpu"], message, hint);
  }
}

function listOf(list: { cpu?: unknown; memory?: unknown } | undefined): ResourceList {
  return { cpuMillicores: millicores(list?.cpu), memoryBytes: bytes(list?.memory) };
}

const isQuantity = (value: unknown): value is string | number =>
  typeof value === "string" || typeof value === "number";
const millicores = (value: unknown): number | null =>
  isQuantity(value) ? parseMillicores(value) : null;
const bytes = (value: unknown): number | null => (isQuantity(value) ? parseBytes(value) : null);
