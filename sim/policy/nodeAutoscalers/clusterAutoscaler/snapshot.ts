import type { Micros } from "../../../kernel/time.ts";
import { ZERO } from "../../../kernel/time.ts";
import type {
  NodeAutoscalerObservation,
  NodeObservation,
  NodePoolObservation,
  PendingPodObservation,
} from "../../nodeAutoscaler.ts";
import { cordoned } from "../../scheduling/drain.ts";
import { firstFit } from "../../scheduling/schedule.ts";
import { type NodeEntry, SchedulingCluster } from "../../scheduling/schedulingCluster.ts";
import {
  HOSTNAME_LABEL,
  type PendingPod,
  priorityOf,
  type SchedulingNode,
} from "../../scheduling/spec.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";

/** The cluster as it will be once the nodes asked for are there. */
export interface Snapshot {
  readonly cluster: SchedulingCluster;
  /** Pods that will have no node even then. */
  readonly unhelped: readonly PendingPodObservation[];
}

export function takeSnapshot(
  observation: NodeAutoscalerObservation,
  settings: ClusterAutoscalerSettings,
  now: Micros,
): Snapshot {
  const { pools, nodes, pods, pendingPods } = observation;
  const cluster = new SchedulingCluster(
    nodes.map((node) => (takesPods(node) ? node.node : cordoned(node.node))),
    pods,
  );
  for (const pool of pools) {
    const upcoming = upcomingNodes(pool, nodes, now, settings.maxNodeProvision);
    for (let i = 0; i < upcoming; i++) cluster.addNode(templateNode(pool, `upcoming-${i}`));
  }
  for (const pod of pendingPods) {
    if (pod.nominatedNode !== null) cluster.nominate(pod, pod.nominatedNode);
  }
  const unhelped = pendingPods.filter((pod) => {
    if (!pod.isUnschedulable || pod.nominatedNode !== null) return false;
    if (priorityOf(pod) < settings.expendablePriorityCutoff) return false;
    return !placeFirst(pod, cluster, cluster.nodes);
  });
  return { cluster, unhelped };
}

export const takesPods = ({ ready, isBeingRemoved }: NodeObservation): boolean =>
  ready.status && !isBeingRemoved;

/** Nodes that have not registered, or that have only just registered and are not ready yet. */
function upcomingNodes(
  pool: NodePoolObservation,
  nodes: readonly NodeObservation[],
  now: Micros,
  startup: Micros,
): number {
  const registered = nodes.filter((node) => node.pool === pool.name);
  const starting = registered.filter(
    ({ ready, registeredAt, isBeingRemoved }) =>
      !ready.status && !isBeingRemoved && now - registeredAt <= startup,
  );
  return Math.max(0, pool.targetSize - registered.length) + starting.length;
}

/** A node of the pool that does not exist: its name is not that of any other. */
export function templateNode({ name, template }: NodePoolObservation, id: string): SchedulingNode {
  const unique = `template-of-${name}/${id}`;
  return { ...template, name: unique, labels: { ...template.labels, [HOSTNAME_LABEL]: unique } };
}

/** Puts the pod on the first of the nodes that takes it; whether one did. */
export function placeFirst(
  pod: PendingPod,
  cluster: SchedulingCluster,
  nodes: readonly NodeEntry[],
): boolean {
  const entry = firstFit(pod, cluster, nodes);
  if (entry === undefined) return false;
  const { name, spec } = pod;
  cluster.bind({ name, spec, node: entry.node.name, startTime: ZERO, terminating: false });
  return true;
}
