import type { ServingTime } from "../../cluster/pod.ts";
import type { SimulatedCluster } from "../../cluster/simulatedCluster.ts";
import type { CallPlan } from "../../dataplane/callplan/plan.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { ServiceGauges } from "../../result/recorder.ts";

/** Reads, for each service, what the cluster shows at the end of a bin. */
export class Gauges {
  readonly #plan: CallPlan;
  readonly #cluster: SimulatedCluster;
  readonly #mix: () => readonly number[];
  /** CPU time used up to the last reading, by workload. */
  #cpu: readonly number[] = [];
  #serving: readonly ServingTime[] = [];

  /** `mix`: how much of each traffic there is at the moment, relative to the others. */
  constructor(plan: CallPlan, cluster: SimulatedCluster, mix: () => readonly number[]) {
    this.#plan = plan;
    this.#cluster = cluster;
    this.#mix = mix;
  }

  read(): readonly ServiceGauges[] {
    const { workloads } = this.#cluster;
    const mix = this.#mix();
    const next = workloads.map((_, index) => this.#cluster.use.cpuMicros(index));
    const serving = workloads.map((_, index) => this.#cluster.use.servingTime(index));
    const gauges = this.#plan.services.map((service, number) => {
      const index = workloads.findIndex((workload) => workload.service === number);
      if (index < 0) return NOTHING;
      const counts = this.#cluster.replicaCounts(index);
      const perReplica = replicaCapacity({
        service,
        cores: this.#cores(index),
        meanWork: this.#meanWork(number, mix),
      });
      return {
        ...counts,
        capacityRps: perReplica === null ? null : perReplica * counts.ready,
        cpuMicros: next[index]! - (this.#cpu[index] ?? 0),
        busyShare: this.#busyShare(index, serving[index]!),
      };
    });
    this.#cpu = next;
    this.#serving = serving;
    return gauges;
  }

  state(): Json {
    return plainState({ cpu: this.#cpu, serving: this.#serving });
  }

  restore(state: Json): void {
    const { cpu, serving } = savedState<{
      cpu: readonly number[];
      serving: readonly ServingTime[];
    }>(state);
    this.#cpu = cpu;
    this.#serving = serving;
  }

  /** Null where nobody listened, or without a limit. */
  #busyShare(workload: number, { cpuMicros, listeningMicros }: ServingTime): number | null {
    const before = this.#serving[workload];
    const time = listeningMicros - (before?.listeningMicros ?? 0);
    const allowed = time * this.#cores(workload);
    if (time === 0 || !Number.isFinite(allowed)) return null;
    return (cpuMicros - (before?.cpuMicros ?? 0)) / allowed;
  }

  /** CPU work of a visit, in microseconds; 0 when there is none. */
  #meanWork(service: number, mix: readonly number[]): number {
    let visits = 0;
    let work = 0;
    this.#plan.traffic.forEach((traffic, index) => {
      visits += mix[index]! * traffic.visits[service]!;
      work += mix[index]! * traffic.work[service]!;
    });
    return visits === 0 ? 0 : work / visits;
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
  busyShare: null,
};

/**
 * Requests per second that one replica can work off, by its CPU: null when it needs none or has no
 * limit that a request could reach.
 */
function replicaCapacity({
  service,
  cores,
  meanWork,
}: {
  readonly service: CallPlan["services"][number];
  readonly cores: number;
  readonly meanWork: number;
}): number | null {
  if (meanWork === 0) return null;
  const servers = {
    fifo: service.concurrency,
    "processor-sharing": Math.min(cores, service.concurrency),
    "event-loop": Math.min(1, cores),
  }[service.discipline];
  return Number.isFinite(servers) ? (servers * 1_000_000) / meanWork : null;
}
