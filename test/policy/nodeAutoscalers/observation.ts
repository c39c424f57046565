import { type Micros, seconds, ZERO } from "../../../sim/kernel/time.ts";
import type {
  NodeAutoscalerDecision,
  NodeAutoscalerObservation,
  NodeObservation,
  NodePodObservation,
  NodePoolObservation,
  PendingPodObservation,
} from "../../../sim/policy/nodeAutoscaler.ts";
import { clusterAutoscaler } from "../../../sim/policy/nodeAutoscalers/clusterAutoscaler.ts";
import { bound, node, pending } from "../scheduling/cluster.ts";

type NodeSketch = NonNullable<Parameters<typeof node>[1]>;
type PodSketch = NonNullable<Parameters<typeof pending>[0]>;

export const pool = (
  name: string,
  extra: Partial<NodePoolObservation> & { readonly node?: NodeSketch } = {},
): NodePoolObservation => {
  const { node: sketch, ...rest } = extra;
  const template = node("template", sketch);
  return { name, minSize: 0, maxSize: 10, targetSize: 0, template, ...rest };
};

/** A node of the pool "general", long since ready. */
export const there = (
  name: string,
  extra: Partial<NodeObservation> & { readonly sketch?: NodeSketch } = {},
): NodeObservation => {
  const { sketch, ...rest } = extra;
  return {
    node: node(name, sketch),
    pool: "general",
    registeredAt: ZERO,
    ready: { status: true, lastTransition: ZERO },
    isBeingRemoved: false,
    ...rest,
  };
};

export const on = (
  name: string,
  nodeName: string,
  extra: PodSketch & Partial<Pick<NodePodObservation, "isDaemon" | "keepsNode">> = {},
): NodePodObservation => {
  const { isDaemon = false, keepsNode = null, ...sketch } = extra;
  return { ...bound(name, nodeName, sketch), isDaemon, keepsNode };
};

export const waiting = (
  name: string,
  sketch: PodSketch = {},
  extra: Partial<PendingPodObservation> = {},
): PendingPodObservation => ({
  ...pending(sketch, name),
  isUnschedulable: true,
  nominatedNode: null,
  ...extra,
});

export const waitingPods = (count: number, sketch: PodSketch = {}) =>
  Array.from({ length: count }, (_, i) => waiting(`w${i}`, sketch));

export const observe = (
  seen: Partial<NodeAutoscalerObservation> = {},
): NodeAutoscalerObservation => ({
  pools: [],
  nodes: [],
  pods: [],
  pendingPods: [],
  budgets: { budgetsOf: () => [], disruptionsAllowed: () => 0 },
  lastRemovalFailure: null,
  ...seen,
});

export const noDraw = (): number => {
  throw new Error("no randomness is needed");
};

/** An autoscaler that is stepped by hand; times are seconds. */
export function autoscaler(config: Parameters<typeof clusterAutoscaler.init>[0] = {}) {
  let state = clusterAutoscaler.init(config);
  return {
    get state() {
      return state;
    },
    at(time: number, seen: NodeAutoscalerObservation): NodeAutoscalerDecision {
      const now: Micros = seconds(time);
      const step = clusterAutoscaler.step(state, seen, now, noDraw);
      // Whoever runs it stores the state.
      state = JSON.parse(JSON.stringify(step.state));
      return step.decision;
    },
  };
}
