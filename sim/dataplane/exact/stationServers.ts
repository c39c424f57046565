import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import type { TimeDistribution } from "../../workload/distributions.ts";
import type { PlannedService, PlannedStation, PlannedTraffic } from "../callplan/plan.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import { journeyOf } from "./journeyChoice.ts";
import type { PlaneParts } from "./parts.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { Server, Station } from "./station.ts";
import type { FigureKeeper } from "./stationFigures.ts";
import type { Waiting } from "./waitingLine.ts";

const { ATTEMPT, FLAGS, GENERATION, KEY, REPLICA, TRAFFIC } = INT;
const { DEMAND, REQUEST, SERVED, SINCE, WAITED } = REAL;
const { HOLDS_SLOT, PROBE, QUEUED } = FLAG;

const PATIENCE_SITE = 0x4b000000;
const UPTIME_SITE = 0x4c000000;
const REPAIR_SITE = 0x4d000000;
const SETUP_SITE = 0x4e000000;
/** Entries of those that gave up are dropped when they are more than this and than the others. */
const STALE_ABOVE = 64;
/** Probes wait before all requests, where priorities count. */
const PROBE_RANK = -1;

/** A replica that is a station, and the rules that hold there. */
export interface Place {
  readonly replica: number;
  readonly station: Station;
  readonly service: PlannedService;
  readonly spec: PlannedStation;
  readonly figures: FigureKeeper;
}

/** Brings rows and servers of stations together, and apart again. */
export class StationServers {
  readonly #simulation: Simulation;
  readonly #draws: KeyedDraws;
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #attributes: readonly AttributeSampler[];
  readonly #traffic: readonly PlannedTraffic[];
  readonly #walk: (row: number) => void;
  readonly #abandoned: (row: number) => void;
  readonly #patienceEnd: number;
  readonly #workEnd: number;
  readonly #serverTurn: number;
  readonly #scheduleStep: number;

