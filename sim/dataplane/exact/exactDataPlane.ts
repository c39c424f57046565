import type {
  ActiveEffect,
  DataPlane,
  DataPlaneListener,
  ReplicaStart,
  ReplicaUsage,
  RevisionCounts,
} from "../../cluster/dataPlane.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { RouteRule } from "../../policy/rollout.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { CallPlan } from "../callplan/plan.ts";
import { KILLED, POOL_TIMEOUT } from "../failure.ts";
import { Calls } from "./calls.ts";
import {
  ADMITTED,
  BRANCH,
  CallTable,
  FLAGS,
  GENERATION,
  HOLDS_SLOT,
  POOL,
  QUEUED,
  REPLICA,
  STRIDE,
  WAITS_FOR_CONNECTION,
} from "./callTable.ts";
import { Connections } from "./connections.ts";
import { CpuScheduler } from "./cpu.ts";
import { Effects } from "./effects.ts";
import { Journeys } from "./journeys.ts";
import type { Links } from "./links.ts";
import type { PlaneParts } from "./parts.ts";
import { CLOSED, ConnectionPool, DRAINING, GONE, ReplicaTable, SERVING } from "./replicaTable.ts";
import { RevisionCounters } from "./revisionCounters.ts";
import { Router } from "./router.ts";
import { Slots } from "./slots.ts";
import { Walker } from "./walker.ts";

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
}

/**
 * Follows every request. A request is a row that walks its endpoint's program; calls to other
 * services are rows of their own, whose caller holds its concurrency slot while it waits (unless
 * its service is asynchronous). The parts: `Walker` carries out programs, `Calls` sends and answers,
 * `Slots` and `Connections` make rows wait, `CpuScheduler` does the work, `Journeys` are the clients.
 */
export class ExactDataPlane implements DataPlane {
  readonly #simulation: Simulation;
  readonly #plan: CallPlan;
  readonly #rows = new CallTable();
  readonly #replicas = new ReplicaTable();
  readonly #effects: Effects;
  readonly #counters: RevisionCounters;
  readonly #cpu: CpuScheduler;
  readonly #router: Router;
  readonly #journeys: Journeys;
  readonly #calls: Calls;
  readonly #walker: Walker;
  readonly #probeAnswer: number;
  #listener: DataPlaneListener | null = null;

