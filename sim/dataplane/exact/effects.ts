import type { ActiveEffect } from "../../cluster/dataPlane.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import { compileDistribution, type TimeDistribution } from "../../workload/distributions.ts";
import type { CallSite } from "../callplan/plan.ts";
import type { CallTable } from "./callTable.ts";
import type { ReplicaTable } from "./replicaTable.ts";

const LATENCY_SITE = 0x57000000;

/**
 * Effects of the faults that are active. Several on one replica add up (errors) or multiply
 * (slowness).
 */
export class Effects {
  readonly #replicas: ReplicaTable;
  readonly #services: number;
  #active: ActiveEffect[] = [];
  /** Added latency, by service: the ones that are active. */
  #latencies: { readonly effect: ActiveEffect; readonly time: TimeDistribution }[][];
  hasLatency = false;

  constructor(replicas: ReplicaTable, services: number) {
    this.#replicas = replicas;
    this.#services = services;
    this.#latencies = Array.from({ length: services }, () => []);
  }

  apply(effect: ActiveEffect): void {
    this.#active.push(effect);
    this.#refresh();
  }

  clear(id: number): void {
    this.#active = this.#active.filter((effect) => effect.id !== id);
    this.#refresh();
  }

  latency(
    site: CallSite,
    replica: number,
    row: number,
    rows: CallTable,
    draws: KeyedDraws,
  ): number {
    let sum = 0;
    for (const { effect, time } of this.#latencies[site.service]!) {
      if (effect.endpoint !== null && effect.endpoint !== site.endpoint) continue;
      if (!effect.replicas.includes(replica)) continue;
      const key = rows.key[row]! ^ (LATENCY_SITE + effect.id);
      sum += roundHalfEven(time.sample(draws, rows.request[row]!, key, rows.attempt[row]!));
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
    const { slow, errorShare } = this.#replicas;
    slow.fill(1);
    errorShare.fill(0);
    this.#latencies = Array.from({ length: this.#services }, () => []);
    this.hasLatency = false;
    for (const active of this.#active) {
      const { effect, replicas } = active;
      switch (effect.kind) {
        case "slow":
          for (const replica of replicas) slow[replica]! *= effect.factor;
          break;
        case "error":
          for (const replica of replicas) errorShare[replica]! += effect.share;
          break;
        case "latency": {
          const time = compileDistribution(effect.latency);
          this.#latencies[active.service]!.push({ effect: active, time });
          this.hasLatency = true;
          break;
        }
        case "kill":
          break;
      }
    }
  }
}
