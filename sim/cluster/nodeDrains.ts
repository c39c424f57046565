import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { type Micros, micros, minutes, seconds } from "../kernel/time.ts";
import type { NodeRemoval } from "../policy/nodeAutoscaler.ts";
import { drain } from "../policy/scheduling/drain.ts";
import type { Node, Nodes } from "./nodes.ts";
import { exists, type Pod } from "./pod.ts";
import type { PodBudgets } from "./podBudgets.ts";

/** `kubectl drain` asks for refused evictions again so often. */
const DRAIN_RETRY = seconds(5);
/** So does the cluster autoscaler, which gives up when a pod was refused for so long. */
const REMOVAL_RETRY = seconds(10);
const EVICTION_TIMEOUT = minutes(2);

interface Drain {
  readonly id: number;
  readonly node: number;
  /** Removed when it is empty; otherwise it stays cordoned until the drain is called off. */
  readonly isRemoval: boolean;
  /** Name of the drain, for who calls it off. */
  readonly name: string;
  readonly startedAt: number;
  readonly maxGracePeriod: Micros | null;
  evicted: number;
  /** Evictions that were answered with 429. */
  refusals: number;
  isDone: boolean;
}

/** A drain that disruption budgets kept from emptying its node. */
export interface BlockedDrain {
  readonly node: string;
  readonly evicted: number;
  /** Evictions that were answered with 429. */
  readonly refusals: number;
}

/** What drains ask for. */
export interface DrainEvents {
  evict(pod: Pod, gracePeriod: Micros, node: Node): void;
  cordonsChanged(node: Node): void;
  /** The node is empty, and goes. */
  empty(node: Node): void;
  /** Something about a node, for people. */
  told(node: Node, reason: string, message: string): void;
}

