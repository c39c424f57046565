import type { ReplicaStart } from "../../cluster/dataPlane.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import { CFS_PERIOD, CfsQuota } from "./cfsQuota.ts";
import type { PlaneParts } from "./parts.ts";
import { ProcessorSharing } from "./processorSharing.ts";
import { GONE, type ReplicaTable } from "./replicaTable.ts";
import type { SharedCpu } from "./sharedCpu.ts";

const { GENERATION, NEXT, REPLICA } = INT;
const { DEMAND, SERVED, SINCE, WAITED } = REAL;

const PERIOD_SITE = 0x59000000;

/** Who does a row's work, and lets it walk on when it is done. */
export interface CpuWork {
  /** `demand`: CPU time in whole microseconds, more than 0. */
  start(row: number, demand: number): void;
}

/**
 * Carries out CPU work under each discipline, and calls back when a row's work is done. Starting
 * work schedules at most one event. Work that shares a quota, and an event loop under a CFS quota,
 * are in the hands of a `SharedCpu`; other work runs to its end at a known speed.
 */
export class CpuScheduler implements CpuWork {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #services: readonly PlannedService[];
  /** By service. */
  readonly #isLoop: readonly boolean[];
  /** All work runs to its end at full speed. */
  readonly #isPlain: boolean;
  readonly #done: (row: number) => void;
  readonly #workEnd: number;
  readonly #loopEnd: number;
  readonly #sharingEnd: number;

