import type { ControlEvent } from "../control/platform.ts";
import { type Json, savedState } from "../kernel/json.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { type Micros, micros } from "../kernel/time.ts";
import type { NodeAutoscalerObservation, NodeRemoval } from "../policy/nodeAutoscaler.ts";
import type { ClusterSpec, NodeSpec } from "./clusterSpec.ts";
import { type BlockedDrain, NodeDrains } from "./nodeDrains.ts";
import { NodeImageCaches } from "./nodeImageCaches.ts";
import { NodeOutages } from "./nodeOutages.ts";
import { NodePools } from "./nodePools.ts";
import { type Node, Nodes, schedulingNode } from "./nodes.ts";
import { exists, type Pod } from "./pod.ts";
import { PodBudgets } from "./podBudgets.ts";
import { podTemplates, Scheduler } from "./scheduler.ts";
import type { Workload } from "./workload.ts";

/** What happens to pods because of nodes. */
export interface NodeEvents {
  /** `waited`: it was unschedulable until now. */
  bound(pod: Pod, waited: boolean): void;
  unschedulable(pod: Pod): void;
  imagePulled(pod: number): void;
  /** Gracefully; null for the pod's own grace period. */
  delete(pod: Pod, gracePeriod: Micros | null): void;
  /** Deleted while nobody is there to end it: its controller replaces it all the same. */
  evictedFromDown(pod: Pod): void;
  /** Its node is down; is known to be; is back. */
  halted(pod: Pod): void;
  unreachable(pod: Pod): void;
  recovered(pod: Pod): void;
  record(event: ControlEvent): void;
}

