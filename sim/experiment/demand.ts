import type { Pod } from "../cluster/pod.ts";
import type { Model } from "../scenario/build/model.ts";

/**
 * CPU that a workload's traffic asks for, and what its replicas hold, second by second of the
 * measured time.
 */
export interface Demand {
  /**
   * Cores that the offered traffic needs, from the rate profiles: no noise, no effect of failures.
   */
  readonly cores: readonly number[];
  /** Replicas that all who call them know. */
  readonly ready: readonly number[];
  /** Cores of one replica. */
  readonly coresPerReplica: number;
}

const SECOND = 1_000_000;

/**
 * Null where demand or capacity is not known: closed workloads, services without CPU work or limit.
 */
export function demandOf(model: Model, workload: number): Demand | null {
  const { scenario, plan, cluster } = model;
  const { service, spec } = cluster.workloads[workload]!;
  const isIdle = plan.traffic.every(({ work }) => work[service] === 0);
  const limit = spec.container.limits.cpuMillicores;
  if (isIdle || limit === null || model.rates.length !== plan.traffic.length) return null;
  const length = Math.floor(scenario.duration / SECOND);
  const cores = Array.from({ length }, (_, second) => {
    const time = scenario.warmUp + second * SECOND;
    return model.rates.reduce((sum, rate, traffic) => {
      return sum + (rate.rateAt(time) * plan.traffic[traffic]!.work[service]!) / SECOND;
    }, 0);
  });
  const pods = cluster.pods.filter((pod) => pod.workload === workload);
  return {
    cores,
    ready: readyBySecond(pods, scenario.warmUp, length),
    coresPerReplica: limit / 1000,
  };
}

function readyBySecond(pods: readonly Pod[], from: number, length: number): readonly number[] {
  const changes = new Array<number>(length + 1).fill(0);
  const at = (time: number): number =>
    Math.min(length, Math.max(0, Math.ceil((time - from) / SECOND)));
  for (const pod of pods) {
    if (pod.callersAt === null) continue;
    changes[at(pod.callersAt)]!++;
    if (pod.deletedAt !== null) changes[at(pod.deletedAt)]!--;
  }
  let ready = 0;
  return changes.slice(0, length).map((change) => {
    ready += change;
    return ready;
  });
}
