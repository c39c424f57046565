import { type Json, savedState } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import {
  type LatestQuantileState,
  latestQuantile,
} from "../../policy/resilience/latestQuantile.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { CallSite, PlannedFallback, PlannedRetryLimit } from "../callplan/plan.ts";
import type { HedgeDelay } from "../callSpec.ts";
import { DEADLINE_EXCEEDED, OK, TIMEOUT } from "../failure.ts";
import { pauseBefore } from "./backoff.ts";
import { type CallTable, FALLBACK_SHIFT, FLAG, INT, REAL } from "./callTable.ts";
import type { Guards, Outcome } from "./guards.ts";
import { Instances } from "./instances.ts";
import { Orbits } from "./orbits.ts";
import type { PlaneParts } from "./parts.ts";
import { type Ending, isRetried } from "./retryConditions.ts";

const {
  ATTEMPT,
  COPIES,
  FLAGS,
  GENERATION,
  KEY,
  PARENT,
  PARENT_GENERATION,
  PC,
  PENDING,
  REPLICA,
  SITE,
  TRAFFIC,
} = INT;
const { DEADLINE, DEMAND, FACTOR, REQUEST, SINCE, START, TICKETS, TIMER } = REAL;
const { BRANCH, CALL, TIED } = FLAG;

/** Attempts that are under way at once, at most: the columns that a row has for them. */
const COPIES_MAX = 3;
/** Number of a copy within an attempt, in bits above those of attempts that follow each other. */
const COPY_SHIFT = 13;
/** Attempts are numbered in the bits below. */
const ATTEMPTS_MAX = 2 ** COPY_SHIFT;
const NONE = -1;

/** What carries attempts to their replicas. */
export interface Transport {
  /** Sends a row that is an attempt; it may end at once. */
  transmit(row: number): void;
  /** A guard has refused it: it fails without being sent. */
  refuse(row: number, reason: number): void;
  /** The caller waits for it no longer: the attempt has failed. */
  giveUp(row: number, reason: number): void;
  /** The caller has its answer from another: it neither failed nor succeeded. */
  discard(row: number, isCancelled: boolean): void;
  /** Ends a call. */
  finish(row: number, reason: number): void;
  /** Lets a branch go on with its program. */
  walk(row: number): void;
}

/**
 * The caller's side of calls that are more than one attempt, or have a limit as a whole: retries,
 * copies (hedged and tied requests), time limits. Such a call is a row of its own between the
 * caller and the attempts, which are its children: a branch whose program is to make attempts until
 * one has answered or no more are allowed. Plain calls have no such row and never come here.
 */
export class Attempts {
  readonly #simulation: Simulation;
  readonly #sites: readonly CallSite[];
  readonly #draws: KeyedDraws;
  readonly #recorder: Recorder;
  readonly #rows: CallTable;
  readonly #guards: Guards;
  readonly #transport: Transport;
  /** What callers know: states of the limits of retries, latencies of hedged calls. */
  readonly #known = new Instances();
  readonly #orbits: Orbits;
  readonly #timeUp: number;
  readonly #again: number;
  readonly #copy: number;

