import { requestsOf } from "../../cluster/clusterSpec.ts";
import type { SimulatedCluster } from "../../cluster/simulatedCluster.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";

/** Pods of one revision through time; index = bin. */
export interface RevisionSeries {
  readonly revision: string;
  /** Those that exist at the end of the bin. */
  readonly pods: number[];
  /** CPU of its pods in percent of what they request; null without either. */
  readonly cpuPercent: (number | null)[];
}

/** What the pods of one revision have used since the run began, and how many exist. */
interface Use {
  readonly pods: number;
  readonly cpuMicros: number;
  readonly runningMicros: number;
}

/**
 * CPU by revision of the workloads that have rollouts: what an autoscaler, which sees the mean over
 * all pods, does not see.
 */
export class RevisionUse {
  readonly #cluster: SimulatedCluster;
  /** By workload; null for those without rollouts. */
  readonly #series: readonly (readonly RevisionSeries[] | null)[];
  #before: readonly (readonly Use[])[] = [];

  constructor(cluster: SimulatedCluster, released: ReadonlySet<string>) {
    this.#cluster = cluster;
    this.#series = cluster.workloads.map(({ spec, revisions }) =>
      released.has(spec.name)
        ? revisions.map((revision) => ({ revision, pods: [], cpuPercent: [] }))
        : null,
    );
  }

  /** A bin begins. */
  begin(): void {
    this.#before = this.#series.map(
      (revisions, workload) =>
        revisions?.map((_, revision) => this.#cluster.use.ofRevision(workload, revision)) ?? [],
    );
  }

  closeBin(): void {
    const last = this.#before;
    this.begin();
    this.#series.forEach((revisions, workload) => {
      const request = requestsOf(this.#cluster.workloads[workload]!.spec).cpuMillicores ?? 0;
      revisions?.forEach((series, revision) => {
        const use = this.#before[workload]![revision]!;
        const before = last[workload]?.[revision] ?? { cpuMicros: 0, runningMicros: 0 };
        const asked = ((use.runningMicros - before.runningMicros) * request) / 1000;
        const used = use.cpuMicros - before.cpuMicros;
        series.pods.push(use.pods);
        series.cpuPercent.push(asked > 0 ? (100 * used) / asked : null);
      });
    });
  }

  /** Null for a service without rollouts. */
  of(service: string): readonly RevisionSeries[] | null {
    const workload = this.#cluster.workloads.findIndex(({ spec }) => spec.name === service);
    return this.#series[workload] ?? null;
  }

  state(): Json {
    return plainState({ series: this.#series, before: this.#before });
  }

  restore(state: Json): void {
    const saved = savedState<{
      series: readonly (readonly RevisionSeries[] | null)[];
      before: readonly (readonly Use[])[];
    }>(state);
    this.#before = saved.before;
    this.#series.forEach((revisions, workload) => {
      revisions?.forEach(({ pods, cpuPercent }, revision) => {
        const from = saved.series[workload]?.[revision];
        pods.splice(0, pods.length, ...(from?.pods ?? []));
        cpuPercent.splice(0, cpuPercent.length, ...(from?.cpuPercent ?? []));
      });
    });
  }
}
