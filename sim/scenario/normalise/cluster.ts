import {
  type ClusterSpec,
  type NodePoolSpec,
  type NodeSpec,
  poolNode,
  type WorkloadSpec,
  zonesOf,
} from "../../cluster/clusterSpec.ts";
import type { LinkSpec } from "../../dataplane/serviceSpec.ts";
import { type Micros, millis, seconds } from "../../kernel/time.ts";
import { parseBytes, parseMillicores } from "../../workload/quantity.ts";
import type { ClusterInput } from "../schema/cluster.ts";
import type { ScenarioInput } from "../schema/scenario.ts";
import type { Path } from "../tree.ts";
import { parseDuration } from "../units.ts";
import type { Context } from "./context.ts";
import { type MetricsWorld, normaliseAutoscalerSync, normaliseMetrics } from "./metrics.ts";
import { normaliseKubelet } from "./podLife.ts";
import { constant, distributionOr, normaliseDistribution } from "./time.ts";

const GIBIBYTE = 1024 ** 3;
const DEFAULT_REGION = "local";
const DEFAULT_ZONE = "a";
/**
 * With room for everything: nodes matter only to scenarios that describe them. Three, so that one
 * can be lost.
 */
const DEFAULT_NODES: readonly NodeSpec[] = ["a", "b", "c"].map((zone, i) => ({
  name: `node-${i + 1}`,
  zone,
  region: DEFAULT_REGION,
  cpuMillicores: 10_000_000,
  memoryBytes: 100_000 * GIBIBYTE,
  pods: 1_000_000,
  labels: {},
  taints: [],
  pool: null,
}));

/**
 * kube-scheduler binds a pod within tens of milliseconds when the cluster has room (assumed: 50
 * ms).
 */
const DEFAULT_SCHEDULING = constant(millis(50));
/** kube-proxy writes its rules once a second at most (`--iptables-min-sync-period`, 1 s). */
const DEFAULT_ENDPOINT_LAG = constant(seconds(1));
/** Assumed: what clouds take to bring up a virtual machine that joins and is ready. */
const DEFAULT_PROVISION = constant(seconds(90));
/** The kubelet's own. */
const DEFAULT_MAX_PODS = 110;
/** Assumed: half a gigabit a second of a node's link goes to images. */
const DEFAULT_IMAGE_BANDWIDTH = 50 * 1024 ** 2;

const DEFAULT_CONTENTION_INTERVAL = millis(100);

export function normaliseCluster(
  context: Context,
  input: ClusterInput | undefined,
  workloads: readonly WorkloadSpec[],
  times: MetricsWorld,
): Omit<ClusterSpec, "disruptionBudgets"> {
  const path: Path = ["cluster"];
  const nodePools = normaliseNodePools(context, input?.nodePools ?? {});
  const described = input?.nodes === undefined ? [] : normaliseNodes(input.nodes);
  const pooled = nodePools.flatMap((pool) =>
    Array.from({ length: pool.minSize }, (_, i) => poolNode(pool, i + 1)),
  );
  const isDescribed = input?.nodes !== undefined || nodePools.length > 0;
  const nodes = isDescribed ? [...described, ...pooled] : DEFAULT_NODES;
  reportHomeless(context, [...nodes, ...nodePools.map((pool) => poolNode(pool, 1))], workloads);
  return {
    nodes,
    nodePools,
    workloads,
    metrics: normaliseMetrics(context, input?.metrics, times),
    autoscalerSync: normaliseAutoscalerSync(input?.autoscalerSync),
    kubelet: normaliseKubelet(input?.kubelet),
    imagePulls: normaliseImagePulls(context, input),
    scheduling: distributionOr(
      context,
      input?.scheduling,
      [...path, "scheduling"],
      DEFAULT_SCHEDULING,
    ),
    endpointLag: distributionOr(
      context,
      input?.endpointLag,
      [...path, "endpointLag"],
      DEFAULT_ENDPOINT_LAG,
    ),
    callerLag: distributionOr(context, input?.callerLag, [...path, "callerLag"], null),
    contentionInterval: contentionInterval(input),
  };
}

/**
 * One period of the CFS quota. Nodes that nobody described have room for everything, so that
 * nobody has to look.
 */
function contentionInterval(input: ClusterInput | undefined): Micros | null {
  if (input?.nodes === undefined && input?.nodePools === undefined) return null;
  const { contentionInterval: written } = input;
  return written === undefined ? DEFAULT_CONTENTION_INTERVAL : parseDuration(written);
}

type NodesInput = NonNullable<ClusterInput["nodes"]>;