  constructor(parts: PlaneParts, guards: Guards, transport: Transport) {
    const { simulation, rows } = parts;
    this.#simulation = simulation;
    this.#sites = parts.plan.program.sites;
    this.#draws = parts.draws;
    this.#recorder = parts.recorder;
    this.#rows = rows;
    this.#guards = guards;
    this.#transport = transport;
    this.#timeUp = simulation.register("call's time is up", (row, generation) => {
      if (rows.is(row, generation)) this.#endTime(row);
    });
    this.#again = simulation.register("call is retried", (row, generation) => {
      if (rows.is(row, generation)) this.#retry(row);
    });
    this.#orbits = new Orbits(parts, (row) => this.#retry(row));
    this.#copy = simulation.register("call is hedged", (row, generation) => {
      if (rows.is(row, generation)) this.#hedge(row);
    });
  }

  /** Begins a call of `parent`, who waits for it; `key` tells its draws from other calls'. */
  begin(parent: number, index: number, key: number): void {
    const rows = this.#rows;
    const row = rows.take();
    const { int, real } = rows;
    const { now } = this.#simulation;
    int[row + PARENT] = parent;
    int[row + PARENT_GENERATION] = int[parent + GENERATION]!;
    int[row + REPLICA] = int[parent + REPLICA]!;
    int[row + SITE] = index;
    int[row + ATTEMPT] = 0;
    int[row + TRAFFIC] = int[parent + TRAFFIC]!;
    int[row + KEY] = key;
    int[row + FLAGS] = BRANCH | CALL;
    int[row + PENDING] = 0;
    for (let copy = 0; copy < COPIES_MAX; copy++) int[row + COPIES + copy] = NONE;
    real[row + REQUEST] = real[parent + REQUEST]!;
    real[row + START] = now;
    real[row + DEMAND] = 0;
    real[row + SINCE] = NONE;
    const { timeout, deadline, retries } = this.#sites[index]!.call!;
    if (retries !== null && retries.limit !== null) {
      retries.limit.policy.onCall(this.#limitState(row, retries.limit), now);
    }
    real[row + DEADLINE] = earlier(
      real[parent + DEADLINE]!,
      deadline === null ? 0 : now + deadline,
    );
    const end = earlier(real[row + DEADLINE]!, timeout === null ? 0 : now + timeout);
    real[row + TIMER] = NONE;
    if (end > 0) {
      // One that is over already must not be sent at all.
      if (end <= now) {
        this.#transport.finish(row, DEADLINE_EXCEEDED);
        return;
      }
      const simulation = this.#simulation;
      real[row + TIMER] = simulation.schedule(end, this.#timeUp, row, int[row + GENERATION]!);
    }
    this.#try(row);
  }

  /** An attempt has ended, and its row is gone. `ending` says how. */
  ended(row: number, attempt: number, ending: Ending): void {
    const { int } = this.#rows;
    const isKnown = this.#forget(row, attempt);
    if (!isKnown) return;
    const { reason, number } = ending;
    this.#report(row, attempt, reason === OK ? "success" : "failure");
    if (reason === OK) {
      if (number >= ATTEMPTS_MAX) this.#recorder.attempts.hedgesWon[this.#service(row)]!++;
      this.#settle(row, OK);
      return;
    }
    // Another copy may still have the answer.
    if (int[row + PENDING]! > 0) return;
    if (this.#mayRetry(row, ending)) this.#scheduleRetry(row);
    else this.#settle(row, reason);
  }

  /** The answer of an attempt is on its way back in another row. */
  moved(row: number, from: number, to: number): void {
    const { int } = this.#rows;
    for (let copy = row + COPIES; copy < row + COPIES + COPIES_MAX; copy++) {
      if (int[copy] === from) int[copy] = to;
    }
  }

  /** A tied attempt begins to be served: those that still wait are not needed. */
  served(row: number, attempt: number): void {
    const { int } = this.#rows;
    this.#cancelTimer(row, SINCE);
    for (let copy = row + COPIES; copy < row + COPIES + COPIES_MAX; copy++) {
      const other = int[copy]!;
      if (other === NONE || other === attempt) continue;
      // Two that began in the same instant would cancel each other.
      if ((int[other + FLAGS]! & TIED) === 0) continue;
      int[copy] = NONE;
      int[row + PENDING]!--;
      this.#report(row, other, "ignored");
      this.#transport.discard(other, true);
    }
  }

  /** The caller's process is gone: nobody hears how its attempts end. */
  lost(row: number): void {
    const { int } = this.#rows;
    for (let copy = row + COPIES; copy < row + COPIES + COPIES_MAX; copy++) {
      if (int[copy] !== NONE) this.#report(row, int[copy]!, "ignored");
    }
  }

  /** A process is gone, and what it knew. */
  forget(replica: number): void {
    this.#known.forget(replica);
  }

  state(): Json {
    return { known: this.#known.state(), orbits: this.#orbits.state() };
  }

  restore(state: Json): void {
    const saved = savedState<Record<"known" | "orbits", Json>>(state);
    this.#known.restore(saved.known);
    this.#orbits.restore(saved.orbits);
  }

  // ---- attempts ------------------------------------------------------------------------

  #try(row: number): void {
    const rows = this.#rows;
    const generation = rows.int[row + GENERATION]!;
    const { hedge } = this.#sites[rows.int[row + SITE]!]!.call!;
    if (hedge !== null) {
      const delay = this.#hedgeDelay(row, hedge.after);
      if (delay !== null) {
        const timer = this.#simulation.scheduleAfter(delay, this.#copy, row, generation);
        rows.real[row + SINCE] = timer;
      }
    }
    this.#launch(row, 0);
  }

  /** Sends the attempt `copy` of the try that the call is in; 0 is the first one. */
  #launch(row: number, copy: number): void {
    const rows = this.#rows;
    const attempt = rows.take();
    const { int, real } = rows;
    const site = int[row + SITE]!;
    int[attempt + PARENT] = row;
    int[attempt + PARENT_GENERATION] = int[row + GENERATION]!;
    int[attempt + SITE] = site;
    int[attempt + ATTEMPT] = int[row + ATTEMPT]! | (copy << COPY_SHIFT);
    int[attempt + TRAFFIC] = int[row + TRAFFIC]!;
    int[attempt + KEY] = int[row + KEY]!;
    real[attempt + REQUEST] = real[row + REQUEST]!;
    real[attempt + DEADLINE] = real[row + DEADLINE]!;
    if (this.#sites[site]!.call!.hedge?.tied === true) int[attempt + FLAGS] = TIED;
    int[row + COPIES + copy] = attempt;
    int[row + PENDING]!++;
    const { guards } = this.#sites[site]!.call!;
    if (guards.length > 0) {
      const refusal = this.#guards.admit(guards, attempt, int[row + REPLICA]!, TICKETS);
      if (refusal !== OK) {
        this.#transport.refuse(attempt, refusal);
        return;
      }
    }
    this.#transport.transmit(attempt);
  }

  #hedge(row: number): void {
    const { int, real } = this.#rows;
    const generation = int[row + GENERATION]!;
    const { after, max } = this.#sites[int[row + SITE]!]!.call!.hedge!;
    const copy = this.#copies(row);
    real[row + SINCE] = NONE;
    this.#recorder.attempts.hedges[this.#service(row)]!++;
    const delay = copy < max ? this.#hedgeDelay(row, after) : null;
    if (delay !== null) {
      real[row + SINCE] = this.#simulation.scheduleAfter(delay, this.#copy, row, generation);
    }
    this.#launch(row, copy);
  }

  /** How long a copy waits for the one before it; null: there is none yet. */
  #hedgeDelay(row: number, after: HedgeDelay): number | null {
    return after.kind === "fixed" ? after.delay : this.#latencies(row, after.quantile).value;
  }

  /** What first copies of this call have taken at this caller. */
  #latencies(row: number, quantile: number): LatestQuantileState {
    const { int } = this.#rows;
    const use = this.#sites[int[row + SITE]!]!.hash ^ HEDGE_USE;
    const state = this.#known.of(use, int[row + REPLICA]!, () => latestQuantile.init(quantile));
    return state as LatestQuantileState; // made here only
  }

  #scheduleRetry(row: number): void {
    const { int, real } = this.#rows;
    this.#cancelTimer(row, SINCE);
    const { backoff } = this.#sites[int[row + SITE]!]!.call!.retries!;
    if (backoff.kind === "drawn" && backoff.orbit === "constant") {
      this.#orbits.join(row);
      return;
    }
    const pause = pauseBefore(backoff, {
      retry: int[row + ATTEMPT]! + 1,
      previous: real[row + DEMAND]!,
      request: real[row + REQUEST]!,
      key: int[row + KEY]!,
      draws: this.#draws,
    });
    real[row + DEMAND] = pause;
    const delay = roundHalfEven(pause);
    const generation = int[row + GENERATION]!;
    real[row + SINCE] = this.#simulation.scheduleAfter(delay, this.#again, row, generation);
  }

  #retry(row: number): void {
    const { int, real } = this.#rows;
    real[row + SINCE] = NONE;
    int[row + ATTEMPT]!++;
    this.#recorder.attempts.retries[this.#service(row)]!++;
    this.#try(row);
  }

  /** Whether the attempt that has just failed may be followed by another one. */
  #mayRetry(row: number, ending: Ending): boolean {
    const rows = this.#rows;
    const { int, real } = rows;
    const { retries } = this.#sites[int[row + SITE]!]!.call!;
    if (retries === null || !isRetried(retries, ending)) return false;
    // Nobody waits for it any more.
    if (!rows.is(int[row + PARENT]!, int[row + PARENT_GENERATION]!)) return false;
    const attempt = int[row + ATTEMPT]!;
    if (attempt + 1 >= Math.min(retries.attempts, ATTEMPTS_MAX)) return false;
    const { probability, limit } = retries;
    const key = int[row + KEY]! ^ PROBABILITY_SITE;
    if (probability < 1) {
      const draw = this.#draws.uniform(real[row + REQUEST]!, key, attempt);
      if (draw >= probability) return false;
    }
    if (limit === null) return true;
    const isGranted = limit.policy.tryRetry(this.#limitState(row, limit), this.#simulation.now);
    if (!isGranted) this.#recorder.attempts.retriesDenied[this.#service(row)]!++;
    return isGranted;
  }

  /** Tells the caller's guards, and the limit of its retries, how an attempt has ended. */
  #report(row: number, attempt: number, outcome: Outcome): void {
    const { int, real } = this.#rows;
    const { guards, retries, hedge } = this.#sites[int[row + SITE]!]!.call!;
    // One that lost against its copy took at least so long: longer than the copy waited.
    if (hedge?.after.kind === "quantile" && int[attempt + ATTEMPT]! < ATTEMPTS_MAX) {
      const took = this.#simulation.now - real[attempt + START]!;
      latestQuantile.add(this.#latencies(row, hedge.after.quantile), took);
    }
    if (guards.length > 0) {
      const end = { tickets: TICKETS, outcome, since: real[attempt + START]! };
      this.#guards.ended(guards, attempt, int[row + REPLICA]!, end);
    }
    if (retries === null || retries.limit === null || outcome === "ignored") return;
    retries.limit.policy.onAttempt(this.#limitState(row, retries.limit), outcome);
  }

  #limitState(row: number, limit: PlannedRetryLimit): Json {
    const replica = limit.isShared ? NONE : this.#rows.int[row + REPLICA]!;
    return this.#known.of(limit.use, replica, () =>
      limit.policy.init(limit.config, this.#simulation.now),
    );
  }

  // ---- the end -------------------------------------------------------------------------

  #endTime(row: number): void {
    const { int, real } = this.#rows;
    real[row + TIMER] = NONE;
    const deadline = real[row + DEADLINE]!;
    const reason = deadline > 0 && deadline <= this.#simulation.now ? DEADLINE_EXCEEDED : TIMEOUT;
    for (let copy = row + COPIES; copy < row + COPIES + COPIES_MAX; copy++) {
      if (int[copy] === NONE) continue;
      this.#report(row, int[copy]!, "failure");
      this.#transport.giveUp(int[copy]!, reason);
      int[copy] = NONE;
    }
    this.#settle(row, reason);
  }

  #settle(row: number, reason: number): void {
    const { int } = this.#rows;
    this.#cancelTimer(row, TIMER);
    this.#cancelTimer(row, SINCE);
    const isCancelled = this.#sites[int[row + SITE]!]!.call!.hedge?.losers === "cancel";
    for (let copy = row + COPIES; copy < row + COPIES + COPIES_MAX; copy++) {
      if (int[copy] === NONE) continue;
      this.#report(row, int[copy]!, "ignored");
      this.#transport.discard(int[copy]!, isCancelled);
    }
    const { fallback } = this.#sites[int[row + SITE]!]!.call!;
    if (reason === OK || fallback === null) this.#transport.finish(row, reason);
    else this.#fallBack(row, fallback);
  }

  /** The call becomes a branch of its caller's, which gives it an answer of its own. */
  #fallBack(row: number, { kind, entry }: PlannedFallback): void {
    const rows = this.#rows;
    const { int, real } = rows;
    const parent = int[row + PARENT]!;
    if (!rows.is(parent, int[row + PARENT_GENERATION]!)) {
      rows.release(row);
      return;
    }
    this.#recorder.attempts.fallbacks[this.#service(row)]!++;
    int[row + FLAGS] = BRANCH | (1 << (FALLBACK_SHIFT + kind));
    int[row + ATTEMPT] = 0;
    int[row + PC] = entry;
    real[row + FACTOR] = real[parent + FACTOR]!;
    this.#transport.walk(row);
  }

  #cancelTimer(row: number, column: number): void {
    const { real } = this.#rows;
    const timer = real[row + column]!;
    if (timer === NONE) return;
    real[row + column] = NONE;
    this.#simulation.cancel(timer);
  }

  #forget(row: number, attempt: number): boolean {
    const { int } = this.#rows;
    for (let copy = row + COPIES; copy < row + COPIES + COPIES_MAX; copy++) {
      if (int[copy] !== attempt) continue;
      int[copy] = NONE;
      int[row + PENDING]!--;
      return true;
    }
    return false;
  }

  /** Number of the next copy of this try. */
  #copies(row: number): number {
    const { int } = this.#rows;
    let copy = 1;
    while (copy < COPIES_MAX - 1 && int[row + COPIES + copy] !== NONE) copy++;
    return copy;
  }

  #service(row: number): number {
    return this.#sites[this.#rows.int[row + SITE]!]!.service;
  }
}

const PROBABILITY_SITE = 0x5b000000;
/** Tells what a call site knows of latencies from what limits its retries. */
const HEDGE_USE = 0x5d000000;

/** The earlier of two times of which 0 stands for never. */
const earlier = (a: number, b: number): number => (a === 0 ? b : b === 0 ? a : Math.min(a, b));
