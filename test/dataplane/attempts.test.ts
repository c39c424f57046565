import { describe, expect, it } from "vitest";
import { booksOf, callsTo, requestsOf, type SeenRequest } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

const serving = (steps: readonly ScenarioText[], more: ScenarioText = {}): ScenarioText => ({
  endpoints: { get: steps },
  ...more,
});

/** Requests of a client that calls `front` so, and the model after the run. */
function called(
  settings: ScenarioText,
  services: Readonly<Record<string, ScenarioText>>,
  { count = 1, gap = 10, ...more }: ScenarioText & { count?: number; gap?: number } = {},
) {
  const traffic = { t: { ...evenly(count, gap), call: "front", ...settings } };
  const model = modelOf({ services, traffic, duration: "20s", ...more });
  return { requests: requestsOf(model), model };
}

const shown = (requests: readonly SeenRequest[]): readonly string[] =>
  requests.map(({ outcome, latency }) => `${latency} ${outcome}`);

describe("the timeout of a call", () => {
  it("holds for all attempts and the pauses between them", () => {
    const retries = { attempts: 9, perTryTimeout: "10ms", backoff: "3ms" };
    const { requests, model } = called(
      { timeout: "30ms", retries },
      { front: serving([{ wait: "1s" }]) },
    );
    expect(shown(requests)).toEqual(["30 timeout"]);
    expect(callsTo(model, "front")).toBe(3);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("ends a call that pauses", () => {
    const retries = { attempts: 9, perTryTimeout: "10ms", backoff: "50ms" };
    const { requests, model } = called(
      { timeout: "30ms", retries },
      { front: serving([{ wait: "1s" }]) },
    );
    expect(shown(requests)).toEqual(["30 timeout"]);
    expect(callsTo(model, "front")).toBe(1);
  });
});

describe("retries", () => {
  const failing = serving([{ wait: "1ms" }], { revisions: { v1: { errors: 1 } } });
  const busy = serving([{ wait: "15ms" }], { concurrency: 1, queue: 0 });
  const calling = serving([{ call: { service: "back", timeout: "5ms" } }]);
  const none = serving([{ wait: "1ms" }], { replicas: 0 });

  it.each<{
    what: string;
    services: Readonly<Record<string, ScenarioText>>;
    on: string;
    count?: number;
    faults?: readonly ScenarioText[];
  }>([
    { what: "an error answer", services: { front: failing }, on: "5xx" },
    { what: "a full queue", services: { front: busy }, on: "refused-stream", count: 2 },
    { what: "no endpoint", services: { front: none }, on: "connect-failure" },
    { what: "its own patience", services: { front: serving([{ wait: "1s" }]) }, on: "timeout" },
    {
      what: "an answer after the callee's own patience",
      services: { front: calling, back: serving([{ wait: "1s" }]) },
      on: "5xx",
    },
    {
      what: "a replica that died",
      services: { front: serving([{ wait: "15ms" }], { startup: "1ms" }) },
      on: "reset",
      faults: [{ at: "12ms", service: "front", kill: true }],
    },
  ])(
    "follow $what when they are meant to, and nothing else",
    ({ services, on, count = 1, faults = [] }) => {
      const conditions = ["5xx", "reset", "connect-failure", "refused-stream", "timeout"];
      const tries = (retryOn: readonly string[]): number => {
        const retries = { attempts: 2, perTryTimeout: "20ms", backoff: "1ms", retryOn };
        const { model } = called({ retries }, services, { count, faults });
        return model.recorder.attempts.retries[0]!;
      };
      expect(tries([on])).toBeGreaterThan(0);
      expect(tries(conditions.filter((condition) => condition !== on))).toBe(0);
    },
  );

  it("go on until there is an answer when attempts are unlimited", () => {
    const half = serving([{ wait: "1ms" }], { revisions: { v1: { errors: 0.9 } } });
    const retries = { attempts: "unlimited", backoff: "1ms" };
    const { requests, model } = called({ retries }, { front: half }, { count: 200 });
    expect(requests.every(({ outcome }) => outcome === "ok")).toBe(true);
    // 10 attempts in the mean; standard deviation of 200 of them: 134.
    expect(Math.abs(callsTo(model, "front") - 2000)).toBeLessThan(4.4 * 134);
  });

  it("follow with their probability", () => {
    const retries = { attempts: 2, probability: 0.25 };
    const { model } = called({ retries }, { front: failing }, { count: 1600, gap: 5 });
    // Standard deviation 17.
    expect(Math.abs(callsTo(model, "front") - 2000)).toBeLessThan(4.4 * 17);
  });

  it.each([
    { jitter: "full", low: 0, high: 100 },
    { jitter: "decorrelated", low: 100, high: 300 },
  ])("pause with $jitter jitter from $low to $high of a base of 100", ({ jitter, low, high }) => {
    const backoff = { base: "100ms", jitter };
    const { requests } = called(
      { retries: { attempts: 2, backoff } },
      { front: failing },
      { count: 300 },
    );
    const pauses = requests.map(({ latency }) => latency - 2);
    const [least, most] = [Math.min(...pauses), Math.max(...pauses)];
    expect(least).toBeGreaterThanOrEqual(low);
    expect(most).toBeLessThanOrEqual(high);
    expect(least).toBeLessThan(low + 10);
    expect(most).toBeGreaterThan(high - 10);
  });

  it("pause as drawn", () => {
    const backoff = { time: { uniform: { min: "20ms", max: "40ms" } } };
    const { requests } = called(
      { retries: { attempts: 2, backoff } },
      { front: failing },
      { count: 100 },
    );
    const mean = requests.reduce((sum, { latency }) => sum + latency - 2, 0) / requests.length;
    // Standard deviation of a pause: 5.8.
    expect(Math.abs(mean - 30)).toBeLessThan(4.4 * 0.58);
  });
});

describe("a deadline", () => {
  const front = serving([{ wait: "30ms" }, { call: "back" }], { concurrency: 1 });

  it("ends the calls of those who work for the request, at that moment", () => {
    const { requests, model } = called(
      { deadline: "50ms" },
      { front, back: serving([{ wait: "1s" }]) },
      { count: 2, gap: 100 },
    );
    expect(shown(requests)).toEqual(["50 deadline-exceeded", "50 deadline-exceeded"]);
    // The second request finds the slot free: the first one's call did not outlive it.
    expect(callsTo(model, "back")).toBe(2);
  });

  it("sends nothing when it has passed", () => {
    const { requests, model } = called(
      { deadline: "20ms" },
      { front, back: serving([{ wait: "1s" }]) },
    );
    expect(shown(requests)).toEqual(["20 deadline-exceeded"]);
    expect(callsTo(model, "back")).toBe(0);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("is the earlier one of its own and the one before", () => {
    const inner = (deadline: string): ScenarioText =>
      serving([{ call: { service: "back", deadline } }]);
    const back = serving([{ wait: "1s" }]);
    const outcome = (own: string): readonly string[] =>
      shown(called({ deadline: "50ms" }, { front: inner(own), back }).requests);
    expect(outcome("20ms")).toEqual(["20 deadline-exceeded"]);
    expect(outcome("80ms")).toEqual(["50 deadline-exceeded"]);
  });

  it("does not matter when the timeout comes first", () => {
    const calling = serving([{ call: { service: "back", timeout: "10ms" } }]);
    const services = { front: calling, back: serving([{ wait: "1s" }]) };
    expect(shown(called({ deadline: "50ms" }, services).requests)).toEqual(["10 timeout"]);
  });

  it.each([
    { dropExpired: false, cpu: 90 },
    { dropExpired: true, cpu: 30 },
  ])("lets a service that drops expired requests save its CPU: $dropExpired", (given) => {
    const { dropExpired, cpu } = given;
    const one = serving([{ work: "30ms" }], { cpu: "fifo", concurrency: 1, dropExpired });
    const { requests, model } = called({ deadline: "15ms" }, { front: one }, { count: 3, gap: 1 });
    expect(requests.map(({ outcome }) => outcome)).toEqual(Array(3).fill("deadline-exceeded"));
    expect(model.plane.usage(0).cpuMicros).toBe(cpu * 1000);
    expect(booksOf(model).liveRows).toBe(0);
  });
});

describe("hedged requests", () => {
  /** Two replicas in turn, of which the first is a hundred times as slow. */
  const slowFirst = {
    faults: [{ at: "0ms", for: "20s", service: "front", replicas: 1, slow: 100 }],
  };
  const pair = serving([{ wait: "1ms" }, { work: "1ms" }], {
    replicas: 2,
    cpu: "fifo",
    concurrency: 9,
  });

  it("are sent when there is no answer in time, and the first answer wins", () => {
    const { requests, model } = called(
      { hedge: { after: "20ms" } },
      { front: pair },
      { count: 4, gap: 300, ...slowFirst },
    );
    // In turn: the first copy of each is sent to the slow one.
    expect(shown(requests)).toEqual(Array(4).fill("22 ok"));
    const { hedges, hedgesWon } = model.recorder.attempts;
    expect([hedges[0], hedgesWon[0]]).toEqual([4, 4]);
    expect(callsTo(model, "front")).toBe(8);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it.each([
    { losers: "cancel", cpu: 2 },
    { losers: "run-on", cpu: 2 + 200 },
  ])("whose losers $losers", ({ losers, cpu }) => {
    const { requests, model } = called(
      { hedge: { after: "20ms", losers } },
      { front: pair },
      { count: 2, gap: 300, ...slowFirst },
    );
    expect(shown(requests)).toEqual(["22 ok", "22 ok"]);
    const used = model.plane.usage(0).cpuMicros + model.plane.usage(1).cpuMicros;
    expect(used).toBe(cpu * 1000);
  });

  it("wait for the other copy when one fails", () => {
    const failing = serving([{ wait: "30ms" }], { revisions: { v1: { errors: 0.5 } } });
    const { requests } = called({ hedge: { after: "10ms" } }, { front: failing }, { count: 400 });
    const failed = requests.filter(({ outcome }) => outcome === "error").length;
    // Both fail in a quarter of the cases; standard deviation 8.7.
    expect(Math.abs(failed - 100)).toBeLessThan(4.4 * 8.7);
    expect(requests.every(({ latency, outcome }) => outcome === "ok" || latency === 40)).toBe(true);
  });

  it("can wait for a quantile of what calls have taken, which is their share of all calls", () => {
    const one = serving([{ wait: { exponential: "10ms" } }]);
    const { requests, model } = called(
      { hedge: { after: "p90" } },
      { front: one },
      { count: 15_000, gap: 1 },
    );
    expect(requests).toHaveLength(15_000);
    // The quantile of a thousand has a standard deviation of 1 %; it is looked up 150 times.
    expect(Math.abs(model.recorder.attempts.hedges[0]! / 15_000 - 0.1)).toBeLessThan(0.006);
    expect(Math.max(...requests.slice(1000).map(({ latency }) => latency))).toBeLessThan(90);
  });

  it("that are tied do their work once", () => {
    const one = serving([{ work: "10ms" }], { replicas: 2, cpu: "fifo", concurrency: 1 });
    const { requests, model } = called(
      { hedge: { after: "0ms", tied: true } },
      { front: one },
      { count: 50, gap: 4 },
    );
    expect(requests.every(({ outcome }) => outcome === "ok")).toBe(true);
    expect(callsTo(model, "front")).toBeGreaterThan(50);
    const used = model.plane.usage(0).cpuMicros + model.plane.usage(1).cpuMicros;
    expect(used).toBe(50 * 10_000);
    expect(booksOf(model).liveRows).toBe(0);
  });
});
