import type { ReplicationResult } from "../result/result.ts";
import type { Objective } from "../scenario/scenario.ts";
import { missedPercent } from "./topics.ts";

/** Reads a metric of an objective off a replication: ms or percent; null where it has none. */
export const metricOf =
  (metric: Objective["metric"]) =>
  (result: ReplicationResult): number | null => {
    if (metric === "missed") return missedPercent(result);
    return metric === "failed" ? result.failedPercent : (result.latency?.[`${metric}Ms`] ?? null);
  };
