import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";
import { type ScenarioText, scenarioOf } from "../support/scenarios.ts";

const written = (front: ScenarioText, cluster: ScenarioText = {}): ScenarioText => ({
  peakday: 1,
  name: "test",
  warmUp: "0s",
  duration: "10s",
  objective: { p95: "1s" },
  services: { front: { endpoints: { get: [] }, ...front } },
  cluster,
  traffic: { users: { rate: "1/s", call: "front" } },
});

function problems(front: ScenarioText, cluster?: ScenarioText): readonly string[] {
  const text = JSON.stringify(written(front, cluster));
  const loaded = loadScenario({ file: "test.yaml", text, readFile: () => null });
  return loaded.problems.map(({ message }) => message);
}

describe("how a service spends CPU and memory", () => {
  it("has defaults", () => {
    const { services, cluster } = scenarioOf(written({}));
    expect(services[0]).toMatchObject({
      quota: "even",
      probeWork: { kind: "constant", value: 500 },
      warmUp: null,
      memory: {
        baseBytes: 0,
        perRequestBytes: 0,
        cachePerRequestBytes: 0,
        cacheMaxBytes: 0,
        leakPerRequestBytes: 0,
      },
    });
    expect(cluster).toMatchObject({ callerLag: null, contentionInterval: null });
  });

  it("is read as written", () => {
    const nodes = [{ cpu: 4, memory: "8Gi" }];
    const front = {
      quota: "cfs",
      probeWork: { exponential: "2ms" },
      warmUp: { factor: 3, duration: "30s", coldCaches: true },
      memory: {
        base: "64Mi",
        perRequest: "1Mi",
        cache: { perRequest: "4Ki", max: "32Mi" },
        leakPerRequest: 100,
      },
    };
    const read = scenarioOf(written(front, { nodes, callerLag: "20ms", contentionInterval: "1s" }));
    expect(read.services[0]).toMatchObject({
      quota: "cfs",
      probeWork: { kind: "exponential", mean: 2000 },
      warmUp: { factor: 3, duration: 30_000_000, coldCaches: true },
      memory: {
        baseBytes: 64 * 2 ** 20,
        perRequestBytes: 2 ** 20,
        cachePerRequestBytes: 4096,
        cacheMaxBytes: 32 * 2 ** 20,
        leakPerRequestBytes: 100,
      },
    });
    expect(read.cluster).toMatchObject({
      callerLag: { kind: "constant", value: 20_000 },
      contentionInterval: 1_000_000,
    });
    // A tenth of a second where nodes are described and nothing is said.
    expect(scenarioOf(written({}, { nodes })).cluster.contentionInterval).toBe(100_000);
  });

  it.each([
    { front: { cpu: "fifo", concurrency: 1, quota: "cfs" }, says: "no quota holds" },
    { front: { quota: "hard" }, says: "one of even, cfs" },
    { front: { warmUp: { factor: 0.5, duration: "1s" } }, says: "from 1 to 1000000" },
    { front: { warmUp: { factor: 2, duration: "0s" } }, says: "above 0" },
    { front: { memory: { cache: { perRequest: "1Ki" } } }, says: "max" },
    { front: { probeWork: "fast" }, says: "duration" },
  ])("is refused when it cannot be: $says", ({ front, says }) => {
    const found = problems(front);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(says);
  });
});