function normaliseImagePulls(
  context: Context,
  input: ClusterInput | undefined,
): ClusterSpec["imagePulls"] {
  const { imageBandwidth, kubelet } = input ?? {};
  const written = imageBandwidth === undefined ? null : parseBytes(imageBandwidth);
  const bytesPerSecond = written ?? DEFAULT_IMAGE_BANDWIDTH;
  if (bytesPerSecond === 0) {
    context.atValue(["cluster", "imageBandwidth"], "without bandwidth no image ever comes");
  }
  const isSerial = kubelet?.serializeImagePulls ?? true;
  const most = kubelet?.maxParallelImagePulls ?? null;
  if (isSerial && most !== null && most > 1) {
    const path: Path = ["cluster", "kubelet", "maxParallelImagePulls"];
    const hint = "add serializeImagePulls: false";
    context.atValue(path, "images are pulled one after the other", hint);
  }
  return { bytesPerSecond, maxParallelPulls: isSerial ? 1 : most };
}

/** `name-1`, `name-2`, …: groups of one name go on counting. */
function normaliseNodes(groups: NodesInput): readonly NodeSpec[] {
  const numbers = new Map<string, number>();
  return groups.flatMap((group) => {
    const base = group.name ?? "node";
    const zones = group.zones ?? [DEFAULT_ZONE];
    return Array.from({ length: group.count ?? 1 }, (_, i) => {
      const number = (numbers.get(base) ?? 0) + 1;
      numbers.set(base, number);
      return {
        name: `${base}-${number}`,
        zone: zones[i % zones.length] ?? DEFAULT_ZONE,
        ...normaliseNode(group),
        pool: null,
      };
    });
  });
}

const normaliseNode = (
  node: Pick<NodesInput[number], "cpu" | "memory" | "pods" | "labels" | "taints" | "region">,
): NodePoolSpec["node"] => ({
  region: node.region ?? DEFAULT_REGION,
  cpuMillicores: parseMillicores(node.cpu) ?? 0,
  memoryBytes: parseBytes(node.memory) ?? 0,
  pods: node.pods ?? DEFAULT_MAX_PODS,
  labels: node.labels ?? {},
  taints: (node.taints ?? []).map(({ key, value, effect }) => ({ key, value, effect })),
});

function normaliseNodePools(
  context: Context,
  input: NonNullable<ClusterInput["nodePools"]>,
): readonly NodePoolSpec[] {
  return Object.entries(input).map(([name, { min = 0, max, node, provision }]) => {
    const path: Path = ["cluster", "nodePools", name];
    if (min > max) context.atValue([...path, "min"], `min is at most max, found ${min} > ${max}`);
    return {
      name,
      minSize: min,
      maxSize: max,
      zones: node.zones ?? [DEFAULT_ZONE],
      node: normaliseNode(node),
      provision: distributionOr(context, provision, [...path, "provision"], DEFAULT_PROVISION),
    };
  });
}

/** Pods that would stay pending for ever, however empty the cluster is. */
function reportHomeless(
  context: Context,
  nodes: readonly NodeSpec[],
  workloads: readonly WorkloadSpec[],
): void {
  const list = context.names("cluster").includes("nodes") ? ["cluster", "nodes"] : null;
  for (const { name, podRequests } of workloads) {
    const { cpuMillicores: cpu, memoryBytes: memory } = podRequests;
    const fits = nodes.some((node) => node.cpuMillicores >= cpu && node.memoryBytes >= memory);
    if (fits || (list !== null && nodes.length === 0)) continue;
    const largest = nodes.reduce((a, b) => (b.cpuMillicores > a.cpuMillicores ? b : a));
    const asked = `${cpu / 1000} cores and ${gibibytes(memory)} GiB`;
    const room = `${largest.cpuMillicores / 1000} cores and ${gibibytes(largest.memoryBytes)} GiB`;
    const hint = `the largest node has ${room}`;
    context.atKey(
      ["services", name],
      `a pod of "${name}" fits on no node: it asks for ${asked}`,
      hint,
    );
  }
}

const gibibytes = (bytes: number): number => Number((bytes / GIBIBYTE).toFixed(2));

/** Zones and regions that there are, of nodes and of users. */
export function placesOf(
  cluster: ClusterSpec,
  input: ScenarioInput,
): { readonly zones: readonly string[]; readonly regions: readonly string[] } {
  const users = Object.values(input.traffic ?? {}).flatMap(({ population }) =>
    Object.keys(population?.regions ?? {}),
  );
  return {
    zones: [...new Set(zonesOf(cluster).map(({ zone }) => zone))],
    regions: [...new Set([...zonesOf(cluster).map(({ region }) => region), ...users])],
  };
}

export function normaliseLinks(
  context: Context,
  links: NonNullable<ScenarioInput["links"]>,
  places: readonly string[],
): readonly LinkSpec[] {
  return links.map(({ from, to, latency }, i) => {
    const path = ["links", i];
    context.knows("zone or region", from, places, [...path, "from"]);
    context.knows("zone or region", to, places, [...path, "to"]);
    return { from, to, latency: normaliseDistribution(context, latency, [...path, "latency"]) };
  });
}