/** The nodes with everything about them: scheduler, images, pools, drains and their budgets. */
export class ClusterNodes {
  readonly scheduler: Scheduler;
  readonly images: NodeImageCaches;
  readonly budgets: PodBudgets;
  readonly #nodes: Nodes;
  readonly #pools: NodePools;
  readonly #drains: NodeDrains;
  readonly #outages: NodeOutages;
  readonly #simulation: Simulation;
  readonly #pods: readonly Pod[];
  readonly #podName: (pod: Pod) => string;
  readonly #events: NodeEvents;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly draws: KeyedDraws;
    readonly spec: ClusterSpec;
    readonly pods: readonly Pod[];
    readonly workloads: readonly Workload[];
    readonly podName: (pod: Pod) => string;
    readonly events: NodeEvents;
  }) {
    const { simulation, spec, workloads, events } = parts;
    this.#simulation = simulation;
    this.#pods = parts.pods;
    this.#podName = parts.podName;
    this.#events = events;
    this.#nodes = new Nodes(spec.nodes);
    const templates = workloads.map(podTemplates);
    const shared = { ...parts, nodes: this.#nodes, templates };
    this.budgets = new PodBudgets({ ...shared, budgets: spec.disruptionBudgets });
    this.scheduler = new Scheduler({
      ...shared,
      budgets: this.budgets,
      events: {
        bound: (pod, waited) => events.bound(pod, waited),
        unschedulable: (pod) => events.unschedulable(pod),
        preempted: (pod, by) => {
          this.#tell("scheduler", pod, "Preempted", `makes room for ${this.#podName(by)}`);
          events.delete(pod, null);
        },
        failed: (pod, message) => this.#tell("scheduler", pod, "FailedScheduling", message),
      },
    });
    this.images = new NodeImageCaches({
      simulation,
      settings: spec.imagePulls,
      nodes: this.#nodes,
      pulled: (pod) => events.imagePulled(pod),
      cached: (node, image, bytes) => this.scheduler.addImage(node, image, bytes),
    });
    this.#pools = new NodePools({
      ...parts,
      specs: spec.nodePools,
      nodes: spec.nodes,
      registered: (node) => this.#register(node),
    });
    this.#drains = new NodeDrains({
      ...shared,
      budgets: this.budgets,
      graceOf: (pod) => workloads[pod.workload]!.spec.terminationGracePeriod,
      events: {
        evict: (pod, grace, node) => {
          this.#tell("eviction", pod, "Evicted", `${node.spec.name} is drained`);
          events.delete(pod, grace);
        },
        cordonsChanged: (node) => this.scheduler.updateNode(node),
        empty: (node) => this.#remove(node),
        told: (node, reason, message) => this.#tellNode(node.spec.name, reason, message),
      },
    });
    this.#outages = this.#newOutages();
  }

  #newOutages(): NodeOutages {
    const events = this.#events;
    return new NodeOutages({
      simulation: this.#simulation,
      nodes: this.#nodes,
      pods: this.#pods,
      tolerationsOf: (pod) => this.scheduler.specOf(pod).tolerations,
      events: {
        halted: (pod) => events.halted(pod),
        unreachable: (pod) => events.unreachable(pod),
        recovered: (pod) => events.recovered(pod),
        evict: (pod, node) => {
          this.#tell("taint-eviction", pod, "TaintManagerEviction", `${node.spec.name} is down`);
          events.evictedFromDown(pod);
        },
        taintsChanged: (node) => this.scheduler.updateNode(node),
        told: (node, reason, message) => this.#tellNode(node.spec.name, reason, message),
      },
    });
  }

  /** The machine stops: nothing on it runs, and nobody is told. */
  takeDown(node: string): void {
    this.#outages.begin(node);
  }

  bringBack(node: string): void {
    this.#outages.end(node);
  }

  /** Every node that there is or was, by number. */
  get all(): readonly Node[] {
    return this.#nodes.all;
  }

  get blockedDrains(): readonly BlockedDrain[] {
    return this.#drains.blocked;
  }

  get nodeMicros(): number {
    return this.#pools.nodeMicros;
  }

  resetUsage(): void {
    this.#pools.resetUsage();
  }

  drain(node: string, name: string): void {
    this.#drains.drain(node, name);
  }

  callOffDrain(node: string, name: string): void {
    this.#drains.callOff(node, name);
  }

  add(pool: string, count: number): void {
    this.#pools.add(pool, count);
  }

  cancel(pool: string, count: number): void {
    this.#pools.cancel(pool, count);
  }

  remove(removals: readonly NodeRemoval[]): void {
    for (const removal of removals) this.#drains.remove(removal);
  }

  observe(): NodeAutoscalerObservation {
    const placed = this.#pods.filter((pod) => pod.workload >= 0 && exists(pod));
    return {
      pools: this.#pools.observe(),
      nodes: this.#nodes.present.map((node) => ({
        node: schedulingNode(node),
        pool: node.spec.pool,
        registeredAt: micros(node.registeredAt),
        ready: { status: !node.isUnreachable, lastTransition: micros(node.registeredAt) },
        isBeingRemoved: this.#drains.isBeingRemoved(node),
      })),
      pods: placed.flatMap((pod) => {
        if (pod.node === null) return [];
        return [
          {
            name: this.#podName(pod),
            spec: this.scheduler.specOf(pod),
            node: this.#nodes.all[pod.node]!.spec.name,
            startTime: micros(pod.scheduledAt ?? 0),
            terminating: pod.deletedAt !== null,
            isDaemon: false,
            keepsNode: null,
          },
        ];
      }),
      pendingPods: this.scheduler.waiting.map((pod) => ({
        name: this.#podName(pod),
        spec: this.scheduler.specOf(pod),
        isUnschedulable: true,
        nominatedNode:
          pod.nominatedNode === null ? null : this.#nodes.all[pod.nominatedNode]!.spec.name,
      })),
      budgets: this.budgets,
      lastRemovalFailure: this.#drains.lastFailure,
    };
  }

  state(): Json {
    return {
      nodes: this.#nodes.state(),
      images: this.images.state(),
      budgets: this.budgets.state(),
      pools: this.#pools.state(),
      drains: this.#drains.state(),
    };
  }

  /** After the pods. */
  restore(state: Json): void {
    const saved =
      savedState<Record<"nodes" | "images" | "budgets" | "pools" | "drains", Json>>(state);
    this.#nodes.restore(saved.nodes);
    this.budgets.restore(saved.budgets);
    this.#pools.restore(saved.pools);
    this.#drains.restore(saved.drains);
    this.scheduler.restore();
    this.images.restore(saved.images);
  }

  #register(spec: NodeSpec): void {
    const node = this.#nodes.add(spec, this.#simulation.now);
    this.#tellNode(spec.name, "NodeReady", `a node of ${spec.pool} is ready`);
    this.scheduler.addNode(node);
  }

  #remove(node: Node): void {
    node.removedAt = this.#simulation.now;
    this.images.removeNode(node.number);
    this.scheduler.removeNode(node);
    this.#pools.removed(node);
    this.#tellNode(node.spec.name, "NodeRemoved", `a node of ${node.spec.pool} is gone`);
  }

  /** An Event about a pod. */
  #tell(controller: string, pod: Pod, reason: string, message: string): void {
    const subject = this.#podName(pod);
    const event = { controller, subject, reason, message, from: null, to: null };
    this.#events.record({ ...event, kind: "pod" });
  }

  #tellNode(subject: string, reason: string, message: string): void {
    const event = { controller: "nodes", subject, reason, message, from: null, to: null };
    this.#events.record({ ...event, kind: "node" });
  }
}
