import { present } from "../kernel/assert.ts";
import { digestText } from "../kernel/digest.ts";
import type { KeyedDraws } from "../kernel/keyedDraws.ts";
import type { Simulation } from "../kernel/simulation.ts";
import { roundHalfEven } from "../kernel/time.ts";
import { compileDistribution, type TimeDistribution } from "../workload/distributions.ts";
import type { ClusterSpec } from "./clusterSpec.ts";
import type { DataPlane } from "./dataPlane.ts";
import type { Nodes } from "./nodes.ts";
import { exists, isActive, type Pod } from "./pod.ts";
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
} as const;
/** Pod numbers go into the digest with what happened to them. */
const TRACE = {
  bound: 40,
  pulled: 41,
  listens: 42,
  ready: 43,
  known: 44,
  deleted: 45,
  gone: 46,
  unready: 47,
};

/** Token of a readiness probe. */
const READINESS = 0;

type Step = "bind" | "pulled" | "listen" | "probe" | "known" | "removed" | "grace" | "end";

interface Delays {
  /** Of the workload's name: other workloads change none of its draws. */
  readonly hash: number;
  readonly imagePull: TimeDistribution;
  readonly startup: TimeDistribution;
}

/** What the lifecycle tells the cluster. */
export interface LifecycleEvents {
  /** The list of a workload's endpoints has changed. */
  endpointsChanged(workload: number): void;
  /** Its readiness or phase has changed. */
  podChanged(pod: Pod): void;
  podGone(pod: Pod): void;
}

/**
 * Brings pods up and down: scheduler, image pull, start, readiness probe, endpoint; and back:
 * endpoint removed, drain, end of the grace period. Every step is an event (kind, pod number).
 */
