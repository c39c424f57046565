import { describe, expect, it } from "vitest";
import { dependencyResults } from "../../sim/experiment/dependencyResults.ts";
import { seconds } from "../../sim/kernel/time.ts";
import { requestsOf } from "../support/observe.ts";
import {
  evenly,
  modelOf,
  ran,
  type ScenarioText,
  scenarioOf,
  throughText,
} from "../support/scenarios.ts";

interface Settings {
  readonly steps: readonly unknown[];
  readonly service?: ScenarioText;
  readonly traffic?: ScenarioText;
  readonly rest?: ScenarioText;
}

/** Three requests, 10 ms apart, about one key. */
const scenario = ({ steps, service, traffic, rest }: Settings): ScenarioText => ({
  duration: "20s",
  services: { db: { endpoints: { put: steps }, ...service } },
  traffic: { t: { ...evenly(3, 10), call: "db", ...traffic } },
  ...rest,
});

const latencies = (settings: Settings): readonly number[] =>
  requestsOf(modelOf(scenario(settings))).map(({ latency }) => latency);

const outcomes = (settings: Settings): readonly string[] =>
  requestsOf(modelOf(scenario(settings))).map(({ outcome }) => outcome);

describe("a lock", () => {
  it("is had by one request at a time, in order of arrival", () => {
    expect(latencies({ steps: [{ lock: "accounts" }, { wait: "100ms" }] })).toEqual([
      100, 190, 280,
    ]);
  });

  it("is held to the end of the transaction", () => {
    const inside = [{ lock: "accounts" }, { wait: "50ms" }];
    expect(latencies({ steps: [{ transaction: inside }, { wait: "50ms" }] })).toEqual([
      100, 140, 180,
    ]);
  });

  it("is held to the end of the outermost transaction", () => {
    const inner = [{ lock: "accounts" }, { wait: "50ms" }];
    const steps = [{ transaction: [{ transaction: inner }, { wait: "50ms" }] }];
    expect(latencies({ steps })).toEqual([100, 190, 280]);
  });

  it("may be taken again by whoever has it", () => {
    const steps = [{ lock: "accounts" }, { lock: "accounts" }, { wait: "10ms" }];
    expect(latencies({ steps })).toEqual([10, 10, 10]);
  });

  it("is one for all services that lock rows of that table, and of no other", () => {
    const services = {
      one: { endpoints: { put: [{ lock: "accounts" }, { wait: "100ms" }] } },
      two: { endpoints: { put: [{ lock: "accounts" }, { wait: "100ms" }] } },
      three: { endpoints: { put: [{ lock: "stock" }, { wait: "100ms" }] } },
    };
    const traffic = Object.fromEntries(
      Object.keys(services).map((call) => [call, { ...evenly(1, 10), call }]),
    );
    const seen = requestsOf(modelOf({ services, traffic })).map(({ latency }) => latency);
    expect(seen).toEqual([100, 100, 200]);
  });

  it("is about the row of the request's key", () => {
    const population = { keys: { count: 1e9 } };
    const steps = [{ lock: "accounts" }, { wait: "100ms" }];
    expect(latencies({ steps, traffic: { population } })).toEqual([100, 100, 100]);
    const one = [{ lock: { table: "accounts", per: "tenant" } }, { wait: "100ms" }];
    expect(latencies({ steps: one, traffic: { population } })).toEqual([100, 190, 280]);
  });

  it("is given up for after its timeout", () => {
    const steps = [{ lock: { table: "accounts", timeout: "85ms" } }, { wait: "100ms" }];
    expect(outcomes({ steps })).toEqual(["lock-timeout", "ok", "ok"]);
  });

  it("is given back by a request that fails, and by a process that dies", () => {
    const failing = [
      { lock: "accounts" },
      { wait: "100ms" },
      { call: { service: "db", endpoint: "none", timeout: "1ms" } },
    ];
    const service = { endpoints: { put: failing, none: [{ wait: "1s" }] } };
    const seen = requestsOf(modelOf(scenario({ steps: [], service, traffic: { call: "db put" } })));
    expect(seen.map(({ end }) => end)).toEqual([111, 212, 313]);
    const dying = scenario({
      steps: [{ lock: "accounts" }, { wait: "1s" }],
      service: { replicas: 2, balancer: "round-robin" },
      rest: { faults: [{ at: "500ms", service: "db", kill: true, replicas: 1 }] },
    });
    // The first and the third die in the one process; the second has the lock from then on.
    const killed = requestsOf(modelOf(dying));
    expect(killed.map(({ outcome }) => outcome).toSorted()).toEqual(["killed", "killed", "ok"]);
    expect(killed.find(({ outcome }) => outcome === "ok")!.end).toBe(1500);
  });

  it("does not keep an asynchronous service's slot while it is waited for", () => {
    const service = { concurrency: 1, asynchronous: true };
    const steps = [{ lock: "accounts" }, { wait: "100ms" }];
    expect(latencies({ steps, service })).toEqual([100, 190, 280]);
  });

  it("is counted by table", () => {
    const steps = [{ lock: { table: "accounts", timeout: "150ms" } }, { wait: "100ms" }];
    const { locks } = dependencyResults(ran(scenario({ steps })));
    const waits = { taken: 2, waited: 1, timeouts: 1, meanWaitMs: 90, longestQueue: 2 };
    expect(locks).toEqual([{ table: "accounts", ...waits }]);
    expect(dependencyResults(ran(scenario({ steps: [] })))).toEqual({});
  });
});

