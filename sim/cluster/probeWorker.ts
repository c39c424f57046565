import type { ProbeSpec } from "./clusterSpec.ts";

/** The order in which probes that are due at the same instant are sent. */
export const PROBE_KINDS = ["startup", "readiness", "liveness"] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

/**
 * One probe of one container, over all its restarts: plain data. A worker asks one question at a
 * time; of the ticks that come meanwhile one is kept, and asked when the answer is there.
 * Source: pkg/kubelet/prober/worker.go (kubernetes/kubernetes)
 */
export interface ProbeWorker {
  lastResult: boolean | null;
  /** How many times in a row the result was the last one. */
  resultRun: number;
  inFlight: boolean;
  /** A tick has come while a probe was in flight. */
  isDue: boolean;
  /** It has failed a liveness or startup probe: nothing more until there is a new container. */
  onHold: boolean;
}

export const newProbeWorker = (): ProbeWorker => ({
  lastResult: null,
  resultRun: 0,
  inFlight: false,
  isDue: false,
  onHold: false,
});

/** A new container runs. Results in a row go on counting, as the kubelet's do. */
export function resumeProbing(worker: ProbeWorker): void {
  worker.inFlight = false;
  worker.isDue = false;
  worker.onHold = false;
}

/**
 * Counts a result. Returns what the container's state becomes by it, or null while it is below its
 * threshold.
 */
export function countResult(worker: ProbeWorker, spec: ProbeSpec, ok: boolean): boolean | null {
  worker.resultRun = worker.lastResult === ok ? worker.resultRun + 1 : 1;
  worker.lastResult = ok;
  const threshold = ok ? spec.successThreshold : spec.failureThreshold;
  return worker.resultRun < threshold ? null : ok;
}

/** The container will be killed for its failures. */
export function hold(worker: ProbeWorker): void {
  worker.onHold = true;
  worker.resultRun = 0;
}

/**
 * The first tick at or after `notBefore`, in microseconds; ticks come every `period`, counted from
 * `anchor`, which is no later.
 */
export function nextTick(anchor: number, period: number, notBefore: number): number {
  return anchor + Math.ceil((notBefore - anchor) / period) * period;
}

/**
 * A probe's kind and the restart count of its container in one integer, for events and for the data
 * plane.
 */
export const probeToken = (kind: ProbeKind, restarts: number): number =>
  restarts * PROBE_KINDS.length + PROBE_KINDS.indexOf(kind);

export function readToken(token: number): {
  readonly kind: ProbeKind;
  readonly restarts: number;
} {
  const index = token % PROBE_KINDS.length;
  return { kind: PROBE_KINDS[index]!, restarts: (token - index) / PROBE_KINDS.length };
}
