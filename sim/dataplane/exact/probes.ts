import type { ProbeHandler } from "../../cluster/clusterSpec.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedService } from "../callplan/plan.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import { DRAINING, type ReplicaTable, SERVING } from "./replicaTable.ts";
import type { SlotKeeper } from "./slotKeeper.ts";

const { ATTEMPT, FLAGS, GENERATION, KEY, PARENT, PC, PENDING, REPLICA, SITE } = INT;
const { DEADLINE, FACTOR, REQUEST, SINCE, TIMER } = REAL;
const { ABANDONED, HOLDS_SLOT, PROBE } = FLAG;

/**
 * The kubelet's probes: requests of their own that wait for a slot and for the CPU like any other,
 * so that an overloaded replica fails them. Those of `exec` wait for the CPU only, and those of
 * `tcpSocket` for nothing: the kernel accepts the connection while anybody listens. They come from
 * the replica's own node, over no link and past every balancer, and count in no statistics of
 * requests. Answers are events of their own, because the kubelet may end the process on one.
 */
export class Probes {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #slots: SlotKeeper;
  readonly #success: number;
  readonly #failure: number;
  readonly #timeout: number;

  constructor(
    parts: PlaneParts,
    others: {
      readonly slots: SlotKeeper;
      readonly probed: (replica: number, token: number, ok: boolean) => void;
    },
  ) {
    const { simulation, rows } = parts;
    this.#simulation = simulation;
    this.#services = parts.plan.services;
    this.#rows = rows;
    this.#replicas = parts.replicas;
    this.#slots = others.slots;
    this.#success = simulation.register("probe succeeds", (replica, token) =>
      others.probed(replica, token, true),
    );
    this.#failure = simulation.register("probe fails", (replica, token) =>
      others.probed(replica, token, false),
    );
    this.#timeout = simulation.register("probe times out", (row, generation) => {
      if (rows.is(row, generation)) this.#abandon(row);
    });
  }

  send(
    replica: number,
    token: number,
    { timeout, handler }: { readonly timeout: number; readonly handler: ProbeHandler },
  ): void {
    const replicas = this.#replicas;
    const phase = replicas.phase[replica]!;
    const isOpen = phase === SERVING || phase === DRAINING;
    if (!isOpen || handler === "tcpSocket") {
      this.#simulation.scheduleAfter(0, isOpen ? this.#success : this.#failure, replica, token);
      return;
    }
    const { hash, probe } = this.#services[replicas.service[replica]!]!;
    const rows = this.#rows;
    const row = rows.take();
    const { int, real } = rows;
    const generation = int[row + GENERATION]!;
    int[row + PARENT] = -1;
    int[row + FLAGS] = PROBE;
    int[row + REPLICA] = replica;
    int[row + PC] = probe.entry;
    int[row + SITE] = probe.site;
    int[row + ATTEMPT] = 0;
    int[row + KEY] = hash ^ Math.imul(replicas.ordinal[replica]! + 1, 0x2c1b3c6d);
    int[row + PENDING] = token;
    real[row + REQUEST] = replicas.probes[replica]!++;
    real[row + FACTOR] = 1;
    real[row + DEADLINE] = 0;
    real[row + SINCE] = this.#simulation.now;
    real[row + TIMER] = this.#simulation.scheduleAfter(timeout, this.#timeout, row, generation);
    if (probe.ownThread || handler === "exec") this.#slots.pass(row);
    else if (!this.#slots.enter(row, replica)) this.finish(row, false);
  }

  /** The replica has done its work for the probe, or will never do it. */
  finish(row: number, ok: boolean): void {
    const { int, real } = this.#rows;
    const flags = int[row + FLAGS]!;
    const replica = int[row + REPLICA]!;
    if ((flags & ABANDONED) === 0) {
      this.#simulation.cancel(real[row + TIMER]!);
      const answer = ok ? this.#success : this.#failure;
      this.#simulation.scheduleAfter(0, answer, replica, int[row + PENDING]!);
    }
    this.#rows.release(row);
    if ((flags & HOLDS_SLOT) !== 0) this.#slots.leave(replica, row);
  }

  /** The kubelet waits no longer; the replica goes on with the probe all the same. */
  #abandon(row: number): void {
    const { int } = this.#rows;
    int[row + FLAGS]! |= ABANDONED;
    this.#simulation.scheduleAfter(0, this.#failure, int[row + REPLICA]!, int[row + PENDING]!);
  }
}
