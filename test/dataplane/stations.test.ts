import { describe, expect, it } from "vitest";
import { summariseModel } from "../../sim/experiment/replication.ts";
import { micros } from "../../sim/kernel/time.ts";
import type { ModelSnapshot } from "../../sim/scenario/build/model.ts";
import { booksOf, requestsOf, seriesOf, sum } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText, scenarioOf } from "../support/scenarios.ts";

/** `end outcome` of every request of a burst to one replica: arrivals 1 ms apart, from 1 ms on. */
function ends(front: ScenarioText, traffic: ScenarioText): readonly string[] {
  const model = modelOf({ services: { front }, traffic });
  const requests = requestsOf(model);
  const books = booksOf(model);
  expect([books.busySlots, books.queueLength, books.liveRows]).toEqual([[0], [0], 0]);
  return requests.map(({ end, outcome }) => (outcome === "ok" ? `${end}` : `${end} ${outcome}`));
}

const burst = (count: number, gap = 1): ScenarioText => ({
  t: { ...evenly(count, gap), call: "front" },
});

const slots = (concurrency: unknown, work: string, more: ScenarioText = {}): ScenarioText => ({
  cpu: "fifo",
  concurrency,
  endpoints: { get: [{ work }] },
  ...more,
});

describe("a queue", () => {
  it("may serve the last one first", () => {
    const front = slots(1, "10ms", { queue: { discipline: "lifo" } });
    // The first one is served already; then 4, 3, 2.
    const model = modelOf({ services: { front }, traffic: burst(4) });
    expect(requestsOf(model).map(({ latency }) => latency)).toEqual([10, 17, 28, 39]);
  });

  const classes = (gapOfGood: number): ScenarioText => ({
    bad: { ...evenly(2, 1), call: "front", priority: 5 },
    good: { ...evenly(1, gapOfGood), call: "front", priority: 1 },
  });

  it("may let better priorities go first, without taking a slot from anybody", () => {
    const front = slots(1, "10ms", { queue: { discipline: "priority" } });
    // bad 1–11, good (came at 5) 11–21, bad 21–31.
    const model = modelOf({ services: { front }, traffic: classes(5) });
    expect(requestsOf(model).map(({ latency }) => latency)).toEqual([10, 16, 29]);
  });

  it("may let better priorities preempt, and the others go on where they were", () => {
    const front = slots(1, "10ms", { queue: { discipline: "priority", preemptive: true } });
    // bad 1–5 and 15–21, good 5–15, the second bad one, first come first served, 21–31.
    const model = modelOf({ services: { front }, traffic: classes(5) });
    expect(requestsOf(model).map(({ latency }) => latency)).toEqual([10, 20, 29]);
  });

  it("may know the priorities of journeys, before those of tenants and traffic", () => {
    const journeys = [
      { name: "buy", priority: 0, steps: [{ call: "front buy" }] },
      { name: "read", steps: [{ call: "front read" }] },
    ];
    const model = modelOf({
      services: {
        // Each behind a name of its own, whose figures are then those of the journey.
        front: { endpoints: { buy: [{ call: "bought" }], read: [{ call: "seen" }] } },
        bought: { endpoints: { get: [{ call: "queue" }] } },
        seen: { endpoints: { get: [{ call: "queue" }] } },
        queue: slots(1, "10ms", { queue: { discipline: "priority" } }),
      },
      traffic: { t: { rate: "95/s", journeys, priority: 3 } },
    });
    model.run();
    const responses = ["bought", "seen"].map((name) => {
      const { totalMicros, answered } = seriesOf(model, name);
      return sum(totalMicros) / sum(answered);
    });
    expect(responses[0]).toBeLessThan(responses[1]! / 2);
    // Not even half a server is theirs: they wait for hardly more than who is in service.
    expect(responses[0]).toBeLessThan(25_000);
  });

  it("may be left by those whose patience ends, and by nobody who is served", () => {
    const front = slots(1, "10ms", { queue: { patience: "5ms" } });
    expect(ends(front, burst(3))).toEqual(["7 abandoned", "8 abandoned", "11"]);
  });

  it("keeps its order when many have left it", () => {
    const queue = { patience: "9500us", discipline: "lifo" };
    const front = slots(1, "1200us", { queue });
    const requests = ends(front, burst(1000));
    expect(requests.filter((end) => end.includes("abandoned")).length).toBeGreaterThan(100);
    expect(requests).toHaveLength(1000);
  });

  it("may count those in service too", () => {
    const front = slots(2, "10ms", { queue: { capacity: 3 } });
    expect(ends(front, burst(5))).toEqual(["4 queue-full", "5 queue-full", "11", "12", "21"]);
  });
});

