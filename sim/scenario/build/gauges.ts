import type { SimulatedCluster } from "../../cluster/simulatedCluster.ts";
import type { CallPlan } from "../../dataplane/callplan/plan.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { ServiceGauges } from "../../result/recorder.ts";

/** Reads, for each service, what the cluster shows at the end of a bin. */
export class Gauges {
  readonly #plan: CallPlan;
  readonly #cluster: SimulatedCluster;
  /** CPU time by pod at the last reading, by workload. */
  #cpu: ReadonlyMap<number, number>[] = [];

  constructor(plan: CallPlan, cluster: SimulatedCluster) {
    this.#plan = plan;
    this.#cluster = cluster;
  }

  read(): readonly ServiceGauges[] {
    const { workloads } = this.#cluster;
    const next = workloads.map((_, index) => this.#cluster.cpuByPod(index));
    const gauges = this.#plan.services.map((service, number) => {
      const index = workloads.findIndex((workload) => workload.service === number);
      if (index < 0) return NOTHING;
      const counts = this.#cluster.replicaCounts(index);
      const perReplica = replicaCapacity(service, this.#cores(index));
      return {
        ...counts,
        capacityRps: perReplica === null ? null : perReplica * counts.ready,
        cpuMicros: used(this.#cpu[index], next[index]!),
      };
    });
    this.#cpu = next;
    return gauges;
  }

  state(): Json {
    return this.#cpu.map((pods) => [...pods]);
  }

  restore(state: Json): void {
    const saved = savedState<[number, number][][]>(state);
    this.#cpu = saved.map((pods) => new Map(pods));
  }

  #cores(workload: number): number {
    const { limits } = this.#cluster.workloads[workload]!.spec.container;
    return (limits.cpuMillicores ?? Number.POSITIVE_INFINITY) / 1000;
  }
}

const NOTHING: ServiceGauges = {
  wanted: null,
  created: null,
  ready: null,
  capacityRps: null,
  cpuMicros: null,
};

/** CPU time between two readings; pods that are new have used all of theirs since. */
function used(
  before: ReadonlyMap<number, number> | undefined,
  after: ReadonlyMap<number, number>,
): number {
  let sum = 0;
  for (const [pod, cpu] of after) sum += cpu - (before?.get(pod) ?? 0);
  return sum;
}

/**
 * Requests per second that one replica can work off, by its CPU: null when it needs none or has no
 * limit that a request could reach.
 */
function replicaCapacity(
  service: CallPlan["services"][number],
  cores: number,
): number | null {
  if (service.meanWork === 0) return null;
  const servers = {
    fifo: service.concurrency,
    "processor-sharing": Math.min(cores, service.concurrency),
    "event-loop": Math.min(1, cores),
  }[service.discipline];
  return Number.isFinite(servers) ? (servers * 1_000_000) / service.meanWork : null;
}
