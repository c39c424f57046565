import type { Json } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { micros } from "../../kernel/time.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { PlannedGuard } from "../callplan/plan.ts";
import { OK } from "../failure.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";
import { Instances } from "./instances.ts";
import type { PlaneParts } from "./parts.ts";

const { ATTEMPT, KEY, TRAFFIC } = INT;
const { REQUEST } = REAL;

const GUARD_SITE = 0x5c000000;
/** The ticket of a guard that did not let the call through, or was not asked. */
const NONE = -1;
/** Stands for the replica of guards that all replicas share: the edge's place is free there. */
const SHARED = -1;

/** How a call that was let through ended. */
export type Outcome = "success" | "failure" | "ignored";

/** Breakers, limiters and their like before the calls of a caller, or before a service. */
export class Guards {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #attributes: readonly AttributeSampler[];
  readonly #rows: CallTable;
  readonly #instances = new Instances();
  /** One object for all: policies keep none of it. */
  readonly #request = { key: "", cost: 1, priority: 0, draw: 0 };

  constructor(parts: PlaneParts) {
    this.#simulation = parts.simulation;
    this.#draws = parts.draws;
    this.#attributes = parts.attributes;
    this.#rows = parts.rows;
  }

  /**
   * Asks one guard after the other; the reason of the first that refuses, or OK. `replica` applies
   * them; tickets stay in the row's columns from `tickets` on.
   */
  admit(guards: readonly PlannedGuard[], row: number, replica: number, tickets: number): number {
    const { real } = this.#rows;
    const { now } = this.#simulation;
    const request = this.#request;
    for (let i = 0; i < guards.length; i++) real[row + tickets + i] = NONE;
    for (let i = 0; i < guards.length; i++) {
      const guard = guards[i]!;
      this.#describe(guard, row, request);
      const { permitted, ticket } = guard.policy.tryAcquire(
        this.#state(guard, replica),
        request,
        now,
      );
      if (!permitted) {
        this.ended(guards, row, replica, { tickets, outcome: "ignored", since: now });
        return guard.reason;
      }
      real[row + tickets + i] = ticket;
    }
    return OK;
  }

  /** Tells the guards that let the call through how it ended; each hears it once. */
  ended(
    guards: readonly PlannedGuard[],
    row: number,
    replica: number,
    end: { readonly tickets: number; readonly outcome: Outcome; readonly since: number },
  ): void {
    const { real } = this.#rows;
    const { now } = this.#simulation;
    const duration = micros(now - end.since);
    for (let i = 0; i < guards.length; i++) {
      const ticket = real[row + end.tickets + i]!;
      if (ticket === NONE) continue;
      real[row + end.tickets + i] = NONE;
      const guard = guards[i]!;
      const result = { outcome: end.outcome, duration, ticket };
      guard.policy.onResult(this.#state(guard, replica), result, now);
    }
  }

  /** A process is gone, and what its guards knew. */
  forget(replica: number): void {
    this.#instances.forget(replica);
  }

  state(): Json {
    return this.#instances.state();
  }

  restore(state: Json): void {
    this.#instances.restore(state);
  }

  #state(guard: PlannedGuard, replica: number): Json {
    return this.#instances.of(guard.use, guard.isShared ? SHARED : replica, () =>
      guard.policy.init(guard.config, this.#simulation.now),
    );
  }

  #describe(
    guard: PlannedGuard,
    row: number,
    into: { key: string; priority: number; draw: number },
  ): void {
    const { int, real } = this.#rows;
    const request = real[row + REQUEST]!;
    const attributes = this.#attributes[int[row + TRAFFIC]!]!;
    into.key = keyOf(guard.per, attributes, request);
    into.priority = attributes.priority(request);
    const key = int[row + KEY]! ^ GUARD_SITE ^ guard.use;
    into.draw = this.#draws.uniform(request, key, int[row + ATTEMPT]!);
  }
}

function keyOf(per: PlannedGuard["per"], attributes: AttributeSampler, request: number): string {
  switch (per) {
    case "tenant":
      return attributes.spec.tenants[attributes.tenant(request)]!.name;
    case "region":
      return attributes.spec.regions[attributes.region(request)]!.name;
    case "user":
      return String(attributes.user(request));
    case "key":
      return String(attributes.key(request));
    default:
      return "";
  }
}