describe("slots that break down", () => {
  const breakdowns = (uptime: string, repair: string, work: string): ScenarioText => ({
    breakdowns: { uptime, repair, work },
  });

  it("keep what was done of the work", () => {
    const front = slots(1, "10ms", breakdowns("5ms", "3ms", "resume"));
    // Works 1–5, 8–13 and 16–17.
    expect(ends(front, burst(1))).toEqual(["17"]);
  });

  it("or lose it", () => {
    const front = slots(1, "5ms", breakdowns("6ms", "3ms", "restart"));
    // Works 3–6 for nothing, and 9–14.
    expect(ends(front, burst(1, 3))).toEqual(["14"]);
  });

  it("give their request back to the head of the queue", () => {
    const front = slots(1, "3500us", breakdowns("3ms", "1ms", "resume"));
    // Up 0–3, 4–7, 8–11: the first one 1–3 and 4–5.5, the second one 5.5–7 and 8–10.
    expect(ends(front, burst(2))).toEqual(["5.5", "10"]);
  });
});

describe("slots that are set up", () => {
  it("are switched off when they have been idle, and start cold", () => {
    const front = slots(1, "2ms", { setup: { time: "5ms", idle: "4ms" } });
    // Cold at 10, warm at 20 (until 21), cold at 30.
    expect(ends(front, burst(3, 10))).toEqual(["17", "22", "37"]);
  });

  it("serve whoever waits first, or each the request that started it", () => {
    const at = (waits: string): readonly string[] =>
      ends(slots(2, "500us", { setup: { time: "5ms", idle: "1s", waits } }), burst(2));
    expect(at("queue")).toEqual(["6.5", "7"]);
    expect(at("server")).toEqual(["6.5", "7.5"]);
  });

  it("count cold starts, and what their servers are about", () => {
    const front = slots(2, "2ms", { setup: { time: "5ms", idle: "4ms" } });
    const model = modelOf({ duration: "40ms", services: { front }, traffic: burst(3, 10) });
    model.run();
    const { areas, counts } = model.plane.stationFigures(0)!;
    expect(summariseModel(model, 0, false).result.stations).toMatchObject([
      { service: "front", arrivals: 3, coldStarts: 2, meanBusy: 0.15, meanOff: 1.35 },
    ]);
    expect(counts).toMatchObject({ arrivals: 3, waited: 2, coldStarts: 2 });
    // Milliseconds: one server has 10 + 5 + 2 + 3 + 2 + 4 + 4 + 5 + 2 + 3, the other is never on.
    expect(areas).toMatchObject({ settingUp: 10_000, busy: 6_000, idle: 10_000, off: 54_000 });
    expect(areas).toMatchObject({ waiting: 10_000, noneUp: 24_000 });
  });
});

const steps = [
  { from: "0s", count: 2 },
  { from: "5ms", count: 1 },
  { from: "8ms", count: 2 },
];

describe("slots that change in time", () => {
  it("end their requests when they are too many, beside fresh ones", () => {
    // 1–11 and 2–12 go on; from 8 on a fresh one takes the third, 8–18, and the first the fourth.
    expect(ends(slots(steps, "10ms"), burst(4))).toEqual(["11", "12", "18", "21"]);
  });

  it("or send them back to the head of the queue at once", () => {
    const front = slots({ steps, drain: "requeue" }, "10ms");
    // The second one works 2–5 and 8–15, before the third one, 11–21, and the fourth, 15–25.
    expect(ends(front, burst(4))).toEqual(["11", "15", "21", "25"]);
  });

  it("count from the start of the measured time", () => {
    const front = slots(steps, "10ms");
    const model = modelOf({ warmUp: "1s", services: { front }, traffic: burst(1, 9_000) });
    const counts = [999_999, 1_004_999, 1_005_000, 1_007_999, 1_008_000].map((at) => {
      model.run(micros(at));
      return model.plane.stationFigures(0)?.now.idle;
    });
    expect(counts).toEqual([2, 2, 1, 1, 2]);
  });
});

