import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import type { PlaneParts } from "./parts.ts";
import { GONE, NO_LIMIT, type ReplicaTable } from "./replicaTable.ts";

/**
 * Memory of the replicas: what each has from the start, what each request in it takes, and what the
 * requests that came left behind, in a cache that grows up to its maximum and as a leak.
 */
export class Memory {
  /** Some replica has a limit that it could outgrow: only then are arrivals worth a look. */
  isLimited = false;
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #replicas: ReplicaTable;
  readonly #exhausted: number;

  constructor(parts: PlaneParts, { outOfMemory }: { outOfMemory: (replica: number) => void }) {
    this.#simulation = parts.simulation;
    this.#services = parts.plan.services;
    this.#replicas = parts.replicas;
    this.#exhausted = parts.simulation.register("memory is exhausted", (replica, start) => {
      // Whoever has ended the process in this instant need not be told.
      const { starts, phase } = this.#replicas;
      if (starts[replica] === start && phase[replica] !== GONE) outOfMemory(replica);
    });
  }

  /** A process starts; a null limit is none. */
  begin(replica: number, limitBytes: number | null): void {
    this.#replicas.memoryLimit[replica] = limitBytes ?? NO_LIMIT;
    if (limitBytes === null) return;
    this.isLimited = true;
    this.check(replica);
  }

  usedBytes(replica: number): number {
    const replicas = this.#replicas;
    const { revisions } = this.#services[replicas.service[replica]!]!;
    const { memory } = revisions[replicas.revision[replica]!]!;
    const requests = replicas.requests[replica]!;
    return (
      memory.baseBytes +
      memory.perRequestBytes * replicas.outstanding[replica]! +
      Math.min(memory.cachePerRequestBytes * requests, memory.cacheMaxBytes) +
      memory.leakPerRequestBytes * requests
    );
  }

  /** Reports the replica, once, when it has outgrown its limit: as an event of its own. */
  check(replica: number): void {
    const replicas = this.#replicas;
    if (this.usedBytes(replica) <= replicas.memoryLimit[replica]!) return;
    replicas.memoryLimit[replica] = NO_LIMIT;
    this.#simulation.scheduleAfter(0, this.#exhausted, replica, replicas.starts[replica]!);
  }

  restore(): void {
    const { memoryLimit, count } = this.#replicas;
    this.isLimited = memoryLimit.subarray(0, count).some((limit) => limit < NO_LIMIT);
  }
}
