import { toMillis } from "../kernel/time.ts";
import type { ReplicationResult } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";

/** What databases and the like add to the result; nothing where there are none. */
export function dependencyResults({ plan, plane }: Model): Pick<ReplicationResult, "locks"> {
  if (plan.tables.length === 0) return {};
  return {
    locks: plane.lockFigures().map(({ waitMicros, ...figures }, index) => ({
      table: plan.tables[index]!,
      ...figures,
      meanWaitMs: figures.waited === 0 ? null : toMillis(waitMicros / figures.waited),
    })),
  };
}
