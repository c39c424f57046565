import Tinypool from "tinypool";
import type { Executor } from "../executor.ts";
import { ReplicationError } from "../replication.ts";
import type { WorkerAnswer } from "./worker.ts";

/** What a worker is told once: where a user's own policies are, as the URL of a module, or null. */
export interface WorkerData {
  readonly policies: string | null;
}

/** Tasks over worker threads, gathered in index order: the same bytes as in one process. */
export function workerThreads({
  workers,
  policies,
}: {
  readonly workers: number;
  readonly policies: string | null;
}): Executor {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const workerData: WorkerData = { policies };
  const pool = new Tinypool({
    filename: new URL(`./worker.${extension}`, import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    runtime: "worker_threads",
    workerData,
  });
  return {
    run(tasks, done) {
      return Promise.all(
        tasks.map(async (task) => {
          const answer: WorkerAnswer = await pool.run(task);
          if ("failure" in answer) throw new ReplicationError(answer.failure);
          done(task);
          return answer.output;
        }),
      );
    },
    close: () => pool.destroy(),
  };
}
