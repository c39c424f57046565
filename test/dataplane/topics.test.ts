import { describe, expect, it } from "vitest";
import { topicResults } from "../../sim/experiment/topics.ts";
import { seconds } from "../../sim/kernel/time.ts";
import type { TopicCounts } from "../../sim/result/result.ts";
import type { Scenario } from "../../sim/scenario/scenario.ts";
import { consumptionEnds, topicCounts } from "../support/observe.ts";
import { ran, type ScenarioText, scaled, scenarioOf, throughText } from "../support/scenarios.ts";

const worker = {
  concurrency: 1,
  onSigterm: "refuse",
  resources: { requests: { cpu: 1 }, limits: { cpu: 1 } },
  endpoints: { work: [{ work: "60s" }] },
};

interface Settings {
  readonly service?: ScenarioText;
  readonly producers?: ScenarioText;
  readonly consumers?: ScenarioText;
  readonly rest?: ScenarioText;
}

/** Ten jobs of a minute each for one worker, in half an hour. */
function jobs({ service, producers, consumers, rest }: Settings = {}): ScenarioText {
  return {
    duration: "30m",
    objective: { p95: "1s" },
    services: { worker: { ...worker, ...service } },
    topics: {
      jobs: {
        producers: producers ?? { night: { batch: 10, deadline: "10m" } },
        consumers: { workers: { call: "worker", ...consumers } },
      },
    },
    ...rest,
  };
}

const outcome = (settings: Settings = {}): TopicCounts => topicCounts(ran(jobs(settings)));

describe("a topic", () => {
  it("is worked off by each worker one message after the other", () => {
    const counts = outcome();
    expect(counts).toMatchObject({ published: 10, consumed: 10, lag: 0, due: 10, missed: 0 });
    expect(counts.makespanSeconds).toBe(600);
    expect(counts.meanWaitSeconds).toBe(270);
    expect(counts.p95WaitSeconds).toBe(540);
  });

  it("is shared out among the workers", () => {
    expect(outcome({ service: { replicas: 5 } }).makespanSeconds).toBe(120);
  });

  it("gives a worker as many messages at once as it takes, which share its CPU", () => {
    const counts = outcome({ service: { concurrency: 5 }, consumers: { atOnce: 5 } });
    expect(counts).toMatchObject({ makespanSeconds: 600, meanWaitSeconds: 150 });
  });

  it("counts who is late, and who will never be in time", () => {
    const late = outcome({ producers: { night: { batch: 40, deadline: "20m" } } });
    // 30 are done at the end, and the 20 min are over for all.
    expect(late).toMatchObject({ consumed: 30, lag: 10, due: 40, missed: 20 });
    expect(late.makespanSeconds).toBeNull();
  });

  it("does not judge what may still be in time", () => {
    const open = outcome({ producers: { night: { batch: 40, deadline: "2h" } } });
    expect(open).toMatchObject({ consumed: 30, due: 30, missed: 0 });
  });

  it("hands out the urgent first, then the earliest deadline when that is its order", () => {
    const producers = {
      slow: { batch: 2, deadline: "20m" },
      quick: { batch: 2, deadline: "10m" },
      urgent: { batch: 1, at: "10s", priority: 1 },
    };
    const fifo = ran(jobs({ producers }));
    expect(consumptionEnds(fifo)).toEqual([60, 180, 240, 300, 120]);
    const edf = ran(jobs({ producers, consumers: { order: "earliest-deadline" } }));
    // All batches of an instant are there before the first worker pulls.
    expect(consumptionEnds(edf)).toEqual([240, 300, 60, 180, 120]);
  });

  it("gives every group each message", () => {
    const consumers = { first: { call: "worker" }, second: { call: "other" } };
    const model = ran({
      ...jobs(),
      services: { worker, other: worker },
      topics: { jobs: { producers: { night: { batch: 3 } }, consumers } },
    });
    const groups = topicResults(model).topics!;
    expect(groups.map(({ group, consumed }) => `${group} ${consumed}`)).toEqual([
      "first 3",
      "second 3",
    ]);
  });

  it("streams messages at a rate, warm-up included, and judges those of the measured time", () => {
    const stream = { arrivals: "paced", rate: "30/h", deadline: "90s" };
    const settings = { producers: { all: stream }, rest: { warmUp: "30m" } };
    const counts = outcome(settings);
    // One every 2 min; the last one comes as the run ends.
    expect(counts).toMatchObject({ published: 15 + 1, consumed: 15, lag: 1, missed: 0 });
  });
});

