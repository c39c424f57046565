import type { KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import { roundHalfEven } from "../../kernel/time.ts";
import type { Recorder } from "../../result/recorder.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { type CallPlan, Op, type Program } from "../callplan/plan.ts";
import { DEADLINE_EXCEEDED, ERROR, OK } from "../failure.ts";
import type { Caches } from "./caches.ts";
import type { Calls } from "./calls.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import type { Connections } from "./connections.ts";
import type { CpuWork } from "./cpu.ts";
import type { Effects } from "./effects.ts";
import type { Journeys } from "./journeys.ts";
import type { Locks } from "./locks.ts";
import type { PlaneParts } from "./parts.ts";
import type { Probes } from "./probes.ts";
import type { ReplicaTable } from "./replicaTable.ts";
import type { SlotKeeper } from "./slotKeeper.ts";

const {
  ATTEMPT,
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
const { DEADLINE, FACTOR, REQUEST, SERVED } = REAL;
const { BRANCH, CANCELLED, PROBE, TIED } = FLAG;
const { Work, Wait, Call, Fork, Choice, Jump, Acquire, Release, Probed, Loop, Lookup, Fill } = Op;
const { Lock, Unlock } = Op;

const ERROR_SITE = 0x51000000;

/** Walks rows through the program of their endpoint or journey. */
export class Walker {
  readonly #simulation: Simulation;
  readonly #program: Program;
  readonly #services: CallPlan["services"];
  readonly #draws: KeyedDraws;
  readonly #recorder: Recorder;
  readonly #attributes: readonly AttributeSampler[];
  readonly #rows: CallTable;
  readonly #replicas: ReplicaTable;
  readonly #effects: Effects;
  readonly #cpu: CpuWork;
  readonly #slots: SlotKeeper;
  readonly #connections: Connections;
  readonly #journeys: Journeys;
  readonly #probes: Probes;
  readonly #calls: Calls;
  readonly #caches: Caches;
  readonly #locks: Locks;
  /** Some service has a warm-up: only then is the age of replicas worth a look. */
  readonly #hasWarmUp: boolean;
  /** Some requests may end before their program does: only then is that worth a look. */
  readonly #mayEnd: boolean;
  /** Some revision answers with errors of its own. */
  readonly #hasErrors: boolean;
  readonly #waitEnd: number;

  constructor(
    parts: PlaneParts,
    others: {
      readonly cpu: CpuWork;
      readonly slots: SlotKeeper;
      readonly connections: Connections;
      readonly journeys: Journeys;
      readonly probes: Probes;
      readonly calls: Calls;
      readonly caches: Caches;
      readonly locks: Locks;
    },
  ) {
    this.#simulation = parts.simulation;
    this.#program = parts.plan.program;
    this.#services = parts.plan.services;
    this.#draws = parts.draws;
    this.#recorder = parts.recorder;
    this.#attributes = parts.attributes;
    this.#rows = parts.rows;
    this.#replicas = parts.replicas;
    this.#effects = parts.effects;
    this.#cpu = others.cpu;
    this.#slots = others.slots;
    this.#connections = others.connections;
    this.#journeys = others.journeys;
    this.#probes = others.probes;
    this.#calls = others.calls;
    this.#caches = others.caches;
    this.#locks = others.locks;
    this.#hasWarmUp = parts.plan.services.some(({ warmUp }) => warmUp !== null);
    this.#mayEnd =
      parts.plan.services.some(({ dropsExpired }) => dropsExpired) ||
      parts.plan.program.sites.some(({ call }) => (call?.hedge ?? null) !== null);
    this.#hasErrors = parts.plan.services.some(({ revisions }) =>
      revisions.some(({ errorShare }) => errorShare > 0),
    );
    this.#waitEnd = parts.simulation.register("wait ends", (row, generation) => {
      if (this.#rows.is(row, generation)) this.#endWait(row);
    });
  }

  /** Carries out instructions until the row has to wait for something. */
  walk(row: number): void {
    const rows = this.#rows;
    if (this.#mayEnd && this.#endsEarly(row)) return;
    const { op, x, site } = this.#program;
    for (;;) {
      const pc = rows.int[row + PC]!;
      const operand = x[pc]!;
      rows.int[row + PC] = pc + 1;
      switch (op[pc]) {
        case Work:
          if (this.#work(row, operand, site[pc]!)) return;
          break;
        case Wait:
          this.#wait(row, operand, site[pc]!);
          return;
        case Call:
          this.#call(row, operand);
          return;
        case Fork:
          this.#fork(row, operand);
          return;
        case Choice:
          rows.int[row + PC] = this.#choose(row, operand, site[pc]!);
          break;
        case Jump:
          rows.int[row + PC] = operand;
          break;
        case Acquire:
          if (!this.#connections.acquire(row, operand)) return;
          break;
        case Release:
          this.#connections.release(row);
          break;
        case Probed:
          this.#probes.finish(row, true);
          return;
        case Loop:
          this.#journeys.next(row);
          return;
        case Lookup:
          if (!this.#look(row, operand)) return;
          break;
        case Fill:
          this.#caches.fill(row, operand);
          break;
        case Lock:
          if (!this.#locks.take(row, operand)) return;
          break;
        case Unlock:
          this.#locks.endTransaction(row, operand);
          break;
        default:
          this.#end(row);
          return;
      }
    }
  }

  /**
   * Whether a call has ended before its next step: somebody else has answered, or its deadline has
   * passed in a service that looks. One of several copies tells the others when it begins.
   */
  #endsEarly(row: number): boolean {
    const { int, real } = this.#rows;
    const flags = int[row + FLAGS]!;
    const replica = int[row + REPLICA]!;
    if (replica < 0 || (flags & (BRANCH | PROBE)) !== 0) return false;
    if ((flags & CANCELLED) !== 0) {
      // Nobody hears how it ended.
      this.#calls.finish(row, OK);
      return true;
    }
    const deadline = real[row + DEADLINE]!;
    const { dropsExpired } = this.#services[this.#replicas.service[replica]!]!;
    if (dropsExpired && deadline > 0 && deadline <= this.#simulation.now) {
      this.#calls.finish(row, DEADLINE_EXCEEDED);
      return true;
    }
    if ((flags & TIED) !== 0) {
      int[row + FLAGS] = flags & ~TIED;
      this.#calls.served(row);
    }
    return false;
  }

  /** False when the demand was nothing and the row goes on at once. */
  #work(row: number, time: number, site: number): boolean {
    const demand = this.#hasWarmUp
      ? this.#draw(row, time, site, this.#coldFactor(row))
      : this.#draw(row, time, site, 1);
    if (demand === 0) return false;
    this.#cpu.start(row, demand);
    return true;
  }

  #draw(row: number, time: number, site: number, factor: number): number {
    const { int, real } = this.#rows;
    const sample = this.#program.times[time]!.sample(
      this.#draws,
      real[row + REQUEST]!,
      int[row + KEY]! ^ site,
      int[row + ATTEMPT]!,
    );
    const replica = int[row + REPLICA]!;
    if (replica < 0) return roundHalfEven(sample);
    const duration = sample * real[row + FACTOR]! * factor;
    if (!this.#effects.hasSlowness) return roundHalfEven(duration);
    const called = this.#program.sites[int[row + SITE]!]!;
    return roundHalfEven(duration * this.#effects.slowness(called, replica));
  }

  /** How many times as long work takes on a replica that has not been up for long. */
  #coldFactor(row: number): number {
    const { warmUp } = this.#services[this.#replicas.service[this.#rows.int[row + REPLICA]!]!]!;
    return warmUp === null ? 1 : 1 + (warmUp.factor - 1) * this.#coldness(row, warmUp.duration);
  }

  /** From 1, when the process starts, to 0, when it is warm: linear. */
  #coldness(row: number, duration: number): number {
    const age = this.#simulation.now - this.#replicas.startedAt[this.#rows.int[row + REPLICA]!]!;
    return age >= duration ? 0 : 1 - age / duration;
  }

  #wait(row: number, time: number, site: number): void {
    const { int, real } = this.#rows;
    const duration = this.#draw(row, time, site, 1);
    if (int[row + REPLICA]! >= 0) {
      real[row + SERVED]! += duration;
      this.#slots.releaseIfAsynchronous(row);
    }
    const generation = this.#rows.int[row + GENERATION]!;
    this.#simulation.scheduleAfter(duration, this.#waitEnd, row, generation);
  }

  #endWait(row: number): void {
    if (this.#rows.int[row + REPLICA]! >= 0) this.#slots.resume(row);
    else this.walk(row);
  }

  #choose(row: number, index: number, site: number): number {
    const { int, real } = this.#rows;
    const choice = this.#program.choices[index]!;
    const key = int[row + KEY]! ^ site;
    const draw = this.#draws.uniform(real[row + REQUEST]!, key, int[row + ATTEMPT]!);
    const { thresholds } = choice;
    let option = 0;
    // What a cold cache would have known when warm goes the way of the misses.
    if (this.#hasWarmUp && choice.cache >= 0 && draw >= thresholds[0]! * this.#warmth(row))
      option++;
    while (option < thresholds.length && draw >= thresholds[option]!) option++;
    if (choice.cache >= 0) {
      if (option === 0) this.#recorder.cacheHits[choice.cache]!++;
      else this.#recorder.cacheMisses[choice.cache]!++;
    }
    return option < thresholds.length ? choice.targets[option]! : choice.otherwise;
  }

  /** Share of its hits that the replica's cache has by now. */
  #warmth(row: number): number {
    const { warmUp } = this.#services[this.#replicas.service[this.#rows.int[row + REPLICA]!]!]!;
    return warmUp?.coldCaches ? 1 - this.#coldness(row, warmUp.duration) : 1;
  }

  /** False when the row waits for what another one fetches. */
  #look(row: number, index: number): boolean {
    const target = this.#caches.look(row, index);
    if (target < 0) {
      this.#slots.releaseIfAsynchronous(row);
      return false;
    }
    this.#rows.int[row + PC] = target;
    return true;
  }

  #call(row: number, site: number): void {
    const { int } = this.#rows;
    int[row + PENDING] = 1;
    if (int[row + PARENT]! < 0) this.#journeys.stepBegins(row);
    else this.#slots.releaseIfAsynchronous(row);
    this.#calls.send(row, site);
  }

  #fork(row: number, index: number): void {
    const rows = this.#rows;
    const { calls, entries } = this.#program.forks[index]!;
    const generation = rows.int[row + GENERATION]!;
    rows.int[row + PENDING] = calls.length + entries.length;
    this.#slots.releaseIfAsynchronous(row);
    // A branch can fail at once and take the whole row with it.
    for (const site of calls) {
      this.#calls.send(row, site);
      if (!rows.is(row, generation)) return;
    }
    for (const entry of entries) {
      this.walk(this.#branch(row, entry));
      if (!rows.is(row, generation)) return;
    }
  }

  #branch(row: number, entry: number): number {
    const rows = this.#rows;
    const branch = rows.take();
    const { int, real } = rows;
    int[branch + PARENT] = row;
    int[branch + PARENT_GENERATION] = int[row + GENERATION]!;
    int[branch + REPLICA] = int[row + REPLICA]!;
    int[branch + SITE] = int[row + SITE]!;
    int[branch + ATTEMPT] = int[row + ATTEMPT]!;
    int[branch + TRAFFIC] = int[row + TRAFFIC]!;
    int[branch + KEY] = int[row + KEY]!;
    int[branch + FLAGS] = BRANCH;
    int[branch + PC] = entry;
    real[branch + REQUEST] = real[row + REQUEST]!;
    real[branch + DEADLINE] = real[row + DEADLINE]!;
    real[branch + FACTOR] = real[row + FACTOR]!;
    return branch;
  }

  #end(row: number): void {
    const rows = this.#rows;
    if (rows.int[row + PARENT]! < 0) {
      rows.release(row);
      return;
    }
    const isBranch = (rows.int[row + FLAGS]! & BRANCH) !== 0;
    this.#calls.finish(row, !isBranch && this.#answersWithError(row) ? ERROR : OK);
  }

  #answersWithError(row: number): boolean {
    if (!this.#hasErrors && !this.#effects.hasErrors) return false;
    const { int, real } = this.#rows;
    const replica = int[row + REPLICA]!;
    const service = this.#replicas.service[replica]!;
    const { revisions } = this.#services[service]!;
    const revision = this.#replicas.revision[replica]!;
    const called = this.#program.sites[int[row + SITE]!]!;
    const injected = this.#effects.hasErrors ? this.#effects.errorShare(called, replica) : 0;
    const share = revisions[revision]!.errorShare + injected;
    if (share <= 0) return false;
    const request = real[row + REQUEST]!;
    const draw = this.#draws.uniform(request, int[row + KEY]! ^ ERROR_SITE, int[row + ATTEMPT]!);
    if (draw >= share) return false;
    // The same draw says what the stable revision would have done with this very request.
    // Whoever asked for this revision tries it out, and is not hurt.
    const isTrial = called.revision >= 0;
    if (revision > 0 && !isTrial && draw >= revisions[0]!.errorShare + injected) {
      this.#recorder.hurt[service]!.add(this.#attributes[int[row + TRAFFIC]!]!.user(request));
    }
    return true;
  }
}
