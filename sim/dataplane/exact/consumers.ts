import type { QueueDepth } from "../../cluster/dataPlane.ts";
import { present } from "../../kernel/assert.ts";
import { type Json, plainState, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { PlannedGroup } from "../callplan/plan.ts";
import { KILLED, OK } from "../failure.ts";
import { type Message, MessageLedger } from "../topics/messageLedger.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import { type PlaneParts, TRACE } from "./parts.ts";

const { ATTEMPT, FLAGS, KEY, PARENT, TRAFFIC } = INT;
const { DEADLINE, REQUEST } = REAL;
const { MESSAGE } = FLAG;

/** A message in the hands of a worker. */
interface Delivery {
  readonly message: number;
  readonly delivery: number;
  readonly replica: number;
  readonly startedAt: number;
}

/** How deep the queue was at the end of each bin. */
export interface GroupSeries {
  readonly waiting: number[];
  /** In the hands of workers. */
  readonly working: number[];
  readonly consumed: number[];
}

/** One consumer group at work. */
export interface Group {
  readonly plan: PlannedGroup;
  readonly ledger: MessageLedger;
  readonly series: GroupSeries;
  /** Worker time that hand-outs took which were lost, failed or done twice, in microseconds. */
  wastedMicros: number;
  /** Workers with a free place, the longest idle first; one entry for each place. */
  idle: number[];
  /** Workers that pull: processes that listen and do not drain. */
  pulling: Set<number>;
  /** By row. */
  deliveries: Map<number, Delivery>;
  /** An event that hands out messages is on its way. */
  isWoken: boolean;
}

/**
 * Workers of every consumer group. A worker that is idle pulls the next message and works on it as
 * on a call: for a slot, in the CPU, with all that befalls its replica. Each message has one row as
 * its client, which waits for that call.
 */
export class Consumers {
  readonly groups: readonly Group[];
  readonly #simulation: Simulation;
  readonly #rows: CallTable;
  readonly #handOver: (parent: number, site: number, replica: number) => void;
  /** Messages are of traffics behind those of clients. */
  readonly #firstTraffic: number;
  readonly #wake: number;
  readonly #reappear: number;

  constructor(
    parts: PlaneParts,
    others: { readonly handOver: (parent: number, site: number, replica: number) => void },
  ) {
    const { simulation, plan } = parts;
    this.#simulation = simulation;
    this.#rows = parts.rows;
    this.#handOver = others.handOver;
    this.#firstTraffic = plan.traffic.length;
    this.groups = plan.groups.map((group) => ({
      plan: group,
      ledger: new MessageLedger(group.spec),
      series: { waiting: [], working: [], consumed: [] },
      wastedMicros: 0,
      idle: [],
      pulling: new Set<number>(),
      deliveries: new Map<number, Delivery>(),
      isWoken: false,
    }));
    this.#wake = simulation.register("workers pull", (group) => this.#handOut(this.groups[group]!));
    this.#reappear = simulation.register("message reappears", (message, which) => {
      const group = this.groups[which % this.groups.length]!;
      this.#returns(group, group.ledger.messages[message]!, Math.floor(which / this.groups.length));
    });
  }

  /** A message of a topic reaches each of its groups. */
  publish(
    topic: number,
    given: {
      readonly producer: number;
      readonly request: number;
      readonly deadline: number | null;
      readonly priority: number;
    },
  ): void {
    const { now } = this.#simulation;
    for (const group of this.groups) {
      if (group.plan.topic !== topic) continue;
      const deadline = given.deadline === null ? null : now + given.deadline;
      group.ledger.publish({ ...given, deadline, publishedAt: now });
      this.#simulation.digest.add(now, TRACE.published, given.request);
      this.#wakeUp(group);
    }
  }

  /** A process of a service listens: it begins to pull. */
  started(replica: number, service: number): void {
    for (const group of this.groups) {
      if (group.plan.service !== service) continue;
      group.pulling.add(replica);
      for (let place = 0; place < group.plan.spec.atOnce; place++) group.idle.push(replica);
      this.#wakeUp(group);
    }
  }

  /** It drains, or is gone: it pulls no more. */
  stopped(replica: number): void {
    for (const group of this.groups) {
      if (!group.pulling.delete(replica)) continue;
      group.idle = group.idle.filter((other) => other !== replica);
    }
  }

  /** The call that worked on a message has ended. */
  ended(row: number, reason: number): void {
    const rows = this.#rows;
    const group = this.groups[rows.int[row + TRAFFIC]! - this.#firstTraffic]!;
    const delivery = present(group.deliveries.get(row), "delivery");
    group.deliveries.delete(row);
    rows.release(row);
    const { now } = this.#simulation;
    const message = group.ledger.messages[delivery.message]!;
    this.#simulation.digest.add(now, TRACE.consumed + (reason << 4), message.request);
    if (reason !== OK) {
      group.ledger.giveUp(message, delivery.delivery, reason === KILLED ? "lost" : "failed");
      group.wastedMicros += now - delivery.startedAt;
      if (group.plan.spec.heartbeat) this.#hide(group, message, delivery.delivery);
    } else if (!group.ledger.acknowledge(message, now)) {
      group.wastedMicros += now - delivery.startedAt;
    }
    if (!group.pulling.has(delivery.replica)) return;
    group.idle.push(delivery.replica);
    this.#wakeUp(group);
  }

  depth(topic: string, name: string): QueueDepth {
    const group = this.groups.find(
      ({ plan }) => plan.topicName === topic && plan.spec.name === name,
    );
    const { ledger } = present(group, "consumer group");
    const oldest = ledger.oldestPublishedAt();
    return {
      lag: ledger.lag,
      waiting: ledger.counts.waiting,
      oldestAgeMicros: oldest === null ? 0 : this.#simulation.now - oldest,
    };
  }

  /** A bin of the timeline ends. */
  closeBin(): void {
    for (const { ledger, series } of this.groups) {
      const { waiting, hidden, working, consumed } = ledger.counts;
      series.waiting.push(waiting + hidden);
      series.working.push(working);
      series.consumed.push(consumed);
    }
  }

  state(): Json {
    return this.groups.map((group) =>
      plainState({
        ledger: group.ledger.state(),
        series: structuredClone(group.series),
        wastedMicros: group.wastedMicros,
        idle: [...group.idle],
        pulling: [...group.pulling],
        deliveries: [...group.deliveries],
        isWoken: group.isWoken,
      }),
    );
  }

  restore(state: Json): void {
    savedState<readonly GroupState[]>(state).forEach((saved, index) => {
      const group = this.groups[index]!;
      group.ledger.restore(saved.ledger);
      for (const name of ["waiting", "working", "consumed"] as const) {
        group.series[name].splice(0, group.series[name].length, ...saved.series[name]);
      }
      group.wastedMicros = saved.wastedMicros;
      group.idle = [...saved.idle];
      group.pulling = new Set(saved.pulling);
      group.deliveries = new Map(saved.deliveries);
      group.isWoken = saved.isWoken;
    });
  }

  /** As an event of its own: whoever calls is in the middle of something. */
  #wakeUp(group: Group): void {
    if (group.isWoken || group.idle.length === 0 || group.ledger.counts.waiting === 0) return;
    group.isWoken = true;
    this.#simulation.scheduleAfter(0, this.#wake, this.groups.indexOf(group), 0);
  }

  #handOut(group: Group): void {
    group.isWoken = false;
    const { now } = this.#simulation;
    while (group.idle.length > 0) {
      const message = group.ledger.take(now);
      if (message === null) return;
      this.#deliver(group, message, group.idle.shift()!);
    }
  }

  #deliver(group: Group, message: Message, replica: number): void {
    const rows = this.#rows;
    const row = rows.take();
    const { int, real } = rows;
    int[row + PARENT] = -1;
    int[row + FLAGS] = MESSAGE;
    // A message asks for the same work, and has the same luck, at every hand-out.
    int[row + ATTEMPT] = 0;
    int[row + TRAFFIC] = this.#firstTraffic + this.groups.indexOf(group);
    int[row + KEY] = group.plan.producers[message.producer]!.hash;
    real[row + REQUEST] = message.request;
    real[row + DEADLINE] = 0;
    const { now } = this.#simulation;
    const { deliveries } = message;
    const delivery = { message: message.number, delivery: deliveries, replica, startedAt: now };
    group.deliveries.set(row, delivery);
    if (!group.plan.spec.heartbeat) this.#hide(group, message, deliveries);
    this.#handOver(row, group.plan.site, replica);
  }

  #hide(group: Group, message: Message, delivery: number): void {
    const which = delivery * this.groups.length + this.groups.indexOf(group);
    const { visibilityTimeout } = group.plan.spec;
    this.#simulation.scheduleAfter(visibilityTimeout, this.#reappear, message.number, which);
  }

  #returns(group: Group, message: Message, delivery: number): void {
    const outcome = group.ledger.reappear(message, delivery);
    if (outcome === null) return;
    const { now, digest } = this.#simulation;
    const event = outcome === "waiting" ? TRACE.reappeared : TRACE.deadLettered;
    digest.add(now, event, message.request);
    this.#wakeUp(group);
  }
}

interface GroupState {
  readonly ledger: Json;
  readonly series: GroupSeries;
  readonly wastedMicros: number;
  readonly idle: readonly number[];
  readonly pulling: readonly number[];
  readonly deliveries: readonly (readonly [number, Delivery])[];
  readonly isWoken: boolean;
}
