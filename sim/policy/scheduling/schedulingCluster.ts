import { assert, present } from "../../kernel/assert.ts";
import {
  type BoundPod,
  type PendingPod,
  type PodSchedulingSpec,
  priorityOf,
  type SchedulingNode,
} from "./spec.ts";

/** A node with everything on it; `cpu` and `memory` are sums of the requests of its pods. */
export interface NodeEntry {
  node: SchedulingNode;
  readonly pods: Map<string, BoundPod>;
  /** Pods that wait for this node's victims to go. */
  readonly nominated: Map<string, PendingPod>;
  readonly images: Set<string>;
  cpuMillicores: number;
  memoryBytes: number;
  /** The same sums, with what the scheduler assumes for pods that request nothing. */
  assumedCpuMillicores: number;
  assumedMemoryBytes: number;
}

/** All bound pods of one template, counted by node. */
export interface PodGroup {
  readonly spec: PodSchedulingSpec;
  readonly counts: Map<NodeEntry, { all: number; terminating: number }>;
}

/**
 * What the scheduler assumes of a pod without a request when it scores by use: 100 m and 200 MB, so
 * that not all such pods go to one node. Kubernetes assumes it for each container.
 */
export const assumedCpu = (spec: PodSchedulingSpec): number => spec.requests.cpuMillicores || 100;
export const assumedMemory = (spec: PodSchedulingSpec): number =>
  spec.requests.memoryBytes || 200 * 1024 * 1024;

/**
 * The cluster as the scheduler's cache has it: nodes in the order in which they were added, which
 * decides ties, and the pods bound to them. Sums and counts are kept up as pods come and go. It is
 * a function of what is in it, not of how that came about: after a restart, add everything again.
 */
export class SchedulingCluster {
  readonly #nodes: NodeEntry[] = [];
  readonly #byName = new Map<string, NodeEntry>();
  readonly #pods = new Map<string, BoundPod>();
  readonly #groups = new Map<PodSchedulingSpec, PodGroup>();
  readonly #nominations = new Map<string, NodeEntry>();
  /** Size of every image seen, and how many nodes have it. */
  readonly #images = new Map<string, { readonly bytes: number; nodes: number }>();

  constructor(nodes: readonly SchedulingNode[] = [], pods: readonly BoundPod[] = []) {
    for (const node of nodes) this.addNode(node);
    for (const pod of pods) this.bind(pod);
  }

  get nodes(): readonly NodeEntry[] {
    return this.#nodes;
  }

  get groups(): Iterable<PodGroup> {
    return this.#groups.values();
  }

  entry(node: string): NodeEntry {
    return present(this.#byName.get(node), `node ${node}`);
  }

  pod(name: string): BoundPod | undefined {
    return this.#pods.get(name);
  }

  addNode(node: SchedulingNode): void {
    assert(!this.#byName.has(node.name), `node ${node.name} is there already`);
    const entry: NodeEntry = {
      node,
      pods: new Map(),
      nominated: new Map(),
      images: new Set(),
      cpuMillicores: 0,
      memoryBytes: 0,
      assumedCpuMillicores: 0,
      assumedMemoryBytes: 0,
    };
    this.#nodes.push(entry);
    this.#byName.set(node.name, entry);
  }

  /** New labels, taints or `unschedulable` of a node; its pods stay. */
  updateNode(node: SchedulingNode): void {
    this.entry(node.name).node = node;
  }

  /** The node with all its pods, images and nominations. */
  removeNode(name: string): void {
    const entry = this.entry(name);
    for (const pod of [...entry.pods.keys()]) this.unbind(pod);
    for (const pod of [...entry.nominated.keys()]) this.clearNomination(pod);
    for (const image of entry.images) this.#images.get(image)!.nodes--;
    this.#byName.delete(name);
    this.#nodes.splice(this.#nodes.indexOf(entry), 1);
  }

  bind(pod: BoundPod): void {
    assert(!this.#pods.has(pod.name), `pod ${pod.name} is bound already`);
    const entry = this.entry(pod.node);
    this.clearNomination(pod.name);
    this.#pods.set(pod.name, pod);
    entry.pods.set(pod.name, pod);
    this.#count(entry, pod, 1);
  }

  /** The pod is gone. */
  unbind(name: string): void {
    const pod = present(this.#pods.get(name), `bound pod ${name}`);
    const entry = this.entry(pod.node);
    this.#pods.delete(name);
    entry.pods.delete(name);
    this.#count(entry, pod, -1);
  }

  /** The pod got its deletion timestamp. */
  markTerminating(name: string): void {
    const pod = present(this.#pods.get(name), `bound pod ${name}`);
    if (pod.terminating) return;
    this.unbind(name);
    this.bind({ ...pod, terminating: true });
  }

  /** A preemption makes room for the pod on the node: pods of lower priority keep off it. */
  nominate(pod: PendingPod, node: string): void {
    this.clearNomination(pod.name);
    const entry = this.entry(node);
    entry.nominated.set(pod.name, pod);
    this.#nominations.set(pod.name, entry);
  }

  clearNomination(pod: string): void {
    this.#nominations.get(pod)?.nominated.delete(pod);
    this.#nominations.delete(pod);
  }

  nominatedNode(pod: string): NodeEntry | undefined {
    return this.#nominations.get(pod);
  }

  addImage(node: string, image: string, bytes: number): void {
    const { images } = this.entry(node);
    if (images.has(image)) return;
    images.add(image);
    const known = this.#images.get(image) ?? { bytes, nodes: 0 };
    known.nodes++;
    this.#images.set(image, known);
  }

  image(name: string): { readonly bytes: number; readonly nodes: number } | undefined {
    return this.#images.get(name);
  }

  #count(entry: NodeEntry, pod: BoundPod, sign: 1 | -1): void {
    const { spec } = pod;
    entry.cpuMillicores += sign * spec.requests.cpuMillicores;
    entry.memoryBytes += sign * spec.requests.memoryBytes;
    entry.assumedCpuMillicores += sign * assumedCpu(spec);
    entry.assumedMemoryBytes += sign * assumedMemory(spec);
    let group = this.#groups.get(spec);
    if (group === undefined) {
      group = { spec, counts: new Map() };
      this.#groups.set(spec, group);
    }
    const count = group.counts.get(entry) ?? { all: 0, terminating: 0 };
    count.all += sign;
    if (pod.terminating) count.terminating += sign;
    if (count.all > 0) group.counts.set(entry, count);
    else group.counts.delete(entry);
    if (group.counts.size === 0) this.#groups.delete(spec);
  }
}

/** Requests and number of the pods nominated for a node that a pod must leave room for. */
export function nominatedRequests(
  entry: NodeEntry,
  pod: PendingPod,
): { readonly cpuMillicores: number; readonly memoryBytes: number; readonly pods: number } {
  if (entry.nominated.size === 0) return NO_REQUESTS;
  let cpuMillicores = 0;
  let memoryBytes = 0;
  let pods = 0;
  for (const other of entry.nominated.values()) {
    if (other.name === pod.name || priorityOf(other) < priorityOf(pod)) continue;
    cpuMillicores += other.spec.requests.cpuMillicores;
    memoryBytes += other.spec.requests.memoryBytes;
    pods++;
  }
  return { cpuMillicores, memoryBytes, pods };
}

const NO_REQUESTS = { cpuMillicores: 0, memoryBytes: 0, pods: 0 };
