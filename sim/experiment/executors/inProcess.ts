import { setImmediate } from "node:timers/promises";
import type { PolicyRegistry } from "../../policy/index.ts";
import type { Executor } from "../executor.ts";
import { type ReplicationOutput, runReplication } from "../replication.ts";

/** One task after another in this thread; signals and progress get a turn in between. */
export function inProcess(registry: PolicyRegistry): Executor {
  return {
    async run(tasks, done) {
      const outputs: ReplicationOutput[] = [];
      for (const task of tasks) {
        outputs.push(runReplication(task, registry));
        done(task);
        await setImmediate();
      }
      return outputs;
    },
    close: () => Promise.resolve(),
  };
}
