import { minutes } from "../kernel/time.ts";
import type { Model } from "../scenario/build/model.ts";

/** Pods of one workload that have found no node in a run. */
export interface UnschedulablePods {
  readonly workload: string;
  readonly pods: number;
  /** Why the last of them found none, in the scheduler's words. */
  readonly message: string;
}

/** Pods that are deleted before waiting for so long have been scaled away. */
const LONG_WAIT = minutes(1);

/** Those that still wait at the end, and those that have waited in vain for long. */
export function unschedulablePods({ cluster, scenario }: Model): readonly UnschedulablePods[] {
  return cluster.workloads.flatMap(({ spec }, index) => {
    const waited = cluster.pods.filter(({ workload, node, unschedulable, ...pod }) => {
      if (workload !== index || node !== null || unschedulable === null) return false;
      if (pod.goneAt === null) return true;
      const since = pod.consideredAt ?? pod.createdAt;
      return pod.goneAt >= scenario.warmUp && pod.goneAt - since >= LONG_WAIT;
    });
    const message = waited.at(-1)?.unschedulable ?? null;
    return message === null ? [] : [{ workload: spec.name, pods: waited.length, message }];
  });
}

/** What is said of a policy's runs, by the pods of each. */
export function unschedulableWarnings(
  policy: string,
  runs: readonly (readonly UnschedulablePods[])[],
): readonly string[] {
  const all = runs.flat();
  const workloads = [...new Set(all.map(({ workload }) => workload))];
  return workloads.map((workload) => {
    const mine = all.filter((one) => one.workload === workload);
    const worst = mine.reduce((a, b) => (b.pods > a.pods ? b : a));
    const count = `${runs.length > 1 ? "up to " : ""}${worst.pods}`;
    const pods = worst.pods === 1 ? "pod" : "pods";
    return `${policy}: ${count} ${pods} of ${workload} found no node: ${worst.message}`;
  });
}
