import type { ProbeHandler } from "../../cluster/clusterSpec.ts";
import type {
  ActiveEffect,
  DataPlane,
  DataPlaneListener,
  QueueDepth,
  ReplicaStart,
  ReplicaUsage,
  RevisionCounts,
  ShardMembers,
} from "../../cluster/dataPlane.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { Micros } from "../../kernel/time.ts";
import type { RouteRule } from "../../policy/rollout.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { LatencyHistogramState } from "../../stats/latencyHistogram.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { DistributionSpec } from "../../workload/distributions.ts";
import type { CallObserver, Census } from "../callObserver.ts";
import type { CallPlan } from "../callplan/plan.ts";
import { GAVE_UP, KILLED, LOCK_TIMEOUT, POOL_TIMEOUT } from "../failure.ts";
import { Caches } from "./caches.ts";
import { Calls } from "./calls.ts";
import { CallTable, FLAG, INT, STRIDE } from "./callTable.ts";
import { Connections } from "./connections.ts";
import { Consumers } from "./consumers.ts";
import { CpuScheduler, type CpuWork } from "./cpu.ts";
import { Effects } from "./effects.ts";
import { Endpoints } from "./endpoints.ts";
import { Guards } from "./guards.ts";
import { Journeys } from "./journeys.ts";
import type { Links } from "./links.ts";
import { type LockFigures, Locks } from "./locks.ts";
import { Memory } from "./memory.ts";
import { Outliers } from "./outliers.ts";
import type { PlaneParts } from "./parts.ts";
import { Probes } from "./probes.ts";
import { CLOSED, ConnectionPool, DRAINING, GONE, ReplicaTable } from "./replicaTable.ts";
import { RevisionCounters } from "./revisionCounters.ts";
import { Router } from "./router.ts";
import { ServiceGuards } from "./serviceGuards.ts";
import { type ShardFigures, Shards } from "./shards.ts";
import type { SlotKeeper } from "./slotKeeper.ts";
import { Slots } from "./slots.ts";
import type { StationFigures } from "./stationFigures.ts";
import { Stations } from "./stations.ts";
import { Walker } from "./walker.ts";

const { FLAGS, GENERATION, POOL, REPLICA } = INT;
const { ADMITTED, BRANCH, HOLDS_SLOT, PROBE, QUEUED, WAITS_FOR_CONNECTION } = FLAG;

export interface ExactParts {
  readonly simulation: Simulation;
  readonly plan: CallPlan;
  readonly draws: KeyedDraws;
  readonly recorder: Recorder;
  /** By traffic. */
  readonly attributes: readonly AttributeSampler[];
  readonly links: Links;
  /** Requests that arrive from here on are measured. */
  readonly measureFrom: number;
  /** From the publishing of endpoints until each caller knows them; null for at once. */
  readonly callerLag: DistributionSpec | null;
  readonly observer?: CallObserver | undefined;
}

/**
 * Follows every request. A request is a row that walks its endpoint's program; calls to other
 * services are rows of their own, whose caller holds its concurrency slot while it waits (unless
 * its service is asynchronous). The parts: `Walker` carries out programs, `Calls` sends and
 * answers,
 * `Slots` and `Connections` make rows wait, `CpuScheduler` does the work, `Journeys` are the
 * clients.
 */
export class ExactDataPlane implements DataPlane {
  readonly #simulation: Simulation;
  readonly #plan: CallPlan;
  readonly #rows = new CallTable();
  readonly #replicas = new ReplicaTable();
  readonly #effects: Effects;
  readonly #counters: RevisionCounters;
  readonly #cpu: CpuScheduler;
  readonly #memory: Memory;
  readonly #endpoints: Endpoints;
  readonly #router: Router;
  readonly #journeys: Journeys;
  readonly #caches: Caches;
  readonly #locks: Locks;
  readonly #probes: Probes;
  readonly #calls: Calls;
  readonly consumers: Consumers;
  readonly #guards: Guards;
  readonly #gate: ServiceGuards;
  readonly #outliers: Outliers;
  readonly #shards: Shards;
  readonly #walker: Walker;
  readonly #slots: SlotKeeper;
  readonly #stations: Stations | null;
  #listener: DataPlaneListener | null = null;

