import type { BackOffSpec } from "./clusterSpec.ts";

/** Back-off of one container: plain data. Times are microseconds. */
export interface BackOffState {
  /** The pause after the next death. */
  readonly pause: number;
  /** The last restart that counted. */
  readonly updatedAt: number;
}

/**
 * How long a container that ended at `finishedAt` must still wait for its restart. The first
 * restart is at once; a container that ran for twice the longest pause (10 minutes) starts anew.
 * Source: client-go/util/flowcontrol/backoff.go and doBackOff in kuberuntime_manager.go
 * (kubernetes/kubernetes); the kubelet looks again only with its next sync of the pod, up to 15 s
 * later, which is not modelled.
 */
export function backOffLeft(
  state: BackOffState | null,
  times: { readonly finishedAt: number; readonly now: number },
  { max }: BackOffSpec,
): number {
  if (state === null || hasExpired(state, times.finishedAt, max)) return 0;
  return Math.max(0, times.finishedAt + state.pause - times.now);
}

/** The state after a restart at `now` of a container that had ended at `finishedAt`. */
export function nextBackOff(
  state: BackOffState | null,
  times: { readonly finishedAt: number; readonly now: number },
  { initial, max }: BackOffSpec,
): BackOffState {
  const isFirst = state === null || hasExpired(state, times.finishedAt, max);
  const pause = isFirst ? initial : Math.min(state.pause * 2, max);
  return { pause, updatedAt: times.now };
}

const hasExpired = (state: BackOffState, finishedAt: number, max: number): boolean =>
  finishedAt - state.updatedAt > 2 * max;
