import { type Micros, micros, seconds } from "../../kernel/time.ts";
import { tolerates } from "./selectors.ts";
import type { Taint, Toleration } from "./spec.ts";

/** Taint of a node whose lease is not renewed any more. */
export const UNREACHABLE = "node.kubernetes.io/unreachable";

/**
 * `node-monitor-grace-period`: a node that has not renewed its lease for so long is NotReady.
 * Source: https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 */
export const NODE_MONITOR_GRACE = seconds(40);

/** What the admission plugin DefaultTolerationSeconds gives pods that say nothing of it. */
const DEFAULT_TOLERATION_SECONDS = 300;

/**
 * How long a pod stays on a node after these taints came: until the shortest `tolerationSeconds` of
 * the tolerations that it needs is over; not at all without one of them; null: for good.
 * Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function toleratedFor(
  taints: readonly Taint[],
  tolerations: readonly Toleration[] = [],
): Micros | null {
  let shortest: Micros | null = null;
  for (const taint of taints) {
    if (taint.effect !== "NoExecute") continue;
    const used = tolerations.filter((toleration) => tolerates(toleration, taint));
    if (used.length === 0) {
      if (taint.key !== UNREACHABLE) return micros(0);
      used.push({ key: UNREACHABLE, tolerationSeconds: DEFAULT_TOLERATION_SECONDS });
    }
    for (const { tolerationSeconds } of used) {
      if (tolerationSeconds === undefined) continue;
      const time = seconds(Math.max(0, tolerationSeconds));
      shortest = shortest === null || time < shortest ? time : shortest;
    }
  }
  return shortest;
}