describe("two locks", () => {
  it.each([
    { order: "as-drawn", deadlocks: true },
    { order: "sorted", deadlocks: false },
  ])("of one table taken $order deadlock: $deadlocks", ({ order, deadlocks }) => {
    const each = [{ wait: "15ms" }];
    const seen = outcomes({
      steps: [{ lock: { table: "accounts", rows: 2, order, timeout: "1s", each } }],
      traffic: { ...evenly(200, 10), population: { keys: { count: 20 } } },
    });
    expect(seen.includes("lock-timeout")).toBe(deadlocks);
  });

  it("of two tables deadlock when they are taken in different orders, until one times out", () => {
    const lock = (table: string): ScenarioText => ({ lock: { table, timeout: "1s" } });
    const endpoints = {
      a: [lock("accounts"), { wait: "50ms" }, lock("stock"), { wait: "1ms" }],
      b: [lock("stock"), { wait: "50ms" }, lock("accounts"), { wait: "1ms" }],
    };
    const traffic = {
      a: { ...evenly(1, 10), call: "db a" },
      b: { ...evenly(1, 20), call: "db b" },
    };
    const seen = requestsOf(modelOf({ services: { db: { endpoints } }, traffic }));
    expect(seen.map(({ outcome }) => outcome)).toEqual(["lock-timeout", "ok"]);
  });
});

describe("a transaction over a pool", () => {
  const steps = [
    { transaction: { pool: "db", steps: [{ query: "db" }, { wait: "50ms" }, { query: "db" }] } },
  ];
  const services = { api: { pools: { db: { size: 1 } }, endpoints: { put: steps } } };
  const datastores = { db: { concurrency: 9, time: "10ms" } };

  it("holds its connection to the end, and needs no other for its queries", () => {
    const traffic = { t: { ...evenly(2, 10), call: "api" } };
    const seen = requestsOf(modelOf({ services, datastores, traffic }));
    expect(seen.map(({ latency }) => latency)).toEqual([70, 130]);
  });

  it("can use no other pool", () => {
    const both = {
      api: {
        pools: { db: { size: 1 }, other: { size: 1 } },
        endpoints: {
          put: [{ transaction: { pool: "db", steps: [{ query: "other" }] } }],
        },
      },
    };
    const written = {
      services: both,
      datastores: { ...datastores, other: datastores.db },
      traffic: { t: { rate: "1/s", call: "api" } },
    };
    expect(() => scenarioOf(written)).toThrow(/holds its connection/);
  });
});

describe("a snapshot", () => {
  it("goes on with locks that are held and waited for as if it had never stopped", () => {
    const written = scenarioOf(
      scenario({
        steps: [{ lock: { table: "accounts", rows: 2, timeout: "1s" } }, { wait: "30ms" }],
        traffic: { rate: "100/s", population: { keys: { count: 20, zipf: 1 } } },
      }),
    );
    const whole = ran(written);
    const second = throughText(written, seconds(5));
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(dependencyResults(second)).toEqual(dependencyResults(whole));
  });
});
