import type { Simulation } from "../kernel/simulation.ts";
import type { KubeletSpec, ProbeSpec, WorkloadSpec } from "./clusterSpec.ts";
import type { DataPlane } from "./dataPlane.ts";
import { exists, isListening, type Pod } from "./pod.ts";
import {
  countResult,
  hold,
  nextTick,
  PROBE_KINDS,
  type ProbeKind,
  type ProbeWorker,
  probeToken,
  readToken,
  resumeProbing,
} from "./probeWorker.ts";

/**
 * Asks the containers of all pods what their probes ask, on the ticks of each. A startup probe
 * holds the others back until it has succeeded; then readiness is asked at once, liveness on its
 * next tick. There is no jitter: the kubelet's own comes only after it has itself been restarted.
 * Probes end with the deletion of the pod (the kubelet's readiness probes go on, but endpoints and
 * autoscalers do not look at them any more).
 * Source: pkg/kubelet/prober/worker.go and prober_manager.go (kubernetes/kubernetes)
 */
export class ProbeManager {
  readonly #simulation: Simulation;
  readonly #plane: DataPlane;
  readonly #pods: readonly Pod[];
  readonly #ticks: KubeletSpec["probeTicks"];
  readonly #specOf: (pod: Pod) => WorkloadSpec;
  readonly #result: (pod: Pod, kind: ProbeKind, ok: boolean) => void;
  readonly #tick: number;

  constructor(parts: {
    readonly simulation: Simulation;
    readonly plane: DataPlane;
    /** By number: the cluster appends. */
    readonly pods: readonly Pod[];
    readonly ticks: KubeletSpec["probeTicks"];
    readonly specOf: (pod: Pod) => WorkloadSpec;
    /** A probe has succeeded or failed as many times in a row as its threshold says. */
    readonly result: (pod: Pod, kind: ProbeKind, ok: boolean) => void;
  }) {
    this.#simulation = parts.simulation;
    this.#plane = parts.plane;
    this.#pods = parts.pods;
    this.#ticks = parts.ticks;
    this.#specOf = parts.specOf;
    this.#result = parts.result;
    this.#tick = parts.simulation.register("probe is due", (pod, token) => this.#due(pod, token));
  }

  /** A new container runs; its process may not listen yet. */
  containerStarted(pod: Pod): void {
    for (const kind of PROBE_KINDS) resumeProbing(workerOf(pod, kind));
    const { now } = this.#simulation;
    if (this.#probe(pod, "startup") !== null) this.#begin(pod, "startup", now);
    else {
      this.#begin(pod, "readiness", now);
      this.#begin(pod, "liveness", now);
    }
  }

  /** The container has run for a while, and its probes have just been answered. */
  containerRuns(pod: Pod): void {
    const after = this.#simulation.now + 1;
    this.#begin(pod, "readiness", after);
    this.#begin(pod, "liveness", after);
  }

  /** The startup probe has succeeded. */
  startupSucceeded(pod: Pod, startedAt: number): void {
    const { now } = this.#simulation;
    const readiness = this.#probe(pod, "readiness");
    if (readiness !== null && now >= startedAt + readiness.initialDelay) {
      this.#ask(pod, "readiness", readiness);
    }
    this.#begin(pod, "readiness", now + 1);
    this.#begin(pod, "liveness", now + 1);
  }

  /** The data plane's answer; one that an earlier container owed is nobody's. */
  probed(number: number, token: number, ok: boolean): void {
    const pod = this.#pods[number]!;
    const { kind, restarts } = readToken(token);
    if (!isProbed(pod, restarts)) return;
    const worker = workerOf(pod, kind);
    const probe = this.#probe(pod, kind);
    if (probe === null || !worker.inFlight) return;
    worker.inFlight = false;
    if (worker.onHold) return;
    this.#count(pod, kind, probe, ok && !this.#specOf(pod).failsProbes.includes(kind));
    // What came of it may have ended the container, or even begun the next one.
    if (!isProbed(pod, restarts) || !worker.isDue || worker.onHold) return;
    worker.isDue = false;
    this.#ask(pod, kind, probe);
  }

  #begin(pod: Pod, kind: ProbeKind, notBefore: number): void {
    const probe = this.#probe(pod, kind);
    const { container } = pod;
    if (probe === null || container === null) return;
    const earliest = container.startedAt + probe.initialDelay;
    const anchor = this.#ticks === "pod" ? (pod.scheduledAt ?? earliest) : earliest;
    const first = nextTick(anchor, probe.period, Math.max(earliest, notBefore));
    const token = probeToken(kind, pod.restarts);
    this.#simulation.schedule(first, this.#tick, pod.number, token);
  }

  #due(number: number, token: number): void {
    const pod = this.#pods[number]!;
    const { kind, restarts } = readToken(token);
    const probe = this.#probe(pod, kind);
    if (probe === null || !isProbed(pod, restarts) || workerOf(pod, kind).onHold) return;
    if (kind === "startup" && pod.container?.started === true) return;
    this.#simulation.scheduleAfter(probe.period, this.#tick, number, token);
    this.#ask(pod, kind, probe);
  }

  #ask(pod: Pod, kind: ProbeKind, probe: ProbeSpec): void {
    const worker = workerOf(pod, kind);
    if (worker.inFlight) {
      worker.isDue = true;
      return;
    }
    // Nobody listens: the connection is refused at once. A command finds that out as well, for it
    // is there to tell whether the process works.
    if (!isListening(pod)) {
      this.#count(pod, kind, probe, false);
      return;
    }
    worker.inFlight = true;
    const token = probeToken(kind, pod.restarts);
    this.#plane.sendProbe(pod.number, token, probe.timeout, probe.handler);
  }

  #count(pod: Pod, kind: ProbeKind, probe: ProbeSpec, ok: boolean): void {
    const worker = workerOf(pod, kind);
    const result = countResult(worker, probe, ok);
    if (result === null) return;
    if (!result && kind !== "readiness") hold(worker);
    this.#result(pod, kind, result);
  }

  #probe(pod: Pod, kind: ProbeKind): ProbeSpec | null {
    const spec = this.#specOf(pod);
    switch (kind) {
      case "startup":
        return spec.startupProbe;
      case "readiness":
        return spec.readinessProbe;
      default:
        return spec.livenessProbe;
    }
  }
}

/** The container with this number of restarts runs, in a pod that is wanted. */
const isProbed = (pod: Pod, restarts: number): boolean =>
  exists(pod) && pod.deletedAt === null && pod.container !== null && pod.restarts === restarts;

function workerOf(pod: Pod, kind: ProbeKind): ProbeWorker {
  switch (kind) {
    case "startup":
      return pod.startupProbe;
    case "readiness":
      return pod.readinessProbe;
    default:
      return pod.livenessProbe;
  }
}
