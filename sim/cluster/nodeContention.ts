import { type Json, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";

/** A pod that uses CPU on a node: its process, or the start of it. */
export interface ContendingPod {
  /** The pod's number, which is its replica's. */
  readonly replica: number;
  readonly node: number;
  /** CPU request in millicores: its weight. */
  readonly requestMillicores: number;
  /** CPU limit in millicores; null for none: all of the node. */
  readonly limitMillicores: number | null;
}

/** Who gives the pods their CPU: the data plane, or a kubelet in front of it. */
export interface PodCpu {
  /** How many pieces of work in the pod want a core at this moment. */
  runnable(replica: number): number;
  /** What the node leaves it from now on, in cores. */
  setCores(replica: number, cores: number): void;
}

/** `cpu.shares` of a container that requests no CPU, as the kubelet sets it. */
const LEAST_SHARES = 2;
/** A node without any work is looked at this many times less often. */
const IDLE_LOOKS = 10;

interface Contender {
  readonly replica: number;
  readonly shares: number;
  /** What it may use when nobody is in its way, in cores. */
  readonly most: number;
  /** What it was told last. */
  cores: number;
}

interface Contended {
  pods: Contender[];
  /** A look at the node is due. */
  isWatched: boolean;
}

/**
 * Neighbours on a node whose pods' limits exceed its CPU. While they want more than there is, each
 * gets CPU in proportion to its request (cgroup `cpu.shares`), never more than its limit, and what
 * one does not want the others share in the same way: weighted max-min fairness. Nothing is taken
 * from anybody while there is enough.
 *
 * The scheduler of the kernel does so within milliseconds; here the node is looked at once in an
 * interval (ten times less often while none of its pods has work), and what its pods may use holds
 * until the next look. A pod that was idle then may use its fair share beside the others, so that
 * for one interval the node may do more than it can. Nodes that nobody can exceed cost nothing.
 *
 * Sources: kubelet, `MilliCPUToShares`; Bertsekas & Gallager, "Data Networks" (1992), §6.5.2.
 */
export class NodeContention {
  readonly #simulation: Simulation;
  readonly #cpu: PodCpu;
  readonly #allocatable: (node: number) => number;
  readonly #interval: number | null;
  readonly #look: number;
  readonly #nodes = new Map<number, Contended>();
  readonly #nodeOf = new Map<number, number>();

  constructor(parts: {
    readonly simulation: Simulation;
    readonly cpu: PodCpu;
    /** Allocatable CPU of a node, in millicores. */
    readonly allocatable: (node: number) => number;
    /** Microseconds between two looks; null when no node can be short of CPU. */
    readonly interval: number | null;
  }) {
    this.#simulation = parts.simulation;
    this.#cpu = parts.cpu;
    this.#allocatable = parts.allocatable;
    this.#interval = parts.interval;
    const share = (node: number): void => this.#share(node);
    // Where no node can be short of CPU nobody looks.
    this.#look =
      parts.interval === null ? -1 : parts.simulation.register("node shares its CPU", share);
  }

  /** The process of a pod runs from now on, with all that its limit allows. */
  attach(pod: ContendingPod): void {
    if (this.#interval === null) return;
    const { node, replica, limitMillicores } = pod;
    const capacity = this.#allocatable(node);
    const most = Math.min(limitMillicores ?? capacity, capacity) / 1000;
    const shares = Math.max(LEAST_SHARES, Math.floor((pod.requestMillicores * 1024) / 1000));
    const contended = this.#nodes.get(node) ?? { pods: [], isWatched: false };
    this.#nodes.set(node, contended);
    contended.pods.push({ replica, shares, most, cores: most });
    this.#nodeOf.set(replica, node);
    if (!contended.isWatched && this.#canBeShort(node)) this.#lookAgain(node, this.#interval);
  }

  /** Its process has ended, or its pod has left. */
  detach(replica: number): void {
    const node = this.#nodeOf.get(replica);
    if (node === undefined) return;
    this.#nodeOf.delete(replica);
    const contended = this.#nodes.get(node);
    if (contended === undefined) return;
    contended.pods = contended.pods.filter((pod) => pod.replica !== replica);
    if (!this.#canBeShort(node)) this.#release(contended);
  }

  state(): Json {
    return {
      nodes: [...this.#nodes].map(([node, { pods, isWatched }]) => ({
        node,
        isWatched,
        pods: pods.map(({ replica, shares, most, cores }) => ({ replica, shares, most, cores })),
      })),
    };
  }

  restore(state: Json): void {
    const { nodes } = savedState<{ nodes: readonly (Contended & { node: number })[] }>(state);
    this.#nodes.clear();
    this.#nodeOf.clear();
    for (const { node, isWatched, pods } of nodes) {
      this.#nodes.set(node, { isWatched, pods: pods.map((pod) => ({ ...pod })) });
      for (const { replica } of pods) this.#nodeOf.set(replica, node);
    }
  }

  #canBeShort(node: number): boolean {
    const pods = this.#nodes.get(node)?.pods ?? [];
    return pods.reduce((sum, pod) => sum + pod.most, 0) > this.#allocatable(node) / 1000;
  }

  #lookAgain(node: number, delay: number): void {
    const contended = this.#nodes.get(node);
    if (contended !== undefined) contended.isWatched = true;
    this.#simulation.scheduleAfter(delay, this.#look, node, 0);
  }

  #share(node: number): void {
    const contended = this.#nodes.get(node);
    if (contended === undefined || this.#interval === null) return;
    contended.isWatched = false;
    if (!this.#canBeShort(node)) return;
    const { pods } = contended;
    const claims = pods.map(({ replica, shares, most }) => ({
      weight: shares,
      want: Math.min(most, this.#cpu.runnable(replica)),
    }));
    const level = fairLevel(this.#allocatable(node) / 1000, claims);
    for (const pod of pods) this.#set(pod, Math.min(pod.most, level * pod.shares));
    const isIdle = claims.every(({ want }) => want === 0);
    this.#lookAgain(node, this.#interval * (isIdle ? IDLE_LOOKS : 1));
  }

  #release({ pods }: Contended): void {
    for (const pod of pods) this.#set(pod, pod.most);
  }

  #set(pod: Contender, cores: number): void {
    if (pod.cores === cores) return;
    pod.cores = cores;
    this.#cpu.setCores(pod.replica, cores);
  }
}

/**
 * The level of a weighted max-min fair division: each claim gets min(want, level × weight), and
 * all together the capacity. Infinity when there is enough for everybody.
 */
export function fairLevel(
  capacity: number,
  claims: readonly { readonly weight: number; readonly want: number }[],
): number {
  const order = [...claims].sort((a, b) => a.want / a.weight - b.want / b.weight);
  let left = capacity;
  let weights = claims.reduce((sum, { weight }) => sum + weight, 0);
  for (const { weight, want } of order) {
    const level = left / weights;
    if (want > level * weight) return level;
    left -= want;
    weights -= weight;
  }
  return Number.POSITIVE_INFINITY;
}
