import type {
  ActiveEffect,
  DataPlane,
  DataPlaneListener,
  ReplicaStart,
  ReplicaUsage,
  RevisionCounts,
} from "../../cluster/dataPlane.ts";
import { assert } from "../../kernel/assert.ts";
import type { TimerLane } from "../../kernel/calendar.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import type { RouteRule } from "../../policy/rollout.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { type CallPlan, type CallSite, Op, type Program } from "../callplan/plan.ts";
import {
  ERROR,
  KILLED,
  NO_ENDPOINT,
  OK,
  POOL_TIMEOUT,
  QUEUE_FULL,
  REFUSED,
  TIMEOUT,
} from "../failure.ts";
import {
  ABANDONED,
  ADMITTED,
  BRANCH,
  CallTable,
  HOLDS_SLOT,
  MEASURED,
  QUEUED,
  WAITS_FOR_CONNECTION,
} from "./callTable.ts";
import { CpuScheduler } from "./cpu.ts";
import { Effects } from "./effects.ts";
import type { Links, Place } from "./links.ts";
import { CLOSED, ConnectionPool, DRAINING, GONE, ReplicaTable, SERVING } from "./replicaTable.ts";
import { RevisionCounters } from "./revisionCounters.ts";
import { Router } from "./router.ts";

/** Sites of draws that belong to a call as a whole; instruction sites are hashes of names. */
const ERROR_SITE = 0x51000000;
const FACTOR_SITE = 0x54000000;
const BACKOFF_SITE = 0x55000000;
const JOURNEY_SITE = 0x56000000;

/** Between two journeys of a virtual user of which the first took no time: one millisecond. */
const IDLE_PAUSE = 1000;

/** What an answer on its way back has of the call. */
const ANSWER_COLUMNS = [
  "parent",
  "parentGeneration",
  "replica",
  "site",
  "attempt",
  "traffic",
  "request",
  "key",
  "start",
  "queued",
  "served",
] as const;

/** Domain events of the trace digest. */
const TRACE = { sent: 1, refused: 2, answered: 3, gaveUp: 4, requested: 5, completed: 6 } as const;

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
 * its service is asynchronous). A caller that times out goes on as failed while the abandoned call
 * works to its end.
 */
export class ExactDataPlane implements DataPlane {
  readonly #simulation: Simulation;
  readonly #plan: CallPlan;
  readonly #program: Program;
  readonly #draws: KeyedDraws;
  readonly #recorder: Recorder;
  readonly #attributes: readonly AttributeSampler[];
  readonly #measureFrom: number;
  readonly #rows = new CallTable();
  readonly #replicas = new ReplicaTable();
  readonly #cpu: CpuScheduler;
  readonly #router: Router;
  readonly #links: Links;
  readonly #effects: Effects;
  readonly #counters: RevisionCounters;
  /** By call site; null where calls have no timeout. */
  readonly #lanes: readonly (TimerLane | null)[];
  readonly #waitEnd: number;
  readonly #arrival: number;
  readonly #answer: number;
  readonly #timeout: number;
  readonly #retry: number;
  readonly #poolTimeout: number;
  readonly #probeAnswer: number;
  #listener: DataPlaneListener | null = null;

