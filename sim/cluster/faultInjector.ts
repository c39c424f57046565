import type { Fault } from "../control/fault.ts";
import { digestText } from "../kernel/digest.ts";
import { type Json, savedState } from "../kernel/json.ts";
import { isManaged } from "./clusterPods.ts";
import type { DataPlane } from "./dataPlane.ts";
import type { Node } from "./nodes.ts";
import { isActive, type Pod } from "./pod.ts";
import type { Workload } from "./workload.ts";

interface Service {
  readonly name: string;
  readonly endpoints: readonly string[];
}

/**
 * Finds the replicas that a fault is about, and hands its effect to the data plane. The replicas
 * are chosen when the fault begins: those that start later are spared.
 */
export class FaultInjector {
  readonly #plane: DataPlane;
  readonly #services: readonly Service[];
  readonly #nodes: readonly Node[];
  readonly #workloads: readonly Workload[];
  readonly #pods: readonly Pod[];
  readonly #killServer: (service: number, replica: number) => void;
  readonly #kill: (pod: Pod) => void;
  readonly #crash: (pod: Pod) => void;
  #next = 1;
  /** Ids of the effects of the faults that are active; of equal faults, the oldest first. */
  #active: Record<string, number[][]> = {};

  constructor(parts: {
    readonly plane: DataPlane;
    readonly services: readonly Service[];
    readonly nodes: readonly Node[];
    readonly workloads: readonly Workload[];
    readonly pods: readonly Pod[];
    /** Datastores are outside of the cluster, which could not replace their servers. */
    readonly killServer: (service: number, replica: number) => void;
    readonly kill: (pod: Pod) => void;
    readonly crash: (pod: Pod) => void;
  }) {
    this.#plane = parts.plane;
    this.#services = parts.services;
    this.#nodes = parts.nodes;
    this.#workloads = parts.workloads;
    this.#pods = parts.pods;
    this.#killServer = parts.killServer;
    this.#kill = parts.kill;
    this.#crash = parts.crash;
  }

  inject(fault: Fault): void {
    const victims = this.#victims(fault);
    const { kind } = fault.effect;
    if (kind === "kill" || kind === "crash") {
      const end = kind === "kill" ? this.#kill : this.#crash;
      for (const pod of victims) {
        if (isManaged(pod)) end(pod);
        else this.#killServer(this.#serviceOf(pod), pod.number);
      }
      return;
    }
    const ids: number[] = [];
    this.#services.forEach((service, index) => {
      const replicas = victims
        .filter((pod) => this.#serviceOf(pod) === index)
        .map((pod) => pod.number);
      if (replicas.length === 0) return;
      const endpoint = service.endpoints.indexOf(fault.scope.endpoint ?? "");
      const id = this.#next++;
      ids.push(id);
      this.#plane.applyEffect({
        id,
        effect: fault.effect,
        service: index,
        endpoint: endpoint < 0 ? null : endpoint,
        replicas,
        site: Number.parseInt(digestText(fault.name).slice(0, 6), 16),
      });
    });
    const key = keyOf(fault);
    this.#active[key] = [...(this.#active[key] ?? []), ids];
  }

  clear(fault: Fault): void {
    const ids = this.#active[keyOf(fault)]?.shift() ?? [];
    for (const id of ids) this.#plane.clearEffect(id);
  }

  state(): Json {
    return { next: this.#next, active: structuredCloneOf(this.#active) };
  }

  restore(state: Json): void {
    const saved = savedState<{ next: number; active: Record<string, number[][]> }>(state);
    this.#next = saved.next;
    this.#active = structuredCloneOf(saved.active);
  }

  #victims(fault: Fault): readonly Pod[] {
    const { service, revision, node, zone, region, replicas } = fault.scope;
    const inScope = this.#pods.filter((pod) => {
      if (!isActive(pod)) return false;
      const workload = this.#workloads[pod.workload];
      if (service !== undefined && this.#services[this.#serviceOf(pod)]?.name !== service)
        return false;
      if (revision !== undefined && workload?.revisions[pod.revision] !== revision) return false;
      const place = pod.node === null ? undefined : this.#nodes[pod.node]?.spec;
      if (node !== undefined && place?.name !== node) return false;
      if (zone !== undefined && place?.zone !== zone) return false;
      return region === undefined || place?.region === region;
    });
    if (replicas === undefined) return inScope;
    const count =
      "count" in replicas ? replicas.count : Math.ceil(replicas.share * inScope.length - 1e-9);
    return inScope.slice(0, count);
  }

  /** Datastores stand among the pods with the service's number as their ordinal. */
  #serviceOf(pod: Pod): number {
    return this.#workloads[pod.workload]?.service ?? pod.ordinal;
  }
}

function structuredCloneOf(
  active: Readonly<Record<string, readonly (readonly number[])[]>>,
): Record<string, number[][]> {
  return Object.fromEntries(
    Object.entries(active).map(([key, lists]) => [key, lists.map((ids) => [...ids])]),
  );
}

/** Names need not be unique: two faults are the same one when all of them agrees. */
const keyOf = (fault: Fault): string => JSON.stringify(fault);
