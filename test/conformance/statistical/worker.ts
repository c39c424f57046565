import type { JsonObject } from "../groups/group.ts";
import { statisticalModel } from "../groups/statisticalModels.ts";

/** Some replications of one case: plain data, to cross threads. */
export interface WorkerTask {
  readonly group: string;
  readonly model: string;
  readonly testCase: JsonObject;
  readonly from: number;
  readonly count: number;
}

export default function replicate(task: WorkerTask): readonly (readonly number[])[] {
  const model = statisticalModel(task.group, task.model);
  if (model === null) throw new Error(`no model ${task.model} in group ${task.group}`);
  return Array.from({ length: task.count }, (_, index) =>
    model.replicate(task.testCase, task.from + index),
  );
}
