import { present } from "../kernel/assert.ts";
import { digestText } from "../kernel/digest.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { type Micros, roundHalfEven } from "../kernel/time.ts";
import { compileDistribution, type TimeDistribution } from "../workload/distributions.ts";
import type { ClusterNodes } from "./clusterNodes.ts";
import type { ClusterSpec } from "./clusterSpec.ts";
import type { DataPlane, ReplicaStart } from "./dataPlane.ts";
import { type ContainerUsage, Kubelet } from "./kubelet.ts";
import { exists, isActive, type Pod, type ServingTime } from "./pod.ts";
import { imageName } from "./scheduler.ts";
import type { Workload } from "./workload.ts";

/**
 * Sites of a pod's draws; its key is its number within the workload, so that policies meet the same
 * delays.
 */
const SITE = {
  scheduling: 0x61,
  imagePull: 0x62,
  startup: 0x63,
  endpoint: 0x64,
  removal: 0x65,
  initContainers: 0x66,
} as const;
/** Pod numbers go into the digest with what happened to them; containers' own are the kubelet's. */
const TRACE = {
  bound: 40,
  pulled: 41,
  ready: 43,
  known: 44,
  deleted: 45,
  gone: 46,
  unready: 47,
};

type Step = "bind" | "pulled" | "initialized" | "known" | "removed";

interface Delays {
  /** Of the workload's name: other workloads change none of its draws. */
  readonly hash: number;
  readonly imagePull: TimeDistribution;
  readonly initContainers: TimeDistribution | null;
  /** By revision. */
  readonly startup: readonly TimeDistribution[];
}

/** What the lifecycle tells the cluster. */
export interface LifecycleEvents {
  /** The list of a workload's endpoints has changed. */
  endpointsChanged(workload: number): void;
  /** Its readiness or phase has changed. */
  podChanged(pod: Pod): void;
  podGone(pod: Pod): void;
  /** Its container uses its node's CPU from now on, or does so no more. */
  podUsesCpu(pod: Pod, uses: boolean): void;
  /** An Event as `kubectl describe pod` lists it. */
  podEvent(pod: Pod, reason: string, message: string): void;
}

/**
 * Brings pods up and down: scheduler, image pull, init containers, container, endpoint; and back:
 * endpoint removed while the container is being stopped. What happens to the container in between
 * is the kubelet's. Every step is an event (kind, pod number).
 */