  constructor(parts: ExactParts) {
    const { simulation, plan } = parts;
    this.#simulation = simulation;
    this.#plan = plan;
    this.#program = plan.program;
    this.#draws = parts.draws;
    this.#recorder = parts.recorder;
    this.#attributes = parts.attributes;
    this.#measureFrom = parts.measureFrom;
    this.#links = parts.links;
    this.#cpu = new CpuScheduler({
      simulation,
      rows: this.#rows,
      replicas: this.#replicas,
      disciplines: plan.services.map((service) => service.discipline),
      done: (row) => this.#advance(row),
    });
    this.#router = new Router({
      services: plan.services,
      draws: parts.draws,
      rows: this.#rows,
      replicas: this.#replicas,
      attributes: parts.attributes,
    });
    this.#effects = new Effects(plan.services.length);
    this.#counters = new RevisionCounters(plan.services.map((service) => service.revisions.length));
    this.#lanes = plan.program.sites.map((site) =>
      site.timeout === null ? null : simulation.lane(site.timeout),
    );
    this.#waitEnd = simulation.register("wait ends", (row, generation) => {
      if (this.#rows.generation[row] === generation) this.#endWait(row);
    });
    this.#arrival = simulation.register("call arrives", (row, generation) => {
      if (this.#rows.generation[row] === generation) this.#arrive(row);
    });
    this.#answer = simulation.register("answer arrives", (row, generation) => {
      if (this.#rows.generation[row] === generation) this.#deliver(row, this.#rows.pending[row]!);
    });
    this.#timeout = simulation.register("call times out", (row, generation) => {
      if (this.#rows.generation[row] === generation) this.#abandon(row);
    });
    this.#retry = simulation.register("call is retried", (row, generation) => {
      if (this.#rows.generation[row] === generation) this.#sendAgain(row);
    });
    this.#probeAnswer = simulation.register("probe is answered", (replica, token) => {
      const phase = this.#replicas.phase[replica];
      this.#listener?.probed(replica, token, phase === SERVING || phase === DRAINING);
    });
    this.#poolTimeout = simulation.register("pool wait ends", (row, generation) => {
      if (this.#rows.generation[row] === generation) this.#endPoolWait(row);
    });
  }

  attach(listener: DataPlaneListener): void {
    this.#listener = listener;
  }

  // ---- clients -------------------------------------------------------------------------

  /** A client begins a journey now. `request` is its number within the traffic. */
  startJourney(traffic: number, request: number): void {
    const rows = this.#rows;
    const row = rows.take();
    rows.parent[row] = -1;
    rows.attempt[row] = 0;
    rows.traffic[row] = traffic;
    rows.request[row] = request;
    rows.key[row] = this.#plan.traffic[traffic]!.hash;
    this.#chooseJourney(row);
    this.#advance(row);
  }

  /**
   * The virtual users of closed workloads begin; each sends one request after another, for ever.
   */
  startUsers(): void {
    this.#plan.traffic.forEach(({ users }, traffic) => {
      for (let user = 0; user < users; user++) this.startJourney(traffic, user);
    });
  }

  #chooseJourney(row: number): void {
    const rows = this.#rows;
    const { hash, weights, entries } = this.#plan.traffic[rows.traffic[row]!]!;
    let journey = 0;
    if (entries.length > 1) {
      const draw = this.#draws.uniform(rows.request[row]!, hash ^ JOURNEY_SITE, 0);
      while (draw >= weights[journey]!) journey++;
    }
    rows.pc[row] = entries[journey]!;
  }

  /** Measured requests that wait for an answer: counted row by row, to check the balance. */
  countInFlight(): number {
    const { flags, parent, generation, used } = this.#rows;
    let count = 0;
    for (let row = 0; row < used; row++) {
      if ((flags[row]! & MEASURED) !== 0 && parent[row] === -1 && generation[row]! >= 0) count++;
    }
    return count;
  }

  // ---- the cluster's side --------------------------------------------------------------

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
    const rows = this.#rows;
    const dead: number[] = [];
    for (let row = 0; row < rows.used; row++) {
      // Calls on their way to it find out when they arrive; answers on their way back are safe.
      if (rows.replica[row] !== replica || (rows.flags[row]! & (ADMITTED | BRANCH)) === 0) continue;
      rows.flags[row]! &= ~(HOLDS_SLOT | ADMITTED | QUEUED | WAITS_FOR_CONNECTION);
      rows.pool[row] = -1;
      dead.push(row, rows.generation[row]!);
    }
    for (let i = 0; i < dead.length; i += 2) {
      const row = dead[i]!;
      // A call of the replica to itself has taken its caller along already.
      if (rows.generation[row] !== dead[i + 1]) continue;
      // Branches die with the row that they belong to, so only calls are answered.
      if ((rows.flags[row]! & BRANCH) !== 0) rows.release(row);
      else this.#finish(row, KILLED);
    }
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

  // ---- walking a plan ------------------------------------------------------------------

  /** Carries out instructions until the row has to wait for something. */
  #advance(row: number): void {
    const rows = this.#rows;
    const { op, x, site } = this.#program;
    for (;;) {
      const pc = rows.pc[row]!;
      const operand = x[pc]!;
      rows.pc[row] = pc + 1;
      switch (op[pc]) {
        case Op.Work:
          if (this.#work(row, operand, site[pc]!)) return;
          break;
        case Op.Wait:
          this.#wait(row, operand, site[pc]!);
          return;
        case Op.Call:
          this.#call(row, operand);
          return;
        case Op.Fork:
          this.#fork(row, operand);
          return;
        case Op.Choice:
          rows.pc[row] = this.#choose(row, operand, site[pc]!);
          break;
        case Op.Jump:
          rows.pc[row] = operand;
          break;
        case Op.Acquire:
          if (!this.#acquire(row, operand)) return;
          break;
        case Op.Release:
          this.#releaseConnection(row);
          break;
        case Op.Loop:
          this.#loop(row);
          return;
        default:
          this.#end(row);
          return;
      }
    }
  }

  /** False when the demand was nothing and the row goes on at once. */
  #work(row: number, time: number, site: number): boolean {
    const demand = this.#draw(row, time, site);
    if (demand === 0) return false;
    this.#cpu.start(row, demand);
    return true;
  }

  #draw(row: number, time: number, site: number): number {
    const rows = this.#rows;
    const sample = this.#program.times[time]!.sample(
      this.#draws,
      rows.request[row]!,
      rows.key[row]! ^ site,
      rows.attempt[row]!,
    );
    const replica = rows.replica[row]!;
    if (replica < 0) return roundHalfEven(sample);
    const duration = sample * rows.factor[row]!;
    if (!this.#effects.hasSlowness) return roundHalfEven(duration);
    const called = this.#program.sites[rows.site[row]!]!;
    return roundHalfEven(duration * this.#effects.slowness(called, replica));
  }

  #wait(row: number, time: number, site: number): void {
    const rows = this.#rows;
    const duration = this.#draw(row, time, site);
    if (rows.replica[row]! >= 0) {
      rows.served[row]! += duration;
      this.#releaseSlotIfAsynchronous(row);
    }
    this.#simulation.scheduleAfter(duration, this.#waitEnd, row, rows.generation[row]!);
  }

  #endWait(row: number): void {
    if (this.#rows.replica[row]! >= 0) this.#resume(row);
    else this.#advance(row);
  }

  #choose(row: number, index: number, site: number): number {
    const rows = this.#rows;
    const choice = this.#program.choices[index]!;
    const draw = this.#draws.uniform(rows.request[row]!, rows.key[row]! ^ site, rows.attempt[row]!);
    const { thresholds } = choice;
    let option = 0;
    while (option < thresholds.length && draw >= thresholds[option]!) option++;
    if (choice.cache >= 0) {
      if (option === 0) this.#recorder.cacheHits[choice.cache]!++;
      else this.#recorder.cacheMisses[choice.cache]!++;
    }
    return option < thresholds.length ? choice.targets[option]! : choice.otherwise;
  }

  #fork(row: number, index: number): void {
    const rows = this.#rows;
    const { calls, entries } = this.#program.forks[index]!;
    const generation = rows.generation[row]!;
    rows.pending[row] = calls.length + entries.length;
    this.#releaseSlotIfAsynchronous(row);
    // A branch can fail at once and take the whole row with it.
    for (const site of calls) {
      this.#send(this.#newCall(row, site, 0));
      if (rows.generation[row] !== generation) return;
    }
    for (const entry of entries) {
      const branch = rows.take();
      rows.parent[branch] = row;
      rows.parentGeneration[branch] = generation;
      rows.replica[branch] = rows.replica[row]!;
      rows.site[branch] = rows.site[row]!;
      rows.attempt[branch] = rows.attempt[row]!;
      rows.traffic[branch] = rows.traffic[row]!;
      rows.request[branch] = rows.request[row]!;
      rows.key[branch] = rows.key[row]!;
      rows.factor[branch] = rows.factor[row]!;
      rows.flags[branch] = BRANCH;
      rows.pc[branch] = entry;
      this.#advance(branch);
      if (rows.generation[row] !== generation) return;
    }
  }

  #end(row: number): void {
    const rows = this.#rows;
    if (rows.parent[row]! < 0) {
      rows.release(row);
      return;
    }
    const isBranch = (rows.flags[row]! & BRANCH) !== 0;
    this.#finish(row, !isBranch && this.#answersWithError(row) ? ERROR : OK);
  }

  #answersWithError(row: number): boolean {
    const rows = this.#rows;
    const replica = rows.replica[row]!;
    const service = this.#replicas.service[replica]!;
    const { revisions } = this.#plan.services[service]!;
    const revision = this.#replicas.revision[replica]!;
    const called = this.#program.sites[rows.site[row]!]!;
    const injected = this.#effects.hasErrors ? this.#effects.errorShare(called, replica) : 0;
    const share = revisions[revision]!.errorShare + injected;
    if (share <= 0) return false;
    const request = rows.request[row]!;
    const draw = this.#draws.uniform(request, rows.key[row]! ^ ERROR_SITE, rows.attempt[row]!);
    if (draw >= share) return false;
    // The same draw says what the stable revision would have done with this very request.
    if (revision > 0 && draw >= revisions[0]!.errorShare + injected) {
      this.#recorder.hurt[service]!.add(this.#attributes[rows.traffic[row]!]!.user(request));
    }
    return true;
  }

  // ---- calls ---------------------------------------------------------------------------

  #call(row: number, index: number): void {
    const rows = this.#rows;
    rows.pending[row] = 1;
    if (rows.parent[row]! < 0) {
      const { now } = this.#simulation;
      rows.start[row] = now;
      this.#simulation.digest.add(now, TRACE.requested, rows.request[row]!);
      if (now >= this.#measureFrom) {
        rows.flags[row]! |= MEASURED;
        this.#recorder.requestStarted();
      }
    } else this.#releaseSlotIfAsynchronous(row);
    this.#send(this.#newCall(row, index, 0));
  }

  #newCall(parent: number, index: number, attempt: number): number {
    const rows = this.#rows;
    const row = rows.take();
    rows.parent[row] = parent;
    rows.parentGeneration[row] = rows.generation[parent]!;
    rows.site[row] = index;
    rows.attempt[row] = attempt;
    rows.traffic[row] = rows.traffic[parent]!;
    rows.request[row] = rows.request[parent]!;
    // A call is known by the path of sites and attempts that led to it.
    const path = rows.key[parent]! + Math.imul(rows.attempt[parent]!, 0x27d4eb2f);
    rows.key[row] = Math.imul(path ^ this.#program.sites[index]!.hash, 0x2c1b3c6d);
    return row;
  }

  #send(row: number): void {
    const rows = this.#rows;
    const { now } = this.#simulation;
    const index = rows.site[row]!;
    const site = this.#program.sites[index]!;
    rows.start[row] = now;
    const lane = this.#lanes[index]!;
    if (lane !== null) {
      rows.timer[row] = this.#simulation.scheduleInLane(
        lane,
        this.#timeout,
        row,
        rows.generation[row]!,
      );
    }
    const replica = this.#router.choose(site.service, row);
    if (replica < 0) {
      this.#finish(row, NO_ENDPOINT);
      return;
    }
    rows.replica[row] = replica;
    const delay = this.#delay(row, site, replica);
    if (delay > 0) {
      this.#simulation.scheduleAfter(delay, this.#arrival, row, rows.generation[row]!);
    } else this.#arrive(row);
  }

  /** Time on the way to the replica: the link's, and what faults add. */
  #delay(row: number, site: CallSite, replica: number): number {
    const rows = this.#rows;
    let delay = 0;
    if (!this.#links.isEmpty) {
      const caller = rows.replica[rows.parent[row]!]!;
      const from: Place =
        caller >= 0
          ? this.#links.zone(this.#replicas.zone[caller]!)
          : this.#links.region(this.#attributes[rows.traffic[row]!]!, rows.request[row]!);
      const to = this.#links.zone(this.#replicas.zone[replica]!);
      delay = this.#links.delay(from, to, row, rows, this.#draws);
      rows.link[row] = delay;
    }
    if (this.#effects.hasLatency) {
      delay += this.#effects.latency(site, replica, row, rows, this.#draws);
    }
    return delay;
  }

  #arrive(row: number): void {
    const rows = this.#rows;
    const replicas = this.#replicas;
    const replica = rows.replica[row]!;
    const { now } = this.#simulation;
    const phase = replicas.phase[replica]!;
    if (phase === GONE || phase === CLOSED) {
      this.#finish(row, REFUSED);
      return;
    }
    const site = this.#program.sites[rows.site[row]!]!;
    const service = this.#plan.services[site.service]!;
    replicas.requests[replica]!++;
    replicas.outstanding[replica]!++;
    rows.flags[row]! |= ADMITTED;
    rows.pc[row] = service.entries[site.endpoint]!;
    rows.factor[row] = this.#factor(row, replica, service);
    rows.since[row] = now;
    this.#recorder.arrivals[site.service]!++;
    this.#simulation.digest.add(now, TRACE.sent, replica);
    if (replicas.busySlots[replica]! < service.concurrency) {
      replicas.busySlots[replica]!++;
      rows.flags[row]! |= HOLDS_SLOT;
      this.#advance(row);
    } else if (replicas.queueLength[replica]! < service.queueLimit) this.#enqueue(row, replica);
    else this.#finish(row, QUEUE_FULL);
  }

  #factor(row: number, replica: number, service: CallPlan["services"][number]): number {
    const revision = service.revisions[this.#replicas.revision[replica]!]!;
    if (revision.latencySpan === 0) return revision.latencyMin;
    const { request, key, attempt } = this.#rows;
    const draw = this.#draws.uniform(request[row]!, key[row]! ^ FACTOR_SITE, attempt[row]!);
    return revision.latencyMin + draw * revision.latencySpan;
  }

  /**
   * Ends a call or a branch: gives back what it holds, then tells its caller, who may go on at
   * once.
   */
  #finish(row: number, reason: number): void {
    const rows = this.#rows;
    const flags = rows.flags[row]!;
    if (rows.pool[row]! >= 0) this.#releaseConnection(row);
    if ((flags & BRANCH) !== 0) {
      const parent = rows.parent[row]!;
      const generation = rows.parentGeneration[row]!;
      rows.release(row);
      if (rows.generation[parent] === generation) this.#answered(parent, reason);
      return;
    }
    if ((flags & ADMITTED) !== 0) this.#leave(row, flags);
    // It may have been told while slots were handed on: only its own generation knows.
    const link = this.#links.isEmpty ? 0 : rows.link[row]!;
    if (link > 0 && (flags & ABANDONED) === 0 && reason !== NO_ENDPOINT) {
      this.#sendBack(row, reason, link);
      return;
    }
    this.#deliver(row, reason);
  }

  /**
   * The answer travels as a row of its own. The old one ends here, so that nothing that still runs
   * on its behalf (a branch, a retry, the work of a replica that was killed) can reach it.
   */
  #sendBack(row: number, reason: number, link: number): void {
    const rows = this.#rows;
    const { now } = this.#simulation;
    const answer = rows.take();
    const generation = rows.generation[answer]!;
    for (const column of ANSWER_COLUMNS) rows[column][answer] = rows[column][row]!;
    rows.pending[answer] = reason;
    rows.timer[answer] = -1;
    const lane = this.#lanes[rows.site[row]!]!;
    if (lane !== null) {
      lane.cancel(rows.timer[row]!);
      const patience = rows.start[row]! + lane.delay;
      if (patience <= now + link) {
        this.#simulation.schedule(patience, this.#timeout, answer, generation);
      }
    }
    rows.release(row);
    this.#simulation.scheduleAfter(link, this.#answer, answer, generation);
  }

  /** The replica is done with the call. */
  #leave(row: number, flags: number): void {
    const replicas = this.#replicas;
    const replica = this.#rows.replica[row]!;
    replicas.outstanding[replica]!--;
    if ((flags & HOLDS_SLOT) !== 0) {
      replicas.busySlots[replica]!--;
      this.#pump(replica);
    }
    if (replicas.phase[replica]! >= DRAINING && replicas.outstanding[replica] === 0) {
      this.#listener?.drained(replica);
    }
  }

  #deliver(row: number, reason: number): void {
    const rows = this.#rows;
    const { now } = this.#simulation;
    const index = rows.site[row]!;
    const site = this.#program.sites[index]!;
    if ((rows.flags[row]! & ABANDONED) !== 0) {
      rows.release(row);
      return;
    }
    const lane = this.#lanes[index]!;
    if (lane !== null) lane.cancel(rows.timer[row]!);
    const latency = now - rows.start[row]!;
    this.#book(row, site.service, reason, latency);
    const parent = rows.parent[row]!;
    const generation = rows.parentGeneration[row]!;
    const attempt = rows.attempt[row]!;
    rows.release(row);
    if (rows.generation[parent] === generation) this.#attempted(parent, index, attempt, reason);
  }

  /** The caller's patience is over; the call goes on without it. */
  #abandon(row: number): void {
    const rows = this.#rows;
    const index = rows.site[row]!;
    const { service } = this.#program.sites[index]!;
    rows.flags[row]! |= ABANDONED;
    this.#book(row, service, TIMEOUT, this.#simulation.now - rows.start[row]!);
    const parent = rows.parent[row]!;
    if (rows.generation[parent] === rows.parentGeneration[row]) {
      this.#attempted(parent, index, rows.attempt[row]!, TIMEOUT);
    }
  }

  /** Statistics of one attempt, as its caller saw it. */
  #book(row: number, service: number, reason: number, latency: number): void {
    const rows = this.#rows;
    const recorder = this.#recorder;
    this.#simulation.digest.add(this.#simulation.now, TRACE.answered + (reason << 4), latency);
    const replica = rows.replica[row]!;
    if (replica >= 0) {
      const revision = this.#replicas.revision[replica]!;
      this.#counters.add(service, revision, reason !== OK, latency);
    }
    if (reason === OK) {
      recorder.answered[service]!++;
      recorder.queued[service]! += rows.queued[row]!;
      recorder.served[service]! += rows.served[row]!;
      recorder.total[service]! += latency;
    } else recorder.failures[service]!++;
  }

  /** One attempt of a call of `parent` has ended: try again, or take it as the answer. */
  #attempted(parent: number, index: number, attempt: number, reason: number): void {
    if (reason !== OK) {
      const { retries } = this.#program.sites[index]!;
      if (retries !== null && attempt + 1 < retries.attempts) {
        this.#scheduleRetry(parent, index, attempt + 1, retries.backoff);
        return;
      }
    }
    this.#answered(parent, reason);
  }

  #scheduleRetry(
    parent: number,
    index: number,
    attempt: number,
    backoff: { base: number; factor: number; max: number; jitter: number },
  ): void {
    const rows = this.#rows;
    const row = this.#newCall(parent, index, attempt);
    let pause = backoff.base;
    for (let i = 1; i < attempt && pause < backoff.max; i++) pause *= backoff.factor;
    pause = Math.min(pause, backoff.max);
    if (backoff.jitter > 0) {
      const draw = this.#draws.uniform(rows.request[row]!, rows.key[row]! ^ BACKOFF_SITE, attempt);
      pause *= 1 + backoff.jitter * (2 * draw - 1);
    }
    const delay = roundHalfEven(pause);
    this.#simulation.scheduleAfter(delay, this.#retry, row, rows.generation[row]!);
  }

  #sendAgain(row: number): void {
    const rows = this.#rows;
    if (rows.generation[rows.parent[row]!] === rows.parentGeneration[row]) this.#send(row);
    else rows.release(row);
  }

  /**
   * A call or a branch of `row` has ended for good. A failure ends the row; its other branches run
   * on unheard.
   */
  #answered(row: number, reason: number): void {
    const rows = this.#rows;
    const isClient = rows.parent[row]! < 0;
    if (isClient) {
      this.#stepEnded(row, reason);
      return;
    }
    if (reason !== OK) {
      this.#finish(row, reason);
      return;
    }
    if (--rows.pending[row]! === 0) this.#resume(row);
  }

  /**
   * A client has its answer: the request counts as completed or failed, and the journey goes on or
   * ends.
   */
  #stepEnded(row: number, reason: number): void {
    const rows = this.#rows;
    const { now } = this.#simulation;
    const latency = now - rows.start[row]!;
    this.#simulation.digest.add(now, TRACE.completed + (reason << 4), latency);
    if ((rows.flags[row]! & MEASURED) !== 0) {
      rows.flags[row]! &= ~MEASURED;
      if (reason === OK) this.#recorder.requestCompleted(latency);
      else this.#recorder.requestFailed(reason, latency);
    }
    if (reason === OK) this.#advance(row);
    else this.#loseClient(row);
  }

  /** After a failure an open journey ends; a virtual user begins the next one. */
  #loseClient(row: number): void {
    const rows = this.#rows;
    const { op } = this.#program;
    let pc = rows.pc[row]!;
    while (op[pc] !== Op.End && op[pc] !== Op.Loop) pc++;
    rows.pc[row] = pc;
    this.#advance(row);
  }

  /**
   * The next journey of a virtual user: request numbers of users interleave, so that they are its
   * own.
   */
  #loop(row: number): void {
    const rows = this.#rows;
    const { now } = this.#simulation;
    rows.request[row]! += this.#plan.traffic[rows.traffic[row]!]!.users;
    this.#chooseJourney(row);
    // A journey that took no time (it failed at once) would begin for ever in this instant.
    const pause = rows.since[row] === now ? IDLE_PAUSE : 0;
    rows.since[row] = now + pause;
    this.#simulation.scheduleAfter(pause, this.#waitEnd, row, rows.generation[row]!);
  }

  // ---- slots, queues and connections ---------------------------------------------------

  #enqueue(row: number, replica: number): void {
    const replicas = this.#replicas;
    const rows = this.#rows;
    const tail = replicas.queueTail[replica]!;
    rows.next[row] = -1;
    rows.flags[row]! |= QUEUED;
    if (tail >= 0) rows.next[tail] = row;
    else replicas.queueHead[replica] = row;
    replicas.queueTail[replica] = row;
    replicas.queueLength[replica]!++;
  }

  /**
   * Lets queued rows into free slots. Rows that end at once free theirs again, without recursion.
   */
  #pump(replica: number): void {
    const replicas = this.#replicas;
    if (replicas.queueLength[replica] === 0 || replicas.pumping[replica] !== 0) return;
    const rows = this.#rows;
    const { concurrency } = this.#plan.services[replicas.service[replica]!]!;
    replicas.pumping[replica] = 1;
    while (replicas.queueLength[replica]! > 0 && replicas.busySlots[replica]! < concurrency) {
      const row = replicas.queueHead[replica]!;
      replicas.queueHead[replica] = rows.next[row]!;
      if (rows.next[row]! < 0) replicas.queueTail[replica] = -1;
      replicas.queueLength[replica]!--;
      replicas.busySlots[replica]!++;
      rows.next[row] = -1;
      rows.flags[row] = (rows.flags[row]! & ~QUEUED) | HOLDS_SLOT;
      rows.queued[row]! += this.#simulation.now - rows.since[row]!;
      this.#advance(row);
    }
    replicas.pumping[replica] = 0;
  }

  #releaseSlotIfAsynchronous(row: number): void {
    const rows = this.#rows;
    const replica = rows.replica[row]!;
    if (replica < 0 || (rows.flags[row]! & HOLDS_SLOT) === 0) return;
    if (!this.#plan.services[this.#replicas.service[replica]!]!.asynchronous) return;
    rows.flags[row]! &= ~HOLDS_SLOT;
    this.#replicas.busySlots[replica]!--;
    this.#pump(replica);
  }

  /** Goes on after a wait; a row that gave its slot back takes one again first. */
  #resume(row: number): void {
    const rows = this.#rows;
    if ((rows.flags[row]! & (HOLDS_SLOT | BRANCH)) !== 0) {
      this.#advance(row);
      return;
    }
    const replica = rows.replica[row]!;
    const { concurrency } = this.#plan.services[this.#replicas.service[replica]!]!;
    rows.since[row] = this.#simulation.now;
    if (this.#replicas.busySlots[replica]! < concurrency) {
      this.#replicas.busySlots[replica]!++;
      rows.flags[row]! |= HOLDS_SLOT;
      this.#advance(row);
    } else this.#enqueue(row, replica);
  }

  #acquire(row: number, index: number): boolean {
    const rows = this.#rows;
    const replica = rows.replica[row]!;
    const pool = this.#replicas.pools[replica]![index]!;
    if (pool.used < pool.size) {
      pool.used++;
      rows.pool[row] = index;
      return true;
    }
    const { now } = this.#simulation;
    const service = this.#plan.services[this.#replicas.service[replica]!]!;
    const { acquireTimeout } = service.pools[index]!;
    rows.since[row] = now;
    rows.flags[row]! |= WAITS_FOR_CONNECTION;
    pool.waiting.push(row, rows.generation[row]!);
    if (acquireTimeout !== null) {
      const at = now + acquireTimeout;
      this.#simulation.schedule(at, this.#poolTimeout, row, rows.generation[row]!);
    }
    // Its slot goes to others meanwhile: among them may be the one that holds the connection.
    this.#releaseSlotIfAsynchronous(row);
    return false;
  }

  /** Hands the connection to the first row that still waits for one. */
  #releaseConnection(row: number): void {
    const rows = this.#rows;
    const index = rows.pool[row]!;
    rows.pool[row] = -1;
    const pool = this.#replicas.pools[rows.replica[row]!]![index];
    if (pool === undefined) return;
    while (pool.waiting.length > 0) {
      const [next, generation] = pool.waiting.splice(0, 2);
      const waits = (rows.flags[next!]! & WAITS_FOR_CONNECTION) !== 0;
      if (rows.generation[next!] !== generation || !waits) continue;
      rows.flags[next!]! &= ~WAITS_FOR_CONNECTION;
      rows.queued[next!]! += this.#simulation.now - rows.since[next!]!;
      rows.pool[next!] = index;
      this.#resume(next!);
      return;
    }
    pool.used--;
  }

  /**
   * Timers of waits that ended in time find a row that waits no more, or one that has waited less.
   */
  #endPoolWait(row: number): void {
    const rows = this.#rows;
    if ((rows.flags[row]! & WAITS_FOR_CONNECTION) === 0) return;
    const replica = rows.replica[row]!;
    const service = this.#plan.services[this.#replicas.service[replica]!]!;
    const waited = this.#simulation.now - rows.since[row]!;
    if (!service.pools.some((pool) => pool.acquireTimeout === waited)) return;
    rows.flags[row]! &= ~WAITS_FOR_CONNECTION;
    assert(rows.pool[row]! < 0, "a row waits for a connection while it holds one");
    this.#finish(row, POOL_TIMEOUT);
  }
}
