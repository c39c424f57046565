import { toMillis } from "../kernel/time.ts";
import type { ReplicationResult } from "../result/result.ts";
import type { Model } from "../scenario/build/model.ts";

/** What databases and the like add to the result; nothing where there are none. */
export const dependencyResults = (
  model: Model,
): Pick<ReplicationResult, "locks" | "datastores"> => ({
  ...lockResults(model),
  ...datastoreResults(model),
});

function lockResults({ plan, plane }: Model): Pick<ReplicationResult, "locks"> {
  if (plan.tables.length === 0) return {};
  return {
    locks: plane.lockFigures().map(({ waitMicros, ...figures }, index) => ({
      table: plan.tables[index]!,
      ...figures,
      meanWaitMs: figures.waited === 0 ? null : toMillis(waitMicros / figures.waited),
    })),
  };
}

function datastoreResults({ plan, plane }: Model): Pick<ReplicationResult, "datastores"> {
  const datastores = plan.services.flatMap(({ name }, service) => {
    const figures = plane.shardFigures(service);
    return figures === null ? [] : [{ datastore: name, ...structuredClone(figures) }];
  });
  return datastores.length === 0 ? {} : { datastores };
}
