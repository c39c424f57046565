import type { StatisticalModel } from "../../statistical/model.ts";
import { chain, fanOut, hedge, tailAtScale } from "./latencies.ts";
import { retryBudget, retryLayers, retryTimeout } from "./retries.ts";

/** By the `model` of a table. */
export const tailModels: Readonly<Record<string, StatisticalModel>> = {
  "fan-out": fanOut,
  "tail-at-scale": tailAtScale,
  hedge,
  chain,
  "retry-timeout": retryTimeout,
  "retry-layers": retryLayers,
  "retry-budget": retryBudget,
};
