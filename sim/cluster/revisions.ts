import { type Micros, seconds } from "../kernel/time.ts";
import {
  allTo,
  type RevisionObservation,
  type RolloutObservation,
  type RouteRule,
  type ScaleSelector,
} from "../policy/rollout.ts";
import type { DataPlane } from "./dataPlane.ts";
import { isActive, type Pod } from "./pod.ts";
import {
  replicaSetOf,
  revisionIndex,
  sizedSpec,
  type Workload,
  workloadIndex,
} from "./workload.ts";

/** What rollouts do to a workload's revisions: their replicas, their traffic, and their end. */
export class Revisions {
  readonly #clock: { readonly now: number };
  readonly #plane: DataPlane;
  readonly #pods: readonly Pod[];
  readonly #workloads: readonly Workload[];
  readonly #changed: (workload: number) => void;
  readonly #countsReset: (service: number) => void;

  constructor(parts: {
    readonly clock: { readonly now: number };
    readonly plane: DataPlane;
    /** Those that exist. */
    readonly pods: readonly Pod[];
    readonly workloads: readonly Workload[];
    /** A ReplicaSet of the workload is to have another size. */
    readonly changed: (workload: number) => void;
    readonly countsReset: (service: number) => void;
  }) {
    this.#clock = parts.clock;
    this.#plane = parts.plane;
    this.#pods = parts.pods;
    this.#workloads = parts.workloads;
    this.#changed = parts.changed;
    this.#countsReset = parts.countsReset;
  }

  start(name: string, revision: string, selector: ScaleSelector): void {
    const workload = this.#workload(name);
    workload.rollout = revisionIndex(workload, revision);
    workload.scaleSelector = selector;
  }

  scale(name: string, revision: string, replicas: number): void {
    const workload = this.#workload(name);
    replicaSetOf(workload, revisionIndex(workload, revision)).spec = sizedSpec(workload, replicas);
    this.#changed(workloadIndex(this.#workloads, name));
  }

  setRoutes(name: string, routes: readonly RouteRule[]): void {
    const workload = this.#workload(name);
    workload.routes = routes;
    this.#plane.setRoutes(workload.service, routes);
  }

  resetCounters(name: string): void {
    const { service } = this.#workload(name);
    this.#countsReset(service);
    this.#plane.resetRevisionCounts(service);
  }

  promote(name: string, revision: string): void {
    const workload = this.#workload(name);
    const promoted = revisionIndex(workload, revision);
    const previous = workload.revisions[workload.stable]!;
    workload.stable = promoted;
    workload.rollout = null;
    replicaSetOf(workload, promoted).spec = sizedSpec(workload, workload.replicas);
    this.setRoutes(name, allTo(revision));
    this.remove(name, previous);
  }

  remove(name: string, revision: string): void {
    const workload = this.#workload(name);
    const index = revisionIndex(workload, revision);
    if (workload.rollout === index) {
      workload.rollout = null;
      this.scale(name, workload.revisions[workload.stable]!, workload.replicas);
    }
    if (index !== workload.stable) this.scale(name, revision, 0);
  }

  observe(name: string, canary: string, windows: readonly Micros[]): RolloutObservation {
    const index = workloadIndex(this.#workloads, name);
    const workload = this.#workloads[index]!;
    return {
      replicas: workload.replicas,
      stable: this.#observe(index, workload.stable, windows),
      canary: this.#observe(index, revisionIndex(workload, canary), windows),
      regions: [],
    };
  }

  /**
   * A pod that is available and that no caller knows yet is not counted: meshes publish endpoints
   * before the routes that need them ("make before break").
   * Source: https://www.envoyproxy.io/docs/envoy/latest/api-docs/xds_protocol
   */
  #observe(workload: number, revision: number, windows: readonly Micros[]): RevisionObservation {
    const { spec, service, revisions, replicaSets, routes } = this.#workloads[workload]!;
    const name = revisions[revision]!;
    const since = this.#clock.now - seconds(spec.deployment.minReadySeconds);
    const available = this.#pods.filter(
      (pod) =>
        pod.workload === workload &&
        pod.revision === revision &&
        isActive(pod) &&
        pod.known &&
        pod.ready &&
        (pod.readyChangedAt ?? pod.createdAt) <= since,
    );
    const weight = routes[0]?.weights[name] ?? (routes.length === 0 && revision === 0 ? 1 : 0);
    return {
      revision: name,
      replicas: replicaSets.find((set) => set.revision === revision)?.spec.replicas ?? 0,
      availableReplicas: available.length,
      weight,
      ...this.#plane.revisionCounts(service, revision),
      recent: windows.map((window) => ({
        window,
        ...this.#plane.recentCounts(service, revision, window),
      })),
    };
  }

  #workload(name: string): Workload {
    return this.#workloads[workloadIndex(this.#workloads, name)]!;
  }
}
