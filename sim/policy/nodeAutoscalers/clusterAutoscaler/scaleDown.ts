import { type Micros, micros } from "../../../kernel/time.ts";
import type {
  NodeAutoscalerObservation,
  NodeObservation,
  NodePodObservation,
  NodeRemoval,
} from "../../nodeAutoscaler.ts";
import type { SchedulingCluster } from "../../scheduling/schedulingCluster.ts";
import { placeFirst, type Snapshot, takesPods } from "./snapshot.ts";
import { type ClusterAutoscalerState, pick } from "./state.ts";

/** Which nodes are not needed now, and why others stay. */
export interface ScaleDownView {
  readonly unneededSince: Readonly<Record<string, Micros>>;
  readonly recheckAt: Readonly<Record<string, Micros>>;
  readonly kept: Readonly<Record<string, string>>;
}

interface Candidate extends NodeObservation {
  readonly name: string;
  /** Pods that would have to go elsewhere. */
  readonly moved: readonly NodePodObservation[];
}

/**
 * Nodes that are little used and whose pods would fit on others, taking one after the other: empty
 * ones first, then those that were not needed before, of non-empty ones only so many. The pods of
 * an unneeded node are moved in the snapshot, so that later ones do not count on the same room.
 * Source: kubernetes/autoscaler, cluster-autoscaler/FAQ.md, "How does scale-down work?"
 */
export function viewScaleDown(
  state: ClusterAutoscalerState,
  observation: NodeAutoscalerObservation,
  { cluster }: Snapshot,
  now: Micros,
): ScaleDownView {
  const { settings } = state;
  const kept: Record<string, string> = {};
  const recheckAt: Record<string, Micros> = { ...pick(state.recheckAt, (_, time) => time > now) };
  const candidates = candidatesOf(observation).filter((candidate) => {
    const { name } = candidate;
    const share = requestedShare(candidate, cluster);
    if (share >= settings.utilizationThreshold) return false;
    const reason =
      recheckAt[name] === undefined ? keptFor(candidate, observation) : "RecentlyUnremovable";
    if (reason !== null) kept[name] = reason;
    return reason === null;
  });
  const destinations = new Set(observation.nodes.filter(takesPods).map(({ node }) => node.name));
  const staying = new Set(
    observation.pods.filter((pod) => !needsPlace(pod)).map((pod) => pod.name),
  );
  const unneededSince: Record<string, Micros> = {};
  let nonEmpty = 0;
  for (const candidate of inOrder(candidates, state)) {
    const { name, moved } = candidate;
    if (moved.length > 0 && ++nonEmpty > settings.nonEmptyCandidates) {
      kept[name] = "TooManyCandidates";
      continue;
    }
    if (movePods(name, { cluster, destinations, staying })) {
      unneededSince[name] = state.unneededSince[name] ?? now;
      destinations.delete(name);
    } else {
      kept[name] = "NoPlaceToMovePods";
      recheckAt[name] = micros(now + settings.recheckTime);
    }
  }
  return { unneededSince, recheckAt, kept };
}

/** Pods of DaemonSets end with their node, terminating ones by themselves. */
const needsPlace = ({ isDaemon, terminating }: NodePodObservation): boolean =>
  !isDaemon && !terminating;

function candidatesOf({ nodes, pods }: NodeAutoscalerObservation): readonly Candidate[] {
  const byNode = new Map<string, NodePodObservation[]>();
  for (const pod of pods) {
    if (!needsPlace(pod)) continue;
    const there = byNode.get(pod.node);
    if (there === undefined) byNode.set(pod.node, [pod]);
    else there.push(pod);
  }
  return nodes
    .filter(({ pool, isBeingRemoved }) => pool !== null && !isBeingRemoved)
    .map((node) => ({
      ...node,
      name: node.node.name,
      moved: byNode.get(node.node.name) ?? [],
    }));
}

/** The larger of the requested shares of cpu and memory. */
function requestedShare({ name, node }: Candidate, cluster: SchedulingCluster): number {
  const { cpuMillicores, memoryBytes } = cluster.entry(name);
  const cpu = cpuMillicores / Math.max(1, node.allocatable.cpuMillicores);
  return Math.max(cpu, memoryBytes / Math.max(1, node.allocatable.memoryBytes));
}

function keptFor({ moved }: Candidate, { budgets }: NodeAutoscalerObservation): string | null {
  for (const pod of moved) {
    if (pod.keepsNode !== null) return pod.keepsNode;
    const isProtected = budgets
      .budgetsOf(pod)
      .some((budget) => budgets.disruptionsAllowed(budget) < 1);
    if (isProtected) return "NotEnoughPdb";
  }
  return null;
}

function inOrder(
  candidates: readonly Candidate[],
  { unneededSince }: ClusterAutoscalerState,
): readonly Candidate[] {
  const rank = ({ name, moved }: Candidate): number =>
    moved.length === 0 ? -1 : (unneededSince[name] ?? Number.MAX_SAFE_INTEGER);
  return [...candidates].sort((a, b) => rank(a) - rank(b));
}

/**
 * Moves what is on a node of the snapshot, with the pods that came from other unneeded nodes and
 * those that wait and would fit: all of them, or none.
 */
function movePods(
  name: string,
  to: {
    readonly cluster: SchedulingCluster;
    readonly destinations: ReadonlySet<string>;
    readonly staying: ReadonlySet<string>;
  },
): boolean {
  const { cluster, destinations, staying } = to;
  const others = cluster.nodes.filter(
    ({ node }) => node.name !== name && destinations.has(node.name),
  );
  const moved = [...cluster.entry(name).pods.values()].filter((pod) => !staying.has(pod.name));
  for (const pod of moved) cluster.unbind(pod.name);
  if (moved.every((pod) => placeFirst(pod, cluster, others))) return true;
  for (const pod of moved) {
    if (cluster.pod(pod.name) !== undefined) cluster.unbind(pod.name);
    cluster.bind(pod);
  }
  return false;
}

/**
 * Nodes to remove now: those that have not been needed for long enough, as far as their pools'
 * minimum and the limits on what goes on at a time allow.
 */
export function dueRemovals(
  { settings }: ClusterAutoscalerState,
  observation: NodeAutoscalerObservation,
  { unneededSince }: ScaleDownView,
  now: Micros,
): readonly NodeRemoval[] {
  const { pools, nodes, pods } = observation;
  const leaving = nodes.filter(({ isBeingRemoved }) => isBeingRemoved);
  const isOccupied = (name: string): boolean =>
    pods.some((pod) => pod.node === name && !pod.isDaemon);
  const spare = new Map(
    pools.map(({ name, targetSize, minSize }) => [
      name,
      targetSize - leaving.filter(({ pool }) => pool === name).length - minSize,
    ]),
  );
  let free = settings.maxParallelism - leaving.length;
  let drains =
    settings.maxDrainParallelism - leaving.filter(({ node }) => isOccupied(node.name)).length;
  const removals: NodeRemoval[] = [];
  for (const { name, pool, ready, moved } of candidatesOf(observation)) {
    const since = unneededSince[name];
    const wait = ready.status ? settings.unneededTime : settings.unreadyTime;
    const left = spare.get(pool ?? "") ?? 0;
    if (since === undefined || since + wait >= now || left <= 0 || free <= 0) continue;
    const needsDrain = isOccupied(name);
    if (needsDrain && drains <= 0) continue;
    if (needsDrain) drains--;
    free--;
    spare.set(pool ?? "", left - 1);
    const names = moved.map((pod) => pod.name);
    removals.push({ node: name, pods: names, maxGracePeriod: settings.maxGracePeriod });
  }
  return removals;
}