  constructor({ links, measureFrom, ...given }: ExactParts) {
    const { simulation, plan } = given;
    this.#simulation = simulation;
    this.#plan = plan;
    this.#effects = new Effects(plan.services.length);
    this.#counters = new RevisionCounters(plan.services.map((service) => service.revisions.length));
    const parts: PlaneParts = {
      ...given,
      rows: this.#rows,
      replicas: this.#replicas,
      effects: this.#effects,
      walk: (row) => this.#walker.walk(row),
    };
    this.#cpu = new CpuScheduler(parts);
    this.#router = new Router(parts);
    const slots = new Slots(parts);
    const connections = new Connections(parts, {
      slots,
      gaveUp: (row) => this.#calls.finish(row, POOL_TIMEOUT),
    });
    this.#journeys = new Journeys(parts, { measureFrom });
    this.#calls = new Calls(parts, {
      router: this.#router,
      links,
      counters: this.#counters,
      slots,
      connections,
      journeys: this.#journeys,
      drained: (replica) => this.#listener?.drained(replica),
    });
    this.#walker = new Walker(parts, {
      cpu: this.#cpu,
      slots,
      connections,
      journeys: this.#journeys,
      calls: this.#calls,
    });
    this.#probeAnswer = simulation.register("probe is answered", (replica, token) => {
      const phase = this.#replicas.phase[replica];
      this.#listener?.probed(replica, token, phase === SERVING || phase === DRAINING);
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

  startReplica(start: ReplicaStart): void {
    const { replica, service } = start;
    const replicas = this.#replicas;
    const planned = this.#plan.services[service]!;
    replicas.add(replica);
    replicas.service[replica] = service;
    replicas.revision[replica] = start.revision;
    replicas.zone[replica] = start.zone;
    replicas.cores[replica] = start.cores;
    replicas.phase[replica] = SERVING;
    replicas.cpuSince[replica] = this.#simulation.now;
    this.#cpu.prepare(replica, service, start.cores);
    replicas.pools[replica] = planned.pools.map((pool) => new ConnectionPool(pool.size));
  }

  drainReplica(replica: number, listener: "open" | "closed"): void {
    const { phase } = this.#replicas;
    if (phase[replica] === GONE || phase[replica] === CLOSED) return;
    phase[replica] = listener === "closed" ? CLOSED : DRAINING;
    if (this.#replicas.outstanding[replica] === 0) this.#listener?.drained(replica);
  }

  killReplica(replica: number): void {
    const replicas = this.#replicas;
    if (replicas.phase[replica] === GONE) return;
    replicas.phase[replica] = GONE;
    this.#cpu.clear(replica);
    replicas.queueHead[replica] = -1;
    replicas.queueTail[replica] = -1;
    replicas.queueLength[replica] = 0;
    replicas.busySlots[replica] = 0;
    replicas.outstanding[replica] = 0;
    replicas.pools[replica] = [];
    for (const [row, generation] of this.#rowsIn(replica)) {
      // A call of the replica to itself has taken its caller along already.
      if (!this.#rows.is(row, generation)) continue;
      // Branches die with the row that they belong to, so only calls are answered.
      if ((this.#rows.int[row + FLAGS]! & BRANCH) !== 0) this.#rows.release(row);
      else this.#calls.finish(row, KILLED);
    }
  }

  /** Rows of a replica that died, with their generations: they hold nothing any more. */
  #rowsIn(replica: number): readonly (readonly [number, number])[] {
    const { int, end } = this.#rows;
    const dead: [number, number][] = [];
    for (let row = 0; row < end; row += STRIDE) {
      const flags = int[row + FLAGS]!;
      // Calls on their way to it find out when they arrive; answers on their way back are safe.
      if (int[row + REPLICA] !== replica || (flags & (ADMITTED | BRANCH)) === 0) continue;
      int[row + FLAGS] = flags & ~(HOLDS_SLOT | ADMITTED | QUEUED | WAITS_FOR_CONNECTION);
      int[row + POOL] = -1;
      dead.push([row, int[row + GENERATION]!]);
    }
    return dead;
  }

  setEndpoints(service: number, replicas: readonly number[]): void {
    this.#router.setEndpoints(service, replicas);
  }

  setRoutes(service: number, routes: readonly RouteRule[]): void {
    this.#router.setRoutes(service, routes);
  }

  sendProbe(replica: number, token: number): void {
    this.#simulation.scheduleAfter(0, this.#probeAnswer, replica, token);
  }

  setCores(replica: number, cores: number): void {
    this.#replicas.cores[replica] = cores;
    this.#cpu.setCores(replica, cores);
  }

  usage(replica: number): ReplicaUsage {
    const replicas = this.#replicas;
    const memory = this.#plan.services[replicas.service[replica]!]!.memory;
    const inFlight = replicas.outstanding[replica]!;
    return {
      cpuMicros: replicas.cpuUsed(replica, this.#simulation.now),
      throttledMicros: 0,
      memoryBytes: memory.baseBytes + memory.perRequestBytes * inFlight,
      requests: replicas.requests[replica]!,
      inFlight,
      queued: replicas.queueLength[replica]!,
    };
  }

  revisionCounts(service: number, revision: number): RevisionCounts {
    return this.#counters.counts(service, revision);
  }

  resetRevisionCounts(service: number): void {
    this.#counters.reset(service);
  }

  /** Latencies per revision cost a histogram entry a call: only services with a rollout pay it. */
  watchRevisions(service: number): void {
    this.#counters.watch(service);
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
      router: this.#router.state(),
      effects: this.#effects.state(),
      counters: this.#counters.state(),
    };
  }

  restore(state: Json): void {
    const saved = savedState<Record<string, Json>>(state);
    this.#rows.restore(saved["rows"]!);
    this.#replicas.restore(saved["replicas"]!);
    this.#router.restore(saved["router"]!);
    this.#effects.restore(saved["effects"]!);
    this.#counters.restore(saved["counters"]!);
  }
}
