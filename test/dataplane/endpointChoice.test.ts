import { describe, expect, it } from "vitest";
import { seconds } from "../../sim/kernel/time.ts";
import { ConsistentHash } from "../../sim/policy/balancers/consistentHash.ts";

import { sum } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

describe("consistent hashing", () => {
  const keys = Array.from({ length: 4000 }, (_, index) => (index + 0.5) / 4000);
  const idle = new Int32Array(64);
  const picks = (endpoints: readonly number[]): readonly number[] => {
    const balancer = new ConsistentHash({ bound: null });
    const list = Int32Array.from(endpoints);
    return keys.map((key) => list[balancer.pick(list, idle, key)]!);
  };

  it("gives each endpoint its part of the keys", () => {
    const picked = picks([3, 4, 7, 9, 12]);
    for (const endpoint of [3, 4, 7, 9, 12]) {
      const count = picked.filter((one) => one === endpoint).length;
      // Standard deviation 25.
      expect(Math.abs(count - 800)).toBeLessThan(4.4 * 25);
    }
  });

  it("moves only the keys of an endpoint that goes, in whatever order the others stand", () => {
    const before = picks([3, 4, 7, 9, 12]);
    const after = picks([12, 3, 9, 4]);
    keys.forEach((_, index) => {
      if (before[index] !== 7) expect(after[index]).toBe(before[index]);
    });
  });

  it("keeps every endpoint within its bound of the mean load", () => {
    const balancer = new ConsistentHash({ bound: 1.25 });
    const list = Int32Array.from([0, 1, 2, 3, 4, 5, 6, 7]);
    const load = new Int32Array(8);
    for (let call = 1; call <= 500; call++) {
      // A few keys only: without a bound most endpoints would get nothing.
      load[balancer.pick(list, load, (call % 3) / 3)]!++;
      expect(Math.max(...load)).toBeLessThanOrEqual(Math.ceil((1.25 * call) / 8));
    }
  });

  it("sends all requests of a user to one replica", () => {
    const front = {
      balancer: { "consistent-hash": { key: "user" } },
      replicas: 4,
      endpoints: { get: [{ wait: "1ms" }] },
    };
    const population = { users: 1 };
    const model = ran({
      services: { front },
      traffic: { t: { ...evenly(100, 5), call: "front", population } },
    });
    const counts = [0, 1, 2, 3].map((replica) => model.plane.usage(replica).requests);
    expect(counts.toSorted()).toEqual([0, 0, 0, 100]);
  });
});

describe("trafficDistribution: PreferClose", () => {
  /** Calls from zone a that were answered in zone a, and those from one to the other. */
  function answered(trafficDistribution: string | undefined, faults: readonly ScenarioText[] = []) {
    const front = { replicas: 2, endpoints: { get: [{ call: "back" }] } };
    const back = {
      ...{ replicas: 2, trafficDistribution, balancer: "random" },
      endpoints: { get: [{ wait: "1ms" }] },
    };
    const model = modelOf({
      services: { front, back },
      traffic: { t: { ...evenly(200, 10), call: "front", timeout: "1s" } },
      cluster: {
        nodes: [{ count: 2, cpu: 4, memory: "8Gi", zones: ["a", "b"] }],
        endpointLag: "0s",
      },
      links: [{ from: "a", to: "b", latency: "10ms" }],
      faults,
    });
    model.run();
    return { latency: model.recorder.latency, failed: model.recorder.failed };
  }

  it("keeps calls in their zone", () => {
    expect(answered(undefined).latency.mean).toBeGreaterThan(5000);
    expect(answered("PreferClose").latency.max).toBe(1000);
  });

  it("leaves the zone when nobody is there", () => {
    const kill = { at: "500ms", service: "back", replicas: 1, kill: true };
    const { latency, failed } = answered("PreferSameZone", [kill]);
    expect(failed).toBe(0);
    expect(latency.max).toBe(21_000);
  });
});

describe("slow start", () => {
  /** Requests of each second to the replica that takes the place of one that was killed. */
  function ramp(slowStart: string | undefined): readonly number[] {
    const front = {
      replicas: 4,
      slowStart,
      balancer: "random",
      startup: "1ms",
      endpoints: { get: [{ wait: "1ms" }] },
    };
    const model = modelOf({
      services: { front },
      traffic: { t: { ...evenly(11_000, 1), call: "front" } },
      cluster: { endpointLag: "0s" },
      faults: [{ at: "990ms", service: "front", replicas: 1, kill: true }],
      duration: "12s",
    });
    return Array.from({ length: 10 }, (_, second) => {
      model.run(seconds(second + 1));
      const before = second === 0 ? 0 : model.plane.usage(4).requests;
      model.run(seconds(second + 2));
      return model.plane.usage(4).requests - before;
    });
  }

  it("gives a new replica its part of the calls step by step", () => {
    const [eager, slow] = [ramp(undefined), ramp("8s")];
    // Standard deviation of a second's: 14.
    expect(Math.min(...eager)).toBeGreaterThan(250 - 4.4 * 14);
    expect(slow[0]!).toBeLessThan(70);
    expect(Math.abs(slow[4]! - 0.55 * 250)).toBeLessThan(4.4 * 14);
    expect(slow[9]!).toBeGreaterThan(250 - 4.4 * 14);
    expect(sum(slow)).toBeLessThan(0.7 * sum(eager));
  });
});
