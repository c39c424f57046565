import { present } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { PlannedLock } from "../callplan/plan.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { PlaneParts } from "./parts.ts";
import type { SlotKeeper } from "./slotKeeper.ts";

const { FLAGS, GENERATION, TRAFFIC } = INT;
const { REQUEST, SINCE, WAITED } = REAL;
const { LOCKS } = FLAG;

/** A locked row of a table: who has it, and who waits for it in order of arrival. */
interface LockedRow {
  holder: number;
  readonly waiting: number[];
}

interface Held {
  readonly id: string;
  readonly transaction: number;
}

interface Wait {
  readonly id: string;
  readonly lock: number;
  readonly since: number;
}

/** What the locks of a table cost; times are microseconds. */
export interface LockFigures {
  /** Locks that were had, and those of them that had to be waited for. */
  taken: number;
  waited: number;
  timeouts: number;
  waitMicros: number;
  /** The most requests that waited at once, for one row. */
  longestQueue: number;
}

/**
 * Locks of rows: a request has each until its transaction, or itself, ends, however that comes
 * about. Whoever waits too long fails, which is also how two that wait for each other part.
 */
export class Locks {
  readonly figures: readonly LockFigures[];
  readonly #simulation: Simulation;
  readonly #locks: readonly PlannedLock[];
  readonly #attributes: readonly AttributeSampler[];
  readonly #rows: CallTable;
  readonly #slots: SlotKeeper;
  readonly #gaveUp: (row: number) => void;
  readonly #granted: number;
  readonly #waitEnd: number;
  readonly #locked = new Map<string, LockedRow>();
  readonly #held = new Map<number, Held[]>();
  readonly #waits = new Map<number, Wait>();

