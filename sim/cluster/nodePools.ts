import { assert } from "../kernel/assert.ts";
import { digestText } from "../kernel/digest.ts";
import { type Json, plainState, savedState } from "../kernel/json.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { roundHalfEven } from "../kernel/time.ts";
import type { NodePoolObservation } from "../policy/nodeAutoscaler.ts";
import { compileDistribution, type TimeDistribution } from "../workload/distributions.ts";
import { type NodePoolSpec, type NodeSpec, poolNode } from "./clusterSpec.ts";
import { type Node, newNode, schedulingNode } from "./nodes.ts";

const SITE = 0x71;

interface Pool {
  targetSize: number;
  /** Nodes of the pool that were ever asked for: the next one's name. */
  asked: number;
  /** Numbers of the nodes that are to come, the oldest first. */
  upcoming: number[];
}

/**
 * The cloud provider's node groups: nodes that are asked for register after the time that it takes
 * to provision them, each drawn by its own number. Nodes are billed from the moment of asking
 * until they are removed or given up.
 */
export class NodePools {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #specs: readonly NodePoolSpec[];
  readonly #provisions: readonly { readonly hash: number; readonly time: TimeDistribution }[];
  readonly #registered: (spec: NodeSpec) => void;
  readonly #register: number;
  #pools: Pool[];
  #usage: { nodeMicros: number; since: number; count: number };

  constructor(parts: {
    readonly simulation: Simulation;
    readonly draws: KeyedDraws;
    readonly specs: readonly NodePoolSpec[];
    /** There when the run begins, those of pools among them. */
    readonly nodes: readonly NodeSpec[];
    readonly registered: (spec: NodeSpec) => void;
  }) {
    this.#simulation = parts.simulation;
    this.#draws = parts.draws;
    this.#specs = parts.specs;
    this.#registered = parts.registered;
    this.#provisions = parts.specs.map(({ name, provision }) => ({
      hash: Number.parseInt(digestText(`nodes of ${name}`).slice(0, 8), 16),
      time: compileDistribution(provision),
    }));
    this.#pools = parts.specs.map(({ name }) => {
      const there = parts.nodes.filter(({ pool }) => pool === name).length;
      return { targetSize: there, asked: there, upcoming: [] };
    });
    this.#usage = { nodeMicros: 0, since: parts.simulation.now, count: parts.nodes.length };
    this.#register = parts.simulation.register("a node registers", (pool, number) =>
      this.#arrive(pool, number),
    );
  }

  /** At most up to the pool's maximum. */
  add(name: string, count: number): void {
    const index = this.#index(name);
    const pool = this.#pools[index]!;
    const { hash, time } = this.#provisions[index]!;
    const room = this.#specs[index]!.maxSize - pool.targetSize;
    for (let i = 0; i < Math.min(count, room); i++) {
      const number = ++pool.asked;
      const drawn = roundHalfEven(time.sample(this.#draws, number, SITE ^ hash, 0));
      pool.targetSize++;
      pool.upcoming.push(number);
      this.#bill(1);
      const at = this.#simulation.now + Math.max(0, drawn);
      this.#simulation.schedule(at, this.#register, index, number);
    }
  }

  /** Of nodes that are to come, the oldest are given up. */
  cancel(name: string, count: number): void {
    const pool = this.#pools[this.#index(name)]!;
    const given = pool.upcoming.splice(0, count).length;
    pool.targetSize -= given;
    this.#bill(-given);
  }

  /** The node is gone, and is not replaced. */
  removed({ spec }: Node): void {
    if (spec.pool !== null) this.#pools[this.#index(spec.pool)]!.targetSize--;
    this.#bill(-1);
  }

  observe(): readonly NodePoolObservation[] {
    return this.#specs.map((spec, index) => {
      const { targetSize, asked } = this.#pools[index]!;
      const next = poolNode(spec, asked + 1);
      const node = newNode(-1, next, 0);
      const { name, minSize, maxSize } = spec;
      return { name, minSize, maxSize, targetSize, template: schedulingNode(node) };
    });
  }

  /** Time that nodes have been billed for, in microseconds. */
  get nodeMicros(): number {
    const { nodeMicros, since, count } = this.#usage;
    return nodeMicros + count * (this.#simulation.now - since);
  }

  /** Starts the bill anew. */
  resetUsage(): void {
    this.#usage = { ...this.#usage, nodeMicros: 0, since: this.#simulation.now };
  }

  state(): Json {
    return plainState({ pools: this.#pools, usage: this.#usage });
  }

  restore(state: Json): void {
    const saved = savedState<PoolsState>(state);
    this.#pools = saved.pools.map((pool) => ({ ...pool, upcoming: [...pool.upcoming] }));
    this.#usage = { ...saved.usage };
  }

  #arrive(index: number, number: number): void {
    const { upcoming } = this.#pools[index]!;
    const place = upcoming.indexOf(number);
    // It was given up on the way.
    if (place < 0) return;
    upcoming.splice(place, 1);
    this.#registered(poolNode(this.#specs[index]!, number));
  }

  #bill(change: number): void {
    const { now } = this.#simulation;
    const { count } = this.#usage;
    this.#usage = { nodeMicros: this.nodeMicros, since: now, count: count + change };
  }

  #index(name: string): number {
    const index = this.#specs.findIndex((spec) => spec.name === name);
    assert(index >= 0, `no node pool ${name}`);
    return index;
  }
}

interface PoolsState {
  readonly pools: readonly Pool[];
  readonly usage: { readonly nodeMicros: number; readonly since: number; readonly count: number };
}
