import { type Json, plainState, savedState } from "../kernel/json.ts";
import { UNREACHABLE } from "../policy/scheduling/eviction.ts";
import {
  HOSTNAME_LABEL,
  type SchedulingNode,
  type Taint,
  ZONE_LABEL,
} from "../policy/scheduling/spec.ts";
import type { NodeSpec } from "./clusterSpec.ts";

const REGION_LABEL = "topology.kubernetes.io/region";

/** A node: plain data. Its number is never used twice, nor is its name. */
export interface Node {
  readonly number: number;
  readonly spec: NodeSpec;
  /** With the API server; it is ready from then on. */
  readonly registeredAt: number;
  removedAt: number | null;
  /** `spec.unschedulable`: drains that are under way, each of which cordons it. */
  cordons: number;
  /** Outages that are under way, and how many there were. */
  downs: number;
  outage: number;
  /** NotReady: its lease has lapsed. */
  isUnreachable: boolean;
}

/** Every node that there is or was, by number. */
export class Nodes {
  readonly #nodes: Node[] = [];

  constructor(specs: readonly NodeSpec[]) {
    for (const spec of specs) this.add(spec, 0);
  }

  get all(): readonly Node[] {
    return this.#nodes;
  }

  /** Those that there are, in the order in which they registered. */
  get present(): readonly Node[] {
    return this.#nodes.filter(({ removedAt }) => removedAt === null);
  }

  /** The node of that name that there is. */
  find(name: string): Node | undefined {
    return this.#nodes.find(({ spec, removedAt }) => spec.name === name && removedAt === null);
  }

  add(spec: NodeSpec, now: number): Node {
    const node = newNode(this.#nodes.length, spec, now);
    this.#nodes.push(node);
    return node;
  }

  state(): Json {
    return plainState(this.#nodes);
  }

  restore(state: Json): void {
    const saved = savedState<readonly Node[]>(state).map((node) => ({ ...node }));
    this.#nodes.splice(0, this.#nodes.length, ...saved);
  }
}

export const newNode = (number: number, spec: NodeSpec, registeredAt: number): Node => ({
  number,
  spec,
  registeredAt,
  removedAt: null,
  cordons: 0,
  downs: 0,
  outage: 0,
  isUnreachable: false,
});

/** As the scheduler sees it, with the labels that every node has. */
export function schedulingNode(node: Node): SchedulingNode {
  const { spec, cordons } = node;
  const { name, cpuMillicores, memoryBytes, pods } = spec;
  return {
    name,
    labels: nodeLabels(spec),
    taints: taintsOf(node),
    allocatable: { cpuMillicores, memoryBytes, pods },
    unschedulable: cordons > 0,
  };
}

/** Its own, and those of a node that is NotReady. */
export const taintsOf = ({ spec, isUnreachable }: Node): readonly Taint[] =>
  isUnreachable ? [...spec.taints, ...UNREACHABLE_TAINTS] : spec.taints;

const UNREACHABLE_TAINTS: readonly Taint[] = [
  { key: UNREACHABLE, effect: "NoSchedule" },
  { key: UNREACHABLE, effect: "NoExecute" },
];

const nodeLabels = (spec: NodeSpec): Readonly<Record<string, string>> => ({
  [HOSTNAME_LABEL]: spec.name,
  [ZONE_LABEL]: spec.zone,
  [REGION_LABEL]: spec.region,
  ...spec.labels,
});
