import { describe, expect, it } from "vitest";
import { HeadroomSearch } from "../../sim/experiment/headroom.ts";
import { replicationSlices } from "../../sim/experiment/replication.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import type { HeadroomResult } from "../../sim/result/result.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

function headroomOf(written: ScenarioText, runs = 2, within = 0.01): HeadroomResult {
  const search = new HeadroomSearch({ scenarios: scenariosOf(written), runs, within });
  for (let tasks = search.tasks(); tasks.length > 0; tasks = search.tasks()) {
    search.take(
      tasks.map((task) => {
        const slices = replicationSlices(task, builtInPolicies);
        for (;;) {
          const { done, value } = slices.next();
          if (done === true) return value;
        }
      }),
    );
  }
  return search.result(0.95);
}

/** One server that takes 10 ms for every request: 100 a second and no more. */
const server: ScenarioText = {
  objective: { p95: "50ms" },
  duration: "60s",
  services: {
    web: {
      cpu: "fifo",
      concurrency: 1,
      resources: { limits: { cpu: 1 } },
      endpoints: { get: [{ work: "10ms" }] },
    },
  },
};
const paced = (rate: number): ScenarioText => ({
  ...server,
  traffic: { users: { arrivals: "paced", rate: `${rate}/s`, call: "web" } },
});

describe("headroom", () => {
  it.each([20, 100, 250])("finds the capacity from %i/s, from below and from above", (rate) => {
    const { peakRps, policies } = headroomOf(paced(rate));
    expect(peakRps).toBe(rate);
    const { mean } = policies[0]!.factor;
    // Evenly spaced requests hold up to the very capacity, or a minute's backlog of 50 ms above.
    expect(mean * rate).toBeGreaterThan(100 / 1.011);
    expect(mean * rate).toBeLessThanOrEqual(100.1);
    expect(policies[0]!.bottleneck).toMatchObject({ resource: "cpu", service: "web", inRuns: 2 });
  });

  it("ranks policies by their fleets, with the same customers in each search", () => {
    const fleets = [1, 3].map((replicas) => [
      `fleet-${replicas}`,
      { autoscalers: { web: { fixed: { replicas } } } },
    ]);
    const poisson = { users: { rate: "40/s", call: "web" } };
    const written = {
      ...server,
      warmUp: "5m",
      traffic: poisson,
      policies: Object.fromEntries(fleets),
    };
    const { policies } = headroomOf(written, 4);
    const [one, three] = policies.map(({ factor }) => factor.mean);
    expect(three!).toBeGreaterThan(2.5 * one!);
    expect(policies[0]!.factor.low!).toBeLessThan(one!);
    expect(headroomOf(written, 4)).toEqual({ peakRps: 40, users: 0, within: 0.01, policies });
  });

  it("scales virtual users, and says what has no limit and what holds at no traffic", () => {
    const closed = { users: { users: 10, thinkTime: "1s", call: "web" } };
    const { users, peakRps, policies } = headroomOf({ ...server, traffic: closed }, 1, 0.05);
    expect({ users, peakRps }).toEqual({ users: 10, peakRps: null });
    expect(policies[0]!.factor.mean).toBeGreaterThan(5);
    const idle = { web: { endpoints: { get: [{ wait: "1ms" }] } } };
    const free = headroomOf({ ...paced(0.1), services: idle }, 1, 0.5);
    expect(free.policies[0]).toMatchObject({ factor: { mean: 1024 }, unlimited: 1 });
    const never = headroomOf({ ...paced(20), objective: { p95: "5ms" } }, 1, 0.5);
    expect(never.policies[0]).toMatchObject({ factor: { mean: 0 }, unlimited: 0 });
  });
});