  constructor(
    parts: PlaneParts,
    others: {
      readonly placeOf: (replica: number) => Place | null;
      readonly abandoned: (row: number) => void;
    },
  ) {
    const { simulation, rows } = parts;
    const { placeOf } = others;
    this.#simulation = simulation;
    this.#draws = parts.draws;
    this.#rows = rows;
    this.#replicas = parts.replicas;
    this.#attributes = parts.attributes;
    this.#traffic = parts.plan.traffic;
    this.#walk = parts.walk;
    this.#abandoned = others.abandoned;
    this.#patienceEnd = simulation.register("patience ends", (row, generation) => {
      if (rows.is(row, generation)) this.#giveUp(placeOf(rows.int[row + REPLICA]!)!, row);
    });
    this.#workEnd = simulation.register("server ends work", (row) => {
      this.#endWork(placeOf(rows.int[row + REPLICA]!)!, row);
    });
    this.#serverTurn = simulation.register("server turns", (replica, number) => {
      const place = placeOf(replica)!;
      this.#turn(place, place.station.numbered(number)!);
    });
    this.#scheduleStep = simulation.register("servers change", (replica, start) => {
      const place = placeOf(replica);
      if (place !== null && this.#replicas.starts[replica] === start) this.adjust(place);
    });
  }

  // ---- rows ----------------------------------------------------------------------------

  /** A row gets a server, or waits unless so many do already. */
  admit(place: Place, row: number, queueLimit: number): "served" | "waited" | "refused" {
    const { station, spec, replica } = place;
    const rank = this.#rank(place, row);
    const waiting = this.#replicas.queueLength[replica]!;
    // With a queue there are idle servers only while it is being let in.
    const idle = waiting === 0 ? station.newestIdle() : undefined;
    const victim = idle === undefined && spec.preemptive ? station.victim(rank) : undefined;
    const server = idle ?? victim;
    if (server !== undefined) {
      if (victim !== undefined) this.#interrupt(place, victim, "resume");
      this.#seize(place, server, row, rank);
      this.#walk(row);
      return "served";
    }
    if (spec.setup?.waits === "server") {
      const off = station.servers.find(({ phase }) => phase === "off");
      if (off !== undefined) {
        this.#setUp(place, off);
        this.#seize(place, off, row, rank);
        place.figures.add("waiting", 1, this.#simulation.now);
        return "waited";
      }
    }
    if (waiting >= queueLimit) return "refused";
    this.#enqueue(place, row, { rank, remaining: 0, head: false });
    return "waited";
  }

  /** A row that holds a server leaves it. */
  leave(place: Place, row: number): void {
    const { station } = place;
    const server = station.byRow.get(row)!;
    this.#replicas.busySlots[place.replica]!--;
    station.free(server, this.#simulation.now);
    if (server.isLeaving) this.#remove(place, server);
    else this.#settle(place);
  }

  /** Does a row's work when a server does it that may lose it; false when none does. */
  work({ station, service, replica }: Place, row: number, demand: number): boolean {
    // Work that shares the CPU cannot be stopped; that of a branch belongs to no server.
    const server = service.discipline === "fifo" ? station.byRow.get(row) : undefined;
    if (server === undefined) return false;
    const { now } = this.#simulation;
    const { real } = this.#rows;
    const replicas = this.#replicas;
    real[row + DEMAND] = demand;
    real[row + SINCE] = now;
    replicas.setCpuRate(replica, replicas.cpuRate[replica]! + 1, now);
    server.work = this.#simulation.scheduleAfter(demand, this.#workEnd, row, 0);
    return true;
  }

  #endWork(place: Place, row: number): void {
    const { real } = this.#rows;
    place.station.byRow.get(row)!.work = -1;
    this.#stopCpu(place.replica);
    real[row + SERVED]! += real[row + DEMAND]!;
    this.#walk(row);
  }

  #stopCpu(replica: number): void {
    const replicas = this.#replicas;
    replicas.setCpuRate(replica, replicas.cpuRate[replica]! - 1, this.#simulation.now);
  }

  #rank({ spec }: Place, row: number): number {
    if (spec.discipline !== "priority") return 0;
    const { int, real } = this.#rows;
    if ((int[row + FLAGS]! & PROBE) !== 0) return PROBE_RANK;
    const request = real[row + REQUEST]!;
    const traffic = this.#traffic[int[row + TRAFFIC]!];
    const journey = traffic === undefined ? 0 : journeyOf(traffic, request, this.#draws);
    // Messages of topics have neither traffic nor journeys.
    return (
      traffic?.priorities[journey] ?? this.#attributes[int[row + TRAFFIC]!]?.priority(request) ?? 0
    );
  }

  #seize({ station, spec, replica }: Place, server: Server, row: number, rank: number): void {
    if (spec.setup !== null && server.phase === "ready") this.#stopTimer(server);
    station.seize(server, row, rank, this.#simulation.now);
    this.#replicas.busySlots[replica]!++;
    this.#rows.int[row + FLAGS]! |= HOLDS_SLOT;
  }

  #enqueue(
    place: Place,
    row: number,
    how: { readonly rank: number; readonly remaining: number; readonly head: boolean },
  ): void {
    const { station, spec, replica, figures } = place;
    const { int, real } = this.#rows;
    const generation = int[row + GENERATION]!;
    let patience = -1;
    if (spec.patience !== null && (int[row + FLAGS]! & PROBE) === 0) {
      const key = int[row + KEY]! ^ PATIENCE_SITE;
      const drawn = spec.patience.sample(
        this.#draws,
        real[row + REQUEST]!,
        key,
        int[row + ATTEMPT]!,
      );
      const wait = roundHalfEven(drawn);
      patience = this.#simulation.scheduleAfter(wait, this.#patienceEnd, row, generation);
    }
    const { rank, remaining, head } = how;
    station.line.add({ row, generation, rank, remaining, patience }, head);
    int[row + FLAGS]! |= QUEUED;
    const waiting = ++this.#replicas.queueLength[replica]!;
    figures.add("waiting", 1, this.#simulation.now);
    if (spec.setup?.waits === "queue") this.#setUpFor(place, waiting);
  }

  /** It stands in the queue no longer. */
  #dequeue({ replica, figures }: Place, row: number): void {
    const { int, real } = this.#rows;
    const { now } = this.#simulation;
    int[row + FLAGS]! &= ~QUEUED;
    this.#replicas.queueLength[replica]!--;
    figures.add("waiting", -1, now);
    real[row + WAITED]! += now - real[row + SINCE]!;
  }

  #giveUp(place: Place, row: number): void {
    const { station, figures, replica } = place;
    this.#dequeue(place, row);
    figures.count("abandoned");
    this.#abandoned(row);
    const stale = station.line.length - this.#replicas.queueLength[replica]!;
    if (stale > STALE_ABOVE && stale * 2 > station.line.length) {
      station.line.keep((waiting) => this.#isThere(waiting));
    }
  }

  #isThere({ row, generation }: Waiting): boolean {
    return this.#rows.is(row, generation) && (this.#rows.int[row + FLAGS]! & QUEUED) !== 0;
  }

  /** Lets waiting rows into idle servers; rows that end at once free theirs without recursion. */
  #settle(place: Place): void {
    const { station, spec, replica } = place;
    const { queueLength } = this.#replicas;
    if (station.isPumping) return;
    station.isPumping = true;
    while (queueLength[replica]! > 0 && station.idle.length > 0) {
      const waiting = station.line.take()!;
      if (!this.#isThere(waiting)) continue;
      const { row, rank, remaining, patience } = waiting;
      if (patience >= 0) this.#simulation.cancel(patience);
      this.#dequeue(place, row);
      this.#seize(place, station.newestIdle()!, row, rank);
      if (remaining === 0 || !this.work(place, row, remaining)) this.#walk(row);
    }
    station.isPumping = false;
    if (spec.setup === null) return;
    for (const server of [...station.idle]) if (server.timer < 0) this.#retire(place, server);
  }

  // ---- servers -------------------------------------------------------------------------

  /** As many servers as there are to be now; and again when that changes. */
  adjust(place: Place): void {
    const { station, spec, service, replica } = place;
    const { now } = this.#simulation;
    const steps = spec.servers?.steps ?? [];
    const next = steps.find(({ from }) => from > now);
    const target = steps.findLast(({ from }) => from <= now)?.count ?? service.concurrency;
    for (let count = station.staying; count < target; count++) {
      const server = station.add(spec.setup === null ? "ready" : "off", now);
      if (spec.breakdowns !== null) this.#startTimer(place, server, "uptime");
    }
    for (let count = station.staying; count > target; count--) this.#shed(place);
    if (next !== undefined) {
      const { starts } = this.#replicas;
      this.#simulation.schedule(next.from, this.#scheduleStep, replica, starts[replica]!);
    }
    this.#settle(place);
  }

  /** All of it ends; its rows are the caller's business. */
  close({ station, replica, figures }: Place): void {
    const { now } = this.#simulation;
    let waiting = this.#replicas.queueLength[replica]!;
    for (const server of station.servers) {
      this.#stopTimer(server);
      if (server.work >= 0) this.#simulation.cancel(server.work);
      if (server.phase === "settingUp" && server.row >= 0) waiting++;
    }
    figures.add("waiting", -waiting, now);
    station.close(now);
  }

  /** One server goes: without a request if there is one, or the one that began its request last. */
  #shed(place: Place): void {
    const staying = place.station.servers.filter(({ isLeaving }) => !isLeaving);
    const server =
      staying.findLast(({ row }) => row < 0) ??
      staying.reduce((latest, other) => (other.began > latest.began ? other : latest));
    if (server.row < 0) this.#remove(place, server);
    else if (place.spec.servers?.drain === "requeue") {
      this.#interrupt(place, server, "resume");
      this.#remove(place, server);
    } else server.isLeaving = true;
  }

  #remove({ station }: Place, server: Server): void {
    this.#stopTimer(server);
    station.remove(server, this.#simulation.now);
  }

  /** The request of a server goes back to the head of the queue, with what is left of its work. */
  #interrupt(place: Place, server: Server, how: "resume" | "restart"): void {
    const { int, real } = this.#rows;
    const { row, rank } = server;
    const { now } = this.#simulation;
    const isBound = server.phase === "settingUp";
    let remaining = 0;
    if (server.work >= 0) {
      const done = now - real[row + SINCE]!;
      this.#simulation.cancel(server.work);
      this.#stopCpu(place.replica);
      real[row + SERVED]! += done;
      remaining = how === "resume" ? real[row + DEMAND]! - done : real[row + DEMAND]!;
      real[row + SINCE] = now;
    }
    const isAtWork = server.work >= 0;
    server.work = -1;
    int[row + FLAGS]! &= ~HOLDS_SLOT;
    this.#replicas.busySlots[place.replica]!--;
    place.station.free(server, now);
    place.figures.count("interrupted");
    if (isBound) place.figures.add("waiting", -1, now);
    // One that waits for somebody else queues again when it goes on.
    if (isAtWork || isBound) this.#enqueue(place, row, { rank, remaining, head: true });
  }

  /** The timer of a server has come to its end. */
  #turn(place: Place, server: Server): void {
    const { station, spec } = place;
    const { now } = this.#simulation;
    server.timer = -1;
    switch (server.phase) {
      case "settingUp":
        station.turn(server, "ready", now);
        if (server.row >= 0) this.#serveBound(place, server.row);
        break;
      case "down":
        station.turn(server, "ready", now);
        this.#startTimer(place, server, "uptime");
        break;
      default:
        if (spec.breakdowns === null) station.turn(server, "off", now);
        else this.#breakDown(place, server, spec.breakdowns.work);
    }
    this.#settle(place);
  }

  #serveBound({ figures }: Place, row: number): void {
    const { real } = this.#rows;
    const { now } = this.#simulation;
    figures.add("waiting", -1, now);
    real[row + WAITED]! += now - real[row + SINCE]!;
    this.#walk(row);
  }

  #breakDown(place: Place, server: Server, how: "resume" | "restart"): void {
    if (server.row >= 0) this.#interrupt(place, server, how);
    if (server.isLeaving) {
      this.#remove(place, server);
      return;
    }
    place.station.turn(server, "down", this.#simulation.now);
    this.#startTimer(place, server, "repair");
  }

  #setUpFor(place: Place, waiting: number): void {
    const { servers } = place.station;
    const settingUp = servers.filter(({ phase }) => phase === "settingUp").length;
    const off = servers.find(({ phase }) => phase === "off");
    if (off !== undefined && settingUp < waiting) this.#setUp(place, off);
  }

  #setUp(place: Place, server: Server): void {
    place.station.turn(server, "settingUp", this.#simulation.now);
    place.figures.count("coldStarts");
    this.#startTimer(place, server, "setup");
  }

  /** It has nothing to do: it is switched off, at once or later. */
  #retire({ station, spec, replica }: Place, server: Server): void {
    const idle = spec.setup?.idle ?? 0;
    if (idle === 0) station.turn(server, "off", this.#simulation.now);
    else {
      const { number } = server;
      server.timer = this.#simulation.scheduleAfter(idle, this.#serverTurn, replica, number);
    }
  }

  #startTimer(place: Place, server: Server, until: "uptime" | "repair" | "setup"): void {
    const { spec, service, replica } = place;
    const { number } = server;
    const [time, site] = timerOf(spec, until);
    const ordinal = Math.imul(this.#replicas.ordinal[replica]! + 1, 0x2c1b3c6d);
    const key = service.hash ^ site ^ ordinal ^ Math.imul(number + 1, 0x27d4eb2f);
    const duration = roundHalfEven(time.sample(this.#draws, server.changes++, key, 0));
    server.timer = this.#simulation.scheduleAfter(duration, this.#serverTurn, replica, number);
  }

  #stopTimer(server: Server): void {
    if (server.timer >= 0) this.#simulation.cancel(server.timer);
    server.timer = -1;
  }
}

function timerOf(
  { breakdowns, setup }: PlannedStation,
  until: "uptime" | "repair" | "setup",
): readonly [TimeDistribution, number] {
  if (until === "setup") return [setup!.time, SETUP_SITE];
  return until === "uptime" ? [breakdowns!.uptime, UPTIME_SITE] : [breakdowns!.repair, REPAIR_SITE];
}
