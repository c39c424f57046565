import { describe, expect, it } from "vitest";
import { type ReplicationOutput, summariseModel } from "../../sim/experiment/replication.ts";
import { sum } from "../support/observe.ts";
import { richScenario } from "../support/richScenario.ts";
import { evenly, ran, type ScenarioText } from "../support/scenarios.ts";

const outputOf = (written: ScenarioText): ReplicationOutput =>
  summariseModel(ran(written), 0, true);

/** Requests at 10/s in the second and third minute of five; each takes as long as said. */
const minutes = (work: string, more: ScenarioText = {}): ScenarioText => ({
  duration: "300s",
  services: { shop: { cpu: "fifo", concurrency: 1, endpoints: { get: [{ work }] } } },
  traffic: {
    users: {
      arrivals: "paced",
      rate: {
        steps: [
          { at: "60s", rate: "10/s" },
          { at: "179950ms", rate: "0/s" },
        ],
      },
      call: "shop",
      timeout: "30s",
    },
  },
  ...more,
});

describe("the worst minute", () => {
  it("is none in which nothing arrived", () => {
    expect(outputOf(minutes("50ms")).result.worstMinute).toMatchObject({
      startSeconds: 60,
      p95Ms: 50,
    });
  });

  it("is the one with the highest p95", () => {
    const faults = [{ at: "120s", for: "60s", service: "shop", slow: 1.5 }];
    const { worstMinute } = outputOf(minutes("50ms", { faults })).result;
    expect(worstMinute!.startSeconds).toBe(120);
    // Histogram buckets are 0.1 % wide.
    expect(worstMinute!.p95Ms! / 75).toBeCloseTo(1, 2);
  });

  it("is, among equal ones, the one with the most failures", () => {
    const faults = [{ at: "120s", for: "30s", service: "shop", errors: "100%" }];
    const { worstMinute } = outputOf(minutes("50ms", { faults })).result;
    expect(worstMinute).toMatchObject({ startSeconds: 120, failedPercent: 50 });
  });

  it("is none when nothing arrived at all", () => {
    const nobody = { users: { rate: "0/s", call: "shop" } };
    const { result } = outputOf(minutes("50ms", { traffic: nobody }));
    expect(result).toMatchObject({ requests: 0, latency: null, worstMinute: null, held: false });
  });
});

describe("a service without pods", () => {
  it("is still asked for as much as before, and reached by nobody", () => {
    const faults = [{ at: "100s", service: "shop", kill: true }];
    const shop = { startup: "40s", endpoints: { get: [{ work: "1ms" }] } };
    const traffic = { users: { arrivals: "paced", rate: "10/s", call: "shop" } };
    const { timeline } = outputOf({ duration: "200s", services: { shop }, traffic, faults });
    const { offeredRps = [], arrivalsRps, ready } = timeline!.services[0]!;
    const from = 110 / timeline!.binSeconds;
    const to = 130 / timeline!.binSeconds;
    expect(new Set(ready.slice(from, to))).toEqual(new Set([0]));
    expect(new Set(arrivalsRps.slice(from, to))).toEqual(new Set([0]));
    expect(new Set(offeredRps.slice(1))).toEqual(new Set([10]));
    expect(offeredRps.slice(1, 90 / timeline!.binSeconds)).toEqual(
      arrivalsRps.slice(1, 90 / timeline!.binSeconds),
    );
  });
});

describe("the timeline", () => {
  const output = outputOf(richScenario);
  const timeline = output.timeline!;
  const total = (rates: readonly number[]): number => sum(rates) * timeline.binSeconds;

  it("adds up to the totals of the run", () => {
    const { requests, completed, failures, failed, inFlight } = output.result;
    expect(total(timeline.arrivalsRps)).toBe(requests);
    expect(total(timeline.completedRps)).toBe(completed);
    const byReason = Object.entries(timeline.failures).map(([reason, bins]) => [reason, sum(bins)]);
    expect(Object.fromEntries(byReason)).toEqual(failures);
    expect(sum(Object.values(failures))).toBe(failed);
    expect(requests).toBe(completed + failed + (inFlight ?? 0));
  });

  it("has as many bins in every series, and services but no datastores", () => {
    expect(timeline.services.map(({ service }) => service)).toEqual(["gateway", "shop", "stock"]);
    for (const { service: _, revisions = [], ...series } of timeline.services) {
      const byRevision = revisions.flatMap(({ pods, cpuPercent }) => [pods, cpuPercent]);
      const all = [...Object.values(series), ...byRevision];
      for (const values of all) expect(values).toHaveLength(100);
    }
  });

  it("shows wanted, created and ready replicas as the cluster has them", () => {
    const shop = timeline.services[1]!;
    shop.ready.forEach((ready, bin) => {
      expect(ready).toBeLessThanOrEqual(shop.created[bin]!);
    });
    const { min, max } = output.replicas[1]!;
    expect(Math.max(...shop.created.map((count) => count ?? 0))).toBeLessThanOrEqual(max);
    expect(Math.min(...shop.created.map((count) => count ?? 0))).toBeGreaterThanOrEqual(min - 1);
  });
});

