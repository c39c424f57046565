import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import type { Guards, Outcome } from "./guards.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";

const { REPLICA } = INT;
const { LET_IN, SERVICE_TICKETS } = REAL;

/** The guards before services: each call passes those of its replica's service as it arrives. */
export class ServiceGuards {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #guards: Guards;
  /** Some service has guards: only then are they told how calls end. */
  readonly isAny: boolean;

  constructor(parts: PlaneParts, guards: Guards) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#guards = guards;
    this.isAny = parts.plan.services.some((service) => service.guards.length > 0);
  }

  /** The reason of the guard that refuses, or OK. */
  letIn(row: number, replica: number, { guards }: PlannedService): number {
    this.#rows.real[row + LET_IN] = this.#simulation.now;
    return this.#guards.admit(guards, row, replica, SERVICE_TICKETS);
  }

  /** A call that had arrived has ended at its replica. */
  letOut(row: number, outcome: Outcome): void {
    const replica = this.#rows.int[row + REPLICA]!;
    const { guards } = this.#services[this.#replicas.service[replica]!]!;
    if (guards.length === 0) return;
    const since = this.#rows.real[row + LET_IN]!;
    this.#guards.ended(guards, row, replica, { tickets: SERVICE_TICKETS, outcome, since });
  }
}
