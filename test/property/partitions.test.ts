import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sum, topicCounts } from "../support/observe.ts";
import { ran, type ScenarioText, scaled } from "../support/scenarios.ts";

const situations = fc.record({
  seed: fc.nat(1000),
  partitions: fc.integer({ min: 1, max: 7 }),
  keys: fc.integer({ min: 1, max: 20 }),
  replicas: fc.integer({ min: 1, max: 5 }),
  atOnce: fc.integer({ min: 1, max: 3 }),
  crashAt: fc.integer({ min: 1, max: 300 }),
  killAt: fc.integer({ min: 1, max: 300 }),
  session: fc.integer({ min: 1, max: 90 }),
  pause: fc.integer({ min: 0, max: 20 }),
  commit: fc.integer({ min: 1, max: 120 }),
  errors: fc.constantFrom(0, 0.2, 0.6),
  grace: fc.integer({ min: 0, max: 30 }),
  to: fc.integer({ min: 0, max: 6 }),
  scaleAt: fc.integer({ min: 1, max: 300 }),
  retryTopics: fc.constantFrom(undefined, ["5s"], ["1s", "1m"]),
  count: fc.integer({ min: 1, max: 60 }),
});

type Situation = typeof situations extends fc.Arbitrary<infer Value> ? Value : never;

function scenarioWith({ retryTopics, ...given }: Situation): ScenarioText {
  return {
    seed: given.seed,
    duration: "5h",
    objective: { p95: "1s" },
    services: {
      worker: {
        replicas: given.replicas,
        concurrency: 8,
        startup: "3s",
        onSigterm: "refuse",
        terminationGracePeriodSeconds: given.grace,
        endpoints: { work: [{ wait: { exponential: "15s" } }] },
      },
    },
    topics: {
      log: {
        partitions: given.partitions,
        keys: { count: given.keys },
        producers: { all: { batch: given.count } },
        consumers: {
          group: {
            call: "worker",
            atOnce: given.atOnce,
            sessionTimeout: `${given.session}s`,
            rebalancePause: `${given.pause}s`,
            commitInterval: `${given.commit}s`,
            ...(retryTopics === undefined ? {} : { retryTopics }),
          },
        },
      },
    },
    faults: [
      { at: `${given.crashAt}s`, service: "worker", crash: true, replicas: 1 },
      { at: `${given.killAt}s`, service: "worker", kill: true, replicas: 1 },
      { at: "0s", for: "10m", service: "worker", errors: given.errors },
    ],
    ...scaled("worker", ["0s", given.replicas], [`${given.scaleAt}s`, given.to], ["15m", 2]),
  };
}

describe("a log of partitions", () => {
  it("loses no message and keeps each partition in order, whatever befalls its workers", () => {
    fc.assert(
      fc.property(situations, (given) => {
        const { retryTopics } = given;
        const model = ran(scenarioWith(given));
        const counts = topicCounts(model);
        expect(counts.published).toBe(given.count);
        expect(counts.consumed + counts.deadLettered).toBe(given.count);
        expect(counts.lag).toBe(0);
        const { partitions } = counts;
        expect(sum(partitions!.consumed)).toBe(counts.consumed);
        if (retryTopics === undefined) {
          expect(partitions!.outOfOrder).toBe(0);
          expect(counts.deadLettered).toBe(0);
        }
        // Hand-outs beyond the first ended in one of these ways, or repeated what was done.
        expect(counts.redeliveries).toBe(
          counts.lost + counts.failed + counts.duplicates - counts.deadLettered,
        );
      }),
      { numRuns: 40 },
    );
  });
});
