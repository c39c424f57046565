import { assert } from "../../kernel/assert.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { StationSpec } from "../stationSpec.ts";
import type { FigureKeeper, Level } from "./stationFigures.ts";
import { WaitingLine } from "./waitingLine.ts";

/** What a server is about, with a request or without one. */
export type ServerPhase = "ready" | "settingUp" | "off" | "down";

/** One concurrency slot of a replica. */
export interface Server {
  /** Never used twice in a station. */
  readonly number: number;
  phase: ServerPhase;
  /** The request in it; −1 for none. One that a server holds while it is set up waits for it. */
  row: number;
  /** Of the request. */
  rank: number;
  /** When the request took it, or when it was last switched on: the later the higher. */
  began: number;
  started: number;
  /** It takes no further request and is gone after this one. */
  isLeaving: boolean;
  /** Event of its breakdown, its repair, the end of its setup or of its idleness; −1 for none. */
  timer: number;
  /** Event of the end of the work in it; −1 while it does none of its own. */
  work: number;
  /** Breakdowns, repairs and setups so far: numbers the draws. */
  changes: number;
}

/** The servers of one replica, and those that wait for one. */
export class Station {
  readonly line: WaitingLine;
  /** In the order in which they came; leaving ones included. */
  servers: Server[] = [];
  /**
   * Ready, without a request, and not leaving: the last one is taken first. In the order in which
   * they were switched on, those that always were before them in the order in which they fell idle.
   */
  readonly idle: Server[] = [];
  readonly byRow = new Map<number, Server>();
  /** While waiting rows are let in, so that this does not recurse. */
  isPumping = false;
  #numbers = 0;
  #began = 0;
  #started = 0;
  /** Servers that are ready, with a request or without. */
  #up = 0;
  readonly #figures: FigureKeeper;

  constructor({ discipline }: Pick<StationSpec, "discipline">, figures: FigureKeeper) {
    this.line = new WaitingLine(discipline);
    this.#figures = figures;
  }

  /** Its process starts, without servers yet. */
  open(now: number): void {
    this.#figures.add("noneUp", 1, now);
  }

  /** Its process is gone, and all that was in it. Timers are the caller's business. */
  close(now: number): void {
    for (const server of this.servers) this.#book(server, -1, now);
    this.#figures.add("noneUp", -1, now);
    this.servers = [];
    this.idle.length = 0;
    this.byRow.clear();
    this.line.clear();
  }

  /** Servers that are there to stay. */
  get staying(): number {
    return this.servers.reduce((count, { isLeaving }) => count + (isLeaving ? 0 : 1), 0);
  }

  add(phase: "ready" | "off", now: number): Server {
    const server: Server = {
      number: this.#numbers++,
      phase,
      row: -1,
      rank: 0,
      began: 0,
      started: 0,
      isLeaving: false,
      timer: -1,
      work: -1,
      changes: 0,
    };
    this.servers.push(server);
    this.#book(server, 1, now);
    if (phase === "ready") this.#isIdle(server);
    return server;
  }

  /** Takes a server without a request away. Its timer is the caller's business. */
  remove(server: Server, now: number): void {
    assert(server.row < 0, "a server was taken away with a request in it");
    this.#book(server, -1, now);
    this.servers = this.servers.filter((other) => other !== server);
    this.#isNotIdle(server);
  }

  /** A row takes an idle server, or one that is to be set up for it. */
  seize(server: Server, row: number, rank: number, now: number): void {
    this.#book(server, -1, now);
    this.#isNotIdle(server);
    server.row = row;
    server.rank = rank;
    server.began = ++this.#began;
    this.byRow.set(row, server);
    this.#book(server, 1, now);
  }

  /** The row in it leaves or loses it. */
  free(server: Server, now: number): void {
    this.#book(server, -1, now);
    this.byRow.delete(server.row);
    server.row = -1;
    this.#book(server, 1, now);
    if (server.phase === "ready" && !server.isLeaving) this.#isIdle(server);
  }

  turn(server: Server, phase: ServerPhase, now: number): void {
    this.#book(server, -1, now);
    this.#isNotIdle(server);
    server.phase = phase;
    if (phase === "settingUp") server.started = ++this.#started;
    this.#book(server, 1, now);
    if (phase === "ready" && server.row < 0 && !server.isLeaving) this.#isIdle(server);
  }

  /**
   * An idle server: the one that was switched on last, as function platforms do, so that those that
   * are not needed fall idle for good.
   */
  newestIdle(): Server | undefined {
    return this.idle.at(-1);
  }

  /** The server whose work is of the worst priority, if it is worse than `rank`: the latest one. */
  victim(rank: number): Server | undefined {
    let worst: Server | undefined;
    for (const server of this.servers) {
      if (server.work < 0 || server.rank <= rank) continue;
      const isWorse =
        worst === undefined ||
        server.rank > worst.rank ||
        (server.rank === worst.rank && server.began > worst.began);
      if (isWorse) worst = server;
    }
    return worst;
  }

  state(): Json {
    return {
      line: this.line.state(),
      servers: this.servers.map((server) => ({ ...server })),
      idle: this.idle.map(({ number }) => number),
      numbers: this.#numbers,
      began: this.#began,
      started: this.#started,
      up: this.#up,
    };
  }

  restore(state: Json): void {
    const saved = savedState<StationState>(state);
    this.line.restore(saved.line);
    this.servers = saved.servers.map((server) => ({ ...server }));
    for (const server of this.servers) if (server.row >= 0) this.byRow.set(server.row, server);
    this.idle.push(...saved.idle.map((number) => this.numbered(number)!));
    this.#numbers = saved.numbers;
    this.#began = saved.began;
    this.#started = saved.started;
    this.#up = saved.up;
  }

  numbered(number: number): Server | undefined {
    return this.servers.find((server) => server.number === number);
  }

  #book(server: Server, by: 1 | -1, now: number): void {
    this.#figures.add(levelOf(server), by, now);
    if (server.phase !== "ready") return;
    this.#up += by;
    // It went from 1 to 0, or from 0 to 1.
    if (this.#up === (by < 0 ? 0 : 1)) this.#figures.add("noneUp", -by, now);
  }

  #isIdle(server: Server): void {
    let at = this.idle.length;
    while (at > 0 && this.idle[at - 1]!.started > server.started) at--;
    if (at === this.idle.length) this.idle.push(server);
    else this.idle.splice(at, 0, server);
  }

  #isNotIdle(server: Server): void {
    const at = this.idle.lastIndexOf(server);
    if (at >= 0) this.idle.splice(at, 1);
  }
}

function levelOf({ phase, row }: Server): Level {
  if (phase !== "ready") return phase;
  return row < 0 ? "idle" : "busy";
}

interface StationState {
  readonly line: Json;
  readonly servers: readonly Server[];
  readonly idle: readonly number[];
  readonly numbers: number;
  readonly began: number;
  readonly started: number;
  readonly up: number;
}
