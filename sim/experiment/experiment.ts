import type { ModelSnapshot } from "../scenario/build/model.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { ReplicationOutput, ReplicationTask } from "./replication.ts";

/**
 * Every policy set, `runs` times, with common random numbers: replication i of all sets meets the
 * same customers.
 */
export function replicationTasks({
  scenarios,
  runs,
  from,
  done = 0,
  batches,
}: {
  /** One per policy set. */
  readonly scenarios: readonly Scenario[];
  readonly runs: number;
  readonly from: ModelSnapshot | null;
  /** Replications that exist already: only those after them, up to `runs`. */
  readonly done?: number;
  /** Cut the measured time of each into so many batches. */
  readonly batches?: number | undefined;
}): readonly ReplicationTask[] {
  return scenarios.flatMap((scenario) =>
    Array.from({ length: runs - done }, (_, index) => ({
      scenario,
      replication: done + index,
      detail: done + index === 0,
      from,
      ...(batches === undefined ? {} : { batches }),
    })),
  );
}

/** The outputs of each policy set, in the order of the sets and replications. */
export function byPolicy(
  outputs: readonly ReplicationOutput[],
  runs: number,
): readonly (readonly ReplicationOutput[])[] {
  return Array.from({ length: outputs.length / runs }, (_, index) =>
    outputs.slice(index * runs, (index + 1) * runs),
  );
}
