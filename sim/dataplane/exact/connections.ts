import { assert } from "../../kernel/assert.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { SlotKeeper } from "./slotKeeper.ts";

const { FLAGS, GENERATION, POOL, REPLICA } = INT;
const { SINCE, WAITED } = REAL;
const { WAITS_FOR_CONNECTION } = FLAG;

/** Connection pools of the replicas: a query takes one, or waits for one in order of arrival. */
export class Connections {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #slots: SlotKeeper;
  readonly #gaveUp: (row: number) => void;
  readonly #waitEnd: number;

  constructor(
    parts: PlaneParts,
    { slots, gaveUp }: { readonly slots: SlotKeeper; readonly gaveUp: (row: number) => void },
  ) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#slots = slots;
    this.#gaveUp = gaveUp;
    this.#waitEnd = parts.simulation.register("pool wait ends", (row, generation) => {
      if (this.#rows.is(row, generation)) this.#endWait(row);
    });
  }

  /** False when the row has to wait; it then goes on by itself. */
  acquire(row: number, index: number): boolean {
    const rows = this.#rows;
    const { int } = rows;
    const replica = int[row + REPLICA]!;
    const pool = this.#replicas.pools[replica]![index]!;
    if (pool.used < pool.size) {
      pool.used++;
      int[row + POOL] = index;
      return true;
    }
    const generation = int[row + GENERATION]!;
    const { acquireTimeout } = this.#service(replica).pools[index]!;
    rows.real[row + SINCE] = this.#simulation.now;
    int[row + FLAGS]! |= WAITS_FOR_CONNECTION;
    pool.waiting.push(row, generation);
    if (acquireTimeout !== null) {
      this.#simulation.scheduleAfter(acquireTimeout, this.#waitEnd, row, generation);
    }
    // Its slot goes to others meanwhile: among them may be the one that holds the connection.
    this.#slots.releaseIfAsynchronous(row);
    return false;
  }

  /** Hands the connection to the first row that still waits for one. */
  release(row: number): void {
    const { int, real } = this.#rows;
    const index = int[row + POOL]!;
    int[row + POOL] = -1;
    const pool = this.#replicas.pools[int[row + REPLICA]!]![index];
    if (pool === undefined) return;
    while (pool.waiting.length > 0) {
      const [next, generation] = pool.waiting.splice(0, 2);
      const waits = (int[next! + FLAGS]! & WAITS_FOR_CONNECTION) !== 0;
      if (int[next! + GENERATION] !== generation || !waits) continue;
      int[next! + FLAGS]! &= ~WAITS_FOR_CONNECTION;
      real[next! + WAITED]! += this.#simulation.now - real[next! + SINCE]!;
      int[next! + POOL] = index;
      this.#slots.resume(next!);
      return;
    }
    pool.used--;
  }

  /**
   * Timers of waits that ended in time find a row that waits no more, or one that has waited less.
   */
  #endWait(row: number): void {
    const { int, real } = this.#rows;
    if ((int[row + FLAGS]! & WAITS_FOR_CONNECTION) === 0) return;
    const { pools } = this.#service(int[row + REPLICA]!);
    const waited = this.#simulation.now - real[row + SINCE]!;
    if (!pools.some((pool) => pool.acquireTimeout === waited)) return;
    int[row + FLAGS]! &= ~WAITS_FOR_CONNECTION;
    assert(int[row + POOL]! < 0, "a row waits for a connection while it holds one");
    this.#gaveUp(row);
  }

  #service(replica: number): PlannedService {
    return this.#services[this.#replicas.service[replica]!]!;
  }
}
