import type { Simulation } from "../../kernel/simulation.ts";
import type { CpuDiscipline } from "../serviceSpec.ts";
import {
  type CallTable,
  DEMAND,
  GENERATION,
  NEXT,
  REPLICA,
  SERVED,
  SINCE,
  WAITED,
} from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import { ProcessorSharing } from "./processorSharing.ts";
import { GONE, type ReplicaTable } from "./replicaTable.ts";

/**
 * Carries out CPU work under each discipline, and calls back when a row's work is done. Starting
 * work schedules at most one event.
 */
export class CpuScheduler {
  readonly #simulation: Simulation;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #disciplines: readonly CpuDiscipline[];
  readonly #done: (row: number) => void;
  readonly #workEnd: number;
  readonly #loopEnd: number;
  readonly #sharingEnd: number;

  constructor(parts: PlaneParts) {
    const { simulation } = parts;
    this.#simulation = simulation;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#disciplines = parts.plan.services.map(({ discipline }) => discipline);
    this.#done = parts.walk;
    this.#workEnd = simulation.register("work ends", (row, generation) => {
      this.#endWork(row, generation);
    });
    this.#loopEnd = simulation.register("event loop turns", (row, generation) => {
      this.#endTurn(row, generation);
    });
    this.#sharingEnd = simulation.register("shared work ends", (replica) => {
      this.#endShared(replica);
    });
  }

  prepare(replica: number, service: number, cores: number): void {
    const shared = this.#disciplines[service] === "processor-sharing";
    this.#replicas.sharing[replica] = shared ? new ProcessorSharing(cores) : null;
  }

  /** `demand`: CPU time in whole microseconds, more than 0. */
  start(row: number, demand: number): void {
    const rows = this.#rows;
    const replicas = this.#replicas;
    const replica = rows.int[row + REPLICA]!;
    const now = this.#simulation.now;
    rows.real[row + DEMAND] = demand;
    rows.real[row + SINCE] = now;
    const sharing = replicas.sharing[replica];
    if (sharing !== null && sharing !== undefined) {
      sharing.advance(now);
      sharing.add(row, demand);
      replicas.setCpuRate(replica, sharing.rate, now);
      this.#reschedule(replica, sharing, now);
    } else if (this.#disciplines[replicas.service[replica]!] === "event-loop") {
      if (replicas.loopRow[replica]! < 0) this.#takeLoop(replica, row);
      else this.#waitForLoop(replica, row);
    } else {
      replicas.setCpuRate(replica, replicas.cpuRate[replica]! + 1, now);
      this.#simulation.scheduleAfter(demand, this.#workEnd, row, rows.int[row + GENERATION]!);
    }
  }

  /** What the quota is from now on; work in progress goes on at the new speed. */
  setCores(replica: number, cores: number): void {
    const sharing = this.#replicas.sharing[replica];
    if (sharing === null || sharing === undefined) return;
    const { now } = this.#simulation;
    sharing.advance(now);
    sharing.cores = cores;
    this.#replicas.setCpuRate(replica, sharing.rate, now);
    this.#reschedule(replica, sharing, now);
  }

  /** Drops all work of a replica that died; its rows are the caller's business. */
  clear(replica: number): void {
    const replicas = this.#replicas;
    replicas.setCpuRate(replica, 0, this.#simulation.now);
    replicas.loopRow[replica] = -1;
    replicas.loopHead[replica] = -1;
    replicas.loopTail[replica] = -1;
    const sharing = replicas.sharing[replica];
    if (sharing === null || sharing === undefined) return;
    sharing.clear();
    if (sharing.event >= 0) this.#simulation.cancel(sharing.event);
    sharing.event = -1;
    sharing.scheduled = Number.POSITIVE_INFINITY;
  }

  #endWork(row: number, generation: number): void {
    const rows = this.#rows;
    if (rows.int[row + GENERATION] !== generation) return;
    const replica = rows.int[row + REPLICA]!;
    const rate = this.#replicas.cpuRate[replica]! - 1;
    this.#replicas.setCpuRate(replica, rate, this.#simulation.now);
    rows.real[row + SERVED]! += rows.real[row + DEMAND]!;
    this.#done(row);
  }

  #takeLoop(replica: number, row: number): void {
    const rows = this.#rows;
    const replicas = this.#replicas;
    const now = this.#simulation.now;
    // Less than one core stretches every turn; more than one does not help a single loop.
    const speed = Math.min(1, replicas.cores[replica]!);
    rows.real[row + WAITED]! += now - rows.real[row + SINCE]!;
    replicas.loopRow[replica] = row;
    replicas.setCpuRate(replica, speed, now);
    const turn = Math.ceil(rows.real[row + DEMAND]! / speed - 1e-6);
    this.#simulation.scheduleAfter(turn, this.#loopEnd, row, rows.int[row + GENERATION]!);
  }

  #waitForLoop(replica: number, row: number): void {
    const replicas = this.#replicas;
    const tail = replicas.loopTail[replica]!;
    this.#rows.int[row + NEXT] = -1;
    if (tail >= 0) this.#rows.int[tail + NEXT] = row;
    else replicas.loopHead[replica] = row;
    replicas.loopTail[replica] = row;
  }

  #endTurn(row: number, generation: number): void {
    const rows = this.#rows;
    if (rows.int[row + GENERATION] !== generation) return;
    const replicas = this.#replicas;
    const replica = rows.int[row + REPLICA]!;
    rows.real[row + SERVED]! += rows.real[row + DEMAND]!;
    const waiting = replicas.loopHead[replica]!;
    if (waiting >= 0) {
      replicas.loopHead[replica] = rows.int[waiting + NEXT]!;
      if (rows.int[waiting + NEXT]! < 0) replicas.loopTail[replica] = -1;
      rows.int[waiting + NEXT] = -1;
      this.#takeLoop(replica, waiting);
    } else {
      replicas.loopRow[replica] = -1;
      replicas.setCpuRate(replica, 0, this.#simulation.now);
    }
    this.#done(row);
  }

  #endShared(replica: number): void {
    const sharing = this.#replicas.sharing[replica];
    if (sharing === null || sharing === undefined) return;
    const now = this.#simulation.now;
    sharing.event = -1;
    sharing.scheduled = Number.POSITIVE_INFINITY;
    sharing.advance(now);
    const rows = this.#rows;
    for (let row = sharing.takeDone(); row >= 0; row = sharing.takeDone()) {
      const demand = rows.real[row + DEMAND]!;
      rows.real[row + SERVED]! += demand;
      rows.real[row + WAITED]! += Math.max(0, now - rows.real[row + SINCE]! - demand);
      this.#done(row);
    }
    if (this.#replicas.phase[replica] === GONE) return;
    this.#replicas.setCpuRate(replica, sharing.rate, now);
    this.#reschedule(replica, sharing, now);
  }

  /** An event that comes too early is left alone: it finds nothing done and is scheduled anew. */
  #reschedule(replica: number, sharing: ProcessorSharing, now: number): void {
    const end = sharing.nextEnd(now);
    if (end >= sharing.scheduled) return;
    if (sharing.event >= 0) this.#simulation.cancel(sharing.event);
    sharing.scheduled = end;
    sharing.event = this.#simulation.schedule(end, this.#sharingEnd, replica, 0);
  }
}
