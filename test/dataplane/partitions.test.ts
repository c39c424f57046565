import { describe, expect, it } from "vitest";
import { topicResults } from "../../sim/experiment/topics.ts";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { seconds } from "../../sim/kernel/time.ts";
import type { TopicCounts } from "../../sim/result/result.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { ANYONE, AttributeSampler } from "../../sim/workload/attributes.ts";
import { consumptionEnds, sum, topicCounts } from "../support/observe.ts";
import { ran, type ScenarioText, scaled, scenarioOf, throughText } from "../support/scenarios.ts";

interface Settings {
  readonly service?: ScenarioText;
  readonly topic?: ScenarioText;
  readonly producer?: ScenarioText;
  readonly consumer?: ScenarioText;
  readonly rest?: ScenarioText;
}

/** Forty messages of ten seconds each, over four partitions in turn, for one worker. */
function log({ service, topic, producer, consumer, rest }: Settings = {}): ScenarioText {
  return {
    duration: "20m",
    objective: { p95: "1s" },
    services: {
      worker: {
        concurrency: 4,
        startup: "1s",
        onSigterm: "refuse",
        resources: { requests: { cpu: 4 }, limits: { cpu: 4 } },
        endpoints: { work: [{ wait: "10s" }] },
        ...service,
      },
    },
    topics: {
      orders: {
        partitions: 4,
        producers: { all: { batch: 40, ...producer } },
        consumers: { billing: { call: "worker", ...consumer } },
        ...topic,
      },
    },
    ...rest,
  };
}

const outcome = (settings: Settings = {}): TopicCounts => topicCounts(ran(log(settings)));

describe("a topic with partitions", () => {
  it.each([
    { replicas: 1, atOnce: 1, makespan: 400, why: "one worker does all of them in turn" },
    { replicas: 2, atOnce: 1, makespan: 200, why: "two share them" },
    { replicas: 1, atOnce: 4, makespan: 100, why: "one does a message of each at once" },
    { replicas: 1, atOnce: 9, makespan: 100, why: "and never two of one partition" },
    { replicas: 9, atOnce: 1, makespan: 100, why: "more workers than partitions help nothing" },
  ])("$why", ({ replicas, atOnce, makespan }) => {
    const service = { replicas, concurrency: 9 };
    expect(outcome({ service, consumer: { atOnce } }).makespanSeconds).toBe(makespan);
  });

  it("keeps the messages of a key in one partition, in order", () => {
    const model = ran(log({ topic: { keys: { count: 10 } }, service: { replicas: 4 } }));
    const { partitions } = topicCounts(model);
    expect(partitions!.outOfOrder).toBe(0);
    const { messages } = model.plane.consumers.groups[0]!.ledger;
    const draws = new KeyedDraws({ seed: 1, replication: 0 });
    const keys = new AttributeSampler({ ...ANYONE, keys: { count: 10, exponent: null } }, draws);
    const places = messages.map(({ request, partition }) => `${keys.key(request)} ${partition}`);
    expect(new Set(places).size).toBe(new Set(places.map((place) => place.split(" ")[0])).size);
    expect(sum(partitions!.published)).toBe(40);
  });

  it("has a hot partition when a key is popular", () => {
    const published = (zipf: ScenarioText): readonly number[] =>
      outcome({
        topic: { keys: { count: 1000, ...zipf } },
        producer: { batch: 4000 },
        service: { endpoints: { work: [{ wait: "1ms" }] } },
      }).partitions!.published;
    expect(Math.max(...published({}))).toBeLessThan(1.15 * 1000);
    // The first key of 1000 alone has 1 / H(1000, 1.5) = 39 %.
    expect(Math.max(...published({ zipf: 1.5 }))).toBeGreaterThan(1500);
  });

  it("shows the lag of each partition", () => {
    const { partitions, lag } = outcome({ rest: { duration: "105s" } });
    expect(partitions!.published).toEqual([10, 10, 10, 10]);
    expect(partitions!.consumed).toEqual([3, 3, 2, 2]);
    expect(partitions!.lag).toEqual([7, 7, 8, 8]);
    expect(lag).toBe(30);
  });
});

