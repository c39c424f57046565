import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MessageLedger } from "../../sim/dataplane/topics/messageLedger.ts";
import { topicCounts } from "../support/observe.ts";
import { ran, scaled } from "../support/scenarios.ts";

type Action = "publish" | "take" | "acknowledge" | "lose" | "reappear";
const ACTIONS: readonly Action[] = ["publish", "take", "acknowledge", "lose", "reappear"];

describe("the ledger of a consumer group", () => {
  it("keeps published = consumed + lag + dead-lettered, whatever happens in whatever order", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom(...ACTIONS), fc.nat(20)), { maxLength: 200 });
    const orders = fc.constantFrom("fifo" as const, "earliest-deadline" as const);
    fc.assert(
      fc.property(steps, orders, fc.integer({ min: 1, max: 4 }), (actions, order, most) => {
        const ledger = new MessageLedger({ order, maxDeliveries: most });
        const hands: { number: number; delivery: number }[] = [];
        actions.forEach(([action, n], now) => {
          const hand = hands[n % Math.max(1, hands.length)];
          const message = ledger.messages[hand?.number ?? -1];
          if (action === "publish") {
            const deadline = n % 3 === 0 ? null : now + n;
            const priority = n % 2;
            ledger.publish({ producer: 0, request: now, publishedAt: now, deadline, priority });
          } else if (action === "take") {
            const taken = ledger.take(now);
            if (taken !== null) hands.push({ number: taken.number, delivery: taken.deliveries });
          } else if (hand !== undefined && message !== undefined) {
            if (action === "acknowledge") ledger.acknowledge(message, now);
            else if (action === "lose") ledger.giveUp(message, hand.delivery, "lost");
            else ledger.reappear(message, hand.delivery);
          }
          const { published, consumed, deadLettered, waiting } = ledger.counts;
          expect(published).toBe(consumed + ledger.lag + deadLettered);
          const waits = ledger.messages.filter(({ status }) => status === "waiting").length;
          expect(waiting).toBe(waits);
          expect(ledger.messages.every(({ deliveries }) => deliveries <= most)).toBe(true);
        });
        // What waits can all be had, each message once.
        const { waiting } = ledger.counts;
        const taken = Array.from({ length: waiting }, () => ledger.take(1e6)?.number);
        expect(new Set(taken).size).toBe(waiting);
        expect(ledger.take(1e6)).toBeNull();
      }),
      { numRuns: 200 },
    );
  });
});

describe("a queue of jobs", () => {
  it("loses no message to dying and draining workers, and works on none twice at once", () => {
    const scenario = fc.record({
      seed: fc.nat(1000),
      replicas: fc.integer({ min: 1, max: 6 }),
      grace: fc.integer({ min: 0, max: 120 }),
      crashAt: fc.integer({ min: 1, max: 500 }),
      killAt: fc.integer({ min: 1, max: 500 }),
      timeout: fc.integer({ min: 1, max: 90 }),
      scaleAt: fc.integer({ min: 1, max: 500 }),
      to: fc.integer({ min: 0, max: 6 }),
      count: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(scenario, (given) => {
        const model = ran({
          seed: given.seed,
          duration: "3h",
          objective: { missed: "5%" },
          services: {
            worker: {
              replicas: given.replicas,
              concurrency: 1,
              startup: "3s",
              onSigterm: "refuse",
              terminationGracePeriodSeconds: given.grace,
              resources: { requests: { cpu: 1 }, limits: { cpu: 1 } },
              endpoints: { work: [{ work: { exponential: "40s" } }] },
            },
          },
          topics: {
            jobs: {
              producers: { all: { batch: given.count, deadline: "1h" } },
              consumers: { group: { call: "worker", visibilityTimeout: `${given.timeout}s` } },
            },
          },
          faults: [
            { at: `${given.crashAt}s`, service: "worker", crash: true, replicas: 1 },
            { at: `${given.killAt}s`, service: "worker", kill: true, replicas: 1 },
          ],
          ...scaled("worker", ["0s", given.replicas], [`${given.scaleAt}s`, given.to], ["15m", 2]),
        });
        const counts = topicCounts(model);
        expect(counts).toMatchObject({ published: given.count, consumed: given.count, lag: 0 });
        expect(counts.duplicates).toBe(0);
        expect(counts.redeliveries).toBe(counts.lost);
        expect(model.plane.countInFlight()).toBe(0);
      }),
      { numRuns: 25 },
    );
  });
});
