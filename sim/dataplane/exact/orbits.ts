import { type Json, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import type { CallSite } from "../callplan/plan.ts";
import { type CallTable, INT } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";

const { GENERATION, SITE } = INT;

const ORBIT_SITE = 0x4f000000;

interface Orbit {
  /** Calls in order of their last failures, as pairs of row and generation; some may be gone. */
  readonly calls: (readonly [number, number])[];
  /** Pauses so far: numbers their draws. */
  pauses: number;
}

/**
 * Retries that take turns: the callers of a call site whose attempts have failed stand in one line,
 * and one of them tries again at the end of each pause (the constant retrial policy: Fayolle, "A
 * simple telephone exchange with delayed feedbacks", 1986).
 */
export class Orbits {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #sites: readonly CallSite[];
  readonly #rows: CallTable;
  readonly #retry: (row: number) => void;
  readonly #pauseEnd: number;
  /** By call site. */
  readonly #orbits = new Map<number, Orbit>();

  constructor(parts: PlaneParts, retry: (row: number) => void) {
    this.#simulation = parts.simulation;
    this.#draws = parts.draws;
    this.#sites = parts.plan.program.sites;
    this.#rows = parts.rows;
    this.#retry = retry;
    this.#pauseEnd = parts.simulation.register("orbit's pause ends", (site) => this.#send(site));
  }

  /** The call waits for its turn to be tried again. */
  join(row: number): void {
    const { int } = this.#rows;
    const site = int[row + SITE]!;
    let orbit = this.#orbits.get(site);
    if (orbit === undefined) {
      orbit = { calls: [], pauses: 0 };
      this.#orbits.set(site, orbit);
    }
    orbit.calls.push([row, int[row + GENERATION]!]);
    if (orbit.calls.length === 1) this.#pause(site, orbit);
  }

  state(): Json {
    return [...this.#orbits].map(([site, { calls, pauses }]) => ({
      site,
      pauses,
      calls: calls.map((call) => [...call]),
    }));
  }

  restore(state: Json): void {
    for (const { site, pauses, calls } of savedState<readonly OrbitState[]>(state)) {
      this.#orbits.set(site, {
        pauses,
        calls: calls.map(([row, generation]) => [row, generation]),
      });
    }
  }

  #pause(site: number, orbit: Orbit): void {
    const { hash, call } = this.#sites[site]!;
    const backoff = call?.retries?.backoff;
    if (backoff?.kind !== "drawn") return;
    const drawn = backoff.time.sample(this.#draws, orbit.pauses++, hash ^ ORBIT_SITE, 0);
    this.#simulation.scheduleAfter(roundHalfEven(drawn), this.#pauseEnd, site, 0);
  }

  #send(site: number): void {
    const orbit = this.#orbits.get(site)!;
    const { calls } = orbit;
    // Calls whose time was up have left without a word.
    let next = calls.shift();
    while (next !== undefined && !this.#rows.is(...next)) next = calls.shift();
    if (calls.length > 0) this.#pause(site, orbit);
    if (next !== undefined) this.#retry(next[0]);
  }
}

interface OrbitState {
  readonly site: number;
  readonly pauses: number;
  readonly calls: readonly (readonly [number, number])[];
}