  constructor(parts: PlaneParts) {
    const { simulation } = parts;
    this.#simulation = simulation;
    this.#draws = parts.draws;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#services = parts.plan.services;
    this.#isLoop = parts.plan.services.map(({ discipline }) => discipline === "event-loop");
    this.#isPlain = parts.plan.services.every(({ discipline }) => discipline === "fifo");
    this.#done = parts.walk;
    this.#workEnd = simulation.register("work ends", (row, generation) => {
      this.#endWork(row, generation);
    });
    this.#loopEnd = simulation.register("event loop turns", (row, generation) => {
      this.#endTurn(row, generation);
    });
    this.#sharingEnd = simulation.register("shared work goes on", (replica) => {
      this.#endShared(replica);
    });
  }

  /** `ordinal`: how many processes of the service started before, to key its draws. */
  prepare(start: ReplicaStart, ordinal: number): void {
    this.#replicas.sharing[start.replica] = this.#sharing(start, ordinal);
  }

  #sharing({ service, cores, parallelism }: ReplicaStart, ordinal: number): SharedCpu | null {
    const { discipline, quota, hash } = this.#services[service]!;
    if (discipline === "fifo") return null;
    if (quota === "cfs") {
      const draw = this.#draws.uniform(ordinal, hash ^ PERIOD_SITE, 0);
      return new CfsQuota({
        limit: cores,
        parallelism: discipline === "event-loop" ? 1 : parallelism,
        periodEnd: this.#simulation.now + 1 + Math.floor(draw * CFS_PERIOD),
      });
    }
    return discipline === "event-loop" ? null : new ProcessorSharing(cores);
  }

  start(row: number, demand: number): void {
    const { int, real } = this.#rows;
    const replicas = this.#replicas;
    const replica = int[row + REPLICA]!;
    const now = this.#simulation.now;
    real[row + DEMAND] = demand;
    real[row + SINCE] = now;
    if (this.#isPlain) {
      this.#runToEnd(row, replica, demand, now);
      return;
    }
    if (this.#isLoop[replicas.service[replica]!]!) {
      if (replicas.loopRow[replica]! < 0) this.#takeLoop(replica, row);
      else this.#waitForLoop(replica, row);
      return;
    }
    const sharing = replicas.sharing[replica] ?? null;
    if (sharing !== null) this.#share(row, replica, sharing);
    else this.#runToEnd(row, replica, demand, now);
  }

  #runToEnd(row: number, replica: number, demand: number, now: number): void {
    const replicas = this.#replicas;
    replicas.setCpuRate(replica, replicas.cpuRate[replica]! + 1, now);
    const generation = this.#rows.int[row + GENERATION]!;
    this.#simulation.scheduleAfter(demand, this.#workEnd, row, generation);
  }

  #share(row: number, replica: number, sharing: SharedCpu): void {
    const { now } = this.#simulation;
    sharing.advance(now);
    sharing.add(row, this.#rows.real[row + DEMAND]!);
    this.#replicas.setCpuRate(replica, sharing.rate, now);
    this.#reschedule(replica, sharing, now);
  }

  /**
   * What the node leaves it from now on. Shared work goes on at the new speed; an event loop ends
   * the turn that it is in.
   */
  setCores(replica: number, cores: number): void {
    this.#replicas.cores[replica] = cores;
    const sharing = this.#replicas.sharing[replica] ?? null;
    if (sharing === null) return;
    const { now } = this.#simulation;
    sharing.advance(now);
    sharing.cores = cores;
    this.#replicas.setCpuRate(replica, sharing.rate, now);
    this.#reschedule(replica, sharing, now);
  }

  /** Pieces of work that want a core at the moment. */
  runnable(replica: number): number {
    const replicas = this.#replicas;
    if (replicas.loopRow[replica]! >= 0) return 1;
    return replicas.sharing[replica]?.jobs ?? replicas.cpuRate[replica]!;
  }

  throttledMicros(replica: number): number {
    return this.#replicas.sharing[replica]?.throttled(this.#simulation.now) ?? 0;
  }

  /** Drops all work of a replica that died; its rows are the caller's business. */
  clear(replica: number): void {
    const replicas = this.#replicas;
    replicas.setCpuRate(replica, 0, this.#simulation.now);
    replicas.loopRow[replica] = -1;
    replicas.loopHead[replica] = -1;
    replicas.loopTail[replica] = -1;
    const sharing = replicas.sharing[replica] ?? null;
    if (sharing === null) return;
    sharing.advance(this.#simulation.now);
    sharing.clear();
    if (sharing.event >= 0) this.#simulation.cancel(sharing.event);
    sharing.event = -1;
    sharing.scheduled = Number.POSITIVE_INFINITY;
  }

  #endWork(row: number, generation: number): void {
    const rows = this.#rows;
    if (!rows.is(row, generation)) return;
    const replica = rows.int[row + REPLICA]!;
    const rate = this.#replicas.cpuRate[replica]! - 1;
    this.#replicas.setCpuRate(replica, rate, this.#simulation.now);
    rows.real[row + SERVED]! += rows.real[row + DEMAND]!;
    this.#done(row);
  }

  #takeLoop(replica: number, row: number): void {
    const { int, real } = this.#rows;
    const replicas = this.#replicas;
    const { now } = this.#simulation;
    real[row + WAITED]! += now - real[row + SINCE]!;
    real[row + SINCE] = now;
    replicas.loopRow[replica] = row;
    const sharing = replicas.sharing[replica] ?? null;
    if (sharing !== null) {
      this.#share(row, replica, sharing);
      return;
    }
    // Less than one core stretches every turn; more than one does not help a single loop.
    const speed = Math.min(1, replicas.cores[replica]!);
    replicas.setCpuRate(replica, speed, now);
    const turn = Math.ceil(real[row + DEMAND]! / speed - 1e-6);
    this.#simulation.scheduleAfter(turn, this.#loopEnd, row, int[row + GENERATION]!);
  }

  #waitForLoop(replica: number, row: number): void {
    const replicas = this.#replicas;
    const { int } = this.#rows;
    const tail = replicas.loopTail[replica]!;
    int[row + NEXT] = -1;
    if (tail >= 0) int[tail + NEXT] = row;
    else replicas.loopHead[replica] = row;
    replicas.loopTail[replica] = row;
  }

  #endTurn(row: number, generation: number): void {
    const rows = this.#rows;
    if (!rows.is(row, generation)) return;
    const replica = rows.int[row + REPLICA]!;
    rows.real[row + SERVED]! += rows.real[row + DEMAND]!;
    if (!this.#nextTurn(replica)) this.#replicas.setCpuRate(replica, 0, this.#simulation.now);
    this.#done(row);
  }

  /** The loop goes to whoever waits for it first; false when nobody does. */
  #nextTurn(replica: number): boolean {
    const replicas = this.#replicas;
    const { int } = this.#rows;
    const waiting = replicas.loopHead[replica]!;
    replicas.loopRow[replica] = -1;
    if (waiting < 0) return false;
    const next = int[waiting + NEXT]!;
    replicas.loopHead[replica] = next;
    if (next < 0) replicas.loopTail[replica] = -1;
    int[waiting + NEXT] = -1;
    this.#takeLoop(replica, waiting);
    return true;
  }

  #endShared(replica: number): void {
    const sharing = this.#replicas.sharing[replica] ?? null;
    if (sharing === null) return;
    const now = this.#simulation.now;
    sharing.event = -1;
    sharing.scheduled = Number.POSITIVE_INFINITY;
    sharing.advance(now);
    const isLoop = this.#isLoop[this.#replicas.service[replica]!]!;
    for (let row = sharing.takeDone(); row >= 0; row = sharing.takeDone()) {
      const { real } = this.#rows;
      const demand = real[row + DEMAND]!;
      real[row + SERVED]! += demand;
      real[row + WAITED]! += Math.max(0, now - real[row + SINCE]! - demand);
      if (isLoop) this.#nextTurn(replica);
      this.#done(row);
    }
    if (this.#replicas.phase[replica] === GONE) return;
    this.#replicas.setCpuRate(replica, sharing.rate, now);
    this.#reschedule(replica, sharing, now);
  }

  /** An event that comes too early is left alone: it finds nothing done and is scheduled anew. */
  #reschedule(replica: number, sharing: SharedCpu, now: number): void {
    const end = sharing.nextEnd(now);
    if (end >= sharing.scheduled) return;
    if (sharing.event >= 0) this.#simulation.cancel(sharing.event);
    sharing.scheduled = end;
    sharing.event = this.#simulation.schedule(end, this.#sharingEnd, replica, 0);
  }
}
