import { present } from "../kernel/assert.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { micros } from "../kernel/time.ts";
import { schedule } from "../policy/scheduling/schedule.ts";
import { SchedulingCluster } from "../policy/scheduling/schedulingCluster.ts";
import {
  type DisruptionBudgets,
  type PendingPod,
  type PodSchedulingSpec,
  priorityOf,
} from "../policy/scheduling/spec.ts";
import { type Node, type Nodes, schedulingNode } from "./nodes.ts";
import { exists, isActive, type Pod } from "./pod.ts";
import type { Workload } from "./workload.ts";

/** What the scheduler tells those who carry it out. */
export interface SchedulerEvents {
  /** The pod has a node now; `waited`: it was unschedulable until then. */
  bound(pod: Pod, waited: boolean): void;
  /** The pod found no node when it was looked at for the first time. */
  unschedulable(pod: Pod): void;
  /** The pod is to be deleted, to make room for a more important one. */
  preempted(victim: Pod, by: Pod): void;
  /** The pod found no node, and no other of its template waits for one already. */
  failed(pod: Pod, message: string): void;
}

/**
 * kube-scheduler in the cluster: binds pods one at a time, keeps those that fit nowhere, and tries
 * them again when pods or nodes change: the most important first, then the oldest. Its view of the
 * cluster holds nothing that pods and nodes do not say, so that it is built anew from a snapshot.
 */
