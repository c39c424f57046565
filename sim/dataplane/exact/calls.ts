import type { TimerLane } from "../../kernel/calendar.ts";
import type { Json } from "../../kernel/json.ts";
import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { CallPlan, PlannedService } from "../callplan/plan.ts";
import { DEADLINE_EXCEEDED, NO_ENDPOINT, OK, QUEUE_FULL, REFUSED, TIMEOUT } from "../failure.ts";
import { Attempts } from "./attempts.ts";
import { CallBooks } from "./callBooks.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { Connections } from "./connections.ts";
import type { Guards } from "./guards.ts";
import type { Journeys } from "./journeys.ts";
import type { Links } from "./links.ts";
import type { Memory } from "./memory.ts";
import type { Outliers } from "./outliers.ts";
import { type PlaneParts, TRACE } from "./parts.ts";
import { CLOSED, DRAINING, GONE, type ReplicaTable } from "./replicaTable.ts";
import type { RevisionCounters } from "./revisionCounters.ts";
import type { Router } from "./router.ts";
import type { ServiceGuards } from "./serviceGuards.ts";
import type { Shards } from "./shards.ts";
import type { SlotKeeper } from "./slotKeeper.ts";
import { Ways } from "./ways.ts";

const {
  ATTEMPT,
  FLAGS,
  GENERATION,
  KEY,
  PARENT,
  PARENT_GENERATION,
  PC,
  PENDING,
  POOL,
  REPLICA,
  SITE,
  TRAFFIC,
} = INT;
const {
  ABANDONED,
  ADMITTED,
  BRANCH,
  CALL,
  CANCELLED,
  FALLBACK,
  HOLDS_SLOT,
  MESSAGE,
  ON_DEADLINE,
  RELAYED,
} = FLAG;
const { DEADLINE, FACTOR, LINK, REQUEST, SERVED, SINCE, START, TICKETS, TIMER, WAITED } = REAL;

/** Sites of draws that belong to a call as a whole; instruction sites are hashes of names. */
const FACTOR_SITE = 0x54000000;

/** What an answer on its way back has of the call. */
const ANSWER_INT = [PARENT, PARENT_GENERATION, REPLICA, SITE, ATTEMPT, TRAFFIC, KEY] as const;
const ANSWER_REAL = [
  REQUEST,
  START,
  WAITED,
  SERVED,
  DEADLINE,
  TICKETS,
  TICKETS + 1,
  TICKETS + 2,
] as const;
const ANSWER_FLAGS = ON_DEADLINE | RELAYED | FALLBACK;

export interface CallParts {
  readonly router: Router;
  readonly links: Links;
  readonly counters: RevisionCounters;
  readonly slots: SlotKeeper;
  readonly connections: Connections;
  readonly journeys: Journeys;
  readonly memory: Memory;
  readonly guards: Guards;
  readonly gate: ServiceGuards;
  readonly outliers: Outliers;
  readonly shards: Shards;
  /** A replica that drains has answered its last call. */
  readonly drained: (replica: number) => void;
  /** The work on a message has ended, for its client's row. */
  readonly messageEnded: (row: number, reason: number) => void;
}

/**
 * Calls from their sending to the answer: routing, the way there and back, timeouts and the books.
 * A call is a row whose parent is the row that waits for it: its caller or, where there is more to
 * a call than one attempt, the row of the call as a whole (`Attempts`). A caller that times out
 * goes on as failed while the abandoned call works to its end.
 */
export class Calls {
  readonly #simulation: Simulation;
  readonly #services: readonly PlannedService[];
  readonly #sites: CallPlan["program"]["sites"];
  readonly #draws: KeyedDraws;
  readonly #recorder: Recorder;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #router: Router;
  readonly #slots: SlotKeeper;
  readonly #connections: Connections;
  readonly #journeys: Journeys;
  readonly #memory: Memory;
  readonly #drained: (replica: number) => void;
  readonly #messageEnded: (row: number, reason: number) => void;
  readonly #attempts: Attempts;
  readonly #gate: ServiceGuards;
  readonly #ways: Ways;
  readonly #books: CallBooks;
  /** Some call has a deadline: only then do calls carry one. */
  readonly #hasDeadlines: boolean;
  /** Some call has a fallback: only then do answers say what they are. */
  readonly #hasFallbacks: boolean;
  /** Some revision works faster or slower than written. */
  readonly #hasFactors: boolean;
  /** By call site; null where calls have no timeout. */
  readonly #lanes: readonly (TimerLane | null)[];
  readonly #arrival: number;
  readonly #answer: number;
  readonly #timeout: number;
  readonly #deadline: number;

