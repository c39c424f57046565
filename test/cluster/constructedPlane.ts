import type { ProbeHandler } from "../../sim/cluster/clusterSpec.ts";
import type {
  DataPlane,
  DataPlaneListener,
  QueueDepth,
  ReplicaStart,
  ReplicaUsage,
  RevisionCounts,
} from "../../sim/cluster/dataPlane.ts";
import { readToken } from "../../sim/cluster/probeWorker.ts";
import { SimulatedCluster } from "../../sim/cluster/simulatedCluster.ts";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { Simulation } from "../../sim/kernel/simulation.ts";
import { micros, seconds } from "../../sim/kernel/time.ts";
import { LatencyHistogram, type LatencyHistogramState } from "../../sim/stats/latencyHistogram.ts";
import { type ScenarioText, scenarioOf } from "../support/scenarios.ts";

export interface AskedProbe {
  readonly replica: number;
  readonly kind: "startup" | "readiness" | "liveness";
  readonly restarts: number;
  readonly handler: ProbeHandler;
  /** In seconds. */
  readonly at: number;
}

/** How long the answer takes, in seconds, and whether it is a good one. */
type Answer = (probe: AskedProbe) => { readonly ok: boolean; readonly after: number };

/** Nothing but what a test says: answers to probes, and when a draining replica is empty. */
export class ConstructedPlane implements DataPlane {
  readonly probes: AskedProbe[] = [];
  readonly drains: { readonly replica: number; readonly listener: string; readonly at: number }[] =
    [];
  readonly starts: { readonly replica: number; readonly at: number }[] = [];
  /** The replicas of service 0 that callers know. */
  endpoints: readonly number[] = [];
  readonly #simulation: Simulation;
  readonly #answer: Answer;
  readonly #drains: boolean;
  readonly #answered: number;
  readonly #pending: { replica: number; token: number; ok: boolean }[] = [];
  #listener: DataPlaneListener | null = null;

  constructor(simulation: Simulation, { answer, drains }: { answer: Answer; drains: boolean }) {
    this.#simulation = simulation;
    this.#answer = answer;
    this.#drains = drains;
    this.#answered = simulation.register("constructed answer", (index) => {
      const { replica, token, ok } = this.#pending[index]!;
      this.#listener?.probed(replica, token, ok);
    });
  }

  get listener(): DataPlaneListener {
    if (this.#listener === null) throw new Error("no cluster is attached");
    return this.#listener;
  }

  attach(listener: DataPlaneListener): void {
    this.#listener = listener;
  }

  startReplica({ replica }: ReplicaStart): void {
    this.starts.push({ replica, at: this.#now() });
  }

  drainReplica(replica: number, listener: "open" | "closed"): void {
    this.drains.push({ replica, listener, at: this.#now() });
    if (this.#drains) this.#listener?.drained(replica);
  }

  killReplica(): void {}

  setEndpoints(service: number, replicas: readonly number[]): void {
    if (service === 0) this.endpoints = replicas;
  }

  setMembers(): void {}
  setRoutes(): void {}

  sendProbe(replica: number, token: number, timeout: number, handler: ProbeHandler): void {
    const probe = { replica, ...readToken(token), handler, at: this.#now() };
    this.probes.push(probe);
    const { ok, after } = this.#answer(probe);
    const isLate = after * 1e6 > timeout;
    const index = this.#pending.push({ replica, token, ok: ok && !isLate }) - 1;
    this.#simulation.scheduleAfter(isLate ? timeout : after * 1e6, this.#answered, index, 0);
  }

  setCores(): void {}

  runnable(): number {
    return 0;
  }

  usage(): ReplicaUsage {
    const none = { cpuMicros: 0, throttledMicros: 0, memoryBytes: 0 };
    return { ...none, requests: 0, inFlight: 0, queued: 0 };
  }

  queueDepth(): QueueDepth {
    return { lag: 0, waiting: 0, oldestAgeMicros: 0 };
  }

  revisionCounts(): RevisionCounts {
    return { requests: 0, failures: 0, p50Ms: null, p95Ms: null, p99Ms: null };
  }

  recentCounts(): RevisionCounts {
    return this.revisionCounts();
  }

  resetRevisionCounts(): void {}
  watchLatencies(): void {}

  takeLatencies(): LatencyHistogramState {
    return new LatencyHistogram().state();
  }

  applyEffect(): void {}
  clearEffect(): void {}

  #now(): number {
    return this.#simulation.now / 1e6;
  }
}

/** A service "shop" whose pods meet no delays but those that a test adds. */
const written = (shop: ScenarioText, cluster: ScenarioText): ScenarioText => ({
  services: { shop: { replicas: 0, startup: "0s", endpoints: { get: [] }, ...shop } },
  cluster: { scheduling: "0s", endpointLag: "0s", ...cluster },
  traffic: { users: { rate: "1/s", call: "shop" } },
});

/** A cluster over a constructed plane; its shop has been scaled to `replicas` at time 0. */
export function constructedCluster({
  shop,
  cluster: settings = {},
  replicas = 1,
  answer = () => ({ ok: true, after: 0 }),
  drains = true,
}: {
  readonly shop: ScenarioText;
  readonly cluster?: ScenarioText;
  readonly replicas?: number;
  readonly answer?: Answer;
  /** Whether a replica that drains is empty at once, or never. */
  readonly drains?: boolean;
}): {
  readonly simulation: Simulation;
  readonly plane: ConstructedPlane;
  readonly cluster: SimulatedCluster;
  /** Runs up to a moment, in seconds. */
  readonly until: (second: number) => void;
  /** Does something at a moment, in seconds, while it runs. */
  readonly at: (second: number, action: () => void) => void;
} {
  const simulation = new Simulation();
  const plane = new ConstructedPlane(simulation, { answer, drains });
  const service = { name: "shop", kind: "service", endpoints: ["get"] } as const;
  const cluster = new SimulatedCluster({
    simulation,
    draws: new KeyedDraws({ seed: 1, replication: 0 }),
    spec: scenarioOf(written(shop, settings)).cluster,
    services: [{ ...service, revisions: ["v1"], servers: 1, datastore: null }],
    plane,
  });
  const actions: (() => void)[] = [];
  const act = simulation.register("the test acts", (index) => actions[index]!());
  cluster.start({ scrapes: false });
  cluster.scale("shop", replicas);
  return {
    simulation,
    plane,
    cluster,
    until: (second) => simulation.runUntil(micros(second * 1e6)),
    at: (second, action) => {
      simulation.schedule(seconds(second), act, actions.push(action) - 1, 0);
    },
  };
}
