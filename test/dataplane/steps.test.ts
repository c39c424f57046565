import { describe, expect, it } from "vitest";
import { callsTo, requestsOf, serviceIndex, sum } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** One request at a time, far apart; latency in milliseconds. */
function latencyOf(services: ScenarioText, more: ScenarioText = {}): number {
  const traffic = { one: { ...evenly(1, 100), call: "front" } };
  const [request] = requestsOf(modelOf({ services, traffic, ...more }));
  expect(request?.outcome).toBe("ok");
  return request!.latency;
}

const endpoint = (...steps: readonly ScenarioText[]): ScenarioText => ({
  endpoints: { get: steps },
});
const leaf = (work: string): ScenarioText => endpoint({ work });

describe("the steps of an endpoint", () => {
  it("follow one another", () => {
    const front = endpoint({ work: "3ms" }, { wait: "4ms" }, { work: "5ms" });
    expect(latencyOf({ front })).toBe(12);
  });

  it("take as long as a called service does", () => {
    const front = endpoint({ work: "3ms" }, { call: "back" }, { work: "5ms" });
    expect(latencyOf({ front, back: leaf("20ms") })).toBe(28);
  });

  it("take as long as the slowest of parallel branches", () => {
    const front = endpoint({ parallel: [{ call: "quick" }, { call: "slow" }] }, { work: "1ms" });
    expect(latencyOf({ front, quick: leaf("5ms"), slow: leaf("30ms") })).toBe(31);
  });

  it("take the sum of the steps of a branch that has several", () => {
    const branch = [{ call: "quick" }, { wait: "10ms" }, { call: "quick" }];
    const front = endpoint({ parallel: [{ call: "slow" }, branch] });
    expect(latencyOf({ front, quick: leaf("12ms"), slow: leaf("30ms") })).toBe(34);
  });

  it("nest parallel branches", () => {
    const inner = { parallel: [{ call: "quick" }, [{ wait: "7ms" }, { call: "quick" }]] };
    const front = endpoint({ parallel: [[inner, { wait: "1ms" }], { wait: "2ms" }] });
    expect(latencyOf({ front, quick: leaf("5ms") })).toBe(13);
  });

  it("take no time when there are none, and answer in the same instant", () => {
    expect(latencyOf({ front: endpoint() })).toBe(0);
    expect(
      latencyOf({ front: endpoint({ parallel: [{ call: "b" }, { call: "b" }] }), b: endpoint() }),
    ).toBe(0);
  });

  it("call every branch of a parallel step once", () => {
    const front = endpoint({
      parallel: [{ call: "a" }, { call: "b" }, [{ call: "a" }, { call: "b" }]],
    });
    const traffic = { t: { ...evenly(10, 100), call: "front" } };
    const model = ran({ services: { front, a: leaf("1ms"), b: leaf("2ms") }, traffic });
    expect(callsTo(model, "a")).toBe(20);
    expect(callsTo(model, "b")).toBe(20);
  });
});

/** Bounds that a binomial count leaves with probability 1 in 100 000 at most, either side. */
function binomialBounds(n: number, p: number): readonly [number, number] {
  const spread = 4.4 * Math.sqrt(n * p * (1 - p)) + 1;
  return [n * p - spread, n * p + spread];
}

describe("a choice", () => {
  const count = 20_000;
  const traffic = { t: { ...evenly(count, 0.5), call: "front" } };

  it("takes its options as often as they say, and none with what is left", () => {
    const choose = [
      { probability: 0.2, steps: [{ call: "a" }] },
      { probability: "50%", steps: [{ call: "b" }] },
    ];
    const services = { front: endpoint({ choose }), a: endpoint(), b: endpoint() };
    const model = ran({ services, traffic });
    for (const [service, share] of [
      ["a", 0.2],
      ["b", 0.5],
    ] as const) {
      const [low, high] = binomialBounds(count, share);
      expect(callsTo(model, service)).toBeGreaterThan(low);
      expect(callsTo(model, service)).toBeLessThan(high);
    }
    expect(callsTo(model, "front")).toBe(count);
  });

  it("always takes an option of 100 %, and never one of 0 %", () => {
    const choose = [
      { probability: 0, steps: [{ call: "a" }] },
      { probability: 1, steps: [{ call: "b" }] },
    ];
    const services = { front: endpoint({ choose }), a: endpoint(), b: endpoint() };
    const model = ran({ services, traffic });
    expect([callsTo(model, "a"), callsTo(model, "b")]).toEqual([0, count]);
  });

  it("draws anew at every place, so that two choices in a row are independent", () => {
    const half = (service: string): ScenarioText => ({
      choose: [{ probability: 0.5, steps: [{ call: service }] }],
    });
    const both = { choose: [{ probability: 0.5, steps: [half("a")] }] };
    const services = { front: endpoint(both), a: endpoint() };
    const [low, high] = binomialBounds(count, 0.25);
    const calls = callsTo(ran({ services, traffic }), "a");
    expect(calls).toBeGreaterThan(low);
    expect(calls).toBeLessThan(high);
  });
});

describe("a cache", () => {
  const count = 20_000;
  const traffic = { t: { ...evenly(count, 0.5), call: "front" } };

  it("counts hits and misses, and a miss goes to the datastore", () => {
    const cache = {
      name: "lookaside",
      hits: "90%",
      hit: [{ query: "memory" }],
      miss: [{ query: "memory" }, { query: "disk" }],
    };
    const model = ran({
      services: { front: endpoint({ cache }) },
      datastores: {
        memory: { concurrency: 100, time: "1ms" },
        disk: { concurrency: 100, time: "9ms" },
      },
      traffic,
      duration: "11s",
    });
    const { cacheHits, cacheMisses, latency } = model.recorder;
    const misses = cacheMisses[0]!;
    expect(cacheHits[0]! + misses).toBe(count);
    expect(callsTo(model, "memory")).toBe(count);
    expect(callsTo(model, "disk")).toBe(misses);
    const [low, high] = binomialBounds(count, 0.1);
    expect(misses).toBeGreaterThan(low);
    expect(misses).toBeLessThan(high);
    expect(latency.min).toBe(1_000);
    expect(latency.max).toBe(10_000);
  });
});

describe("where the time of a request went", () => {
  it("adds up: waiting, own work and waits, and what other services took", () => {
    const front = {
      ...endpoint({ work: "4ms" }, { wait: "2ms" }, { call: "back" }),
      cpu: "fifo",
      concurrency: 1,
    };
    const traffic = { t: { ...evenly(2, 10), call: "front" } };
    const model = ran({ services: { front, back: leaf("9ms") }, traffic });
    const series = model.recorder.services[serviceIndex(model, "front")]!;
    // The first takes 15 ms; the second comes 10 ms after it and waits 5 ms for the slot.
    expect(sum(series.queuedMicros)).toBe(5_000);
    expect(sum(series.servedMicros)).toBe(12_000);
    expect(sum(series.totalMicros)).toBe(35_000);
    expect(sum(series.answered)).toBe(2);
  });
});
