import { exists, isActive, newPod, type Pod } from "./pod.ts";

/** The "workload" of datastores, which no controller manages. */
const OUTSIDE = -1;

/** Whether it is a pod of a workload; servers of datastores are none. */
export const isManaged = (pod: Pod): boolean => pod.workload !== OUTSIDE;

const isPresent = (pod: Pod): boolean => isManaged(pod) && (exists(pod) || pod.known);

/** The pods of the cluster, and the servers beside it, which are numbered among them. */
export class ClusterPods {
  /** All that there ever were: the index is the number. */
  readonly all: Pod[] = [];
  /** Those that exist or that callers still know, in order of creation; no servers. */
  readonly present: Pod[] = [];
  /** By workload: pods that it has had. */
  readonly #ordinals: number[];
  readonly #clock: { readonly now: number };

  constructor(workloads: number, clock: { readonly now: number }) {
    this.#ordinals = Array.from({ length: workloads }, () => 0);
    this.#clock = clock;
  }

  create(workload: number, revision: number, podIndex: number | null): Pod {
    const ordinal = this.#ordinals[workload]!++;
    const pod = this.#add({ workload, revision, ordinal, podIndex });
    this.present.push(pod);
    return pod;
  }

  createServer(service: number): Pod {
    return this.#add({ workload: OUTSIDE, revision: 0, ordinal: service, podIndex: null });
  }

  counts(workload: number): { readonly created: number; readonly ready: number } {
    let created = 0;
    let ready = 0;
    for (const pod of this.present) {
      if (pod.workload !== workload || !isActive(pod)) continue;
      created++;
      if (pod.known) ready++;
    }
    return { created, ready };
  }

  /** Numbers of those that callers know, in the order in which they became endpoints. */
  endpoints(workload: number): readonly number[] {
    const known = this.present.filter((pod) => pod.workload === workload && pod.known);
    known.sort((a, b) => a.endpointAt! - b.endpointAt! || a.number - b.number);
    return known.map((pod) => pod.number);
  }

  /** Pods that are gone and that nobody knows any more are looked at by results only. */
  forgetAbsent(): void {
    let kept = 0;
    for (const pod of this.present) if (isPresent(pod)) this.present[kept++] = pod;
    this.present.length = kept;
  }

  restore(pods: readonly Pod[]): void {
    this.all.splice(0, this.all.length, ...structuredClone(pods));
    this.present.splice(0, this.present.length, ...this.all.filter(isPresent));
    for (const pod of this.all) if (isManaged(pod)) this.#ordinals[pod.workload]!++;
  }

  #add(fields: Pick<Pod, "workload" | "revision" | "ordinal" | "podIndex">): Pod {
    const pod = newPod({ number: this.all.length, ...fields, createdAt: this.#clock.now });
    this.all.push(pod);
    return pod;
  }
}