describe("a datastore", () => {
  it("may have all of it, too", () => {
    const front = { endpoints: { get: [{ query: "db" }] } };
    const store = (more: ScenarioText): readonly number[] => {
      const datastores = { db: { concurrency: 1, time: "10ms", ...more } };
      const model = modelOf({ services: { front }, datastores, traffic: burst(4) });
      return requestsOf(model).map(({ latency }) => latency);
    };
    expect(store({ queue: { discipline: "lifo" } })).toEqual([10, 17, 28, 39]);
    // Up 0–15, 20–35 and 40–55: 1–11, 11–15 and 20–26, 26–35 and 40–41, 41–51.
    expect(store({ breakdowns: { uptime: "15ms", repair: "5ms" } })).toEqual([10, 24, 38, 47]);
    expect(store({ concurrency: steps })).toEqual([10, 10, 15, 17]);
  });
});

describe("a station", () => {
  const exponential = (mean: string): unknown => ({ exponential: mean });
  const service = (more: ScenarioText): ScenarioText =>
    slots(3, "1ms", {
      endpoints: { get: [{ work: exponential("20ms") }, { wait: "5ms" }, { work: "1ms" }] },
      ...more,
    });
  const written = {
    duration: "20s",
    warmUp: "2s",
    services: {
      queue: service({
        replicas: 2,
        queue: { discipline: "priority", preemptive: true, patience: exponential("200ms") },
        breakdowns: { uptime: exponential("2s"), repair: exponential("300ms") },
        asynchronous: true,
      }),
      function: service({ setup: { time: exponential("100ms"), idle: "50ms", waits: "server" } }),
      changing: service({
        queue: { discipline: "lifo", capacity: 40 },
        concurrency: {
          steps: [
            { from: "0s", count: 4 },
            { from: "6s", count: 1 },
            { from: "9s", count: 5 },
          ],
          drain: "requeue",
        },
      }),
    },
    traffic: {
      good: { rate: "80/s", call: "queue", priority: 1 },
      bad: { rate: "120/s", call: "queue", priority: 2 },
      calls: { rate: "20/s", call: "function" },
      others: { rate: "90/s", call: "changing" },
    },
    faults: [{ at: "5s", service: "queue", replicas: 1, kill: true }],
  };

  it("goes on from a snapshot as if it had never stopped", () => {
    const scenario = scenarioOf(written);
    const outputOf = (model: ReturnType<typeof modelOf>): unknown => {
      const { events: _, ...output } = summariseModel(model, 0, true);
      return [output, [0, 1, 2].map((service) => model.plane.stationFigures(service))];
    };
    const whole = modelOf(scenario);
    whole.run();
    for (const at of [0, 1_234_567, 8_000_000, 13_372_001]) {
      const before = modelOf(scenario);
      before.run(micros(at));
      const text = JSON.stringify(before.snapshot());
      const after = modelOf(scenario);
      after.restore(JSON.parse(text) as ModelSnapshot); // what was just written
      after.run();
      expect(outputOf(after)).toEqual(outputOf(whole));
    }
  });

  it("that has no rule of its own does what plain slots do", () => {
    const digest = (queue: unknown): string => {
      const model = modelOf({
        services: { queue: service({ queue, asynchronous: true, replicas: 2 }) },
        traffic: { t: { rate: "200/s", call: "queue" } },
      });
      model.run();
      expect(model.recorder.failed).toBeGreaterThan(10);
      return model.simulation.digest.hex();
    };
    expect(digest({ limit: 5, capacity: 1_000_000 })).toBe(digest(5));
  });

  it("loses nobody: what arrived was answered, has given up, was killed, or is there", () => {
    const model = modelOf(written);
    model.run();
    const { counts, now } = model.plane.stationFigures(2)!;
    expect(now.waiting).toBe(model.plane.census(2).waiting);
    expect(now.busy).toBe(model.plane.census(2).serving);
    expect(counts.arrivals).toBeGreaterThan(1500);
    const { requests, completed, failed } = model.recorder;
    expect(requests).toBe(completed + failed + model.plane.countInFlight());
  });
});
