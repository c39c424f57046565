import { type Json, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";

/** A pod that uses CPU on a node: its process, or the start of it. */
export interface ContendingPod {
  /** The pod's number, which is its replica's. */
  readonly replica: number;
  readonly node: number;
  /** CPU request of all its containers in millicores: its weight. */
  readonly requestMillicores: number;
  /** CPU limit in millicores; null for none: all of the node. */
  readonly limitMillicores: number | null;
  /** The containers beside its process, taken together: what they use whenever they can. */
  readonly sidecars: { readonly cpuMillicores: number; readonly requestMillicores: number };
}

/** Who gives the pods their CPU: the data plane, or a kubelet in front of it. */
export interface PodCpu {
  /** How many pieces of work in the pod want a core at this moment. */
  runnable(replica: number): number;
  /** What the node leaves its process and its sidecars from now on, in cores. */
  setCores(replica: number, cores: number, sidecarCores: number): void;
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
  /** What its sidecars want, in cores. */
  readonly beside: number;
  /** The process's part of the pod's CPU, when the sidecars want all of theirs. */
  readonly ownPart: number;
  /** What it was told last. */
  cores: number;
  besideCores: number;
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
 * A pod's sidecars share the pod's CPU with its process in the same way, by their own requests.
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
    const shares = sharesOf(pod.requestMillicores);
    const { cpuMillicores, requestMillicores } = pod.sidecars;
    const beside = cpuMillicores / 1000;
    const own = sharesOf(pod.requestMillicores - requestMillicores);
    const ownPart = beside === 0 ? 1 : own / (own + sharesOf(requestMillicores));
    const contended = this.#nodes.get(node) ?? { pods: [], isWatched: false };
    this.#nodes.set(node, contended);
    const told = { cores: most, besideCores: beside };
    contended.pods.push({ replica, shares, most, beside, ownPart, ...told });
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
        pods: pods.map((pod) => ({ ...pod })),
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
    const most = pods.reduce((sum, pod) => sum + pod.most + pod.beside, 0);
    return most > this.#allocatable(node) / 1000;
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
    const wants = pods.map(({ replica, most }) => Math.min(most, this.#cpu.runnable(replica)));
    const claims = pods.map(({ shares, beside }, i) => ({
      weight: shares,
      want: wants[i]! + beside,
    }));
    const level = fairLevel(this.#allocatable(node) / 1000, claims);
    pods.forEach((pod, i) => {
      this.#give(pod, level * pod.shares, wants[i]!);
    });
    const isIdle = wants.every((want) => want === 0);
    this.#lookAgain(node, this.#interval * (isIdle ? IDLE_LOOKS : 1));
  }

  #release({ pods }: Contended): void {
    for (const pod of pods) this.#set(pod, pod.most, pod.beside);
  }

  /** Divides what the pod may use between its process, which wants so much, and its sidecars. */
  #give(pod: Contender, cores: number, want: number): void {
    const { most, beside, ownPart } = pod;
    if (cores === Number.POSITIVE_INFINITY) {
      this.#set(pod, most, beside);
      return;
    }
    const own = Math.max(cores * ownPart, cores - beside);
    const rest = Math.max(cores * (1 - ownPart), cores - want);
    this.#set(pod, Math.min(most, own), Math.min(beside, rest));
  }

  #set(pod: Contender, cores: number, besideCores: number): void {
    if (pod.cores === cores && pod.besideCores === besideCores) return;
    pod.cores = cores;
    pod.besideCores = besideCores;
    this.#cpu.setCores(pod.replica, cores, besideCores);
  }
}

/** `cpu.shares` as the kubelet sets them (`MilliCPUToShares`). */
const sharesOf = (millicores: number): number =>
  Math.max(LEAST_SHARES, Math.floor((millicores * 1024) / 1000));

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
