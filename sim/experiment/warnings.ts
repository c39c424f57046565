import { toSeconds } from "../kernel/time.ts";
import type { PolicyResult } from "../result/result.ts";

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
  if (runs === 1) {
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
    if (policy.replications.every(({ requests }) => requests === 0)) {
      warnings.push(`${policy.name}: nothing was measured: no request came in the measured time.`);
    } else if (policy.replications.some(({ requests }) => requests === 0)) {
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
