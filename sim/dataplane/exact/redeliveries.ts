import type { Simulation } from "../../kernel/simulation.ts";
import type { Message } from "../topics/messageLedger.ts";
import type { Delivery, Group } from "./consumerGroup.ts";
import { TRACE } from "./parts.ts";

/** What becomes of messages that were handed out and not acknowledged. */
export class Redeliveries {
  readonly #simulation: Simulation;
  readonly #groups: readonly Group[];
  readonly #waits: (group: Group) => void;
  readonly #reappear: number;
  readonly #retry: number;

  constructor(
    simulation: Simulation,
    others: {
      readonly groups: readonly Group[];
      /** A message of the group may be handed out. */
      readonly waits: (group: Group) => void;
    },
  ) {
    const { groups } = others;
    this.#simulation = simulation;
    this.#groups = groups;
    this.#waits = others.waits;
    this.#reappear = simulation.register("message reappears", (message, which) => {
      const group = groups[which % groups.length]!;
      this.#returns(group, group.ledger.messages[message]!, Math.floor(which / groups.length));
    });
    this.#retry = simulation.register("message is retried", (message, index) => {
      const group = groups[index]!;
      group.ledger.leaveRetry(group.ledger.messages[message]!);
      this.#waits(group);
    });
  }

  /** A hand-out ended without acknowledgement: what becomes of its message. */
  notDone(group: Group, message: Message, { delivery }: Delivery, why: "lost" | "failed"): void {
    const { ledger, owners, plan } = group;
    const { retries, heartbeat, maxDeliveries } = plan.spec;
    if (why === "failed" && retries !== null) {
      const pause = retries[message.failures];
      const index = this.#groups.indexOf(group);
      if (pause === undefined || delivery === maxDeliveries) {
        if (ledger.deadLetter(message, delivery)) this.#trace(TRACE.deadLettered, message);
      } else if (ledger.sendToRetry(message, delivery)) {
        this.#simulation.scheduleAfter(pause, this.#retry, message.number, index);
      }
      owners?.end(message.partition);
      return;
    }
    ledger.giveUp(message, delivery, why);
    if (owners === null) {
      if (heartbeat) this.hide(group, message, delivery);
    } else if (why === "lost") {
      owners.end(message.partition);
      if (owners.lose(message.partition, message.number)) this.redo(group, message);
    } else if (message.status === "hidden") this.hide(group, message, delivery);
    // It had been done before, by another worker.
    else owners.end(message.partition);
  }

  /** What its last worker did not note as done is handed out again. */
  redo(group: Group, message: Message): void {
    if (message.status === "hidden") this.#returns(group, message, message.deliveries);
    else group.ledger.replay(message);
  }

  /** It comes back when its visibility timeout is over, if it has not been done by then. */
  hide(group: Group, message: Message, delivery: number): void {
    const which = delivery * this.#groups.length + this.#groups.indexOf(group);
    const { visibilityTimeout } = group.plan.spec;
    this.#simulation.scheduleAfter(visibilityTimeout, this.#reappear, message.number, which);
  }

  #returns(group: Group, message: Message, delivery: number): void {
    const outcome = group.ledger.reappear(message, delivery);
    if (outcome === null) return;
    this.#trace(outcome === "waiting" ? TRACE.reappeared : TRACE.deadLettered, message);
    group.owners?.end(message.partition);
    this.#waits(group);
  }

  #trace(event: number, { request }: Message): void {
    this.#simulation.digest.add(this.#simulation.now, event, request);
  }
}
