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

const INDEX = Object.fromEntries(LEVELS.map((name, index) => [name, index])) as Readonly<
  Record<Level, number>
>; // every level

/** Keeps the figures of one service. */
export class FigureKeeper {
  /** By level: what it is, its area until it last changed, and when that was. */
  readonly #levels = new Float64Array(LEVELS.length);
  readonly #areas = new Float64Array(LEVELS.length);
  readonly #since = new Float64Array(LEVELS.length);
  readonly #counts: Record<Count, number> = zeros(COUNTS);

  add(level: Level, by: number, now: number): void {
    const index = INDEX[level];
    const before = this.#levels[index]!;
    this.#areas[index]! += before * (now - this.#since[index]!);
    this.#since[index] = now;
    this.#levels[index] = before + by;
  }

  count(what: Count): void {
    this.#counts[what]++;
  }

  read(now: number): StationFigures {
    this.#advance(now);
    return {
      areas: byLevel(this.#areas),
      now: byLevel(this.#levels),
      counts: { ...this.#counts },
    };
  }

  /** Forgets the past; the levels stay. */
  reset(now: number): void {
    this.#advance(now);
    this.#areas.fill(0);
    Object.assign(this.#counts, zeros(COUNTS));
  }

  state(): Json {
    return {
      levels: [...this.#levels],
      areas: [...this.#areas],
      since: [...this.#since],
      counts: { ...this.#counts },
    };
  }

  restore(state: Json): void {
    const saved = savedState<FigureState>(state);
    this.#levels.set(saved.levels);
    this.#areas.set(saved.areas);
    this.#since.set(saved.since);
    Object.assign(this.#counts, saved.counts);
  }

  #advance(now: number): void {
    for (const level of LEVELS) this.add(level, 0, now);
  }
}

function byLevel(values: Float64Array): Readonly<Record<Level, number>> {
  const entries = LEVELS.map((name, index) => [name, values[index]!]);
  return Object.fromEntries(entries) as Record<Level, number>; // every level
}

function zeros<Name extends string>(names: readonly Name[]): Record<Name, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>; // every name
}

interface FigureState {
  readonly levels: readonly number[];
  readonly areas: readonly number[];
  readonly since: readonly number[];
  readonly counts: Readonly<Record<Count, number>>;
}
