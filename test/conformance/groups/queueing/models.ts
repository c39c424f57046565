import type { StatisticalModel } from "../../statistical/model.ts";
import { forkJoin } from "./forkJoin.ts";

/** By the `model` of a table. */
export const queueingModels: Readonly<Record<string, StatisticalModel>> = {
  "fork-join": forkJoin,
};
