import type { StatisticalModel } from "../statistical/model.ts";
import { queueingModels } from "./queueing/models.ts";
import { tailModels } from "./tail/models.ts";
import { tokenBucketPoisson } from "./tokenBucketPoisson.ts";

/** By group, then by the `model` of its tables. */
const MODELS: Readonly<Record<string, Readonly<Record<string, StatisticalModel>>>> = {
  limiter: { "token-bucket-poisson": tokenBucketPoisson },
  queueing: queueingModels,
  tail: tailModels,
};

export function statisticalModel(group: string, model: string): StatisticalModel | null {
  const models = Object.hasOwn(MODELS, group) ? MODELS[group]! : {};
  return Object.hasOwn(models, model) ? models[model]! : null;
}