describe("capacity and bottleneck", () => {
  const service = (cpu: string, concurrency: number | undefined, cores: number): ScenarioText => ({
    cpu,
    concurrency,
    replicas: 2,
    resources: { requests: { cpu: "100m" }, limits: { cpu: cores } },
    endpoints: { get: [{ work: "20ms" }] },
  });

  it.each([
    { cpu: "processor-sharing", concurrency: undefined, cores: 1.5, rps: 150 },
    { cpu: "processor-sharing", concurrency: 1, cores: 1.5, rps: 100 },
    { cpu: "event-loop", concurrency: undefined, cores: 2, rps: 100 },
    { cpu: "event-loop", concurrency: undefined, cores: 0.5, rps: 50 },
    { cpu: "fifo", concurrency: 3, cores: 3, rps: 300 },
  ])(
    "of two replicas: $cpu, $concurrency slots, $cores cores",
    ({ cpu, concurrency, cores, rps }) => {
      const written = {
        services: { shop: service(cpu, concurrency, cores) },
        traffic: { users: { ...evenly(900, 10), call: "shop" } },
      };
      const { timeline, bottleneck } = outputOf(written);
      expect(timeline!.services[0]!.capacityRps.every((capacity) => capacity === rps)).toBe(true);
      // 100 requests of 20 ms a second are two cores at most.
      const busy = (100 * Math.min(1, rps / 100) * 0.02 * 100) / (2 * cores);
      expect(bottleneck!.busyPercent).toBeGreaterThan(busy - 2);
      expect(bottleneck!.busyPercent).toBeLessThan(busy + 2);
      expect(bottleneck).toMatchObject({ service: "shop", resource: "cpu" });
    },
  );
});

describe("the bottleneck of a fleet that shrinks while it is busy", () => {
  it("is no busier than all processes that still work can be, sidecars left out", () => {
    const { bottleneck, timeline } = outputOf({
      duration: "60s",
      services: {
        shop: {
          replicas: 4,
          resources: { requests: { cpu: 1 }, limits: { cpu: 1 } },
          sidecars: [{ name: "mesh", cpu: "500m" }],
          endpoints: { get: [{ work: "40ms" }] },
        },
      },
      // Twice what four can do, until three of them are told to end what they have.
      traffic: { users: { ...evenly(3000, 5), call: "shop" } },
      policies: { set: { autoscalers: { shop: { fixed: { replicas: 1 } } } } },
    });
    const shop = timeline!.services[0]!;
    const bin = shop.ready.indexOf(1);
    expect(shop.cpuCores[bin]).toBeGreaterThan(4);
    expect(bottleneck!.busyPercent).toBeGreaterThan(99);
    expect(bottleneck!.busyPercent).toBeLessThan(100.001);
  });
});

describe("several traffics", () => {
  const written: ScenarioText = {
    duration: "100s",
    services: {
      shop: {
        replicas: 3,
        resources: { requests: { cpu: "100m" }, limits: { cpu: 1 } },
        revisions: { v1: { latency: { min: 1, max: 3 } } },
        endpoints: { small: [{ work: "2ms" }], large: [{ work: "50ms" }] },
      },
    },
    traffic: {
      many: { arrivals: "paced", rate: "180/s", call: "shop small" },
      few: {
        arrivals: "paced",
        rate: {
          steps: [
            { at: "0s", rate: "20/s" },
            { at: "50s", rate: "0/s" },
          ],
        },
        call: "shop large",
      },
    },
    claims: [{ text: "2 → 3", service: "shop", from: 2, to: 3, within: "1s" }],
  };

  it("count by their rates and by the work of each, slowness of the revision included", () => {
    const output = outputOf(written);
    const { capacityRps } = output.timeline!.services[0]!;
    // A visit takes twice its work. First 180 of 4 ms and 20 of 100 ms: 13.6 ms each on average.
    expect(capacityRps[10]).toBeCloseTo(3 / 0.0136, 9);
    expect(capacityRps[80]).toBeCloseTo(3 / 0.004, 9);
    // 2.72 cores are more than two.
    expect(output.claims[0]!.startSeconds).toBe(0);
  });

  it("show all CPU that was used, that of pods which died included", () => {
    const faults = [15.5, 33.3, 71.9].map((at) => ({
      at: `${at * 1000}ms`,
      service: "shop",
      replicas: 1,
      kill: true,
    }));
    const model = ran({ ...written, faults });
    const { timeline } = summariseModel(model, 0, true);
    const used = model.cluster.pods.map(({ number }) => model.plane.usage(number).cpuMicros);
    const shown = sum(timeline!.services[0]!.cpuCores) * timeline!.binSeconds;
    expect(used).toHaveLength(6);
    expect(shown).toBeCloseTo(sum(used) / 1e6, 6);
  });
});

describe("where the time went", () => {
  it("is split into waiting, own work and the calls to others", () => {
    const written = {
      duration: "60s",
      services: {
        front: {
          cpu: "fifo",
          concurrency: 1,
          endpoints: { get: [{ work: "4ms" }, { call: "back" }] },
        },
        back: { endpoints: { get: [{ wait: "9ms" }] } },
      },
      traffic: { users: { ...evenly(100, 5), call: "front" } },
    };
    const { timeSpent } = outputOf(written);
    // 13 ms each, every 5 ms: the nth waits 8 (n − 1) ms, on average 396.
    expect(timeSpent).toEqual({
      startSeconds: 0,
      service: "front",
      queueMs: 396,
      serviceMs: 4,
      downstreamMs: 9,
      totalMs: 409,
    });
  });
});
