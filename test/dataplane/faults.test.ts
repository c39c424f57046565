import { describe, expect, it } from "vitest";
import { booksOf, callsTo, requestsOf, type SeenRequest } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

/** A request every 100 ms from 100 ms on, each 10 ms long unless something is wrong. */
const traffic = { t: { ...evenly(10, 100), call: "front" } };
const front = { cpu: "fifo", concurrency: 10, endpoints: { get: [{ work: "10ms" }] } };

const run = (written: ScenarioText): readonly SeenRequest[] =>
  requestsOf(modelOf({ services: { front }, traffic, ...written }));
const latencies = (written: ScenarioText): readonly number[] =>
  run(written).map(({ latency }) => latency);

describe("a slowness", () => {
  it("stretches the work that starts while it lasts, and no other", () => {
    const faults = [{ at: "250ms", for: "300ms", service: "front", slow: 3 }];
    expect(latencies({ faults })).toEqual([10, 10, 30, 30, 30, 10, 10, 10, 10, 10]);
  });

  it("stretches work that starts during it of requests that came before", () => {
    const waiting = { endpoints: { get: [{ wait: "30ms" }, { work: "10ms" }] } };
    const faults = [{ at: "110ms", for: "50ms", service: "front", slow: 2 }];
    const [first] = run({ services: { front: waiting }, faults });
    expect(first!.latency).toBe(50);
  });

  it("multiplies with another one, and ends by itself", () => {
    const faults = [
      { at: "150ms", for: "500ms", service: "front", slow: 2 },
      { at: "350ms", for: "100ms", service: "front", slow: 3 },
    ];
    expect(latencies({ faults })).toEqual([10, 20, 20, 60, 20, 20, 10, 10, 10, 10]);
  });

  it("may have the name of another one that lasts at the same time", () => {
    const faults = [
      { name: "twin", at: "150ms", for: "500ms", service: "front", slow: 2 },
      { name: "twin", at: "350ms", for: "100ms", service: "front", slow: 3 },
    ];
    expect(latencies({ faults })).toEqual([10, 20, 20, 60, 20, 20, 10, 10, 10, 10]);
  });

  it("of one endpoint leaves the others as they are", () => {
    const two = { ...front, endpoints: { a: [{ work: "10ms" }], b: [{ work: "10ms" }] } };
    const both = {
      a: { ...evenly(3, 100), call: "front a" },
      b: { ...evenly(3, 110), call: "front b" },
    };
    const faults = [{ at: "50ms", for: "900ms", service: "front", endpoint: "b", slow: 3 }];
    const requests = run({ services: { front: two }, traffic: both, faults });
    expect(requests.map(({ end, latency }) => `${end} ${latency}`)).toEqual([
      "110 10",
      "140 30",
      "210 10",
      "250 30",
      "310 10",
      "360 30",
    ]);
  });

  it("of some replicas takes the oldest", () => {
    const replicas = { front: { ...front, replicas: 4 } };
    const faults = [{ at: "50ms", for: "2s", service: "front", replicas: "50%", slow: 3 }];
    expect(latencies({ services: replicas, faults })).toEqual([
      30, 30, 10, 10, 30, 30, 10, 10, 30, 30,
    ]);
  });

  it("of a datastore stretches its queries", () => {
    const asking = { endpoints: { get: [{ query: "db" }] } };
    const faults = [{ at: "50ms", for: "100ms", service: "db", slow: 5 }];
    const datastores = { db: { concurrency: 1, time: "4ms" } };
    expect(latencies({ services: { front: asking }, datastores, faults }).slice(0, 3)).toEqual([
      20, 4, 4,
    ]);
  });
});

describe("added latency", () => {
  it("delays every call that is sent while it lasts, on its way there", () => {
    const faults = [{ at: "250ms", for: "300ms", service: "front", latency: "25ms" }];
    expect(latencies({ faults })).toEqual([10, 10, 35, 35, 35, 10, 10, 10, 10, 10]);
  });

  it("adds up", () => {
    const faults = [
      { name: "one", at: "150ms", for: "500ms", service: "front", latency: "5ms" },
      { name: "two", at: "350ms", for: "100ms", service: "front", latency: "7ms" },
    ];
    expect(latencies({ faults })).toEqual([10, 15, 15, 22, 15, 15, 10, 10, 10, 10]);
  });
});

