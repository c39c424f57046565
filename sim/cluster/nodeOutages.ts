import type { Simulation } from "../kernel/simulation.ts";
import { NODE_MONITOR_GRACE, toleratedFor } from "../policy/scheduling/eviction.ts";
import type { Toleration } from "../policy/scheduling/spec.ts";
import { type Node, type Nodes, taintsOf } from "./nodes.ts";
import { exists, isActive, type Pod } from "./pod.ts";

/** What happens to pods and nodes when a node is down. */
export interface OutageEvents {
  /** The machine has stopped: nobody but the pod's callers finds out. */
  halted(pod: Pod): void;
  /** The node is NotReady, and so is its pod. */
  unreachable(pod: Pod): void;
  evict(pod: Pod, node: Node): void;
  /** The machine runs again. */
  recovered(pod: Pod): void;
  taintsChanged(node: Node): void;
  told(node: Node, reason: string, message: string): void;
}

/**
 * Nodes that go down, as the node lifecycle controller sees them: NotReady and tainted when the
 * lease has not been renewed for the grace period; then pods are evicted as far as they do not
 * tolerate that. On a node that is down nobody carries out a deletion: pods are terminating until
 * it is back.
 */
export class NodeOutages {
  readonly #simulation: Simulation;
  readonly #nodes: Nodes;
  readonly #pods: readonly Pod[];
  readonly #tolerationsOf: (pod: Pod) => readonly Toleration[] | undefined;
  readonly #events: OutageEvents;
  readonly #lapse: number;
  readonly #evict: number;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly nodes: Nodes;
    readonly pods: readonly Pod[];
    readonly tolerationsOf: (pod: Pod) => readonly Toleration[] | undefined;
    readonly events: OutageEvents;
  }) {
    this.#simulation = parts.simulation;
    this.#nodes = parts.nodes;
    this.#pods = parts.pods;
    this.#tolerationsOf = parts.tolerationsOf;
    this.#events = parts.events;
    this.#lapse = parts.simulation.register("a node's lease lapses", (number, outage) => {
      const node = this.#nodes.all[number]!;
      if (node.downs > 0 && node.outage === outage) this.#becomeUnreachable(node);
    });
    this.#evict = parts.simulation.register("a toleration ends", (number, outage) => {
      const pod = this.#pods[number]!;
      const node = this.#nodes.all[pod.node!]!;
      if (node.isUnreachable && node.outage === outage && isActive(pod)) {
        this.#events.evict(pod, node);
      }
    });
  }

  begin(name: string): void {
    const node = this.#nodes.find(name);
    if (node === undefined || ++node.downs > 1) return;
    node.outage++;
    for (const pod of this.#podsOn(node)) this.#events.halted(pod);
    const at = this.#simulation.now + NODE_MONITOR_GRACE;
    this.#simulation.schedule(at, this.#lapse, node.number, node.outage);
  }

  end(name: string): void {
    const node = this.#nodes.find(name);
    if (node === undefined || node.downs === 0 || --node.downs > 0) return;
    if (node.isUnreachable) {
      node.isUnreachable = false;
      this.#events.told(node, "NodeReady", "its lease is renewed again");
    }
    for (const pod of this.#podsOn(node)) this.#events.recovered(pod);
    this.#events.taintsChanged(node);
  }

  #becomeUnreachable(node: Node): void {
    node.isUnreachable = true;
    this.#events.told(node, "NodeNotReady", "its lease was not renewed in time");
    this.#events.taintsChanged(node);
    const { now } = this.#simulation;
    for (const pod of this.#podsOn(node)) {
      this.#events.unreachable(pod);
      const stay = toleratedFor(taintsOf(node), this.#tolerationsOf(pod));
      if (stay === null || !isActive(pod)) continue;
      this.#simulation.schedule(now + stay, this.#evict, pod.number, node.outage);
    }
  }

  #podsOn(node: Node): readonly Pod[] {
    return this.#pods.filter((pod) => pod.node === node.number && pod.workload >= 0 && exists(pod));
  }
}
