import { describe, expect, it } from "vitest";
import { booksOf, callsTo, requestsOf, type SeenRequest } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

const run = (written: ScenarioText): readonly SeenRequest[] => requestsOf(modelOf(written));
const latencies = (requests: readonly SeenRequest[]): readonly number[] =>
  requests.map(({ latency }) => latency);

/** All arrive 1 ms apart, the first one after 1 ms. */
const burst = (count: number, more: ScenarioText = {}): ScenarioText => ({
  t: { ...evenly(count, 1), call: "front", ...more },
});

const fifo = (concurrency: number, ...steps: readonly ScenarioText[]): ScenarioText => ({
  cpu: "fifo",
  concurrency,
  endpoints: { get: steps },
});

describe("concurrency slots", () => {
  it("serve first come, first served, each at full speed", () => {
    const front = fifo(2, { work: "10ms" });
    expect(latencies(run({ services: { front }, traffic: burst(5) }))).toEqual([
      10, 10, 18, 18, 26,
    ]);
  });

  it("are held by a caller while it waits for others", () => {
    const front = fifo(1, { work: "1ms" }, { call: "back" });
    const back = { endpoints: { get: [{ wait: "10ms" }] } };
    expect(latencies(run({ services: { front, back }, traffic: burst(3) }))).toEqual([11, 21, 31]);
  });

  it("are given back by an asynchronous caller while it waits", () => {
    const front = { ...fifo(1, { work: "1ms" }, { call: "back" }), asynchronous: true };
    const back = { endpoints: { get: [{ wait: "10ms" }] } };
    expect(latencies(run({ services: { front, back }, traffic: burst(3) }))).toEqual([11, 11, 11]);
  });

  it("are taken again by an asynchronous caller that goes on, after those who wait", () => {
    const steps = [{ work: "4ms" }, { call: "back" }, { work: "4ms" }];
    const front = { ...fifo(1, ...steps), asynchronous: true };
    const back = { endpoints: { get: [{ wait: "1ms" }] } };
    // A: works 1–5, waits to 6. B: came at 2, works 5–9. A: queues at 6, works 9–13.
    // B: back at 10, works 13–17.
    const requests = run({ services: { front, back }, traffic: burst(2) });
    expect(requests.map(({ end }) => end)).toEqual([13, 17]);
  });

  it("refuse the request that finds the queue full", () => {
    const front = { ...fifo(1, { work: "10ms" }), queue: 1 };
    const requests = run({ services: { front }, traffic: burst(4) });
    expect(requests.map(({ outcome, end }) => `${end} ${outcome}`)).toEqual([
      "3 queue-full",
      "4 queue-full",
      "11 ok",
      "21 ok",
    ]);
  });

  it("refuse every request that must wait when there is no queue", () => {
    const front = { ...fifo(1, { work: "2ms" }), queue: 0 };
    const requests = run({ services: { front }, traffic: burst(4) });
    expect(requests.map(({ outcome, end }) => `${end} ${outcome}`)).toEqual([
      "2 queue-full",
      "3 ok",
      "4 queue-full",
      "5 ok",
    ]);
  });
});

describe("a datastore", () => {
  it("works on so many queries at once and queues the others", () => {
    const front = { endpoints: { get: [{ query: "db" }] } };
    const datastores = { db: { concurrency: 2, time: "10ms" } };
    const requests = run({ services: { front }, datastores, traffic: burst(4) });
    expect(latencies(requests)).toEqual([10, 10, 18, 18]);
  });

  it("refuses queries beyond its queue", () => {
    const front = { endpoints: { get: [{ query: "db" }] } };
    const datastores = { db: { concurrency: 1, queue: 1, time: "10ms" } };
    const requests = run({ services: { front }, datastores, traffic: burst(3) });
    expect(requests.map(({ outcome }) => outcome)).toEqual(["queue-full", "ok", "ok"]);
  });
});

describe("a connection pool", () => {
  const front = (pool: ScenarioText, query: ScenarioText = {}): ScenarioText => ({
    pools: { db: pool },
    endpoints: { get: [{ query: { datastore: "db", ...query } }] },
  });
  const datastores = { db: { concurrency: 100, time: "10ms" } };

  it("of one connection lets one query through at a time", () => {
    const services = { front: front({ size: 1 }) };
    const requests = run({ services, datastores, traffic: burst(3) });
    expect(latencies(requests)).toEqual([10, 19, 28]);
  });

  it("belongs to one replica", () => {
    const services = { front: { ...front({ size: 1 }), replicas: 3 } };
    const requests = run({ services, datastores, traffic: burst(3) });
    expect(latencies(requests)).toEqual([10, 10, 10]);
  });

  it("is given up after the acquire timeout, exactly", () => {
    const services = { front: front({ size: 1, acquireTimeout: "5ms" }) };
    const requests = run({ services, datastores, traffic: burst(3) });
    expect(requests.map(({ outcome, end }) => `${end} ${outcome}`)).toEqual([
      "7 pool-timeout",
      "8 pool-timeout",
      "11 ok",
    ]);
  });

  it("times a second wait of a request from its own start", () => {
    const steps = [{ query: "db" }, { wait: "3ms" }, { query: "db" }];
    const services = {
      front: { pools: { db: { size: 1, acquireTimeout: "12ms" } }, endpoints: { get: steps } },
    };
    const requests = run({ services, datastores, traffic: burst(2) });
    // A queries 1–11, B waits from 2 and queries 11–21. A wants another at 14, has it 21–31;
    // B wants it at 24.
    expect(requests.map(({ outcome, end }) => `${end} ${outcome}`)).toEqual(["31 ok", "41 ok"]);
  });

  it("never blocks an asynchronous service: who waits for it gives its slot back", () => {
    const service = { ...fifo(1, { query: "db" }), pools: { db: { size: 1 } }, asynchronous: true };
    const requests = run({ services: { front: service }, datastores, traffic: burst(3) });
    expect(latencies(requests)).toEqual([10, 19, 28]);
  });

  it("gets its connection back when the caller of the query gives up", () => {
    const services = { front: front({ size: 1 }, { timeout: "4ms" }) };
    const model = modelOf({ services, datastores, traffic: burst(3) });
    const requests = requestsOf(model);
    expect(requests.map(({ outcome, end }) => `${end} ${outcome}`)).toEqual([
      "5 timeout",
      "9 timeout",
      "13 timeout",
    ]);
    // The abandoned queries ran to their ends in the datastore.
    expect(callsTo(model, "db")).toBe(3);
    expect(booksOf(model).connections[0]).toEqual([0]);
    expect(booksOf(model).liveRows).toBe(0);
  });
});