export class PodLifecycle {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #nodes: Nodes;
  readonly #plane: DataPlane;
  readonly #pods: readonly Pod[];
  readonly #workloads: readonly Workload[];
  readonly #events: LifecycleEvents;
  readonly #scheduling: TimeDistribution;
  readonly #endpointLag: TimeDistribution;
  readonly #delays: readonly Delays[];
  readonly #kinds: Readonly<Record<Step, number>>;
  readonly #zoneOf: (node: number) => number;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly draws: KeyedDraws;
    readonly nodes: Nodes;
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
    this.#plane = parts.plane;
    this.#pods = parts.pods;
    this.#workloads = parts.workloads;
    this.#events = parts.events;
    this.#zoneOf = parts.zoneOf;
    this.#scheduling = compileDistribution(parts.spec.scheduling);
    this.#endpointLag = compileDistribution(parts.spec.endpointLag);
    this.#delays = parts.workloads.map(({ spec }) => ({
      hash: Number.parseInt(digestText(`pods of ${spec.name}`).slice(0, 8), 16),
      imagePull: compileDistribution(spec.imagePull),
      startup: compileDistribution(spec.startup),
    }));
    const register = (name: string, handle: (pod: Pod) => void): number =>
      parts.simulation.register(name, (number) => handle(this.#pods[number]!));
    this.#kinds = {
      bind: register("pod is bound", (pod) => this.#bind(pod)),
      pulled: register("image is pulled", (pod) => this.#pulled(pod)),
      listen: register("container listens", (pod) => this.#listen(pod)),
      probe: register("readiness is probed", (pod) => this.#probe(pod)),
      known: register("endpoint is known", (pod) => this.#known(pod)),
      removed: register("endpoint is removed", (pod) => this.#removed(pod)),
      grace: register("grace period ends", (pod) => this.#end(pod)),
      end: register("container ends", (pod) => this.#end(pod)),
    };
  }

  create(pod: Pod): void {
    this.#later(pod, this.#kinds.bind, this.#draw(pod, this.#scheduling, SITE.scheduling));
  }

  /** Skips every delay: for pods that are there when the run begins. */
  createReady(pod: Pod): void {
    const { now } = this.#simulation;
    const node = this.#nodes.place(this.#requests(pod));
    if (node < 0) {
      this.create(pod);
      return;
    }
    pod.node = node;
    pod.consideredAt = now;
    pod.scheduledAt = now;
    pod.imageAt = now;
    this.#nodes.addImage(node, this.#image(pod));
    this.#listen(pod);
    this.#becomeReady(pod);
    this.#known(pod);
  }

  /**
   * Graceful: leaves the endpoints first, then drains; ends when drained or when its grace is over.
   */
  delete(pod: Pod): void {
    if (pod.deletedAt !== null) return;
    const { now } = this.#simulation;
    pod.deletedAt = now;
    this.#trace(TRACE.deleted, pod);
    if (pod.listeningAt === null) {
      this.#end(pod);
      return;
    }
    const grace = this.#workloads[pod.workload]!.spec.terminationGracePeriod;
    this.#simulation.schedule(now + grace, this.#kinds.grace, pod.number, 0);
    this.#later(pod, this.#kinds.removed, this.#draw(pod, this.#endpointLag, SITE.removal));
  }

  /** At once: the process is gone, callers find out with the endpoint lag. */
  kill(pod: Pod): void {
    if (!exists(pod)) return;
    pod.deletedAt ??= this.#simulation.now;
    if (pod.listeningAt !== null) this.#plane.killReplica(pod.number);
    this.#later(pod, this.#kinds.removed, this.#draw(pod, this.#endpointLag, SITE.removal));
    this.#end(pod);
  }

  /** The data plane says that the last request has left. */
  drained(number: number): void {
    const pod = this.#pods[number]!;
    // As an event of its own: the data plane is in the middle of something.
    if (pod.deletedAt !== null) this.#later(pod, this.#kinds.end, 0);
  }

  /** Pods that fitted nowhere try again when a node has room. */
  retryUnscheduled(): void {
    for (const pod of this.#pods) {
      if (pod.workload >= 0 && isActive(pod) && pod.node === null) this.#bind(pod);
    }
  }

  #bind(pod: Pod): void {
    if (!isActive(pod) || pod.node !== null) return;
    const { now } = this.#simulation;
    const due = pod.createdAt + this.#draw(pod, this.#scheduling, SITE.scheduling);
    if (now < due) return;
    pod.consideredAt ??= now;
    const node = this.#nodes.place(this.#requests(pod));
    if (node < 0) return;
    pod.node = node;
    pod.scheduledAt = now;
    this.#trace(TRACE.bound, pod);
    const cached = this.#nodes.hasImage(node, this.#image(pod));
    const pull = this.#delays[pod.workload]!.imagePull;
    this.#later(pod, this.#kinds.pulled, cached ? 0 : this.#draw(pod, pull, SITE.imagePull));
  }

  #pulled(pod: Pod): void {
    if (!isActive(pod)) return;
    pod.imageAt = this.#simulation.now;
    this.#trace(TRACE.pulled, pod);
    this.#nodes.addImage(present(pod.node, "node"), this.#image(pod));
    const { startup } = this.#delays[pod.workload]!;
    this.#later(pod, this.#kinds.listen, this.#draw(pod, startup, SITE.startup));
    const probe = this.#workloads[pod.workload]!.spec.readinessProbe;
    if (probe !== null) this.#later(pod, this.#kinds.probe, probe.initialDelay);
  }

  #listen(pod: Pod): void {
    if (!isActive(pod)) return;
    const { spec, service } = this.#workloads[pod.workload]!;
    const node = present(pod.node, "node");
    pod.listeningAt = this.#simulation.now;
    this.#trace(TRACE.listens, pod);
    const limit = spec.container.limits.cpuMillicores ?? this.#nodes.specs[node]!.cpuMillicores;
    this.#plane.startReplica({
      replica: pod.number,
      service,
      revision: pod.revision,
      zone: this.#zoneOf(node),
      cores: limit / 1000,
      parallelism: this.#nodes.specs[node]!.cpuMillicores / 1000,
      memoryLimitBytes: spec.container.limits.memoryBytes,
    });
    if (spec.readinessProbe === null) this.#becomeReady(pod);
  }

  #probe(pod: Pod): void {
    if (!isActive(pod)) return;
    const probe = present(this.#workloads[pod.workload]!.spec.readinessProbe, "probe");
    if (pod.listeningAt === null) this.#probed(pod, false);
    else this.#plane.sendProbe(pod.number, READINESS, probe.timeout);
    this.#later(pod, this.#kinds.probe, probe.period);
  }

  /** The replica has answered a probe, or has not. */
  probed(number: number, ok: boolean): void {
    const pod = this.#pods[number]!;
    if (isActive(pod)) this.#probed(pod, ok);
  }

  #probed(pod: Pod, answers: boolean): void {
    const probe = present(this.#workloads[pod.workload]!.spec.readinessProbe, "probe");
    pod.probeSuccesses = answers ? pod.probeSuccesses + 1 : 0;
    pod.probeFailures = answers ? 0 : pod.probeFailures + 1;
    if (!pod.ready && pod.probeSuccesses >= probe.successThreshold) this.#becomeReady(pod);
    if (pod.ready && pod.probeFailures >= probe.failureThreshold) this.#becomeUnready(pod);
  }

  #becomeReady(pod: Pod): void {
    const { now } = this.#simulation;
    pod.ready = true;
    pod.readyChangedAt = now;
    pod.readyAt ??= now;
    this.#trace(TRACE.ready, pod);
    this.#events.podChanged(pod);
    this.#later(pod, this.#kinds.known, this.#draw(pod, this.#endpointLag, SITE.endpoint));
  }

  #becomeUnready(pod: Pod): void {
    pod.ready = false;
    pod.readyChangedAt = this.#simulation.now;
    this.#trace(TRACE.unready, pod);
    this.#events.podChanged(pod);
    this.#later(pod, this.#kinds.removed, this.#draw(pod, this.#endpointLag, SITE.removal));
  }

  #known(pod: Pod): void {
    if (!isActive(pod) || !pod.ready || pod.known) return;
    pod.known = true;
    pod.endpointAt ??= this.#simulation.now;
    this.#trace(TRACE.known, pod);
    this.#events.endpointsChanged(pod.workload);
  }

  /**
   * Callers have forgotten it: a terminating pod stops taking requests and finishes those that it
   * has.
   */
  #removed(pod: Pod): void {
    if (isActive(pod) && pod.ready) return;
    pod.known = false;
    this.#events.endpointsChanged(pod.workload);
    if (pod.deletedAt !== null && exists(pod)) this.#plane.drainReplica(pod.number, "open");
  }

  #end(pod: Pod): void {
    if (!exists(pod)) return;
    pod.goneAt = this.#simulation.now;
    pod.ready = false;
    this.#trace(TRACE.gone, pod);
    if (pod.listeningAt !== null) this.#plane.killReplica(pod.number);
    if (pod.node !== null) this.#nodes.release(pod.node, this.#requests(pod));
    this.#events.podGone(pod);
  }

  #requests(pod: Pod): { cpuMillicores: number; memoryBytes: number } {
    const { requests } = this.#workloads[pod.workload]!.spec.container;
    return { cpuMillicores: requests.cpuMillicores ?? 0, memoryBytes: requests.memoryBytes ?? 0 };
  }

  #image(pod: Pod): string {
    const { spec, revisions } = this.#workloads[pod.workload]!;
    return `${spec.name}:${revisions[pod.revision]}`;
  }

  #draw(pod: Pod, time: TimeDistribution, site: number): number {
    const { hash } = this.#delays[pod.workload]!;
    return Math.max(0, roundHalfEven(time.sample(this.#draws, pod.ordinal, site ^ hash, 0)));
  }

  #later(pod: Pod, kind: number, delay: number): void {
    this.#simulation.schedule(this.#simulation.now + delay, kind, pod.number, 0);
  }

  #trace(what: number, pod: Pod): void {
    this.#simulation.digest.add(this.#simulation.now, what, pod.number);
  }
}
