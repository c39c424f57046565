import type { ActiveEffect } from "../../cluster/dataPlane.ts";
import { unreachable } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import { compileDistribution, type TimeDistribution } from "../../workload/distributions.ts";
import type { CallSite } from "../callplan/plan.ts";
import { type CallTable, INT, REAL } from "./callTable.ts";

const { ATTEMPT, KEY } = INT;
const { REQUEST } = REAL;

const LATENCY_SITE = 0x57000000;

/** An effect on the replicas of one service: a factor, a share or a time. */
interface Bite<Value> {
  readonly replicas: ReadonlySet<number>;
  /** Null for all. */
  readonly endpoint: number | null;
  readonly value: Value;
}

interface Latency {
  readonly time: TimeDistribution;
  readonly site: number;
}

/**
 * Effects of the faults that are active. Several on one replica add up (errors, latency) or
 * multiply (slowness).
 */
export class Effects {
  readonly #services: number;
  #active: ActiveEffect[] = [];
  /** By service. */
  #slowness: Bite<number>[][] = [];
  #errors: Bite<number>[][] = [];
  #latencies: Bite<Latency>[][] = [];
  /** Nearly always nothing is wrong, and callers need not ask. */
  hasSlowness = false;
  hasErrors = false;
  hasLatency = false;

  constructor(services: number) {
    this.#services = services;
  }

  apply(effect: ActiveEffect): void {
    this.#active.push(effect);
    this.#refresh();
  }

  clear(id: number): void {
    this.#active = this.#active.filter((effect) => effect.id !== id);
    this.#refresh();
  }

  /** Factor on work and waits. */
  slowness(called: CallSite, replica: number): number {
    let factor = 1;
    for (const bite of this.#slowness[called.service]!) {
      if (bites(bite, called, replica)) factor *= bite.value;
    }
    return factor;
  }

  errorShare(called: CallSite, replica: number): number {
    let share = 0;
    for (const bite of this.#errors[called.service]!) {
      if (bites(bite, called, replica)) share += bite.value;
    }
    return share;
  }

  latency(
    called: CallSite,
    replica: number,
    row: number,
    rows: CallTable,
    draws: KeyedDraws,
  ): number {
    let sum = 0;
    for (const bite of this.#latencies[called.service]!) {
      if (!bites(bite, called, replica)) continue;
      const { time, site } = bite.value;
      const key = rows.int[row + KEY]! ^ (LATENCY_SITE + site);
      sum += roundHalfEven(
        time.sample(draws, rows.real[row + REQUEST]!, key, rows.int[row + ATTEMPT]!),
      );
    }
    return sum;
  }

  state(): Json {
    return plainState(this.#active);
  }

  restore(state: Json): void {
    this.#active = [...savedState<ActiveEffect[]>(state)];
    this.#refresh();
  }

  /**
   * Computed anew from all that are active, so that the order of their ends makes no difference.
   */
  #refresh(): void {
    this.#slowness = this.#byService();
    this.#errors = this.#byService();
    this.#latencies = this.#byService();
    for (const { effect, service, endpoint, replicas, site } of this.#active) {
      const where = { replicas: new Set(replicas), endpoint };
      switch (effect.kind) {
        case "slow":
          this.#slowness[service]!.push({ ...where, value: effect.factor });
          break;
        case "error":
          this.#errors[service]!.push({ ...where, value: effect.share });
          break;
        case "latency": {
          const time = compileDistribution(effect.latency);
          this.#latencies[service]!.push({ ...where, value: { time, site } });
          break;
        }
        case "kill":
        case "crash":
        case "drain":
        case "node-down":
          break;
        default:
          unreachable(effect);
      }
    }
    const isAny = (lists: readonly (readonly unknown[])[]): boolean =>
      lists.some((list) => list.length > 0);
    this.hasSlowness = isAny(this.#slowness);
    this.hasErrors = isAny(this.#errors);
    this.hasLatency = isAny(this.#latencies);
  }

  #byService(): never[][] {
    return Array.from({ length: this.#services }, () => []);
  }
}

const bites = (bite: Bite<unknown>, called: CallSite, replica: number): boolean =>
  (bite.endpoint === null || bite.endpoint === called.endpoint) && bite.replicas.has(replica);
