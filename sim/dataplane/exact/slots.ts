import type { Json } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { slotNeeds } from "../callplan/slotNeeds.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { SlotKeeper } from "./slotKeeper.ts";

const { FLAGS, NEXT, PC, REPLICA } = INT;
const { SINCE, WAITED } = REAL;
const { BRANCH, HOLDS_SLOT, QUEUED } = FLAG;

/** Concurrency slots of the replicas, and the queues of those that wait for one. */
export class Slots implements SlotKeeper {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #walk: (row: number) => void;
  /** By instruction, whether a slot is needed from there on. */
  readonly #needs: Uint8Array;

  constructor(parts: PlaneParts) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#walk = parts.walk;
    this.#needs = slotNeeds(parts.plan.program);
  }

  enter(row: number, replica: number): boolean {
    const replicas = this.#replicas;
    const service = this.#services[replicas.service[replica]!]!;
    if (replicas.busySlots[replica]! < service.concurrency) this.#begin(row, replica);
    else if (replicas.queueLength[replica]! < service.queueLimit) this.#enqueue(row, replica);
    else return false;
    return true;
  }

  pass(row: number): void {
    this.#walk(row);
  }

  leave(replica: number): void {
    this.#replicas.busySlots[replica]!--;
    this.#pump(replica);
  }

  releaseIfAsynchronous(row: number): void {
    const { int } = this.#rows;
    const replica = int[row + REPLICA]!;
    if (replica < 0 || (int[row + FLAGS]! & HOLDS_SLOT) === 0) return;
    if (!this.#services[this.#replicas.service[replica]!]!.asynchronous) return;
    int[row + FLAGS]! &= ~HOLDS_SLOT;
    this.leave(replica);
  }

  /** Whether a row that goes on has to take a slot first: it has none, and will work. */
  needsSlot(row: number): boolean {
    const { int } = this.#rows;
    if ((int[row + FLAGS]! & (HOLDS_SLOT | BRANCH)) !== 0) return false;
    return this.#needs[int[row + PC]!] !== 0;
  }

  resume(row: number): void {
    const { int, real } = this.#rows;
    if (!this.needsSlot(row)) {
      this.#walk(row);
      return;
    }
    const replica = int[row + REPLICA]!;
    const { concurrency } = this.#services[this.#replicas.service[replica]!]!;
    real[row + SINCE] = this.#simulation.now;
    if (this.#replicas.busySlots[replica]! < concurrency) this.#begin(row, replica);
    else this.#enqueue(row, replica);
  }

  begin(): void {}

  clear(replica: number): void {
    const replicas = this.#replicas;
    replicas.queueHead[replica] = -1;
    replicas.queueTail[replica] = -1;
    replicas.queueLength[replica] = 0;
    replicas.busySlots[replica] = 0;
  }

  /** Slots and queues are columns of the replicas and rows, which save them. */
  state(): Json {
    return null;
  }

  restore(): void {}

  #begin(row: number, replica: number): void {
    this.#replicas.busySlots[replica]!++;
    this.#rows.int[row + FLAGS]! |= HOLDS_SLOT;
    this.#walk(row);
  }

  #enqueue(row: number, replica: number): void {
    const replicas = this.#replicas;
    const { int } = this.#rows;
    const tail = replicas.queueTail[replica]!;
    int[row + NEXT] = -1;
    int[row + FLAGS]! |= QUEUED;
    if (tail >= 0) int[tail + NEXT] = row;
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
    const { concurrency } = this.#services[replicas.service[replica]!]!;
    replicas.pumping[replica] = 1;
    while (replicas.queueLength[replica]! > 0 && replicas.busySlots[replica]! < concurrency) {
      const { int, real } = this.#rows;
      const row = replicas.queueHead[replica]!;
      const next = int[row + NEXT]!;
      replicas.queueHead[replica] = next;
      if (next < 0) replicas.queueTail[replica] = -1;
      replicas.queueLength[replica]!--;
      int[row + NEXT] = -1;
      int[row + FLAGS]! &= ~QUEUED;
      real[row + WAITED]! += this.#simulation.now - real[row + SINCE]!;
      this.#begin(row, replica);
    }
    replicas.pumping[replica] = 0;
  }
}
