import { assert } from "../../kernel/assert.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { Recorder } from "../../result/recorder.ts";
import { type CallPlan, Op } from "../callplan/plan.ts";
import { OK } from "../failure.ts";
import { type CallTable, FALLBACK_SHIFT, FLAG, INT, REAL, STRIDE } from "./callTable.ts";
import { journeyOf } from "./journeyChoice.ts";
import { type PlaneParts, TRACE } from "./parts.ts";

const { ATTEMPT, FLAGS, GENERATION, KEY, PARENT, PC, TRAFFIC } = INT;
const { DEADLINE, REQUEST, SINCE, START } = REAL;
const { FALLBACK, MEASURED } = FLAG;

/** Between two journeys of a virtual user of which the first took no time: one millisecond. */
const IDLE_PAUSE = 1000;

/** Clients: each is a row without a parent that walks its journey, one request after another. */
export class Journeys {
  readonly #simulation: Simulation;
  readonly #plan: CallPlan;
  readonly #draws: KeyedDraws;
  readonly #recorder: Recorder;
  readonly #rows: CallTable;
  readonly #walk: (row: number) => void;
  readonly #measureFrom: number;
  readonly #begin: number;

  constructor(parts: PlaneParts, { measureFrom }: { readonly measureFrom: number }) {
    this.#simulation = parts.simulation;
    this.#plan = parts.plan;
    this.#draws = parts.draws;
    this.#recorder = parts.recorder;
    this.#rows = parts.rows;
    this.#walk = parts.walk;
    this.#measureFrom = measureFrom;
    this.#begin = parts.simulation.register("next journey begins", (row, generation) => {
      assert(this.#rows.is(row, generation), "a virtual user is gone");
      this.#walk(row);
    });
  }

  /** A client begins a journey now. `request` is its number within the traffic. */
  start(traffic: number, request: number): void {
    const rows = this.#rows;
    const row = rows.take();
    rows.int[row + PARENT] = -1;
    rows.int[row + ATTEMPT] = 0;
    rows.int[row + TRAFFIC] = traffic;
    rows.int[row + KEY] = this.#plan.traffic[traffic]!.hash;
    rows.real[row + REQUEST] = request;
    rows.real[row + DEADLINE] = 0;
    this.#choose(row);
    this.#walk(row);
  }

  /**
   * The virtual users of closed workloads begin; each sends one request after another, for ever.
   */
  startUsers(): void {
    this.#plan.traffic.forEach(({ users }, traffic) => {
      for (let user = 0; user < users; user++) this.start(traffic, user);
    });
  }

  /** Measured requests that wait for an answer: counted row by row, to check the balance. */
  countInFlight(): number {
    const { int, end } = this.#rows;
    let count = 0;
    for (let row = 0; row < end; row += STRIDE) {
      if ((int[row + FLAGS]! & MEASURED) !== 0 && int[row + PARENT] === -1) count++;
    }
    return count;
  }

  /** The client sends its next request. */
  stepBegins(row: number): void {
    const { now } = this.#simulation;
    const { int, real } = this.#rows;
    real[row + START] = now;
    this.#simulation.digest.add(now, TRACE.requested, real[row + REQUEST]!);
    if (now < this.#measureFrom) return;
    // What stood in for a part of an earlier answer says nothing of this one.
    int[row + FLAGS] = (int[row + FLAGS]! & ~FALLBACK) | MEASURED;
    this.#recorder.requestStarted();
  }

  /**
   * A client has its answer: the request counts as completed or failed, and the journey goes on or
   * ends.
   */
  stepEnded(row: number, reason: number): void {
    const { int, real } = this.#rows;
    const { now } = this.#simulation;
    const latency = now - real[row + START]!;
    this.#simulation.digest.add(now, TRACE.completed + (reason << 4), latency);
    if ((int[row + FLAGS]! & MEASURED) !== 0) {
      int[row + FLAGS]! &= ~MEASURED;
      const fallback = int[row + FLAGS]! & FALLBACK;
      if (reason === OK && fallback !== 0) {
        this.#recorder.requestDegraded(31 - Math.clz32(fallback >> FALLBACK_SHIFT), latency);
      } else if (reason === OK) this.#recorder.requestCompleted(latency);
      else this.#recorder.requestFailed(reason, latency);
    }
    if (reason !== OK) this.#lose(row);
    this.#walk(row);
  }

  /**
   * The next journey of a virtual user: request numbers of users interleave, so that they are its
   * own.
   */
  next(row: number): void {
    const { int, real } = this.#rows;
    const { now } = this.#simulation;
    real[row + REQUEST]! += this.#plan.traffic[int[row + TRAFFIC]!]!.users;
    this.#choose(row);
    // A journey that took no time (it failed at once) would begin for ever in this instant.
    const pause = real[row + SINCE] === now ? IDLE_PAUSE : 0;
    real[row + SINCE] = now + pause;
    this.#simulation.scheduleAfter(pause, this.#begin, row, int[row + GENERATION]!);
  }

  #choose(row: number): void {
    const { int, real } = this.#rows;
    const traffic = this.#plan.traffic[int[row + TRAFFIC]!]!;
    int[row + PC] = traffic.entries[journeyOf(traffic, real[row + REQUEST]!, this.#draws)]!;
  }

  /** After a failure an open journey ends; a virtual user begins the next one. */
  #lose(row: number): void {
    const { op } = this.#plan.program;
    const { int } = this.#rows;
    let pc = int[row + PC]!;
    while (op[pc] !== Op.End && op[pc] !== Op.Loop) pc++;
    int[row + PC] = pc;
  }
}
