import type { Simulation } from "../kernel/simulation.ts";
import { micros, seconds, toSeconds } from "../kernel/time.ts";
import { type KubeletSpec, sidecarUse, type WorkloadSpec } from "./clusterSpec.ts";
import type { DataPlane, ReplicaStart } from "./dataPlane.ts";
import { backOffLeft, nextBackOff } from "./kubeletBackOff.ts";
import { setSidecarCores, sidecarMicros } from "./kubeletSidecars.ts";
import { burn, startUpMicros } from "./kubeletStartUp.ts";
import {
  type Container,
  isActive,
  isListening,
  type Pod,
  type ServingTime,
  type Termination,
} from "./pod.ts";
import { ProbeManager } from "./probeManager.ts";
import type { ProbeKind } from "./probeWorker.ts";

/** Pod numbers go into the digest with what happened to their containers. */
const TRACE = { listens: 42, ended: 48, restarted: 49 } as const;

/**
 * What is left of the grace period after the preStop hook is at least this.
 * Source: `minimumGracePeriodInSeconds` of kuberuntime_container.go (kubernetes/kubernetes)
 */
const GRACE_MIN = seconds(2);

/** Exit codes as container runtimes report them: 128 and the signal's number. */
const SIGKILLED = 137;
const SIGTERMED = 143;

/** The counters of the container that serves, and of those beside it. */
export interface ContainerUsage {
  /** The container that runs now has started. */
  readonly startedAt: number;
  /** It is the pod's first one: restarts set the counters to 0. */
  readonly isFirst: boolean;
  readonly cpuMicros: number;
  /** Of all its sidecars together. */
  readonly sidecarMicros: number;
  readonly memoryBytes: number;
}

/** What a kubelet tells about its pods. */
export interface KubeletEvents {
  /** The Ready condition is to change. */
  readinessChanged(pod: Pod, ready: boolean): void;
  /** The container has started for the first time. */
  running(pod: Pod): void;
  /** A container uses its node's CPU from now on, or does so no more. */
  usesCpu(pod: Pod, uses: boolean): void;
  /** The container of a pod that was deleted has ended. */
  ended(pod: Pod): void;
  /** An Event as `kubectl describe` lists it. */
  happened(pod: Pod, reason: string, message: string): void;
}

/**
 * The kubelets of all nodes: start, probe, stop and restart the containers of pods that are bound
 * and whose image is there. restartPolicy is Always. Every step is an event (kind, pod number,
 * restart count), so that steps of an earlier container are told by their count and ignored.
 * Deaths are seen at once; the real kubelet's PLEG looks once a second.
 */