describe("a worker that dies", () => {
  const kill = (at: string): ScenarioText => ({ faults: [{ at, service: "worker", crash: true }] });

  it("loses its message, which is handed out again after the visibility timeout", () => {
    const model = ran(
      jobs({
        service: { replicas: 1, startup: "1s" },
        producers: { night: { batch: 1 } },
        consumers: { visibilityTimeout: "2m" },
        rest: kill("30s"),
      }),
    );
    expect(consumptionEnds(model)).toEqual([30 + 120 + 60]);
    expect(topicCounts(model)).toMatchObject({ lost: 1, redeliveries: 1, consumed: 1 });
    expect(topicCounts(model).wastedHours).toBeCloseTo(30 / 3600, 9);
  });

  it("sends a message that it keeps losing to the dead-letter queue", () => {
    const model = ran(
      jobs({
        service: { startup: "1s" },
        producers: { night: { batch: 1, deadline: "10m" } },
        consumers: { visibilityTimeout: "2m", maxDeliveries: 1 },
        rest: kill("30s"),
      }),
    );
    expect(topicCounts(model)).toMatchObject({ consumed: 0, deadLettered: 1, lag: 0, missed: 1 });
  });

  it("is not given up by itself when it answers with an error: the message waits, too", () => {
    const faults = [{ at: "0s", for: "2m", service: "worker", errors: 1 }];
    const model = ran(jobs({ producers: { night: { batch: 1 } }, rest: { faults } }));
    // Failures at 60 s and, 30 s hidden, at 150 s: after the fault.
    expect(consumptionEnds(model)).toEqual([150]);
    expect(topicCounts(model)).toMatchObject({ failed: 1, lost: 0 });
  });
});

describe("without a heartbeat", () => {
  it("work that outlasts the visibility timeout is done twice", () => {
    const model = ran(
      jobs({
        service: { replicas: 2 },
        producers: { night: { batch: 1 } },
        consumers: { heartbeat: false, visibilityTimeout: "40s" },
      }),
    );
    expect(topicCounts(model)).toMatchObject({ consumed: 1, redeliveries: 1, duplicates: 1 });
    expect(consumptionEnds(model)).toEqual([60]);
  });
});

/** Of two workers one has to go after half a minute. */
const ONE_WORKER_GOES = scaled("worker", ["0s", 2], ["30s", 1]);

describe("a worker that is scaled down", () => {
  const shrunk = (grace: number): TopicCounts =>
    outcome({
      service: { replicas: 2, terminationGracePeriodSeconds: grace },
      producers: { night: { batch: 4 } },
      rest: ONE_WORKER_GOES,
    });

  it("finishes its message within the grace period, and pulls no more", () => {
    expect(shrunk(60)).toMatchObject({ lost: 0, consumed: 4, makespanSeconds: 180 });
  });

  it("loses it when the grace period is too short", () => {
    const counts = shrunk(10);
    expect(counts).toMatchObject({ lost: 1, redeliveries: 1, consumed: 4 });
    expect(counts.makespanSeconds).toBe(240);
  });
});

describe("workers that set their pods' deletion cost", () => {
  /** The older of two workers has the only message when one of them is to go. */
  const lost = (podDeletionCost: string): number =>
    outcome({
      service: { replicas: 2, terminationGracePeriodSeconds: 10, podDeletionCost },
      producers: { long: { batch: 1 } },
      rest: ONE_WORKER_GOES,
    }).lost;

  it("keep their work when the fleet shrinks", () => {
    expect(lost("none")).toBe(1);
    expect(lost("in-flight")).toBe(0);
  });
});

describe("an HPA on the length of a queue", () => {
  it("wants a worker for each message that is not done", () => {
    const external = (value: string): ScenarioText => ({
      type: "External",
      external: { metric: { name: "jobs" }, target: { type: "AverageValue", averageValue: value } },
    });
    const model = ran(
      jobs({
        service: { startup: "5s" },
        rest: {
          cluster: {
            metrics: { custom: { jobs: { kind: "external", topic: "jobs", of: "lag" } } },
          },
          policies: {
            queue: {
              autoscalers: {
                worker: { hpa: { minReplicas: 1, maxReplicas: 20, metrics: [external("1")] } },
              },
            },
          },
        },
      }),
    );
    expect(model.cluster.usage(0).max).toBe(10);
    expect(topicCounts(model)).toMatchObject({ consumed: 10, missed: 0 });
    expect(topicCounts(model).makespanSeconds).toBeLessThan(240);
  });
});

describe("a snapshot", () => {
  it("goes on with messages in the hands of workers as if it had never stopped", () => {
    const written = jobs({
      service: { replicas: 2, startup: "1s" },
      producers: { night: { batch: 8 }, all: { rate: "20/h" } },
      rest: { faults: [{ at: "95s", service: "worker", crash: true }] },
    });
    const scenario: Scenario = scenarioOf(written);
    const whole = ran(scenario);
    const second = throughText(scenario, seconds(100));
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(topicResults(second)).toEqual(topicResults(whole));
  });
});

describe("a scenario with topics", () => {
  it.each([
    [{ consumers: { call: "nobody" } }, /no service .*nobody/],
    [{ rest: { topics: undefined } }, /needs one of traffic, topics/],
    [
      { rest: { objective: { missed: "1%" } }, producers: { night: { batch: 3 } } },
      /no message has a deadline/,
    ],
    [{ producers: { night: { batch: 3, at: "31m", deadline: "1m" } } }, /when the run is over/],
    [{ producers: { night: { batch: 3, arrivals: "paced", deadline: "1m" } } }, /goes with rate/],
  ])("says what is wrong with %j", (settings, message) => {
    expect(() => scenarioOf(jobs(settings))).toThrow(message);
  });
});