describe("a consumer group", () => {
  it("stops for a rebalance when a worker joins", () => {
    const settings = (rebalancePause: string): Settings => ({
      service: { replicas: 2 },
      consumer: { rebalancePause },
      rest: scaled("worker", ["0s", 2], ["45s", 4]),
    });
    const quick = outcome(settings("0s"));
    const slow = outcome(settings("30s"));
    expect(quick.makespanSeconds).toBeLessThan(200);
    expect(slow.makespanSeconds! - quick.makespanSeconds!).toBeGreaterThanOrEqual(20);
    expect(slow.partitions!.rebalances).toBe(2);
  });

  it("takes over at once from a worker that leaves, which finishes what it has", () => {
    const counts = outcome({
      service: { replicas: 2 },
      rest: scaled("worker", ["0s", 2], ["45s", 1]),
    });
    expect(counts).toMatchObject({ consumed: 40, lost: 0, duplicates: 0 });
    expect(counts.partitions!.rebalances).toBe(2);
  });

  it("notices a dead worker when its session times out, and does again what was not noted", () => {
    const settings = (consumer: ScenarioText): Settings => ({
      service: { replicas: 2 },
      consumer: { sessionTimeout: "60s", ...consumer },
      rest: { faults: [{ at: "45s", service: "worker", crash: true, replicas: 1 }] },
    });
    const noted = outcome(settings({ commitInterval: "1s" }));
    expect(noted).toMatchObject({ consumed: 40, lost: 1, duplicates: 0, redeliveries: 1 });
    const forgot = outcome(settings({ commitInterval: "35s" }));
    // Of what ended at 10, 20, 30 and 40 s, it had noted the first three.
    expect(forgot).toMatchObject({ consumed: 40, lost: 1, duplicates: 1, redeliveries: 2 });
    const nothing = outcome(settings({ commitInterval: "10m" }));
    expect(nothing).toMatchObject({ consumed: 40, lost: 1, duplicates: 4, redeliveries: 5 });
    expect(nothing.partitions!.outOfOrder).toBe(0);
    const long = outcome(settings({ commitInterval: "1s", sessionTimeout: "5m" }));
    expect(long.makespanSeconds).toBeGreaterThan(noted.makespanSeconds! + 200);
  });
});

describe("a message whose work fails", () => {
  /** What ends in the first 15 s fails: the first message of the one partition. */
  const failing = (consumer: ScenarioText, more: Settings = {}): Model =>
    ran(
      log({
        ...more,
        producer: { batch: 4 },
        topic: { partitions: 1 },
        consumer,
        rest: { faults: [{ at: "0s", for: "15s", service: "worker", errors: 1 }] },
      }),
    );

  it("blocks its partition until it is done", () => {
    const model = failing({ visibilityTimeout: "1m" });
    expect(consumptionEnds(model)).toEqual([80, 90, 100, 110]);
    expect(topicCounts(model)).toMatchObject({ failed: 1, consumed: 4 });
  });

  it("goes to a retry topic and lets the others pass, out of order", () => {
    const model = failing({ retryTopics: ["1m"] });
    expect(consumptionEnds(model)).toEqual([80, 20, 30, 40]);
    const counts = topicCounts(model);
    expect(counts).toMatchObject({ failed: 1, retried: 1, consumed: 4 });
    expect(counts.partitions!.outOfOrder).toBe(1);
  });

  it("is dead-lettered after the last retry topic", () => {
    const model = ran(
      log({
        producer: { batch: 2 },
        topic: { partitions: 1 },
        consumer: { retryTopics: ["5s", "20s"] },
        rest: { faults: [{ at: "0s", for: "10m", service: "worker", errors: 1 }] },
      }),
    );
    const counts = topicCounts(model);
    expect(counts).toMatchObject({ deadLettered: 2, retried: 4, failed: 6, consumed: 0, lag: 0 });
  });

  it("goes to the retry topics of a queue, too", () => {
    const model = ran({
      ...log({ rest: { faults: [{ at: "0s", for: "15s", service: "worker", errors: 1 }] } }),
      topics: {
        jobs: {
          producers: { all: { batch: 2 } },
          consumers: { group: { call: "worker", retryTopics: ["1m"], heartbeat: false } },
        },
      },
    });
    expect(consumptionEnds(model)).toEqual([80, 20]);
  });
});

describe("a snapshot", () => {
  it("goes on with partitions, dead owners and retry topics as if it had never stopped", () => {
    const scenario = scenarioOf(
      log({
        service: { replicas: 3 },
        topic: { keys: { count: 9 } },
        consumer: { retryTopics: ["7s", "30s"], commitInterval: "1m" },
        rest: {
          faults: [
            { at: "12s", for: "20s", service: "worker", errors: 0.5 },
            { at: "45s", service: "worker", crash: true, replicas: 1 },
          ],
        },
      }),
    );
    const whole = ran(scenario);
    const second = throughText(scenario, seconds(47));
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(topicResults(second)).toEqual(topicResults(whole));
  });
});

describe("a scenario with partitions", () => {
  it.each([
    [{ consumer: { order: "fifo" } }, /order.* is a setting of queues/],
    [{ producer: { priority: 1 } }, /priority.* is a setting of queues/],
    [
      { topic: { partitions: undefined }, consumer: { commitInterval: "1s" } },
      /commitInterval.* is a setting of partitions/,
    ],
    [{ topic: { partitions: 0 } }, /partitions/],
  ])("says what is wrong with %j", (settings, message) => {
    expect(() => scenarioOf(log(settings))).toThrow(message);
  });
});