  constructor(parts: PlaneParts, others: CallParts) {
    const { simulation, plan } = parts;
    this.#simulation = simulation;
    this.#services = plan.services;
    this.#sites = plan.program.sites;
    this.#draws = parts.draws;
    this.#recorder = parts.recorder;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#router = others.router;
    this.#slots = others.slots;
    this.#connections = others.connections;
    this.#journeys = others.journeys;
    this.#memory = others.memory;
    this.#drained = others.drained;
    this.#messageEnded = others.messageEnded;
    this.#gate = others.gate;
    this.#ways = new Ways(parts, others.links);
    this.#books = new CallBooks(parts, others);
    this.#attempts = new Attempts(parts, others.guards, {
      transmit: (row) => this.#send(row),
      refuse: (row, reason) => this.#refuse(row, reason),
      giveUp: (row, reason) => this.#giveUp(row, reason),
      discard: (row, isCancelled) => this.#discard(row, isCancelled),
      finish: (row, reason) => this.finish(row, reason),
      walk: (row) => parts.walk(row),
    });
    this.#hasDeadlines = this.#sites.some(({ call }) => (call?.deadline ?? null) !== null);
    this.#hasFallbacks = this.#sites.some(({ call }) => (call?.fallback ?? null) !== null);
    this.#hasFactors = plan.services.some(({ revisions }) =>
      revisions.some(({ latencyMin, latencySpan }) => latencyMin !== 1 || latencySpan !== 0),
    );
    this.#lanes = this.#sites.map(({ timeout }) =>
      timeout === null ? null : simulation.lane(timeout),
    );
    const { rows } = parts;
    this.#arrival = simulation.register("call arrives", (row, generation) => {
      if (rows.is(row, generation)) this.#arrive(row);
    });
    this.#answer = simulation.register("answer arrives", (row, generation) => {
      if (rows.is(row, generation)) this.#deliver(row, rows.int[row + PENDING]!);
    });
    this.#timeout = simulation.register("call times out", (row, generation) => {
      if (rows.is(row, generation)) this.#abandon(row, TIMEOUT);
    });
    this.#deadline = simulation.register("deadline passes", (row, generation) => {
      if (rows.is(row, generation)) this.#abandon(row, DEADLINE_EXCEEDED);
    });
  }

  // ---- there ---------------------------------------------------------------------------

  /** Sends a call of `parent`, who waits for it. */
  send(parent: number, site: number): void {
    const { int } = this.#rows;
    const planned = this.#sites[site]!;
    // A call is known by the path of sites and attempts that led to it.
    const path = int[parent + KEY]! + Math.imul(int[parent + ATTEMPT]!, 0x27d4eb2f);
    const key = Math.imul(path ^ planned.hash, 0x2c1b3c6d);
    if (planned.call === null) this.#sendPlain(parent, site, key);
    else this.#attempts.begin(parent, site, key);
  }

  /** Gives the replica that pulled it a message: a call past every balancer and link. */
  handOver(parent: number, site: number, replica: number): void {
    const key = Math.imul(this.#rows.int[parent + KEY]! ^ this.#sites[site]!.hash, 0x2c1b3c6d);
    const row = this.#create(parent, site, key);
    const { int, real } = this.#rows;
    real[row + START] = this.#simulation.now;
    real[row + LINK] = 0;
    int[row + REPLICA] = replica;
    this.#arrive(row);
  }

  #sendPlain(parent: number, site: number, key: number): void {
    this.#send(this.#create(parent, site, key));
  }

  #create(parent: number, site: number, key: number): number {
    const rows = this.#rows;
    const row = rows.take();
    const { int, real } = rows;
    int[row + PARENT] = parent;
    int[row + PARENT_GENERATION] = int[parent + GENERATION]!;
    int[row + SITE] = site;
    int[row + ATTEMPT] = 0;
    int[row + TRAFFIC] = int[parent + TRAFFIC]!;
    real[row + REQUEST] = real[parent + REQUEST]!;
    int[row + KEY] = key;
    if (this.#hasDeadlines) real[row + DEADLINE] = real[parent + DEADLINE]!;
    return row;
  }

  /** It fails at its caller, and never leaves. */
  #refuse(row: number, reason: number): void {
    const { real } = this.#rows;
    real[row + START] = this.#simulation.now;
    real[row + TIMER] = -1;
    this.#deliver(row, reason);
  }

  #send(row: number): void {
    const { int, real } = this.#rows;
    const simulation = this.#simulation;
    const index = int[row + SITE]!;
    const generation = int[row + GENERATION]!;
    const site = this.#sites[index]!;
    real[row + START] = simulation.now;
    const lane = this.#lanes[index]!;
    if (this.#hasDeadlines && this.#isBoundByDeadline(row, lane)) {
      if (!this.#startDeadline(row)) return;
    } else if (lane !== null) {
      real[row + TIMER] = simulation.scheduleInLane(lane, this.#timeout, row, generation);
    }
    const replica = this.#router.choose(site, row);
    if (replica < 0) {
      this.#recorder.unreached[site.service]!++;
      this.finish(row, NO_ENDPOINT);
      return;
    }
    int[row + REPLICA] = replica;
    const delay = this.#ways.areShort ? 0 : this.#ways.there(row, site, replica);
    if (delay > 0) simulation.scheduleAfter(delay, this.#arrival, row, generation);
    else this.#arrive(row);
  }

  /** The deadline comes before the timeout, and nobody above watches it for this attempt. */
  #isBoundByDeadline(row: number, lane: TimerLane | null): boolean {
    const { int, real } = this.#rows;
    const deadline = real[row + DEADLINE]!;
    if (deadline === 0 || (int[int[row + PARENT]! + FLAGS]! & CALL) !== 0) return false;
    return lane === null || deadline < this.#simulation.now + lane.delay;
  }

  /** False when it has passed: the call has failed, and nothing was sent. */
  #startDeadline(row: number): boolean {
    const { int, real } = this.#rows;
    const deadline = real[row + DEADLINE]!;
    int[row + FLAGS]! |= ON_DEADLINE;
    real[row + TIMER] = -1;
    if (deadline <= this.#simulation.now) {
      this.#deliver(row, DEADLINE_EXCEEDED);
      return false;
    }
    // Never cancelled: it finds the row gone when the answer came in time.
    this.#simulation.schedule(deadline, this.#deadline, row, int[row + GENERATION]!);
    return true;
  }

  #arrive(row: number): void {
    const { int, real } = this.#rows;
    const replicas = this.#replicas;
    const replica = int[row + REPLICA]!;
    const { now } = this.#simulation;
    if ((int[row + FLAGS]! & CANCELLED) !== 0) {
      this.#rows.release(row);
      return;
    }
    const phase = replicas.phase[replica]!;
    const site = this.#sites[int[row + SITE]!]!;
    if (phase === GONE || phase === CLOSED) {
      this.#recorder.unreached[site.service]!++;
      this.finish(row, REFUSED);
      return;
    }
    const service = this.#services[site.service]!;
    replicas.requests[replica]!++;
    replicas.outstanding[replica]!++;
    if (this.#memory.isLimited) this.#memory.check(replica);
    int[row + FLAGS]! |= ADMITTED;
    int[row + PC] = service.entries[site.endpoint]!;
    real[row + FACTOR] = this.#hasFactors ? this.#factor(row, replica, service) : 1;
    real[row + SINCE] = now;
    this.#recorder.arrivals[site.service]!++;
    this.#simulation.digest.add(now, TRACE.sent, replica);
    const refusal =
      this.#gate.isAny && service.guards.length > 0 ? this.#gate.letIn(row, replica, service) : OK;
    if (refusal !== OK) this.finish(row, refusal);
    else if (!this.#slots.enter(row, replica)) this.finish(row, QUEUE_FULL);
  }

  #factor(row: number, replica: number, service: PlannedService): number {
    const revision = service.revisions[this.#replicas.revision[replica]!]!;
    if (revision.latencySpan === 0) return revision.latencyMin;
    const { int, real } = this.#rows;
    const key = int[row + KEY]! ^ FACTOR_SITE;
    const draw = this.#draws.uniform(real[row + REQUEST]!, key, int[row + ATTEMPT]!);
    return revision.latencyMin + draw * revision.latencySpan;
  }

  // ---- and back ------------------------------------------------------------------------

  /**
   * Ends a call or a branch: gives back what it holds, then tells its caller, who may go on at
   * once.
   */
  finish(row: number, reason: number): void {
    const rows = this.#rows;
    const flags = rows.int[row + FLAGS]!;
    if (rows.int[row + POOL]! >= 0) this.#connections.release(row);
    if ((flags & BRANCH) !== 0) {
      const parent = rows.int[row + PARENT]!;
      const generation = rows.int[row + PARENT_GENERATION]!;
      if (this.#hasFallbacks && reason === OK) this.#passOn(row);
      rows.release(row);
      if (rows.is(parent, generation)) this.#answered(parent, reason);
      return;
    }
    if ((flags & ADMITTED) !== 0) {
      if (this.#gate.isAny) this.#gate.letOut(row, reason === OK ? "success" : "failure");
      this.#leave(row, flags);
    }
    // It may have been told while slots were handed on: only its own generation knows.
    const link = this.#ways.back(row);
    if (link > 0 && (flags & ABANDONED) === 0 && reason !== NO_ENDPOINT) {
      this.#sendBack(row, reason, link);
      return;
    }
    this.#deliver(row, reason);
  }

  /** The replica is done with the call. */
  #leave(row: number, flags: number): void {
    const replicas = this.#replicas;
    const replica = this.#rows.int[row + REPLICA]!;
    replicas.outstanding[replica]!--;
    if ((flags & HOLDS_SLOT) !== 0) this.#slots.leave(replica, row);
    if (replicas.phase[replica]! >= DRAINING && replicas.outstanding[replica] === 0) {
      this.#drained(replica);
    }
  }

  /**
   * The answer travels as a row of its own. The old one ends here, so that nothing that still runs
   * on its behalf (a branch, a retry, the work of a replica that was killed) can reach it.
   */
  #sendBack(row: number, reason: number, link: number): void {
    const rows = this.#rows;
    const { now } = this.#simulation;
    const answer = rows.take();
    const { int, real } = rows;
    const generation = int[answer + GENERATION]!;
    for (const column of ANSWER_INT) int[answer + column] = int[row + column]!;
    for (const column of ANSWER_REAL) real[answer + column] = real[row + column]!;
    int[answer + FLAGS] = int[row + FLAGS]! & ANSWER_FLAGS;
    int[answer + PENDING] = reason;
    real[answer + TIMER] = -1;
    const lane = this.#lanes[int[row + SITE]!]!;
    if (lane !== null) lane.cancel(real[row + TIMER]!);
    if ((int[row + FLAGS]! & ON_DEADLINE) !== 0) {
      const deadline = real[row + DEADLINE]!;
      if (deadline <= now + link) {
        this.#simulation.schedule(deadline, this.#deadline, answer, generation);
      }
    } else if (lane !== null) {
      const patience = real[row + START]! + lane.delay;
      if (patience <= now + link) {
        this.#simulation.schedule(patience, this.#timeout, answer, generation);
      }
    }
    const parent = int[row + PARENT]!;
    if (rows.is(parent, int[row + PARENT_GENERATION]!) && (int[parent + FLAGS]! & CALL) !== 0) {
      this.#attempts.moved(parent, row, answer);
    }
    rows.release(row);
    this.#simulation.scheduleAfter(link, this.#answer, answer, generation);
  }

  #deliver(row: number, reason: number): void {
    const rows = this.#rows;
    const { int, real } = rows;
    if ((int[row + FLAGS]! & ABANDONED) !== 0) {
      rows.release(row);
      return;
    }
    const site = int[row + SITE]!;
    const lane = this.#lanes[site]!;
    if (lane !== null) lane.cancel(real[row + TIMER]!);
    this.#books.book(row, this.#sites[site]!.service, reason);
    const parent = int[row + PARENT]!;
    const generation = int[row + PARENT_GENERATION]!;
    if (this.#hasFallbacks && reason === OK) this.#passOn(row);
    if (!rows.is(parent, generation)) {
      rows.release(row);
    } else if ((int[parent + FLAGS]! & CALL) === 0) {
      rows.release(row);
      this.#answered(parent, reason);
    } else {
      const isRelayed = (int[row + FLAGS]! & RELAYED) !== 0;
      const number = int[row + ATTEMPT]!;
      rows.release(row);
      this.#attempts.ended(parent, row, { reason, number, isRelayed });
    }
  }

  /** What stood in for a part of an answer is a part of the caller's answer, too. */
  #passOn(row: number): void {
    const { int } = this.#rows;
    const parent = int[row + PARENT]!;
    if (!this.#rows.is(parent, int[row + PARENT_GENERATION]!)) return;
    int[parent + FLAGS]! |= int[row + FLAGS]! & FALLBACK;
  }

  /** The caller's patience is over; the call goes on without it. */
  #abandon(row: number, reason: number): void {
    const rows = this.#rows;
    const { int } = rows;
    // Its call gave it up at the same moment.
    if ((int[row + FLAGS]! & ABANDONED) !== 0) return;
    int[row + FLAGS]! |= ABANDONED;
    this.#books.book(row, this.#sites[int[row + SITE]!]!.service, reason);
    const parent = int[row + PARENT]!;
    if (!rows.is(parent, int[row + PARENT_GENERATION]!)) return;
    if ((int[parent + FLAGS]! & CALL) === 0) this.#answered(parent, reason);
    else {
      const ending = { reason, number: int[row + ATTEMPT]!, isRelayed: false };
      this.#attempts.ended(parent, row, ending);
    }
  }

  /** A tied attempt begins to be served. */
  served(row: number): void {
    const { int } = this.#rows;
    const parent = int[row + PARENT]!;
    if (this.#rows.is(parent, int[row + PARENT_GENERATION]!)) this.#attempts.served(parent, row);
  }

  /** The process that made a call is gone: its row goes with it. */
  lost(row: number): void {
    if ((this.#rows.int[row + FLAGS]! & CALL) !== 0) this.#attempts.lost(row);
    this.#rows.release(row);
  }

  /** A process is gone, and what it knew of its callees. */
  forget(replica: number): void {
    this.#attempts.forget(replica);
  }

  state(): Json {
    return this.#attempts.state();
  }

  restore(state: Json): void {
    this.#attempts.restore(state);
  }

  #giveUp(row: number, reason: number): void {
    this.#cancelTimeout(row);
    this.#rows.int[row + FLAGS]! |= ABANDONED;
    this.#books.book(row, this.#sites[this.#rows.int[row + SITE]!]!.service, reason);
  }

  #discard(row: number, isCancelled: boolean): void {
    this.#cancelTimeout(row);
    this.#rows.int[row + FLAGS]! |= isCancelled ? ABANDONED | CANCELLED : ABANDONED;
  }

  #cancelTimeout(row: number): void {
    const { int, real } = this.#rows;
    this.#lanes[int[row + SITE]!]?.cancel(real[row + TIMER]!);
  }

  /**
   * A call or a branch of `row` has ended for good. A failure ends the row; its other branches run
   * on unheard.
   */
  #answered(row: number, reason: number): void {
    const { int } = this.#rows;
    if (int[row + PARENT]! < 0) {
      if ((int[row + FLAGS]! & MESSAGE) !== 0) this.#messageEnded(row, reason);
      else this.#journeys.stepEnded(row, reason);
    } else if (reason !== OK) {
      int[row + FLAGS]! |= RELAYED;
      this.finish(row, reason);
    } else if (--int[row + PENDING]! === 0) this.#slots.resume(row);
  }
}
