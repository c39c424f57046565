import { availableParallelism } from "node:os";
import Tinypool from "tinypool";
import type { CaseResult, ConformanceFile, GroupRunner } from "../groups/group.ts";
import { statisticalModel } from "../groups/statisticalModels.ts";
import { evaluateTable } from "./evaluate.ts";
import type { WorkerTask } from "./worker.ts";

/** Replications of a task: few enough that threads share the work of a single case evenly. */
const BLOCK = 8;

/** Evaluates a table that a statistical model simulates, over all cores. */
export const statisticalGroup =
  (group: string): GroupRunner =>
  async (file: ConformanceFile): Promise<readonly CaseResult[]> => {
    const name = String(file.content["model"] ?? "");
    const model = statisticalModel(group, name);
    if (model === null) {
      const differences = [`model ${name} is none that group ${group} simulates`];
      return file.cases.map((_, index) => ({ name: `case ${index}`, differences }));
    }
    const pool = new Tinypool({
      filename: new URL("./worker.ts", import.meta.url).href,
      minThreads: 1,
      maxThreads: availableParallelism(),
      runtime: "worker_threads",
    });
    try {
      return await evaluateTable(model, file, async (testCase, from, count) => {
        const blocks = Array.from({ length: Math.ceil(count / BLOCK) }, (_, index) => {
          const start = index * BLOCK;
          const task: WorkerTask = {
            group,
            model: name,
            testCase,
            from: from + start,
            count: Math.min(BLOCK, count - start),
          };
          return pool.run(task) as Promise<readonly (readonly number[])[]>; // of worker.ts
        });
        return (await Promise.all(blocks)).flat();
      });
    } finally {
      await pool.destroy();
    }
  };
