import { toSeconds } from "../kernel/time.ts";
import type { PolicyResult } from "../result/result.ts";
import { batchDoubts } from "./batches.ts";

/** Fewer than this many replications say little about the spread. */
const FEW = 5;
/**
 * Backlog at the end, as a share of the requests of the last minute, from which a run counts as
 * unfinished.
 */
const UNFINISHED = 0.2;

/** Reasons to doubt a result, in words for its reader. */
export function warningsOf(policies: readonly PolicyResult[], duration: number): string[] {
  const warnings: string[] = [];
  const runs = policies[0]?.replications.length ?? 0;
  const isBatched = policies.every(({ batchMeans }) => batchMeans !== undefined);
  if (isBatched) {
    warnings.push(...policies.flatMap(batchDoubts));
  } else if (runs === 1) {
    warnings.push("One replication has no interval: nothing is known about its error. Use --runs.");
  } else if (runs < FEW) {
    warnings.push(`${runs} replications give wide and uncertain intervals. Use --runs 20.`);
  }
  for (const policy of policies) {
    const minutes = toSeconds(duration) / 60;
    const overloaded = policy.replications.some(
      ({ inFlight, requests }) => (inFlight ?? 0) > UNFINISHED * (requests / minutes),
    );
    if (overloaded) {
      warnings.push(
        `${policy.name}: many requests were in flight at the end; latencies are understated.`,
      );
    }
    const dropped = policy.replications.reduce((sum, run) => sum + run.dropped, 0);
    if (dropped > 0) {
      warnings.push(`${policy.name}: ${dropped} arrivals were dropped; the load was not as given.`);
    }
    const { topics } = policy;
    if (topics?.some(({ lag }) => lag.mean > 0)) {
      const what = "messages were left at the end; those whose deadline was not over do not count";
      warnings.push(`${policy.name}: ${what}.`);
    }
    // A run of messages alone has no requests.
    const silent = policy.replications.filter(({ requests }) => requests === 0).length;
    if (topics === undefined && silent === policy.replications.length) {
      warnings.push(`${policy.name}: nothing was measured: no request came in the measured time.`);
    } else if (topics === undefined && silent > 0) {
      warnings.push(`${policy.name}: a replication had no requests at all.`);
    }
    const unsteady = policy.objective.heldIn;
    if (unsteady > 0 && unsteady < policy.objective.of) {
      warnings.push(
        `${policy.name} holds the objective in ${unsteady} of ${policy.objective.of} runs only.`,
      );
    }
  }
  return warnings;
}
