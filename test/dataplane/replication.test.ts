import { describe, expect, it } from "vitest";
import { dependencyResults } from "../../sim/experiment/dependencyResults.ts";
import { seconds } from "../../sim/kernel/time.ts";
import type { ReplicationResult } from "../../sim/result/result.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { requestsOf, sum } from "../support/observe.ts";
import { modelOf, ran, type ScenarioText, scenarioOf, throughText } from "../support/scenarios.ts";

interface Settings {
  readonly store?: ScenarioText;
  readonly steps?: readonly unknown[];
  readonly keys?: ScenarioText;
  readonly rest?: ScenarioText;
}

const scenario = ({ store, steps, keys, rest }: Settings): ScenarioText => ({
  duration: "60s",
  services: { api: { endpoints: { get: steps ?? [{ query: "db" }] } } },
  datastores: { db: { concurrency: 1, time: "5ms", ...store } },
  traffic: {
    t: { rate: "100/s", call: "api", population: { keys: { count: 1000, ...keys } } },
  },
  ...rest,
});

type Figures = NonNullable<ReplicationResult["datastores"]>[number];
const figuresOf = (model: Model): Figures => dependencyResults(model).datastores![0]!;

describe("a datastore with shards", () => {
  it("spreads the keys over them, each as large as one", () => {
    const rest = {
      traffic: { t: { rate: "500/s", call: "api", population: { keys: { count: 1000 } } } },
    };
    const answered = (shards: number): number => {
      const model = modelOf(scenario({ store: { shards }, rest }));
      return requestsOf(model).filter(({ latency }) => latency < 100).length;
    };
    // One shard does 200 a second.
    expect(answered(1)).toBeLessThan(2000);
    expect(answered(4)).toBeGreaterThan(29_000);
    const { requests } = figuresOf(ran(scenario({ store: { shards: 4 } })));
    // 250 keys each, more or less: a standard deviation of 5 %.
    for (const count of requests) expect(count / sum(requests)).toBeCloseTo(0.25, 1);
  });

  it("has a hot one when a key is popular", () => {
    const { requests } = figuresOf(
      ran(scenario({ store: { shards: 8, concurrency: 9 }, keys: { zipf: 2 } })),
    );
    // The first key alone has 1 / ζ(2) = 61 %.
    expect(Math.max(...requests) / sum(requests)).toBeGreaterThan(0.58);
  });

  it("is told of in results only where it says that it has some", () => {
    expect(dependencyResults(ran(scenario({})))).toEqual({});
  });
});

describe("replicas", () => {
  const write = { query: { datastore: "db", access: "write" } };
  const read = { query: { datastore: "db", access: "replica-read" } };
  const store = { replicas: 2, concurrency: 50 };

  it("lack what was written less than their lag ago", () => {
    const stale = (replicationLag: string, pause: string): number => {
      const steps = [write, { wait: pause }, read];
      const model = ran(scenario({ store: { ...store, replicationLag }, steps }));
      const { staleReads, replicaReads } = figuresOf(model);
      expect(replicaReads).toBeGreaterThan(5000);
      return staleReads / replicaReads;
    };
    expect(stale("50ms", "20ms")).toBe(1);
    // Others write the key now and then: 100 a second, 1000 keys.
    expect(stale("10ms", "20ms")).toBeLessThan(0.02);
    expect(stale("0s", "0s")).toBe(0);
  });

  it("take load off the primary", () => {
    const slow = (access: string): number => {
      const steps = [{ query: { datastore: "db", access } }];
      const rest = { traffic: { t: { rate: "300/s", call: "api" } } };
      const model = modelOf(scenario({ store: { replicas: 2 }, steps, rest }));
      return requestsOf(model).filter(({ latency }) => latency > 100).length;
    };
    expect(slow("read")).toBeGreaterThan(10_000);
    expect(slow("replica-read")).toBe(0);
  });

  const killing = (more: ScenarioText, steps: readonly unknown[] = [write]): Settings => ({
    store: { concurrency: 50, failover: "5s", restart: "20s", ...more },
    steps,
    rest: { faults: [{ at: "10s", service: "db", kill: true, replicas: 1 }] },
  });

  /** Seconds in which requests failed. */
  const outage = (settings: Settings): readonly [number, number] => {
    const failed = requestsOf(modelOf(scenario(settings))).filter(
      ({ outcome }) => outcome !== "ok",
    );
    return [Math.floor(failed[0]!.end / 1000), Math.ceil(failed.at(-1)!.end / 1000)];
  };

  it("one takes over when the primary dies, after the failover", () => {
    expect(outage(killing({ replicas: 1 }))).toEqual([10, 15]);
    expect(figuresOf(ran(scenario(killing({ replicas: 1 }))))).toMatchObject({ failovers: 1 });
  });

  it("serve reads meanwhile", () => {
    const failed = requestsOf(modelOf(scenario(killing({ replicas: 1 }, [read])))).filter(
      ({ outcome }) => outcome !== "ok",
    );
    expect(failed).toEqual([]);
  });

  it("none: the primary is back when it has restarted", () => {
    expect(outage(killing({ replicas: 0 }))).toEqual([10, 30]);
  });

  it("lose what they did not have when the primary died", () => {
    const lost = (replicationLag: string): number =>
      figuresOf(ran(scenario(killing({ replicas: 1, replicationLag })))).lostWrites;
    expect(lost("0s")).toBe(0);
    // A hundred writes a second, of nearly as many keys.
    expect(lost("500ms")).toBeGreaterThan(30);
    expect(lost("500ms")).toBeLessThanOrEqual(70);
  });

  it("a snapshot goes on in the middle of a failover", () => {
    const settings = killing({ replicas: 1, shards: 2, replicationLag: "200ms" }, [write, read]);
    const written = scenarioOf(scenario(settings));
    const whole = ran(written);
    const second = throughText(written, seconds(12));
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
    expect(dependencyResults(second)).toEqual(dependencyResults(whole));
  });
});