export class Scheduler {
  readonly #simulation: Simulation;
  readonly #nodes: Nodes;
  readonly #pods: readonly Pod[];
  readonly #podName: (pod: Pod) => string;
  readonly #budgets: DisruptionBudgets;
  readonly #events: SchedulerEvents;
  readonly #specs: readonly (readonly PodSchedulingSpec[])[];
  readonly #retry: number;
  #cluster = new SchedulingCluster();
  /** By name: those that the scheduler has taken up and not bound. */
  #pending = new Map<string, Pod>();
  /** How many of them each template has. */
  #waitingOf = new Map<PodSchedulingSpec, number>();
  #byName = new Map<string, Pod>();
  #byNode = new Map<string, Node>();
  /** When the waiting pods were last called to be tried again. */
  #calledAt = -1;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly nodes: Nodes;
    readonly pods: readonly Pod[];
    /** By workload and revision: pods of one template share the object. */
    readonly templates: readonly (readonly PodSchedulingSpec[])[];
    readonly podName: (pod: Pod) => string;
    readonly budgets: DisruptionBudgets;
    readonly events: SchedulerEvents;
  }) {
    this.#simulation = parts.simulation;
    this.#nodes = parts.nodes;
    this.#pods = parts.pods;
    this.#podName = parts.podName;
    this.#budgets = parts.budgets;
    this.#events = parts.events;
    this.#specs = parts.templates;
    this.#retry = parts.simulation.register("pods are tried again", () => this.#tryAgain());
    for (const node of parts.nodes.present) this.#add(node);
  }

  specOf(pod: Pod): PodSchedulingSpec {
    return this.#specs[pod.workload]![pod.revision]!;
  }

  /** Without preemption, and without waiting when it fits nowhere: whether it has a node. */
  placeNow(pod: Pod): boolean {
    const pending = this.#pendingPod(pod);
    const decision = schedule(
      { ...pending, spec: { ...pending.spec, preemptionPolicy: "Never" } },
      this.#cluster,
    );
    if (decision.kind !== "bound") return false;
    this.#bind(pod, pending, decision.node);
    return true;
  }

  /** One scheduling cycle for the pod: it is bound, or waits. */
  place(pod: Pod): void {
    const pending = this.#pendingPod(pod);
    const decision = schedule(pending, this.#cluster, this.#budgets);
    const waited = pod.unschedulable !== null;
    if (decision.kind === "bound") {
      this.#bind(pod, pending, decision.node);
      this.#events.bound(pod, waited);
      return;
    }
    const isFirst = !this.#waitingOf.has(pending.spec);
    this.#await(pod, pending);
    if (!waited) this.#events.unschedulable(pod);
    pod.unschedulable = decision.message;
    if (isFirst) this.#events.failed(pod, decision.message);
    if (decision.kind === "preempt") this.#preempt(pod, pending, decision);
  }

  /** The pod got its deletion timestamp. */
  terminating(pod: Pod): void {
    const name = this.#podName(pod);
    this.#forget(pod, name);
    if (pod.node !== null && this.#cluster.pod(name) !== undefined) {
      this.#cluster.markTerminating(name);
    }
  }

  /** The pod is gone: its room is free. */
  gone(pod: Pod): void {
    const name = this.#podName(pod);
    this.#forget(pod, name);
    this.#byName.delete(name);
    if (this.#cluster.pod(name) !== undefined) this.#cluster.unbind(name);
    this.callWaiting();
  }

  /** Pods that fit nowhere are tried again within this instant. */
  callWaiting(): void {
    const { now } = this.#simulation;
    if (this.#pending.size === 0 || this.#calledAt === now) return;
    this.#calledAt = now;
    this.#simulation.schedule(now, this.#retry, 0, 0);
  }

  /** Tells of one pod of each template that waits, as whenever they are tried again in vain. */
  tellWaiting(): void {
    const told = new Set<PodSchedulingSpec>();
    for (const pod of this.waiting) {
      const spec = this.specOf(pod);
      if (!told.has(spec)) this.#events.failed(pod, pod.unschedulable ?? "");
      told.add(spec);
    }
  }

  addNode(node: Node): void {
    this.#add(node);
    this.callWaiting();
  }

  /** It has been cordoned, or is so no more. */
  updateNode(node: Node): void {
    this.#cluster.updateNode(schedulingNode(node));
    this.callWaiting();
  }

  /** Of a node without pods. */
  removeNode(node: Node): void {
    for (const pod of this.#pending.values()) {
      if (pod.nominatedNode === node.number) pod.nominatedNode = null;
    }
    this.#cluster.removeNode(node.spec.name);
    this.#byNode.delete(node.spec.name);
  }

  addImage(node: Node, image: string, bytes: number): void {
    this.#cluster.addImage(node.spec.name, image, bytes);
  }

  /** Pods that found no node, in order of creation. */
  get waiting(): readonly Pod[] {
    return [...this.#pending.values()].sort((a, b) => a.number - b.number);
  }

  /** Builds its view anew from pods and nodes, once they were read; images are added after. */
  restore(): void {
    this.#cluster = new SchedulingCluster();
    this.#pending = new Map();
    this.#waitingOf = new Map();
    this.#byName = new Map();
    this.#byNode = new Map();
    this.#calledAt = -1;
    for (const node of this.#nodes.present) this.#add(node);
    const pods = this.#pods.filter((pod) => pod.workload >= 0 && exists(pod));
    for (const pod of pods) {
      const pending = this.#pendingPod(pod);
      if (pod.node !== null) this.#bindInView(pod, pending, this.#nodes.all[pod.node]!.spec.name);
      else if (pod.unschedulable !== null && isActive(pod)) this.#await(pod, pending);
    }
    for (const pod of this.#pending.values()) {
      if (pod.nominatedNode === null) continue;
      const { name } = this.#nodes.all[pod.nominatedNode]!.spec;
      this.#cluster.nominate(this.#pendingPod(pod), name);
    }
  }

  #add(node: Node): void {
    this.#cluster.addNode(schedulingNode(node));
    this.#byNode.set(node.spec.name, node);
  }

  #pendingPod(pod: Pod): PendingPod {
    return { name: this.#podName(pod), spec: this.specOf(pod) };
  }

  #bind(pod: Pod, pending: PendingPod, node: string): void {
    pod.node = present(this.#byNode.get(node), `node ${node}`).number;
    pod.nominatedNode = null;
    pod.unschedulable = null;
    pod.scheduledAt = this.#simulation.now;
    this.#leave(pending);
    this.#bindInView(pod, pending, node);
  }

  #bindInView(pod: Pod, pending: PendingPod, node: string): void {
    const startTime = micros(pod.scheduledAt ?? 0);
    const terminating = pod.deletedAt !== null;
    this.#byName.set(pending.name, pod);
    this.#cluster.bind({ ...pending, node, startTime, terminating });
  }

  /** Victims end with their grace; the pod waits for that, and others may not take its place. */
  #preempt(
    pod: Pod,
    pending: PendingPod,
    decision: { readonly node: string; readonly victims: readonly string[] },
  ): void {
    const entry = this.#cluster.entry(decision.node);
    for (const other of [...entry.nominated.values()]) {
      if (priorityOf(other) >= priorityOf(pending)) continue;
      this.#cluster.clearNomination(other.name);
      const loser = this.#pending.get(other.name);
      if (loser !== undefined) loser.nominatedNode = null;
    }
    this.#cluster.nominate(pending, decision.node);
    pod.nominatedNode = present(this.#byNode.get(decision.node), "node").number;
    for (const name of decision.victims) {
      const victim = present(this.#byName.get(name), `victim ${name}`);
      if (victim.deletedAt === null) this.#events.preempted(victim, pod);
    }
  }

  #await(pod: Pod, { name, spec }: PendingPod): void {
    if (this.#pending.has(name)) return;
    this.#pending.set(name, pod);
    this.#waitingOf.set(spec, (this.#waitingOf.get(spec) ?? 0) + 1);
  }

  /** Whether it waited. */
  #leave({ name, spec }: PendingPod): boolean {
    if (!this.#pending.delete(name)) return false;
    const left = this.#waitingOf.get(spec)! - 1;
    if (left > 0) this.#waitingOf.set(spec, left);
    else this.#waitingOf.delete(spec);
    return true;
  }

  #forget(pod: Pod, name: string): void {
    if (!this.#leave({ name, spec: this.specOf(pod) })) return;
    this.#cluster.clearNomination(name);
    pod.nominatedNode = null;
  }

  /**
   * A pod whose template has just found no node finds none either, unless one was bound meanwhile:
   * it could be the company that it wants.
   */
  #tryAgain(): void {
    this.#calledAt = -1;
    const priority = (pod: Pod): number => this.specOf(pod).priority ?? 0;
    const waiting = [...this.#pending.values()].sort(
      (a, b) => priority(b) - priority(a) || a.createdAt - b.createdAt || a.number - b.number,
    );
    const hopeless = new Set<PodSchedulingSpec>();
    for (const pod of waiting) {
      if (!isActive(pod) || pod.node !== null) continue;
      const spec = this.specOf(pod);
      if (hopeless.has(spec) && pod.nominatedNode === null) continue;
      this.place(pod);
      if (pod.node !== null) hopeless.clear();
      else if (pod.nominatedNode === null) hopeless.add(spec);
    }
  }
}

/** Of each revision: they differ in the hash of their template. */
export function podTemplates({ spec, revisions }: Workload): readonly PodSchedulingSpec[] {
  const { labels, ...scheduling } = spec.scheduling;
  return revisions.map((revision) => ({
    ...scheduling,
    labels: { ...labels, "pod-template-hash": revision },
    ownerSelector: { matchLabels: labels },
    requests: spec.podRequests,
    images: [imageName(spec.name, revision)],
  }));
}

/** Every revision is an image of its own. */
export const imageName = (workload: string, revision: string): string => `${workload}:${revision}`;
