import { type Micros, micros } from "../../../kernel/time.ts";
import type { NodeAutoscalerObservation } from "../../nodeAutoscaler.ts";
import type { ClusterAutoscalerSettings } from "./settings.ts";

/** Nodes asked for at one time, of which some have not registered. */
type NodeRequest = { readonly pool: string; readonly count: number; readonly time: Micros };

/** A pool that did not deliver is not asked again before `until`. */
type Backoff = { readonly until: Micros; readonly duration: Micros };

export type ClusterAutoscalerState = {
  readonly settings: ClusterAutoscalerSettings;
  /** The oldest first. */
  readonly requests: readonly NodeRequest[];
  readonly backoffs: Readonly<Record<string, Backoff>>;
  readonly lastAdd: Micros | null;
  readonly lastRemoval: Micros | null;
  /** Since when nodes have not been needed, without interruption. */
  readonly unneededSince: Readonly<Record<string, Micros>>;
  /** Nodes whose pods fitted nowhere else are not looked at again before. */
  readonly recheckAt: Readonly<Record<string, Micros>>;
};

/**
 * Requests of which nodes are still missing: nodes come in the order in which they were asked for.
 * Nodes missing that nobody asked for, as at the start, count from when they were first missed.
 */
export function openRequests(
  { requests }: ClusterAutoscalerState,
  { pools, nodes }: NodeAutoscalerObservation,
  now: Micros,
): readonly NodeRequest[] {
  return pools.flatMap((pool) => {
    const registered = nodes.filter((node) => node.pool === pool.name).length;
    let missing = Math.max(0, pool.targetSize - registered);
    const open: NodeRequest[] = [];
    for (const request of requests.filter((other) => other.pool === pool.name).reverse()) {
      const count = Math.min(missing, request.count);
      missing -= count;
      if (count > 0) open.unshift({ ...request, count });
    }
    return missing > 0 ? [...open, { pool: pool.name, count: missing, time: now }] : open;
  });
}

/** The pool's next, longer pause. */
export function backedOff(
  { backoffs, settings }: ClusterAutoscalerState,
  pool: string,
  now: Micros,
): Backoff {
  const { initialBackoff, maxBackoff, backoffReset } = settings;
  const last = backoffs[pool];
  const isFirst = last === undefined || last.until + backoffReset < now;
  const duration = isFirst ? initialBackoff : micros(Math.min(maxBackoff, 2 * last.duration));
  return { until: micros(now + duration), duration };
}

/** The entries of a record that are to be kept. */
export const pick = <Value>(
  record: Readonly<Record<string, Value>>,
  keeps: (key: string, value: Value) => boolean,
): Readonly<Record<string, Value>> =>
  Object.fromEntries(Object.entries(record).filter(([key, value]) => keeps(key, value)));
