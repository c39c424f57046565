import type { Micros } from "../../../kernel/time.ts";
import type {
  NodeAutoscalerObservation,
  NodePoolObservation,
  NodeScalingTrace,
} from "../../nodeAutoscaler.ts";
import type { NodeEntry } from "../../scheduling/schedulingCluster.ts";
import type { PendingPod, SchedulingNode } from "../../scheduling/spec.ts";
import { placeFirst, type Snapshot, templateNode } from "./snapshot.ts";
import type { ClusterAutoscalerState } from "./state.ts";

export interface ScaleUpPlan {
  /** Null: no pool helps. */
  readonly best: { readonly pool: string; readonly count: number } | null;
  readonly options: NodeScalingTrace["options"];
  readonly helpless: readonly string[];
}

type Option = NodeScalingTrace["options"][number];

/**
 * How many nodes of each pool the unschedulable pods would take, and the pool that would be used
 * best: the expander least-waste. Of equal ones the first is taken, where cluster-autoscaler draws.
 * Waste is taken of what is allocatable.
 * Source: kubernetes/autoscaler, cluster-autoscaler/expander/waste and FAQ.md
 */
export function planScaleUp(
  state: ClusterAutoscalerState,
  observation: NodeAutoscalerObservation,
  snapshot: Snapshot,
  now: Micros,
): ScaleUpPlan {
  const helped = new Set<string>();
  const options = observation.pools.map((pool): Option => {
    const excluded = exclusion(pool, state, now);
    const room = roomOf(pool, state, observation);
    if (excluded !== null || room <= 0) {
      const reason = excluded ?? "MaxNodesTotalReached";
      return { pool: pool.name, nodes: 0, pods: 0, waste: null, excluded: reason };
    }
    const estimate = estimateNodes(pool, snapshot, room);
    for (const { name } of estimate.pods) helped.add(name);
    const { nodes, pods } = estimate;
    const waste = nodes === 0 ? null : wasteOf(pool.template, nodes, pods);
    const reason = nodes === 0 ? "NoPodFits" : null;
    return { pool: pool.name, nodes, pods: pods.length, waste, excluded: reason };
  });
  let best: Option | null = null;
  for (const option of options) {
    if (option.waste === null) continue;
    if (best === null || option.waste < (best.waste ?? 0)) best = option;
  }
  const helpless = snapshot.unhelped.map(({ name }) => name).filter((name) => !helped.has(name));
  return {
    best: best === null ? null : { pool: best.pool, count: best.nodes },
    options,
    helpless,
  };
}

function exclusion(
  { name, targetSize, maxSize }: NodePoolObservation,
  { backoffs }: ClusterAutoscalerState,
  now: Micros,
): string | null {
  if (targetSize >= maxSize) return "MaxSizeReached";
  return now < (backoffs[name]?.until ?? 0) ? "Backoff" : null;
}

/** Nodes that the pool may still get. */
function roomOf(
  { targetSize, maxSize }: NodePoolObservation,
  { settings: { maxNodesTotal } }: ClusterAutoscalerState,
  { pools, nodes }: NodeAutoscalerObservation,
): number {
  const room = maxSize - targetSize;
  if (maxNodesTotal === 0) return room;
  const outside = nodes.filter(({ pool }) => pool === null).length;
  const total = pools.reduce((sum, pool) => sum + pool.targetSize, outside);
  return Math.min(room, maxNodesTotal - total);
}

/**
 * First-fit decreasing on new nodes: the largest pods first, by their shares of the node's cpu and
 * memory, added up. The snapshot is left as it was.
 */
function estimateNodes(
  pool: NodePoolObservation,
  { cluster, unhelped }: Snapshot,
  room: number,
): { readonly nodes: number; readonly pods: readonly PendingPod[] } {
  const sizeOf = ({ spec }: PendingPod): number => shareOf(pool.template, spec.requests);
  const ordered = unhelped
    .map((pod) => ({ pod, size: sizeOf(pod) }))
    .sort((a, b) => b.size - a.size)
    .map(({ pod }) => pod);
  const added: NodeEntry[] = [];
  const placed: PendingPod[] = [];
  for (const pod of ordered) {
    if (placeFirst(pod, cluster, added)) {
      placed.push(pod);
      continue;
    }
    const isLastEmpty = added.at(-1)?.pods.size === 0;
    if (isLastEmpty || added.length >= room) continue;
    const node = templateNode(pool, `new-${added.length}`);
    cluster.addNode(node);
    const entry = cluster.entry(node.name);
    added.push(entry);
    if (placeFirst(pod, cluster, [entry])) placed.push(pod);
  }
  const nodes = added.filter(({ pods }) => pods.size > 0).length;
  for (const { node } of added) cluster.removeNode(node.name);
  return { nodes, pods: placed };
}

function shareOf(
  { allocatable }: SchedulingNode,
  requests: { readonly cpuMillicores: number; readonly memoryBytes: number },
): number {
  const cpu = requests.cpuMillicores / Math.max(1, allocatable.cpuMillicores);
  return cpu + requests.memoryBytes / Math.max(1, allocatable.memoryBytes);
}

/** Unused share of cpu plus unused share of memory of the nodes. */
function wasteOf(template: SchedulingNode, nodes: number, pods: readonly PendingPod[]): number {
  const cpuMillicores = pods.reduce((sum, { spec }) => sum + spec.requests.cpuMillicores, 0);
  const memoryBytes = pods.reduce((sum, { spec }) => sum + spec.requests.memoryBytes, 0);
  return 2 - shareOf(template, { cpuMillicores, memoryBytes }) / nodes;
}
