import type { ReplicationOutput, ReplicationTask } from "./replication.ts";

/** Carries out tasks somewhere; where and in what order makes no difference to what comes back. */
export interface Executor {
  /** Outputs in the order of the tasks. `done` is called as each one ends, in any order. */
  run(
    tasks: readonly ReplicationTask[],
    done: (task: ReplicationTask) => void,
  ): Promise<readonly ReplicationOutput[]>;
  close(): Promise<void>;
}
