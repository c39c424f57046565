import { micros } from "../kernel/time.ts";
import type {
  StatefulSetObservation,
  StatefulSetPod,
  StatefulSetWrite,
} from "../policy/rollouts/statefulSet/contract.ts";
import { exists, type Pod } from "./pod.ts";
import type { Workload } from "./workload.ts";

/** Pods that have an ordinal for a name: what StatefulSets list and write. */
export class StatefulSets {
  readonly #pods: readonly Pod[];
  readonly #create: (workload: number, revision: number, podIndex: number) => void;
  readonly #delete: (pod: Pod) => void;

  constructor(parts: {
    readonly pods: readonly Pod[];
    readonly create: (workload: number, revision: number, podIndex: number) => void;
    readonly delete: (pod: Pod) => void;
  }) {
    this.#pods = parts.pods;
    this.#create = parts.create;
    this.#delete = parts.delete;
  }

  observe({ replicas, template, revisions }: Workload, index: number): StatefulSetObservation {
    return {
      replicas,
      template: revisions[template]!,
      pods: this.#pods.flatMap((pod): readonly StatefulSetPod[] => {
        if (pod.workload !== index || pod.podIndex === null || !exists(pod)) return [];
        const lastTransition = micros(pod.readyChangedAt ?? pod.createdAt);
        return [
          {
            ordinal: pod.podIndex,
            template: revisions[pod.revision]!,
            deleted: pod.deletedAt !== null,
            ready: { status: pod.ready, lastTransition },
          },
        ];
      }),
    };
  }

  write(workload: Workload, index: number, writes: readonly StatefulSetWrite[]): void {
    for (const write of writes) {
      if (write.kind === "create") {
        this.#create(index, workload.revisions.indexOf(write.template), write.ordinal);
        continue;
      }
      const pod = this.#pods.find(
        (other) => other.workload === index && other.podIndex === write.ordinal && exists(other),
      );
      if (pod !== undefined) this.#delete(pod);
    }
  }
}