  constructor({ links, measureFrom, callerLag, ...given }: ExactParts) {
    const { simulation, plan } = given;
    this.#simulation = simulation;
    this.#plan = plan;
    this.#effects = new Effects(plan.services.length);
    this.#counters = new RevisionCounters(plan.services, simulation);
    const parts: PlaneParts = {
      ...given,
      observer: given.observer ?? null,
      rows: this.#rows,
      replicas: this.#replicas,
      effects: this.#effects,
      walk: (row) => this.#walker.walk(row),
    };
    this.#cpu = new CpuScheduler(parts);
    this.#memory = new Memory(parts, {
      outOfMemory: (replica) => this.#listener?.outOfMemory(replica),
    });
    this.#endpoints = new Endpoints(parts, callerLag, (replica) => this.#listener?.heard(replica));
    this.#outliers = new Outliers(parts);
    this.#shards = new Shards(parts);
    this.#router = new Router(parts, {
      endpoints: this.#endpoints,
      outliers: this.#outliers,
      shards: this.#shards,
    });
    const plain = new Slots(parts);
    // Only a plan that has stations pays for asking which services are some.
    this.#stations = plan.services.some(({ station }) => station !== null)
      ? new Stations(parts, { plain, abandoned: (row) => this.#calls.finish(row, GAVE_UP) })
      : null;
    const slots = this.#stations ?? plain;
    this.#slots = slots;
    const connections = new Connections(parts, {
      slots,
      gaveUp: (row) => this.#calls.finish(row, POOL_TIMEOUT),
    });
    this.#journeys = new Journeys(parts, { measureFrom });
    this.#caches = new Caches(parts, (row) => slots.resume(row));
    this.#locks = new Locks(parts, {
      slots,
      gaveUp: (row) => this.#calls.finish(row, LOCK_TIMEOUT),
    });
    this.#probes = new Probes(parts, {
      slots,
      probed: (replica, token, ok) => this.#listener?.probed(replica, token, ok),
    });
    this.#guards = new Guards(parts);
    this.#gate = new ServiceGuards(parts, this.#guards);
    this.#calls = new Calls(parts, {
      guards: this.#guards,
      gate: this.#gate,
      outliers: this.#outliers,
      shards: this.#shards,
      router: this.#router,
      links,
      counters: this.#counters,
      slots,
      connections,
      journeys: this.#journeys,
      memory: this.#memory,
      drained: (replica) => this.#listener?.drained(replica),
      messageEnded: (row, reason) => this.consumers.ended(row, reason),
    });
    this.consumers = new Consumers(parts, {
      handOver: (row, site, replica) => this.#calls.handOver(row, site, replica),
    });
    this.#walker = this.#newWalker(parts, connections);
  }

  #newWalker(parts: PlaneParts, connections: Connections): Walker {
    return new Walker(parts, {
      cpu: this.#stations === null ? this.#cpu : workAt(this.#stations, this.#cpu),
      slots: this.#slots,
      connections,
      journeys: this.#journeys,
      probes: this.#probes,
      calls: this.#calls,
      caches: this.#caches,
      locks: this.#locks,
    });
  }

  attach(listener: DataPlaneListener): void {
    this.#listener = listener;
  }

  /** A client begins a journey now. `request` is its number within the traffic. */
  startJourney(traffic: number, request: number): void {
    this.#journeys.start(traffic, request);
  }

  /** The virtual users of closed workloads begin. */
  startUsers(): void {
    this.#journeys.startUsers();
  }

  /** Measured requests that wait for an answer: counted row by row, to check the balance. */
  countInFlight(): number {
    return this.#journeys.countInFlight();
  }

  /** Requests at the running replicas of a service. */
  census(service: number): Census {
    const { count, phase, queueLength, busySlots } = this.#replicas;
    let [waiting, serving] = [0, 0];
    for (let replica = 0; replica < count; replica++) {
      if (this.#replicas.service[replica] !== service || phase[replica] === GONE) continue;
      waiting += queueLength[replica]!;
      serving += busySlots[replica]!;
    }
    return { waiting, serving };
  }

  /** The measured time begins. */
  beginMeasuring(): void {
    this.#stations?.resetFigures();
    this.#locks.resetFigures();
    this.#shards.resetFigures();
  }

  /** How the calls to a datastore were spread; null for what has no shards or replicas. */
  shardFigures(service: number): ShardFigures | null {
    return this.#shards.figures(service);
  }

  /** What locks of rows cost in the measured time so far, by table. */
  lockFigures(): readonly LockFigures[] {
    return this.#locks.figures;
  }

  /**
   * What happened in the queues of a service in the measured time so far: of one whose slots are a
   * station (it says more of them than how many there are); null for others.
   */
  stationFigures(service: number): StationFigures | null {
    return this.#stations?.figures(service) ?? null;
  }

  /** Whether a request that came to a replica with a station now would be served at once. */
  hasIdleServer(replica: number): boolean {
    return this.#stations?.hasIdleServer(replica) ?? false;
  }

  startReplica(start: ReplicaStart): void {
    const { replica, service } = start;
    const { now } = this.#simulation;
    const replicas = this.#replicas;
    const { pools, warmUp } = this.#plan.services[service]!;
    replicas.add(replica);
    replicas.service[replica] = service;
    replicas.revision[replica] = start.revision;
    replicas.zone[replica] = start.zone;
    replicas.cores[replica] = start.cores;
    replicas.begin(replica, now);
    // Processes that are there when the run begins are warm.
    replicas.startedAt[replica] = now === 0 ? -(warmUp?.duration ?? 0) : now;
    replicas.pools[replica] = pools.map((pool) => new ConnectionPool(pool.size));
    this.#cpu.prepare(start, replicas.ordinal[replica]!);
    this.#memory.begin(replica, start.memoryLimitBytes);
    this.#slots.begin(replica);
    this.consumers.started(replica, service);
    this.#caches.forget(replica);
  }

  drainReplica(replica: number, listener: "open" | "closed"): void {
    const { phase } = this.#replicas;
    if (phase[replica] === GONE || phase[replica] === CLOSED) return;
    phase[replica] = listener === "closed" ? CLOSED : DRAINING;
    this.consumers.stopped(replica, "drains");
    if (this.#replicas.outstanding[replica] === 0) this.#listener?.drained(replica);
  }

  killReplica(replica: number): void {
    const replicas = this.#replicas;
    if (replicas.phase[replica] === GONE) return;
    replicas.phase[replica] = GONE;
    this.consumers.stopped(replica, "gone");
    this.#cpu.clear(replica);
    this.#slots.clear(replica);
    replicas.outstanding[replica] = 0;
    replicas.pools[replica] = [];
    for (const [row, generation] of this.#rowsIn(replica)) {
      // A call of the replica to itself has taken its caller along already.
      if (!this.#rows.is(row, generation)) continue;
      const flags = this.#rows.int[row + FLAGS]!;
      // Branches die with the row that they belong to: nobody has to be told.
      if ((flags & BRANCH) !== 0) this.#calls.lost(row);
      else if ((flags & PROBE) !== 0) this.#probes.finish(row, false);
      else this.#calls.finish(row, KILLED);
    }
    this.#calls.forget(replica);
    this.#guards.forget(replica);
    this.#outliers.forget(replica);
  }

  /** Rows of a replica that died, with their generations: they hold nothing any more. */
  #rowsIn(replica: number): readonly (readonly [number, number])[] {
    const { int, end } = this.#rows;
    const dead: [number, number][] = [];
    for (let row = 0; row < end; row += STRIDE) {
      const flags = int[row + FLAGS]!;
      // Calls on their way to it find out when they arrive; answers on their way back are safe.
      if (int[row + REPLICA] !== replica || (flags & (ADMITTED | BRANCH | PROBE)) === 0) continue;
      if (this.#gate.isAny && (flags & ADMITTED) !== 0) this.#gate.letOut(row, "ignored");
      int[row + FLAGS] = flags & ~(HOLDS_SLOT | ADMITTED | QUEUED | WAITS_FOR_CONNECTION);
      int[row + POOL] = -1;
      dead.push([row, int[row + GENERATION]!]);
    }
    return dead;
  }

  setEndpoints(service: number, replicas: readonly number[]): void {
    this.#replicas.publish(replicas, this.#simulation.now);
    this.#endpoints.set(service, replicas);
  }

  setMembers(service: number, shards: readonly ShardMembers[]): void {
    this.#shards.setMembers(service, shards);
  }

  setRoutes(service: number, routes: readonly RouteRule[]): void {
    this.#router.setRoutes(service, routes);
  }

  sendProbe(
    replica: number,
    token: number,
    timeout: number,
    handler: ProbeHandler = "httpGet",
  ): void {
    this.#probes.send(replica, token, { timeout, handler });
  }

  setCores(replica: number, cores: number): void {
    this.#cpu.setCores(replica, cores);
  }

  runnable(replica: number): number {
    return this.#cpu.runnable(replica);
  }

  usage(replica: number): ReplicaUsage {
    const replicas = this.#replicas;
    return {
      cpuMicros: replicas.cpuUsed(replica, this.#simulation.now),
      throttledMicros: this.#cpu.throttledMicros(replica),
      memoryBytes: this.#memory.usedBytes(replica),
      requests: replicas.requests[replica]!,
      inFlight: replicas.outstanding[replica]!,
      queued: replicas.queueLength[replica]!,
    };
  }

  queueDepth(topic: string, group: string): QueueDepth {
    return this.consumers.depth(topic, group);
  }

  revisionCounts(service: number, revision: number): RevisionCounts {
    return this.#counters.counts(service, revision);
  }

  recentCounts(service: number, revision: number, window: Micros): RevisionCounts {
    return this.#counters.recent(service, revision, window);
  }

  resetRevisionCounts(service: number): void {
    this.#counters.reset(service);
  }

  watchLatencies(service: number): void {
    this.#counters.watchScrapes(service);
  }

  takeLatencies(service: number): LatencyHistogramState {
    return this.#counters.takeScraped(service);
  }

  /**
   * Latencies per revision cost a histogram entry a call: only services with a rollout pay it, and
   * another one where windows are asked for, of at most this length (0 for none).
   */
  watchRevisions(service: number, longest: Micros): void {
    this.#counters.watch(service);
    if (longest > 0) this.#counters.watchWindows(service, longest);
  }

  applyEffect(effect: ActiveEffect): void {
    this.#effects.apply(effect);
  }

  clearEffect(id: number): void {
    this.#effects.clear(id);
  }

  state(): Json {
    return {
      rows: this.#rows.state(),
      replicas: this.#replicas.state(),
      slots: this.#slots.state(),
      endpoints: this.#endpoints.state(),
      router: this.#router.state(),
      effects: this.#effects.state(),
      counters: this.#counters.state(),
      caches: this.#caches.state(),
      locks: this.#locks.state(),
      shards: this.#shards.state(),
      consumers: this.consumers.state(),
      calls: this.#calls.state(),
      guards: this.#guards.state(),
      outliers: this.#outliers.state(),
    };
  }

  restore(state: Json): void {
    const saved = savedState<Record<string, Json>>(state);
    this.#rows.restore(saved["rows"]!);
    this.#replicas.restore(saved["replicas"]!);
    this.#slots.restore(saved["slots"]!);
    this.#memory.restore();
    this.#endpoints.restore(saved["endpoints"]!);
    this.#router.restore(saved["router"]!);
    this.#effects.restore(saved["effects"]!);
    this.#counters.restore(saved["counters"]!);
    this.#caches.restore(saved["caches"]!);
    this.#locks.restore(saved["locks"]!);
    this.#shards.restore(saved["shards"]!);
    this.consumers.restore(saved["consumers"]!);
    this.#calls.restore(saved["calls"]!);
    this.#guards.restore(saved["guards"]!);
    this.#outliers.restore(saved["outliers"]!);
  }
}

/** Work of stations is theirs, which may stop it; all other work is the CPU scheduler's. */
const workAt = (stations: Stations, cpu: CpuScheduler): CpuWork => ({
  start(row, demand) {
    if (!stations.work(row, demand)) cpu.start(row, demand);
  },
});