describe("injected errors", () => {
  it("of 100 % answer every request with an error, after its work was done", () => {
    const faults = [{ at: "250ms", for: "300ms", service: "front", errors: "100%" }];
    const requests = run({ faults });
    expect(requests.map(({ outcome }) => outcome)).toEqual([
      ...["ok", "ok"],
      ...["error", "error", "error"],
      ...["ok", "ok", "ok", "ok", "ok"],
    ]);
    expect(requests.every(({ latency }) => latency === 10)).toBe(true);
  });

  it("come as often as their share says", () => {
    const many = { t: { ...evenly(20_000, 0.4), call: "front" } };
    const faults = [{ at: "0s", for: "10s", service: "front", errors: "5%" }];
    const services = { front: { ...front, concurrency: 100 } };
    const failed = run({ services, traffic: many, faults }).filter(
      ({ outcome }) => outcome === "error",
    );
    // Standard deviation 31.
    expect(Math.abs(failed.length - 1000)).toBeLessThan(4.4 * 31);
  });

  it("of one endpoint spare the others", () => {
    const two = { ...front, endpoints: { a: [{ work: "10ms" }], b: [{ work: "10ms" }] } };
    const both = {
      a: { ...evenly(3, 100), call: "front a" },
      b: { ...evenly(3, 110), call: "front b" },
    };
    const faults = [{ at: "50ms", for: "900ms", service: "front", endpoint: "b", errors: "100%" }];
    const requests = run({ services: { front: two }, traffic: both, faults });
    expect(requests.map(({ outcome }) => outcome)).toEqual([
      "ok",
      "error",
      "ok",
      "error",
      "ok",
      "error",
    ]);
  });

  it("go up the call chain: the caller of a failed call fails, and does not go on", () => {
    const caller = { endpoints: { get: [{ call: "front" }, { call: "after" }] } };
    const after = { endpoints: { get: [] } };
    const faults = [{ at: "50ms", for: "9s", service: "front", errors: "100%" }];
    const up = { t: { ...evenly(3, 100), call: "caller" } };
    const model = modelOf({ services: { front, caller, after }, traffic: up, faults });
    expect(requestsOf(model).map(({ outcome }) => outcome)).toEqual(["error", "error", "error"]);
    expect(callsTo(model, "after")).toBe(0);
  });
});

describe("a kill", () => {
  const kill = (more: ScenarioText = {}): readonly ScenarioText[] => [
    { at: "305ms", service: "front", kill: true, ...more },
  ];

  it("fails the requests in it, refuses those on their way, then callers know no endpoint", () => {
    const faults = kill();
    const cluster = { endpointLag: "250ms", scheduling: "0s" };
    const services = { front: { ...front, startup: "300ms" } };
    const requests = run({ services, faults, cluster });
    expect(requests.map(({ end, outcome }) => `${end} ${outcome}`)).toEqual([
      "110 ok",
      "210 ok",
      "305 killed",
      "400 connection-refused",
      "500 connection-refused",
      "600 no-endpoint",
      "700 no-endpoint",
      "800 no-endpoint",
      // The replacement listens at 605 and is known at 855.
      "910 ok",
      "1010 ok",
    ]);
  });

  it("of one of two replicas loses the requests that are routed to it, until callers know", () => {
    const services = { front: { ...front, replicas: 2 } };
    const cluster = { endpointLag: "100ms" };
    const faults = kill({ replicas: 1 });
    const requests = run({ services, cluster, faults });
    // Round robin: odd requests go to the first replica. The third is in it when it dies.
    expect(requests.map(({ end, outcome }) => `${end} ${outcome}`).slice(0, 6)).toEqual([
      "110 ok",
      "210 ok",
      "305 killed",
      "410 ok",
      "510 ok",
      "610 ok",
    ]);
  });

  it("frees its callers: they fail and give their slots back", () => {
    const caller = { cpu: "fifo", concurrency: 1, endpoints: { get: [{ call: "front" }] } };
    const long = { ...front, endpoints: { get: [{ work: "20s" }] } };
    const up = { t: { ...evenly(2, 100), call: "caller" } };
    const requests = run({
      services: { front: long, caller },
      traffic: up,
      faults: kill(),
      duration: "5s",
    });
    expect(requests.map(({ end, outcome }) => `${end} ${outcome}`)).toEqual([
      // The freed slot goes to the second request, which still knows the dead replica.
      "305 connection-refused",
      "305 killed",
    ]);
  });

  it("takes along a caller that called an endpoint of its own replica", () => {
    const both = { ...front, endpoints: { a: [{ call: "front b" }], b: [{ work: "1s" }] } };
    const up = { t: { ...evenly(3, 100), call: "front a" } };
    const model = modelOf({ services: { front: both }, traffic: up, faults: kill() });
    const requests = requestsOf(model);
    expect(requests.map(({ end, outcome }) => `${end} ${outcome}`)).toEqual([
      "305 killed",
      "305 killed",
      "305 killed",
    ]);
    const books = booksOf(model);
    expect([books.outstanding[0], books.busySlots[0], books.liveRows]).toEqual([0, 0, 0]);
  });
});