export class Kubelet {
  readonly #simulation: Simulation;
  readonly #plane: DataPlane;
  readonly #pods: readonly Pod[];
  readonly #spec: KubeletSpec;
  readonly #specOf: (pod: Pod) => WorkloadSpec;
  readonly #replicaOf: (pod: Pod) => ReplicaStart;
  readonly #startupOf: (pod: Pod) => number;
  readonly #events: KubeletEvents;
  readonly #probes: ProbeManager;
  readonly #kinds: Readonly<Record<"listen" | "term" | "kill" | "end" | "oom" | "restart", number>>;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly plane: DataPlane;
    /** By number: the cluster appends. */
    readonly pods: readonly Pod[];
    readonly spec: KubeletSpec;
    readonly specOf: (pod: Pod) => WorkloadSpec;
    readonly replicaOf: (pod: Pod) => ReplicaStart;
    /** Draws how long the container takes until it listens, in microseconds. */
    readonly startupOf: (pod: Pod) => number;
    readonly events: KubeletEvents;
  }) {
    const { simulation } = parts;
    this.#simulation = simulation;
    this.#plane = parts.plane;
    this.#pods = parts.pods;
    this.#spec = parts.spec;
    this.#specOf = parts.specOf;
    this.#replicaOf = parts.replicaOf;
    this.#startupOf = parts.startupOf;
    this.#events = parts.events;
    const register = (name: string, handle: (pod: Pod) => void): number =>
      simulation.register(name, (number, restarts) => {
        const pod = this.#pods[number]!;
        if (pod.container !== null && pod.restarts === restarts) handle(pod);
      });
    this.#kinds = {
      listen: register("container listens", (pod) => {
        const isDue = pod.container?.listenAt === simulation.now;
        if (isDue && !isListening(pod)) this.#listen(pod);
      }),
      term: register("preStop hook ends", (pod) => {
        // The hook of a stop that was shortened has ended before.
        if (pod.container?.sigtermAt === null) this.#sigterm(pod);
      }),
      kill: register("grace period ends", (pod) => this.#ended(pod, SIGKILLED, "Error")),
      end: register("container ends", (pod) => this.#ended(pod, 0, "Completed")),
      oom: register("container is out of memory", (pod) =>
        this.#ended(pod, SIGKILLED, "OOMKilled"),
      ),
      restart: simulation.register("back-off ends", (number, restarts) => {
        const pod = this.#pods[number]!;
        if (isActive(pod) && pod.container === null && pod.restarts === restarts) {
          this.#restart(pod);
        }
      }),
    };
    this.#probes = new ProbeManager({
      simulation,
      plane: parts.plane,
      pods: parts.pods,
      ticks: parts.spec.probeTicks,
      specOf: parts.specOf,
      result: (pod, kind, ok) => this.#probeResult(pod, kind, ok),
    });
  }

  /** Starts the container: the image is there, init containers are done. */
  start(pod: Pod): void {
    const spec = this.#specOf(pod);
    const isFirst = pod.runningAt === null;
    pod.runningAt ??= this.#simulation.now;
    pod.backOffUntil = null;
    pod.container = this.#newContainer(spec, spec.startupProbe === null);
    this.#events.usesCpu(pod, true);
    const time = this.#startupOf(pod);
    if (spec.startupCpuMillicores > 0) {
      const demand = (time * spec.startupCpuMillicores) / 1000;
      this.#burn(pod, pod.container, { demand, most: this.#replicaOf(pod).cores });
    } else this.#listenIn(pod, pod.container, time);
    const memoryLimit = spec.container.limits.memoryBytes ?? Number.POSITIVE_INFINITY;
    if (spec.idleMemoryBytes > memoryLimit) this.#later(pod, this.#kinds.oom, 0);
    this.#probes.containerStarted(pod);
    if (isFirst) this.#events.running(pod);
    if (spec.readyWhen === "running" && pod.container.started) this.#readyUnprobed(pod, spec);
  }

  /** The same for a pod that is there when the run begins: it has started and listens. */
  startListening(pod: Pod): void {
    pod.runningAt = this.#simulation.now;
    pod.container = this.#newContainer(this.#specOf(pod), true);
    this.#events.usesCpu(pod, true);
    this.#enterPlane(pod);
    this.#probes.containerRuns(pod);
  }

  /**
   * Graceful: preStop hook, SIGTERM, and SIGKILL when the grace period is over. A hook that takes
   * longer than the grace is cut off. Without any grace it is SIGKILL at once. A stop that is under
   * way comes to its end earlier when it is asked for again with less grace than is left, never
   * later.
   * Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
   */
  stop(pod: Pod, grace: number): void {
    const { container } = pod;
    if (container === null) return;
    const { now } = this.#simulation;
    const since = container.stopping?.since ?? now;
    const hookLeft = Math.max(0, since + this.#specOf(pod).preStop - now);
    const hook = container.sigtermAt === null ? Math.min(hookLeft, grace) : 0;
    const left = grace === 0 ? 0 : hook + Math.max(grace - hook, GRACE_MIN);
    if (container.stopping !== null && now + left >= container.stopping.killAt) return;
    container.stopping = { since, killAt: now + left };
    this.#later(pod, this.#kinds.kill, left);
    if (hook > 0) this.#later(pod, this.#kinds.term, hook);
    else if (grace > 0 && container.sigtermAt === null) this.#sigterm(pod);
  }

  /** The process dies at once. Its container is restarted unless the pod was deleted. */
  kill(pod: Pod): void {
    if (pod.container !== null) this.#ended(pod, SIGKILLED, "Error");
  }

  /**
   * The machine stops, and its kubelet with it: nothing is restarted or told. Whatever was pending
   * belongs to an earlier container from now on.
   */
  halt(pod: Pod): void {
    const { container } = pod;
    if (pod.runningAt === null) return;
    pod.restarts++;
    pod.backOffUntil = null;
    if (container === null) return;
    this.#terminate(pod, container, { exitCode: SIGKILLED, reason: "Error" });
    this.#simulation.digest.add(this.#simulation.now, TRACE.ended, pod.number);
  }

  /** The kernel kills the process; as an event of its own, for the data plane is at work. */
  outOfMemory(pod: Pod): void {
    if (pod.container !== null) this.#later(pod, this.#kinds.oom, 0);
  }

  /** No caller knows the pod any more: a process that served on from SIGTERM drains now. */
  forgotten(pod: Pod): void {
    const serves = isListening(pod) && this.#specOf(pod).onSigterm === "serve";
    if (serves && pod.container?.sigtermAt !== null) {
      this.#plane.drainReplica(pod.number, "open");
    }
  }

  /** The last request has left; as an event of its own, for the data plane is at work. */
  drained(number: number): void {
    const pod = this.#pods[number]!;
    if (pod.container !== null && pod.container.sigtermAt !== null) {
      this.#later(pod, this.#kinds.end, 0);
    }
  }

  probed(number: number, token: number, ok: boolean): void {
    this.#probes.probed(number, token, ok);
  }

  /**
   * What the container that serves uses, and its sidecars, as its kubelet counts it: CPU time since
   * the one that runs now has started, in microseconds. Null while none runs. A process that does
   * not listen yet has its memory without requests from its start on.
   */
  usage(pod: Pod): ContainerUsage | null {
    const { container } = pod;
    if (container === null) return null;
    const { idleMemoryBytes } = this.#specOf(pod);
    const isServing = isListening(pod);
    return {
      startedAt: container.startedAt,
      isFirst: pod.restarts === 0,
      cpuMicros: this.#ownMicros(pod, container),
      sidecarMicros: sidecarMicros(container, this.#simulation.now),
      memoryBytes: isServing ? this.#plane.usage(pod.number).memoryBytes : idleMemoryBytes,
    };
  }

  /** Of all processes that a pod ever had; those of a start and of sidecars are not in it. */
  servingTime({ number, container, earlierServing }: Pod): ServingTime {
    if (container === null || !container.listening) return earlierServing;
    const { cpuMicros, listeningMicros } = earlierServing;
    return {
      cpuMicros: cpuMicros + this.#plane.usage(number).cpuMicros,
      listeningMicros: listeningMicros + this.#simulation.now - container.listenAt,
    };
  }

  /** CPU time that all containers of a pod have ever used, in microseconds. */
  lifetimeCpuMicros(pod: Pod): number {
    const { container, earlierCpuMicros } = pod;
    if (container === null) return earlierCpuMicros;
    return earlierCpuMicros + this.#containerMicros(pod, container);
  }

  /** Pieces of work in the pod that want a core now: what the data plane has, or its start. */
  runnable(pod: Pod): number {
    if (isListening(pod)) return this.#plane.runnable(pod.number);
    return pod.container?.starting ? Math.ceil(this.#specOf(pod).startupCpuMillicores / 1000) : 0;
  }

  /**
   * What the node leaves the pod's process from now on, in cores, more than 0 (a start slows down
   * too), and its sidecars.
   */
  setCores(pod: Pod, cores: number, sidecarCores: number): void {
    const { container } = pod;
    if (container !== null) setSidecarCores(container, sidecarCores, this.#simulation.now);
    if (isListening(pod)) this.#plane.setCores(pod.number, cores);
    else if (container?.starting) {
      this.#burn(pod, container, { demand: container.starting.demand, most: cores });
    }
  }

  // ---- steps of a container ------------------------------------------------------------

  #listen(pod: Pod): void {
    const container = pod.container!;
    const spec = this.#specOf(pod);
    container.startupCpuMicros = container.starting?.demand ?? 0;
    container.starting = null;
    this.#enterPlane(pod);
    if (container.started) this.#readyUnprobed(pod, spec);
  }

  #enterPlane(pod: Pod): void {
    const { now } = this.#simulation;
    const container = pod.container!;
    container.listening = true;
    if (pod.readyAt === null || pod.listeningAt === null) pod.listeningAt = now;
    this.#simulation.digest.add(now, TRACE.listens, pod.number);
    this.#plane.startReplica(this.#replicaOf(pod));
  }

  /** Without a readiness probe a container that has started is ready. */
  #readyUnprobed(pod: Pod, spec: WorkloadSpec): void {
    if (spec.readinessProbe !== null || pod.ready || !isActive(pod)) return;
    if (pod.container!.stopping !== null) return;
    if (!isListening(pod)) {
      if (spec.readyWhen === "listening") return;
      // Callers will route to it: the data plane learns its number, as of a process that is gone.
      if (pod.listeningAt === null) {
        this.#plane.startReplica(this.#replicaOf(pod));
        this.#plane.killReplica(pod.number);
      }
    }
    this.#events.readinessChanged(pod, true);
  }

  #probeResult(pod: Pod, kind: ProbeKind, ok: boolean): void {
    const spec = this.#specOf(pod);
    const container = pod.container!;
    if (kind === "readiness") {
      if (ok !== pod.ready) this.#events.readinessChanged(pod, ok);
      return;
    }
    if (ok) {
      if (kind !== "startup") return;
      container.started = true;
      if (pod.readyAt === null) pod.startupProbedAt = this.#simulation.now;
      this.#readyUnprobed(pod, spec);
      this.#probes.startupSucceeded(pod, container.startedAt);
      return;
    }
    const message = `container ${spec.container.name} failed ${kind} probe, will be restarted`;
    this.#events.happened(pod, "Killing", message);
    const probe = kind === "startup" ? spec.startupProbe : spec.livenessProbe;
    this.stop(pod, probe?.terminationGracePeriod ?? spec.terminationGracePeriod);
  }

  /** A process that has no handler yet dies of it. */
  #sigterm(pod: Pod): void {
    const container = pod.container!;
    container.sigtermAt = this.#simulation.now;
    if (!container.listening) {
      this.#ended(pod, SIGTERMED, "Error");
      return;
    }
    if (this.#specOf(pod).onSigterm === "refuse") this.#plane.drainReplica(pod.number, "closed");
    // Callers of a pod that stays do not forget it: it ends when it happens to be idle.
    else if (isActive(pod) || !pod.known) this.#plane.drainReplica(pod.number, "open");
  }

  #newContainer(spec: WorkloadSpec, started: boolean): Container {
    const { now } = this.#simulation;
    return {
      startedAt: now,
      started,
      listening: false,
      listenAt: now,
      starting: null,
      startupCpuMicros: 0,
      sidecars: { since: now, cores: sidecarUse(spec).cpuMillicores / 1000, earlierMicros: 0 },
      stopping: null,
      sigtermAt: null,
    };
  }

  #ended(pod: Pod, exitCode: number, reason: Termination["reason"]): void {
    const { now } = this.#simulation;
    const container = pod.container!;
    const before = pod.lastTermination?.finishedAt ?? null;
    this.#terminate(pod, container, { exitCode, reason });
    if (pod.deletedAt !== null) {
      this.#events.ended(pod);
      return;
    }
    this.#simulation.digest.add(now, TRACE.ended, pod.number);
    const { name } = this.#specOf(pod).container;
    this.#events.happened(pod, reason, `container ${name} ended with exit code ${exitCode}`);
    if (pod.ready) this.#events.readinessChanged(pod, false);
    this.#scheduleRestart(pod, container.stopping === null ? now : before);
  }

  /** The process is no more; what it has used stays with the pod. */
  #terminate(pod: Pod, container: Container, how: Pick<Termination, "exitCode" | "reason">): void {
    pod.earlierServing = this.servingTime(pod);
    pod.earlierCpuMicros += this.#containerMicros(pod, container);
    if (container.listening) this.#plane.killReplica(pod.number);
    pod.container = null;
    this.#events.usesCpu(pod, false);
    const { startedAt } = container;
    pod.lastTermination = { ...how, startedAt, finishedAt: this.#simulation.now };
  }

  /**
   * `since`: the death that the kubelet knows of when it decides. When it stopped the container
   * itself, that is the one before: the new one starts within the same sync, if it may.
   */
  #scheduleRestart(pod: Pod, since: number | null): void {
    const { now } = this.#simulation;
    const { crashLoopBackOff } = this.#spec;
    if (since === null) {
      this.#startAgain(pod);
      return;
    }
    if (backOffLeft(pod.backOff, { finishedAt: since, now }, crashLoopBackOff) === 0) {
      pod.backOff = nextBackOff(pod.backOff, { finishedAt: since, now }, crashLoopBackOff);
      this.#startAgain(pod);
      return;
    }
    const pause = backOffLeft(pod.backOff, { finishedAt: now, now }, crashLoopBackOff);
    pod.backOffUntil = now + pause;
    const { name } = this.#specOf(pod).container;
    const wait = `${toSeconds(micros(pause))} s until container ${name} restarts`;
    this.#events.happened(pod, "BackOff", `CrashLoopBackOff: ${wait}`);
    this.#later(pod, this.#kinds.restart, pause);
  }

  #restart(pod: Pod): void {
    const { now } = this.#simulation;
    const finishedAt = pod.lastTermination?.finishedAt ?? now;
    pod.backOff = nextBackOff(pod.backOff, { finishedAt, now }, this.#spec.crashLoopBackOff);
    this.#startAgain(pod);
  }

  #startAgain(pod: Pod): void {
    pod.restarts++;
    this.#simulation.digest.add(this.#simulation.now, TRACE.restarted, pod.number);
    this.start(pod);
  }

  // ---- CPU -----------------------------------------------------------------------------

  /** Of the container that runs, and of the sidecars beside it. */
  #containerMicros(pod: Pod, container: Container): number {
    const { now } = this.#simulation;
    return this.#ownMicros(pod, container) + sidecarMicros(container, now);
  }

  /** Of the container that runs, its start included. */
  #ownMicros(pod: Pod, container: Container): number {
    const own = startUpMicros(container, this.#simulation.now);
    return container.listening ? own + this.#plane.usage(pod.number).cpuMicros : own;
  }

  #burn(pod: Pod, container: Container, rate: { demand: number; most: number }): void {
    const cores = Math.min(this.#specOf(pod).startupCpuMillicores / 1000, rate.most);
    const { now } = this.#simulation;
    this.#listenIn(pod, container, burn(container, { demand: rate.demand, cores, now }));
  }

  #listenIn(pod: Pod, container: Container, delay: number): void {
    container.listenAt = this.#simulation.now + delay;
    this.#later(pod, this.#kinds.listen, delay);
  }

  #later(pod: Pod, kind: number, delay: number): void {
    this.#simulation.scheduleAfter(delay, kind, pod.number, pod.restarts);
  }
}
