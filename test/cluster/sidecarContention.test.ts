import { describe, expect, it } from "vitest";
import { ran, type ScenarioText } from "../support/scenarios.ts";

const container = (cpu: string): ScenarioText => ({ resources: { requests: { cpu } } });

/** A service that needs 3 cores, on a node of four, beside another one's sidecar, or its own. */
const world = (services: ScenarioText): ScenarioText => ({
  duration: "60s",
  services,
  traffic: { users: { arrivals: "paced", rate: "30/s", call: "shop", timeout: "5s" } },
  cluster: { nodes: [{ cpu: 4, memory: "8Gi" }] },
});

const shop = (more: ScenarioText = {}): ScenarioText => ({
  resources: { requests: { cpu: 1 } },
  endpoints: { get: [{ work: "100ms" }] },
  ...more,
});

/** Cores that each service has used in the mean. */
const coresOf = (services: ScenarioText): readonly number[] => {
  const { cluster } = ran(world(services));
  return cluster.workloads.map((_, workload) => cluster.use.cpuMicros(workload) / 60e6);
};

const agent = (requests: ScenarioText): ScenarioText => ({
  ...requests,
  sidecars: [{ name: "miner", cpu: 4 }],
  endpoints: { get: [] },
});

describe("a sidecar that would use the whole node", () => {
  it("takes from its neighbours by its pod's request", () => {
    const alone = coresOf({ shop: shop() });
    expect(alone[0]).toBeCloseTo(3, 1);
    const equal = coresOf({ shop: shop(), agent: agent({ resources: { requests: { cpu: 1 } } }) });
    expect(equal[0]).toBeCloseTo(2, 1);
    expect(equal[1]).toBeCloseTo(2, 1);
    const modest = coresOf({ shop: shop(), agent: agent({ resources: { requests: { cpu: 0 } } }) });
    // What the shop does not need is all that it gets.
    expect(modest[0]).toBeCloseTo(3, 1);
    expect(modest[1]).toBeCloseTo(1, 1);
  });

  it.each([
    { why: "alike", containers: [container("1"), container("1")], process: 2 },
    { why: "one to three", containers: [container("500m"), container("1500m")], process: 1 },
    { why: "nothing asked for", containers: [container("2"), container("0")], process: 3 },
  ])("shares its pod with the process by their own requests: $why", ({ containers, process }) => {
    const deployment = { template: { spec: { containers } } };
    const { cluster, plane } = ran(
      world({
        shop: {
          deployment,
          sidecars: [{ name: "miner", cpu: 4 }],
          endpoints: { get: [{ work: "100ms" }] },
        },
      }),
    );
    expect(plane.usage(0).cpuMicros / 60e6).toBeCloseTo(process, 1);
    expect(cluster.use.cpuMicros(0) / 60e6).toBeCloseTo(4, 1);
  });

  it("takes nothing where there is enough for all", () => {
    const sidecars = [{ name: "mesh", cpu: "500m" }];
    expect(coresOf({ shop: shop({ sidecars }) })[0]).toBeCloseTo(3.5, 1);
  });
});
