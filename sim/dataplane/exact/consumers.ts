import type { QueueDepth } from "../../cluster/dataPlane.ts";
import { present } from "../../kernel/assert.ts";
import { type Json, savedState } from "../../kernel/json.ts";
import type { Simulation } from "../../kernel/simulation.ts";
import type { AttributeSampler } from "../../workload/attributes.ts";
import { bucketOf } from "../../workload/keySpread.ts";
import { KILLED, OK } from "../failure.ts";
import type { Message } from "../topics/messageLedger.ts";
import type { PartitionOwners } from "../topics/partitionOwners.ts";
import { type CallTable, FLAG, INT, REAL } from "./callTable.ts";
import {
  closeGroupBin,
  createGroup,
  type Group,
  groupState,
  restoreGroup,
} from "./consumerGroup.ts";
import { Memberships } from "./memberships.ts";
import { type PlaneParts, TRACE } from "./parts.ts";
import { Redeliveries } from "./redeliveries.ts";

const { ATTEMPT, FLAGS, KEY, PARENT, TRAFFIC } = INT;
const { DEADLINE, REQUEST } = REAL;
const { MESSAGE } = FLAG;

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
  readonly #attributes: readonly AttributeSampler[];
  readonly #memberships: Memberships;
  readonly #redeliveries: Redeliveries;
  readonly #wake: number;

  constructor(
    parts: PlaneParts,
    others: { readonly handOver: (parent: number, site: number, replica: number) => void },
  ) {
    const { simulation, plan } = parts;
    this.#simulation = simulation;
    this.#rows = parts.rows;
    this.#handOver = others.handOver;
    this.#firstTraffic = plan.traffic.length;
    this.#attributes = parts.attributes;
    this.groups = plan.groups.map(createGroup);
    this.#redeliveries = new Redeliveries(simulation, {
      groups: this.groups,
      waits: (group) => this.#wakeUp(group),
    });
    this.#memberships = new Memberships(simulation, {
      groups: this.groups,
      redo: (group, message) => this.#redeliveries.redo(group, group.ledger.messages[message]!),
      rebalanced: (group) => this.#wakeUp(group),
    });
    this.#wake = simulation.register("workers pull", (group) => this.#handOut(this.groups[group]!));
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
      const partition = this.#partitionOf(group, given.request);
      group.ledger.publish({ ...given, deadline, publishedAt: now, partition });
      this.#simulation.digest.add(now, TRACE.published, given.request);
      this.#wakeUp(group);
    }
  }

  /** A process of a service listens: it begins to pull. */
  started(replica: number, service: number): void {
    for (const group of this.groups) {
      if (group.plan.service !== service) continue;
      group.pulling.add(replica);
      this.#memberships.joined(group, replica);
      for (let place = 0; place < group.plan.spec.atOnce; place++) group.idle.push(replica);
      this.#wakeUp(group);
    }
  }

  /** It drains, or is gone: it pulls no more. */
  stopped(replica: number, how: "drains" | "gone"): void {
    for (const group of this.groups) {
      if (!group.pulling.delete(replica)) continue;
      group.idle = group.idle.filter((other) => other !== replica);
      if (how === "gone") this.#memberships.died(group, replica);
      else this.#memberships.left(group, replica);
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
      group.wastedMicros += now - delivery.startedAt;
      this.#redeliveries.notDone(group, message, delivery, reason === KILLED ? "lost" : "failed");
    } else {
      const isFirst = group.ledger.acknowledge(message, now);
      if (!isFirst) group.wastedMicros += now - delivery.startedAt;
      const { replica } = delivery;
      group.owners?.done(message.partition, message.number, { replica, now, isFirst });
      group.owners?.end(message.partition);
    }
    if (group.pulling.has(delivery.replica)) group.idle.push(delivery.replica);
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
    for (const group of this.groups) closeGroupBin(group);
  }

  state(): Json {
    return this.groups.map(groupState);
  }

  restore(state: Json): void {
    savedState<readonly Json[]>(state).forEach((saved, index) => {
      restoreGroup(this.groups[index]!, saved);
    });
  }

  /** As an event of its own: whoever calls is in the middle of something. */
  #wakeUp(group: Group): void {
    if (group.isWoken || group.idle.length === 0) return;
    // Of partitions something may be handed out again that does not wait.
    if (group.owners === null && group.ledger.counts.waiting === 0) return;
    group.isWoken = true;
    this.#simulation.scheduleAfter(0, this.#wake, this.groups.indexOf(group), 0);
  }

  #handOut(group: Group): void {
    group.isWoken = false;
    const { now } = this.#simulation;
    if (group.owners !== null) {
      this.#handOutPartitions(group, group.owners);
      return;
    }
    while (group.idle.length > 0) {
      const message = group.ledger.take(now);
      if (message === null) return;
      this.#deliver(group, message, group.idle.shift()!);
    }
  }

  /** Every worker that is idle takes the next message of one of its own partitions. */
  #handOutPartitions(group: Group, owners: PartitionOwners): void {
    const { ledger } = group;
    const hasNext = (partition: number): boolean => ledger.hasNext(partition);
    const places = group.idle;
    group.idle = [];
    for (const replica of places) {
      const partition = owners.next(replica, hasNext);
      const message = partition < 0 ? null : ledger.take(this.#simulation.now, partition);
      if (message === null) {
        group.idle.push(replica);
        continue;
      }
      owners.begin(partition);
      this.#deliver(group, message, replica);
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
    if (!group.plan.spec.heartbeat) this.#redeliveries.hide(group, message, deliveries);
    this.#handOver(row, group.plan.site, replica);
  }

  /** By its key; messages about nothing in particular take the partitions in turn. */
  #partitionOf(group: Group, request: number): number {
    const { partitions } = group.plan;
    if (partitions === null) return 0;
    const attributes = this.#attributes[this.#firstTraffic + this.groups.indexOf(group)]!;
    if (attributes.spec.keys.count === 1) return group.ledger.messages.length % partitions;
    return bucketOf(attributes.key(request), partitions);
  }
}
