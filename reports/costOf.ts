import type { PolicyResult } from "../sim/result/result.ts";

/** What policies are ranked by: money where there is a price, replica-hours where there is none. */
export const costOf = ({ metrics }: PolicyResult): number =>
  metrics.costUsd?.mean ?? metrics.replicaHours.mean;
