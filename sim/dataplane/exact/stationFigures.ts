import { type Json, savedState } from "../../kernel/json.ts";

/** Levels that are averaged over time, at all replicas of a service together. */
export const LEVELS = ["waiting", "busy", "idle", "settingUp", "off", "down", "noneUp"] as const;
export const COUNTS = [
  "arrivals",
  "waited",
  "refused",
  "abandoned",
  "coldStarts",
  "interrupted",
] as const;

export type Level = (typeof LEVELS)[number];
export type Count = (typeof COUNTS)[number];

/**
 * What has happened at the stations of a service since the measured time began, or, before that,
 * the run. Means over a time are differences of two readings.
 */
export interface StationFigures {
  /**
   * Level × microseconds. `waiting` and `busy` are requests in the queue and servers with one;
   * `idle`, `settingUp`, `off` and `down` are other servers by what they do; `noneUp` is 1 for each
   * replica while none of its servers could take a request, busy or not.
   */
  readonly areas: Readonly<Record<Level, number>>;
  readonly now: Readonly<Record<Level, number>>;
  /**
   * `waited`: arrivals that found no idle server and queued; `coldStarts`: servers that were
   * switched on; `interrupted`: requests that lost their server.
   */
  readonly counts: Readonly<Record<Count, number>>;
}

/** Keeps the figures of one service. */
export class FigureKeeper {
  readonly #levels: Record<Level, number> = zeros(LEVELS);
  readonly #areas: Record<Level, number> = zeros(LEVELS);
  readonly #counts: Record<Count, number> = zeros(COUNTS);
  #since = 0;

  add(level: Level, by: number, now: number): void {
    if (now > this.#since) this.#advance(now);
    this.#levels[level] += by;
  }

  count(what: Count): void {
    this.#counts[what]++;
  }

  read(now: number): StationFigures {
    this.#advance(now);
    return { areas: { ...this.#areas }, now: { ...this.#levels }, counts: { ...this.#counts } };
  }

  /** Forgets the past; the levels stay. */
  reset(now: number): void {
    this.#advance(now);
    Object.assign(this.#areas, zeros(LEVELS));
    Object.assign(this.#counts, zeros(COUNTS));
  }

  state(): Json {
    return {
      levels: { ...this.#levels },
      areas: { ...this.#areas },
      counts: { ...this.#counts },
      since: this.#since,
    };
  }

  restore(state: Json): void {
    const saved = savedState<FigureState>(state);
    Object.assign(this.#levels, saved.levels);
    Object.assign(this.#areas, saved.areas);
    Object.assign(this.#counts, saved.counts);
    this.#since = saved.since;
  }

  #advance(now: number): void {
    const span = now - this.#since;
    for (const level of LEVELS) this.#areas[level] += this.#levels[level] * span;
    this.#since = now;
  }
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>; // every name
}

interface FigureState {
  readonly levels: Readonly<Record<Level, number>>;
  readonly areas: Readonly<Record<Level, number>>;
  readonly counts: Readonly<Record<Count, number>>;
  readonly since: number;
}
