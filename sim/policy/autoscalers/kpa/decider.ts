import {
  type Aggregation,
  average,
  emptyWindow,
  isEmpty,
  type MetricWindow,
  record,
} from "./window.ts";

/** Knative's pod autoscaler looks this often, in seconds. */
const TICK_SECONDS = 2;

/** What a decider is told: `Decider.Spec` of Knative serving, times in seconds. */
export type DeciderSpec = {
  readonly aggregation: Aggregation;
  /** Load of a pod that is aimed at: the target times its utilization. */
  readonly targetValue: number;
  /** Load that a pod can take. */
  readonly totalValue: number;
  /** Load of a burst that the ready pods are to have room for; −1 for any, 0 for none. */
  readonly targetBurstCapacity: number;
  readonly stableWindowSeconds: number;
  readonly panicWindowSeconds: number;
  /** It panics when the pods that are needed are this many times those that are ready. */
  readonly panicThreshold: number;
  readonly maxScaleUpRate: number;
  readonly maxScaleDownRate: number;
  readonly scaleDownDelaySeconds: number;
  /** The least pods of a revision that has any. */
  readonly activationScale: number;
  readonly reachable: boolean;
};

export type DeciderState = {
  readonly stable: MetricWindow;
  readonly panic: MetricWindow;
  /** When it panicked last, in seconds; null when it does not. */
  readonly panicTime: number | null;
  /** The most pods since it panics: it does not go below. */
  readonly maxPanicPods: number;
  /** Pods that were wanted within the delay of scale-downs, by number of the tick. */
  readonly delayed: readonly { readonly tick: number; readonly pods: number }[];
};

/** What a tick comes to; null when nothing is known of the load. */
export interface ScaleResult {
  readonly stable: number;
  readonly panic: number;
  /** Before the bounds of a revision. */
  readonly desired: number;
  /**
   * Room of the ready pods beyond the load and a burst; below 0 the activator stays in the path.
   */
  readonly excessBurstCapacity: number;
  readonly isPanicking: boolean;
}

/** Pods that are ready when it begins are kept until a whole window of data says otherwise. */
export const beginDecider = (
  { stableWindowSeconds, panicWindowSeconds }: DeciderSpec,
  readyPods: number,
  second: number,
): DeciderState => ({
  stable: emptyWindow(stableWindowSeconds),
  panic: emptyWindow(panicWindowSeconds),
  panicTime: readyPods > 1 ? second : null,
  maxPanicPods: readyPods,
  delayed: [],
});

/** Takes note of the load of all pods in one second. */
export const recordLoad = (state: DeciderState, second: number, load: number): DeciderState => ({
  ...state,
  stable: record(state.stable, second, load),
  panic: record(state.panic, second, load),
});

/**
 * One look of Knative's pod autoscaler: what the load of two windows asks for, within the rates of
 * scaling, never less while it panics, and the most of what was wanted within the delay.
 * Source: Knative serving v0.51, docs/SCALING.md and recorded runs (test/conformance/kpa).
 */
export function scale(
  spec: DeciderSpec,
  before: DeciderState,
  { readyPods, second }: { readonly readyPods: number; readonly second: number },
): { readonly state: DeciderState; readonly result: ScaleResult | null } {
  if (isEmpty(before.stable, second)) return { state: before, result: null };
  const stable = average(before.stable, second, spec.aggregation);
  const panic = average(before.panic, second, spec.aggregation);
  const ready = Math.max(1, readyPods);
  const wanted = {
    stable: withinRates(spec, ready, Math.ceil(stable / spec.targetValue)),
    panic: withinRates(spec, ready, Math.ceil(panic / spec.targetValue)),
  };
  const isOver = Math.ceil(panic / spec.targetValue) / ready >= spec.panicThreshold;
  const panicked = panicOf(spec, before, { isOver, second });
  const panicking = panicked.panicTime !== null;
  const pods = panicking
    ? Math.max(wanted.stable, wanted.panic, panicked.maxPanicPods)
    : wanted.stable;
  const state = delay(
    spec,
    { ...before, ...panicked, maxPanicPods: panicking ? pods : panicked.maxPanicPods },
    { pods, second },
  );
  return {
    state,
    result: {
      stable,
      panic,
      desired: Math.max(pods, ...state.delayed.map((entry) => entry.pods)),
      excessBurstCapacity: excess(spec, readyPods, panic),
      isPanicking: panicking,
    },
  };
}

/** At least one pod more may come, whatever the rate, and an unreachable revision goes at once. */
function withinRates(spec: DeciderSpec, ready: number, pods: number): number {
  const most = Math.ceil(spec.maxScaleUpRate * ready);
  const least = spec.reachable ? Math.floor(ready / spec.maxScaleDownRate) : 0;
  const within = Math.min(Math.max(pods, least), most);
  // Only what has load is active.
  return pods > 0 && spec.activationScale > 1 ? Math.max(within, spec.activationScale) : within;
}

/** It panics from when the load passes the threshold until a stable window after it last did. */
function panicOf(
  { stableWindowSeconds }: DeciderSpec,
  { panicTime, maxPanicPods }: DeciderState,
  { isOver, second }: { readonly isOver: boolean; readonly second: number },
): Pick<DeciderState, "panicTime" | "maxPanicPods"> {
  if (isOver) return { panicTime: second, maxPanicPods };
  if (panicTime !== null && panicTime + stableWindowSeconds < second) {
    return { panicTime: null, maxPanicPods: 0 };
  }
  return { panicTime, maxPanicPods };
}

function delay(
  { scaleDownDelaySeconds, reachable }: DeciderSpec,
  state: DeciderState,
  { pods, second }: { readonly pods: number; readonly second: number },
): DeciderState {
  // What nobody can reach need not wait.
  if (scaleDownDelaySeconds === 0 || !reachable) return state;
  const tick = Math.floor(second / TICK_SECONDS);
  const ticks = Math.ceil(scaleDownDelaySeconds / TICK_SECONDS);
  const kept = state.delayed.filter((entry) => entry.tick > tick - ticks);
  return { ...state, delayed: [...kept, { tick, pods }] };
}

function excess(
  { targetBurstCapacity, totalValue }: DeciderSpec,
  readyPods: number,
  panic: number,
): number {
  if (targetBurstCapacity === 0) return 0;
  if (targetBurstCapacity < 0) return -1;
  return Math.floor(readyPods * totalValue - targetBurstCapacity - panic);
}