export class PodLifecycle {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #nodes: ClusterNodes;
  readonly #pods: readonly Pod[];
  readonly #workloads: readonly Workload[];
  readonly #events: LifecycleEvents;
  readonly #kubelet: Kubelet;
  readonly #scheduling: TimeDistribution;
  readonly #endpointLag: TimeDistribution;
  readonly #delays: readonly Delays[];
  readonly #kinds: Readonly<Record<Step, number>>;
  readonly #zoneOf: (node: number) => number;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly draws: KeyedDraws;
    readonly nodes: ClusterNodes;
    readonly plane: DataPlane;
    /** By number: the cluster appends. */
    readonly pods: readonly Pod[];
    readonly workloads: readonly Workload[];
    readonly spec: ClusterSpec;
    readonly zoneOf: (node: number) => number;
    readonly events: LifecycleEvents;
  }) {
    this.#simulation = parts.simulation;
    this.#draws = parts.draws;
    this.#nodes = parts.nodes;
    this.#pods = parts.pods;
    this.#workloads = parts.workloads;
    this.#events = parts.events;
    this.#zoneOf = parts.zoneOf;
    this.#scheduling = compileDistribution(parts.spec.scheduling);
    this.#endpointLag = compileDistribution(parts.spec.endpointLag);
    this.#delays = parts.workloads.map(({ spec, templates }) => ({
      hash: Number.parseInt(digestText(`pods of ${spec.name}`).slice(0, 8), 16),
      imagePull: compileDistribution(spec.imagePull),
      initContainers:
        spec.initContainers === null ? null : compileDistribution(spec.initContainers),
      startup: templates.map(({ startup }) => compileDistribution(startup)),
    }));
    const register = (name: string, handle: (pod: Pod) => void): number =>
      parts.simulation.register(name, (number) => handle(this.#pods[number]!));
    this.#kinds = {
      bind: register("pod is bound", (pod) => this.#schedule(pod)),
      pulled: register("image is pulled", (pod) => this.#pulled(pod)),
      initialized: register("init containers end", (pod) => this.#initialized(pod)),
      known: parts.simulation.register("endpoint is known", (number, change) =>
        this.#hear(this.#pods[number]!, change, true),
      ),
      removed: parts.simulation.register("endpoint is removed", (number, change) =>
        this.#hear(this.#pods[number]!, change, false),
      ),
    };
    this.#kubelet = new Kubelet({
      simulation: parts.simulation,
      plane: parts.plane,
      pods: parts.pods,
      spec: parts.spec.kubelet,
      specOf: (pod) => this.#workloads[pod.workload]!.templates[pod.revision]!,
      replicaOf: (pod) => this.#replicaOf(pod),
      startupOf: (pod) => {
        const startup = this.#delays[pod.workload]!.startup[pod.revision]!;
        return this.#draw(pod, startup, SITE.startup, pod.restarts);
      },
      events: {
        readinessChanged: (pod, ready) => {
          if (ready) this.#becomeReady(pod);
          else this.#becomeUnready(pod);
        },
        running: (pod) => parts.events.podChanged(pod),
        usesCpu: (pod, uses) => parts.events.podUsesCpu(pod, uses),
        ended: (pod) => this.#end(pod),
        happened: (pod, reason, message) => parts.events.podEvent(pod, reason, message),
      },
    });
  }

  create(pod: Pod): void {
    this.#later(pod, this.#kinds.bind, this.#draw(pod, this.#scheduling, SITE.scheduling));
  }

  /** Skips every delay: for pods that are there when the run begins. */
  createReady(pod: Pod): void {
    const { now } = this.#simulation;
    if (!this.#nodes.scheduler.placeNow(pod)) {
      this.create(pod);
      return;
    }
    pod.consideredAt = now;
    pod.imageAt = now;
    pod.initializedAt = now;
    this.#nodes.images.add(nodeOf(pod), this.#image(pod), this.#imageBytes(pod) ?? 0);
    this.#kubelet.startListening(pod);
    this.#markReady(pod);
    pod.known = true;
    pod.endpointAt = now;
    this.#trace(TRACE.known, pod);
    this.#events.endpointsChanged(pod.workload);
  }

  /**
   * Graceful: callers are told to forget it while its container is being stopped, so that requests
   * may still come when the process takes no more. It is gone when the container has ended. Null:
   * its own grace period.
   */
  delete(pod: Pod, gracePeriod: Micros | null = null): void {
    if (pod.deletedAt !== null) return;
    pod.deletedAt = this.#simulation.now;
    this.#nodes.scheduler.terminating(pod);
    this.#trace(TRACE.deleted, pod);
    const isEndpoint = pod.ready || pod.known;
    // On a node that is down nobody ends it.
    const isStuck = this.#isDown(pod);
    if (!isStuck && pod.container === null) this.#end(pod);
    else if (!isStuck) {
      const { terminationGracePeriod } = this.#workloads[pod.workload]!.spec;
      this.#kubelet.stop(pod, gracePeriod ?? terminationGracePeriod);
    }
    if (isEndpoint) this.#leaveEndpoints(pod);
  }

  /** At once: the process is gone, callers find out with the endpoint lag. */
  kill(pod: Pod): void {
    if (!exists(pod)) return;
    const { now } = this.#simulation;
    if (pod.deletedAt === null) {
      pod.deletedAt = now;
      this.#nodes.scheduler.terminating(pod);
      this.#leaveEndpoints(pod);
    }
    if (pod.container === null) this.#end(pod);
    else this.#kubelet.kill(pod);
  }

  /** Its node is down: the container is gone, which the API server does not know. */
  halt(pod: Pod): void {
    this.#kubelet.halt(pod);
  }

  /** Its node is NotReady: so is the pod, and it leaves the endpoints. */
  unreachable(pod: Pod): void {
    if (pod.ready) this.#becomeUnready(pod);
  }

  /**
   * Its node is back: the kubelet carries out its deletion, or starts its container again. An image
   * pull and init containers that were under way count on meanwhile.
   */
  recover(pod: Pod): void {
    if (pod.deletedAt !== null) {
      this.#end(pod);
      return;
    }
    if (pod.ready) this.#becomeUnready(pod);
    const isPrepared = pod.imageAt !== null && pod.initializedAt !== null;
    if (isPrepared && pod.container === null && isActive(pod)) this.#kubelet.start(pod);
  }

  /** The container's process dies; its kubelet restarts it. */
  crash(pod: Pod): void {
    this.#kubelet.kill(pod);
  }

  /** The kernel kills the process; its kubelet restarts the container. */
  outOfMemory(number: number): void {
    this.#kubelet.outOfMemory(this.#pods[number]!);
  }

  /** The data plane says that the last request has left. */
  drained(number: number): void {
    this.#kubelet.drained(number);
  }

  /** The replica has answered a probe, or has not. */
  probed(number: number, token: number, ok: boolean): void {
    this.#kubelet.probed(number, token, ok);
  }

  /** What its serving container uses, as its kubelet counts it; null while none runs. */
  usage(pod: Pod): ContainerUsage | null {
    return this.#kubelet.usage(pod);
  }

  /** Of all processes that a pod ever had. */
  servingTime(pod: Pod): ServingTime {
    return this.#kubelet.servingTime(pod);
  }

  /** CPU time of all containers that a pod ever had, in microseconds. */
  cpuMicros(pod: Pod): number {
    return this.#kubelet.lifetimeCpuMicros(pod);
  }

  /** Pieces of work in a pod that want a core now, a start that uses CPU included. */
  runnable(number: number): number {
    return this.#kubelet.runnable(this.#pods[number]!);
  }

  /** What its node leaves a pod's process from now on, and its sidecars, in cores. */
  setCores(number: number, cores: number, sidecarCores: number): void {
    this.#kubelet.setCores(this.#pods[number]!, cores, sidecarCores);
  }

  /** The scheduler has found a node for the pod: its kubelet takes it. */
  bound(pod: Pod): void {
    const node = nodeOf(pod);
    const image = this.#image(pod);
    const { initContainers, imagePull } = this.#delays[pod.workload]!;
    if (initContainers === null) pod.initializedAt = this.#simulation.now;
    this.#trace(TRACE.bound, pod);
    const bytes = this.#imageBytes(pod);
    if (this.#nodes.images.has(node, image)) this.#later(pod, this.#kinds.pulled, 0);
    else if (bytes !== null) this.#nodes.images.pull(node, { pod: pod.number, image, bytes });
    else this.#later(pod, this.#kinds.pulled, this.#draw(pod, imagePull, SITE.imagePull));
  }

  /** The image that the pod waited for is on its node. */
  imagePulled(number: number): void {
    this.#pulled(this.#pods[number]!);
  }

  #schedule(pod: Pod): void {
    if (!isActive(pod) || pod.node !== null) return;
    pod.consideredAt ??= this.#simulation.now;
    this.#nodes.scheduler.place(pod);
  }

  #pulled(pod: Pod): void {
    if (!isActive(pod)) return;
    pod.imageAt = this.#simulation.now;
    this.#trace(TRACE.pulled, pod);
    this.#nodes.images.add(nodeOf(pod), this.#image(pod), this.#imageBytes(pod) ?? 0);
    const { initContainers } = this.#delays[pod.workload]!;
    if (initContainers === null) this.#startIfUp(pod);
    else {
      const time = this.#draw(pod, initContainers, SITE.initContainers);
      this.#later(pod, this.#kinds.initialized, time);
    }
  }

  #initialized(pod: Pod): void {
    if (!isActive(pod)) return;
    pod.initializedAt = this.#simulation.now;
    this.#startIfUp(pod);
  }

  #startIfUp(pod: Pod): void {
    if (!this.#isDown(pod)) this.#kubelet.start(pod);
  }

  #isDown(pod: Pod): boolean {
    return pod.node !== null && this.#nodes.all[pod.node]!.downs > 0;
  }

  #replicaOf(pod: Pod): ReplicaStart {
    const { spec, service } = this.#workloads[pod.workload]!;
    const node = present(pod.node, "node");
    const { cpuMillicores } = this.#nodes.all[node]!.spec;
    return {
      replica: pod.number,
      service,
      revision: pod.revision,
      zone: this.#zoneOf(node),
      cores: (spec.container.limits.cpuMillicores ?? cpuMillicores) / 1000,
      parallelism: cpuMillicores / 1000,
      memoryLimitBytes: spec.container.limits.memoryBytes,
    };
  }

  #becomeReady(pod: Pod): void {
    this.#markReady(pod);
    this.#tellCallers(pod, this.#kinds.known, SITE.endpoint);
    this.#events.podChanged(pod);
  }

  #markReady(pod: Pod): void {
    const { now } = this.#simulation;
    pod.ready = true;
    pod.readyChangedAt = now;
    pod.readyAt ??= now;
    this.#trace(TRACE.ready, pod);
  }

  #becomeUnready(pod: Pod): void {
    pod.ready = false;
    pod.readyChangedAt = this.#simulation.now;
    this.#trace(TRACE.unready, pod);
    this.#leaveEndpoints(pod);
    this.#events.podChanged(pod);
  }

  #leaveEndpoints(pod: Pod): void {
    this.#tellCallers(pod, this.#kinds.removed, SITE.removal);
  }

  #tellCallers(pod: Pod, kind: number, site: number): void {
    const lag = this.#draw(pod, this.#endpointLag, site);
    this.#simulation.scheduleAfter(lag, kind, pod.number, ++pod.endpointChanges);
  }

  /**
   * Callers hear of a change; nothing of one that a later change has overtaken, nor of a pod that
   * is being deleted by then.
   */
  #hear(pod: Pod, change: number, known: boolean): void {
    if (change <= pod.endpointHeard || (known && !isActive(pod))) return;
    pod.endpointHeard = change;
    if (known && !pod.known) {
      pod.endpointAt ??= this.#simulation.now;
      this.#trace(TRACE.known, pod);
    }
    if (known !== pod.known) {
      pod.known = known;
      this.#events.endpointsChanged(pod.workload);
    }
    if (pod.deletedAt !== null) this.#kubelet.forgotten(pod);
  }

  #end(pod: Pod): void {
    if (!exists(pod)) return;
    pod.goneAt = this.#simulation.now;
    pod.ready = false;
    this.#trace(TRACE.gone, pod);
    if (pod.node !== null && pod.imageAt === null) this.#nodes.images.forget(pod.node, pod.number);
    this.#nodes.scheduler.gone(pod);
    this.#events.podGone(pod);
  }

  #image(pod: Pod): string {
    const { spec, revisions } = this.#workloads[pod.workload]!;
    return imageName(spec.name, revisions[pod.revision]!);
  }

  #imageBytes(pod: Pod): number | null {
    return this.#workloads[pod.workload]!.spec.imageBytes;
  }

  /** `attempt`: restarts draw anew. */
  #draw(pod: Pod, time: TimeDistribution, site: number, attempt = 0): number {
    const { hash } = this.#delays[pod.workload]!;
    return Math.max(0, roundHalfEven(time.sample(this.#draws, pod.ordinal, site ^ hash, attempt)));
  }

  #later(pod: Pod, kind: number, delay: number): void {
    this.#simulation.schedule(this.#simulation.now + delay, kind, pod.number, 0);
  }

  #trace(what: number, pod: Pod): void {
    this.#simulation.digest.add(this.#simulation.now, what, pod.number);
  }
}

const nodeOf = (pod: Pod): number => present(pod.node, "node");