  constructor(
    parts: PlaneParts,
    { slots, gaveUp }: { readonly slots: SlotKeeper; readonly gaveUp: (row: number) => void },
  ) {
    const { simulation, rows } = parts;
    this.#simulation = simulation;
    this.#locks = parts.plan.program.locks;
    this.#attributes = parts.attributes;
    this.#rows = rows;
    this.#slots = slots;
    this.#gaveUp = gaveUp;
    this.figures = parts.plan.tables.map(noFigures);
    rows.lockerGone = (row) => this.#drop(row);
    this.#granted = simulation.register("lock is granted", (row, generation) => {
      if (rows.is(row, generation)) this.#slots.resume(row);
    });
    this.#waitEnd = simulation.register("lock wait ends", (row, generation) => {
      if (rows.is(row, generation)) this.#endWait(row);
    });
  }

  /** False when the row has to wait; it then goes on by itself. */
  take(row: number, index: number): boolean {
    const lock = this.#locks[index]!;
    const id = `${lock.number} ${this.#keyOf(row, lock)}`;
    const found = this.#locked.get(id);
    if (found?.holder === row) return true;
    const figures = this.figures[lock.number]!;
    this.#rows.int[row + FLAGS]! |= LOCKS;
    if (found === undefined) {
      figures.taken++;
      this.#locked.set(id, { holder: row, waiting: [] });
      this.#hold(row, { id, transaction: lock.transaction });
      return true;
    }
    const { now } = this.#simulation;
    found.waiting.push(row);
    figures.longestQueue = Math.max(figures.longestQueue, found.waiting.length);
    this.#waits.set(row, { id, lock: index, since: now });
    this.#rows.real[row + SINCE] = now;
    if (lock.timeout !== null) {
      const generation = this.#rows.int[row + GENERATION]!;
      this.#simulation.scheduleAfter(lock.timeout, this.#waitEnd, row, generation);
    }
    // Its slot goes to others meanwhile: among them may be the one that has the lock.
    this.#slots.releaseIfAsynchronous(row);
    return false;
  }

  endTransaction(row: number, transaction: number): void {
    const held = this.#held.get(row);
    if (held === undefined) return;
    const kept = held.filter((one) => one.transaction !== transaction);
    if (kept.length > 0) this.#held.set(row, kept);
    else {
      this.#held.delete(row);
      this.#rows.int[row + FLAGS]! &= ~LOCKS;
    }
    for (const one of held) if (one.transaction === transaction) this.#passOn(one.id);
  }

  resetFigures(): void {
    for (const figures of this.figures) Object.assign(figures, noFigures());
  }

  state(): Json {
    return plainState({
      locked: [...this.#locked].map(([id, { holder, waiting }]) => ({
        id,
        holder,
        waiting: [...waiting],
      })),
      held: [...this.#held].map(([row, held]) => ({ row, held: held.map((one) => ({ ...one })) })),
      waits: [...this.#waits].map(([row, wait]) => ({ row, wait: { ...wait } })),
      figures: this.figures.map((figures) => ({ ...figures })),
    });
  }

  restore(state: Json): void {
    const saved = savedState<LocksState>(state);
    for (const { id, holder, waiting } of saved.locked) {
      this.#locked.set(id, { holder, waiting: [...waiting] });
    }
    for (const { row, held } of saved.held) this.#held.set(row, [...held]);
    for (const { row, wait } of saved.waits) this.#waits.set(row, wait);
    this.figures.forEach((figures, index) => {
      Object.assign(figures, saved.figures[index]!);
    });
  }

  /** Timers of waits that ended in time find a row that waits no more, or for something else. */
  #endWait(row: number): void {
    const wait = this.#waits.get(row);
    if (wait === undefined) return;
    const { number, timeout } = this.#locks[wait.lock]!;
    if (timeout === null || wait.since + timeout !== this.#simulation.now) return;
    this.#leaveQueue(row, wait);
    this.figures[number]!.timeouts++;
    this.#gaveUp(row);
  }

  /** The row ends: by itself, or with its process. */
  #drop(row: number): void {
    const wait = this.#waits.get(row);
    if (wait !== undefined) this.#leaveQueue(row, wait);
    const held = this.#held.get(row) ?? [];
    this.#held.delete(row);
    for (const { id } of held) this.#passOn(id);
  }

  #leaveQueue(row: number, { id }: Wait): void {
    this.#waits.delete(row);
    const { waiting } = present(this.#locked.get(id), "locked row");
    waiting.splice(waiting.indexOf(row), 1);
  }

  /** The next one has it at once, and goes on when whatever happens now is over. */
  #passOn(id: string): void {
    const locked = present(this.#locked.get(id), "locked row");
    const row = locked.waiting.shift();
    if (row === undefined) {
      this.#locked.delete(id);
      return;
    }
    const { now } = this.#simulation;
    const wait = present(this.#waits.get(row), "wait for a lock");
    this.#waits.delete(row);
    locked.holder = row;
    const { number, transaction } = this.#locks[wait.lock]!;
    this.#hold(row, { id, transaction });
    const figures = this.figures[number]!;
    figures.taken++;
    figures.waited++;
    figures.waitMicros += now - wait.since;
    this.#rows.real[row + WAITED]! += now - wait.since;
    this.#simulation.scheduleAfter(0, this.#granted, row, this.#rows.int[row + GENERATION]!);
  }

  #hold(row: number, held: Held): void {
    const others = this.#held.get(row);
    if (others === undefined) this.#held.set(row, [held]);
    else others.push(held);
  }

  /** Which row of the table; of several, the one whose turn it is. */
  #keyOf(row: number, { per, rows, which, order }: PlannedLock): number {
    const request = this.#rows.real[row + REQUEST]!;
    const attributes = this.#attributes[this.#rows.int[row + TRAFFIC]!]!;
    const keyAt = (place: number): number =>
      place === 0 ? attributes[per](request) : attributes.otherKey(request, place);
    if (order === "as-drawn" || rows === 1) return keyAt(which);
    const keys = Array.from({ length: rows }, (_, place) => keyAt(place));
    return keys.sort((a, b) => a - b)[which]!;
  }
}

const noFigures = (): LockFigures => ({
  taken: 0,
  waited: 0,
  timeouts: 0,
  waitMicros: 0,
  longestQueue: 0,
});

interface LocksState {
  readonly locked: readonly {
    readonly id: string;
    readonly holder: number;
    readonly waiting: readonly number[];
  }[];
  readonly held: readonly { readonly row: number; readonly held: readonly Held[] }[];
  readonly waits: readonly { readonly row: number; readonly wait: Wait }[];
  readonly figures: readonly LockFigures[];
}
