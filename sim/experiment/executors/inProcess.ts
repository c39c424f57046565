import { setImmediate } from "node:timers/promises";
import type { PolicyRegistry } from "../../policy/index.ts";
import type { Executor } from "../executor.ts";
import { type ReplicationOutput, type ReplicationTask, replicationSlices } from "../replication.ts";

/**
 * One task after another in this thread; signals and progress get a turn after every slice of a
 * task. Closing it while it runs ends it at the next slice: its promise then rejects.
 */
export function inProcess(registry: PolicyRegistry): Executor {
  let isClosed = false;
  const runOne = async (task: ReplicationTask): Promise<ReplicationOutput> => {
    const slices = replicationSlices(task, registry);
    for (;;) {
      const { done, value } = slices.next();
      if (done === true) return value;
      await setImmediate();
      if (isClosed) throw new Error("the executor was closed while it ran");
    }
  };
  return {
    async run(tasks, done) {
      const outputs: ReplicationOutput[] = [];
      for (const task of tasks) {
        outputs.push(await runOne(task));
        done(task);
        await setImmediate();
        if (isClosed && outputs.length < tasks.length) {
          throw new Error("the executor was closed while it ran");
        }
      }
      return outputs;
    },
    close() {
      isClosed = true;
      return Promise.resolve();
    },
  };
}