/** Takes the pods off nodes through the eviction API, round by round, as budgets allow. */
export class NodeDrains {
  readonly #simulation: Simulation;
  readonly #nodes: Nodes;
  readonly #pods: readonly Pod[];
  readonly #podName: (pod: Pod) => string;
  readonly #graceOf: (pod: Pod) => Micros;
  readonly #budgets: PodBudgets;
  readonly #events: DrainEvents;
  readonly #round: number;
  #drains: Drain[] = [];
  /** Called off before their nodes were empty. */
  #blocked: BlockedDrain[] = [];
  #next = 1;
  #lastFailure: Micros | null = null;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly nodes: Nodes;
    readonly pods: readonly Pod[];
    readonly podName: (pod: Pod) => string;
    readonly graceOf: (pod: Pod) => Micros;
    readonly budgets: PodBudgets;
    readonly events: DrainEvents;
  }) {
    this.#simulation = parts.simulation;
    this.#nodes = parts.nodes;
    this.#pods = parts.pods;
    this.#podName = parts.podName;
    this.#graceOf = parts.graceOf;
    this.#budgets = parts.budgets;
    this.#events = parts.events;
    this.#round = parts.simulation.register("a drain asks again", (id) => this.#again(id));
  }

  /** When a removal last failed. */
  get lastFailure(): Micros | null {
    return this.#lastFailure;
  }

  /** In order of their ends; those that still go on come last. */
  get blocked(): readonly BlockedDrain[] {
    return [...this.#blocked, ...this.#drains.flatMap((one) => this.#blockedBy(one))];
  }

  #blockedBy({ node, evicted, refusals, isDone, isRemoval }: Drain): readonly BlockedDrain[] {
    const isBlocked = !isDone && !isRemoval && refusals > 0;
    return isBlocked ? [{ node: this.#nodes.all[node]!.spec.name, evicted, refusals }] : [];
  }

  isBeingRemoved(node: Node): boolean {
    return this.#drains.some((other) => other.node === node.number && other.isRemoval);
  }

  /** `kubectl drain`: the node stays cordoned until `callOff`. */
  drain(node: string, name: string): void {
    this.#begin(node, { name, isRemoval: false, maxGracePeriod: null });
  }

  callOff(node: string, name: string): void {
    const found = this.#drains.find(
      (other) => other.name === name && this.#nodes.all[other.node]!.spec.name === node,
    );
    if (found !== undefined) this.#end(found);
  }

  remove({ node, maxGracePeriod }: NodeRemoval): void {
    this.#begin(node, { name: "removal", isRemoval: true, maxGracePeriod });
  }

  state(): Json {
    return plainState({
      drains: this.#drains,
      blocked: this.#blocked,
      next: this.#next,
      lastFailure: this.#lastFailure,
    });
  }

  restore(state: Json): void {
    const saved = savedState<{
      drains: Drain[];
      blocked: BlockedDrain[];
      next: number;
      lastFailure: Micros | null;
    }>(state);
    this.#blocked = [...saved.blocked];
    this.#drains = saved.drains.map((one) => ({ ...one }));
    this.#next = saved.next;
    this.#lastFailure = saved.lastFailure;
  }

  #begin(name: string, how: Pick<Drain, "name" | "isRemoval" | "maxGracePeriod">): void {
    const node = this.#nodes.find(name);
    if (node === undefined || (how.isRemoval && this.isBeingRemoved(node))) return;
    const one: Drain = {
      ...how,
      id: this.#next++,
      node: node.number,
      startedAt: this.#simulation.now,
      evicted: 0,
      refusals: 0,
      isDone: false,
    };
    this.#drains.push(one);
    node.cordons++;
    this.#events.cordonsChanged(node);
    this.#ask(one);
  }

  #again(id: number): void {
    const one = this.#drains.find((other) => other.id === id);
    if (one !== undefined) this.#ask(one);
  }

  #ask(one: Drain): void {
    const { now } = this.#simulation;
    const node = this.#nodes.all[one.node]!;
    const pods = this.#pods.filter((pod) => pod.node === one.node && exists(pod));
    const byName = new Map(pods.map((pod) => [this.#podName(pod), pod]));
    const round = drain({
      pods: pods.map((pod) => ({
        name: this.#podName(pod),
        isDaemon: false,
        terminating: pod.deletedAt !== null,
        terminationGracePeriod: this.#graceOf(pod),
      })),
      budgets: null,
      evict: (name) => ({ isAllowed: this.#budgets.mayEvict(byName.get(name)!), budgets: null }),
      maxGracePeriod: one.maxGracePeriod,
    });
    one.evicted += round.evict.length;
    one.refusals += round.refused.length;
    for (const { name, gracePeriod } of round.evict) {
      this.#events.evict(byName.get(name)!, gracePeriod, node);
    }
    if (round.isDone) this.#done(one, node);
    else if (one.isRemoval && round.refused.length > 0 && now - one.startedAt >= EVICTION_TIMEOUT) {
      this.#fail(one, node);
    } else {
      const retry = one.isRemoval ? REMOVAL_RETRY : DRAIN_RETRY;
      this.#simulation.schedule(now + retry, this.#round, one.id, 0);
    }
  }

  #done(one: Drain, node: Node): void {
    one.isDone = true;
    if (one.evicted > 0) this.#events.told(node, "Drained", counts(one));
    if (!one.isRemoval) return;
    this.#drains = this.#drains.filter((other) => other.node !== one.node);
    this.#events.empty(node);
  }

  #fail(one: Drain, node: Node): void {
    this.#lastFailure = micros(this.#simulation.now);
    this.#events.told(node, "ScaleDownFailed", counts(one));
    this.#end(one);
  }

  #end(one: Drain): void {
    const node = this.#nodes.all[one.node]!;
    this.#drains = this.#drains.filter((other) => other !== one);
    this.#blocked.push(...this.#blockedBy(one));
    node.cordons--;
    if (!one.isDone && !one.isRemoval) this.#events.told(node, "DrainEnded", counts(one));
    this.#events.cordonsChanged(node);
  }
}

const counts = ({ evicted, refusals }: Drain): string =>
  `evicted ${times(evicted, "pod")}; a budget refused ${times(refusals, "time")} (429)`;

const times = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
