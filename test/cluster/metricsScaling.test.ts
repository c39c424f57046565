import { describe, expect, it } from "vitest";
import { seconds, toSeconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** Requests a second from moments on, evenly spaced. */
const traffic = (...steps: readonly (readonly [at: number, rate: number])[]): ScenarioText => ({
  users: {
    arrivals: "paced",
    rate: { steps: steps.map(([at, rate]) => ({ at: `${at}s`, rate: `${rate}/s` })) },
    call: "shop",
  },
});

const averageOf = (name: string, averageValue: string): ScenarioText => ({
  type: "Pods",
  pods: { metric: { name }, target: { type: "AverageValue", averageValue } },
});
const externalOf = (name: string, averageValue: string): ScenarioText => ({
  type: "External",
  external: { metric: { name }, target: { type: "AverageValue", averageValue } },
});
const cpuOf = (averageUtilization: number): ScenarioText => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});

/** A shop of `replicas`, whose HPA reads one metric and may act at once. */
const shop = (
  metric: ScenarioText,
  { metrics = {}, replicas = 2, minReplicas = 1, ...rest }: Readonly<Record<string, unknown>>,
): ScenarioText => ({
  duration: "300s",
  services: {
    shop: {
      replicas,
      startup: "0s",
      resources: { requests: { cpu: 1, memory: "64Mi" }, limits: { cpu: 1 } },
      endpoints: { get: [{ work: "20ms" }] },
    },
  },
  cluster: { metrics },
  policies: {
    set: {
      autoscalers: {
        shop: {
          hpa: {
            minReplicas,
            maxReplicas: 10,
            metrics: [metric],
            behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
          },
        },
      },
    },
  },
  ...rest,
});

const RATE = { http_requests_per_second: { kind: "pods", of: "requests-rate", window: "1m" } };

const replicasAt = (model: Model, at: number): number => {
  model.run(seconds(at));
  return model.cluster.observeWorkload("shop").specReplicas;
};

describe("an HPA on requests per second of each pod", () => {
  const written = shop(averageOf("http_requests_per_second", "20"), {
    metrics: { custom: RATE },
    // Rates begin low: a series younger than its window shows less than is true.
    minReplicas: 2,
    traffic: traffic([0, 40], [121, 120]),
  });

  it("sees each pod's rate at the scrape, over the window", () => {
    const model = modelOf(written);
    const seen = [14.9, 15, 75].map((at) => {
      model.run(seconds(at));
      const { podsMetrics } = model.cluster.observeWorkload("shop");
      return podsMetrics["http_requests_per_second"]?.map(({ valueMilli }) => valueMilli);
    });
    // 40 a second for two pods. At 15 s the samples of 0 and 15 s hold 300 and 299 requests (the
    // one of that moment comes after the scrape), in a window of 60 s, and the counters began at
    // 0, so that nothing is added before. At 75 s the window is full.
    expect(seen).toEqual([[], [5000, 4983], [20_000, 20_000]]);
  });

  it("scales to what the load needs", () => {
    const model = modelOf(written);
    expect([120, 300].map((at) => replicasAt(model, at))).toEqual([2, 6]);
    const [first] = model.cluster.events.filter(({ kind }) => kind === "scale");
    expect(first?.message).toMatch(/^http_requests_per_second .* of 20/u);
  });

  it("scales on totals of a service, as an object and as an external metric", () => {
    const total = { service: "shop", of: "requests-rate", window: "1m" };
    const object = {
      type: "Object",
      object: {
        describedObject: { apiVersion: "networking.k8s.io/v1", kind: "Ingress", name: "shop" },
        metric: { name: "total" },
        target: { type: "AverageValue", averageValue: "20" },
      },
    };
    for (const [kind, metric] of [
      ["object", object],
      ["external", externalOf("total", "20")],
    ] as const) {
      const metrics = { custom: { total: { kind, ...total } } };
      const model = modelOf(shop(metric, { metrics, traffic: traffic([0, 40], [121, 120]) }));
      expect(replicasAt(model, 300), kind).toBe(6);
    }
  });

  it("follows a value that comes from elsewhere, from its scrape on", () => {
    const steps = [
      { at: "0s", value: 20 },
      { at: "62s", value: 50 },
    ];
    const metrics = { custom: { campaign: { kind: "external", steps } } };
    const written = shop(externalOf("campaign", "10"), { metrics, traffic: traffic([0, 1]) });
    const model = modelOf(written);
    // Scraped at 75 s, just before the sync of that moment.
    expect([74.9, 75].map((at) => replicasAt(model, at))).toEqual([2, 5]);
    const late = { ...metrics, prometheus: { lag: "100ms" } };
    const later = modelOf({ ...written, cluster: { metrics: late } });
    expect([89.9, 90].map((at) => replicasAt(later, at))).toEqual([2, 5]);
  });

  it("knows latency, failures, and requests that are in flight or wait", () => {
    const of = (quantity: string) => ({ kind: "external", service: "shop", of: quantity });
    const custom = {
      p95: of("latency-p95"),
      median: of("latency-p50"),
      failing: { ...of("failures-rate"), window: "70s" },
      busy: of("in-flight"),
      waiting: of("queue-length"),
    };
    const model = modelOf({
      // An HPA that knows nothing changes nothing.
      ...shop(externalOf("none", "1"), { metrics: { custom } }),
      services: {
        shop: {
          replicas: 1,
          cpu: "fifo",
          concurrency: 1,
          queue: 4,
          endpoints: { get: [{ work: "4s" }] },
        },
      },
      traffic: traffic([0, 1]),
    });
    model.run(seconds(165));
    const { externalMetrics } = model.cluster.observeWorkload("shop");
    // One in four is served: 4 s of work after a wait for the four before. The others are refused.
    expect(externalMetrics["busy"]).toEqual([5000]);
    expect(externalMetrics["waiting"]).toEqual([4000]);
    expect(externalMetrics["failing"]).toEqual([750]);
    expect(externalMetrics["median"]![0]! / 1000).toBeGreaterThan(16);
    expect(externalMetrics["p95"]![0]! / 1000).toBeLessThan(20.1);
  });

  it("fails as in Kubernetes on a metric that does not exist", () => {
    const model = ran(
      shop(averageOf("http_request_per_second", "20"), {
        metrics: { custom: RATE },
        traffic: traffic([0, 200]),
        duration: "60s",
      }),
    );
    const reasons = model.autoscalers[0]!.ticks.map(({ reason }) => reason);
    expect(new Set(reasons)).toEqual(new Set(["FailedGetPodsMetric"]));
    expect(replicasAt(model, 60)).toBe(2);
  });
});

describe("an outage of metrics", () => {
  /** From 61 s on four pods have next to nothing to do. */
  const idle = (outages: readonly ScenarioText[]): Model =>
    modelOf(
      shop(cpuOf(50), { metrics: { outages }, replicas: 4, traffic: traffic([0, 100], [61, 1]) }),
    );
  const at = "70s";

  it("is missed by nobody when there is none", () => {
    const model = idle([]);
    expect([60, 100, 200].map((time) => replicasAt(model, time))).toEqual([4, 1, 1]);
  });

  it("holds everything while no pod has a sample, and two scrapes longer", () => {
    const model = idle([{ at, for: "60s" }]);
    expect([100, 149, 200].map((time) => replicasAt(model, time))).toEqual([4, 4, 1]);
    const failed = failuresOf(model);
    expect(new Set(failed.map(({ reason }) => reason))).toEqual(
      new Set(["FailedGetResourceMetric"]),
    );
    // Lost from the scrape of 75 s on, whose answer is out at 80 s, to that of 120 s; 135 s is the
    // first one that arrives, and 150 s the second: its answer is out for the sync of 165 s.
    expect(failed.map(({ time }) => toSeconds(time))).toEqual([90, 105, 120, 135, 150]);
  });

  it("damps the way down while some pods have none: those count as busy", () => {
    const model = idle([{ at, for: "200s", share: 0.5 }]);
    model.run(seconds(85));
    expect(sampled(model)).toBeGreaterThan(0);
    expect(sampled(model)).toBeLessThan(4);
    expect(replicasAt(model, 105)).toBeGreaterThan(1);
  });

  it("is not noticed while stale samples are served", () => {
    const outages = [{ at, for: "60s" }];
    const metrics = { outages, staleFor: "10m" };
    const written = shop(cpuOf(50), { metrics, replicas: 4, traffic: traffic([0, 100], [61, 1]) });
    const model = modelOf(written);
    // The last sample of the load before, 60 % of a window: nothing seems to have changed much.
    model.run(seconds(130));
    expect(failuresOf(model)).toEqual([]);
    expect(sampled(model)).toBeGreaterThan(0);
  });

  it("leaves custom metrics alone when it is of resource metrics", () => {
    const metrics = { custom: RATE, outages: [{ at: "0s", for: "10m", of: "resource" }] };
    const written = shop(averageOf("http_requests_per_second", "20"), {
      metrics,
      traffic: traffic([0, 40]),
    });
    const model = modelOf(written);
    model.run(seconds(100));
    const seen = model.cluster.observeWorkload("shop");
    expect(seen.podsMetrics["http_requests_per_second"]).toHaveLength(2);
    expect(seen.resourceMetrics).toEqual([]);
  });

  /** Once there were two readings. */
  const failuresOf = ({ autoscalers }: Model) =>
    autoscalers[0]!.ticks.filter(
      ({ time, reason }) => time > seconds(30) && reason.startsWith("Failed"),
    );
  const sampled = (model: Model): number =>
    model.cluster.observeWorkload("shop").resourceMetrics?.length ?? 0;
});

describe("the kubelet's housekeeping", () => {
  it("makes samples as old as its last reading, and their window that between two readings", () => {
    const metrics = { scrapeInterval: "10s", housekeeping: "4s" };
    const model = modelOf(shop(cpuOf(50), { metrics, traffic: traffic([0, 50]) }));
    const seen = [10, 20, 30].map((at) => {
      model.run(seconds(at));
      const [sample] = model.cluster.observeWorkload("shop").resourceMetrics ?? [];
      return sample === undefined ? null : [toSeconds(sample.timestamp), toSeconds(sample.window)];
    });
    // Read at 0, 4, 8, …: scraped at 0, 10 (8), 20 (20, read before it was asked) and 30 (28).
    expect(seen).toEqual([
      [8, 8],
      [20, 12],
      [28, 8],
    ]);
  });
});

describe("syncs of autoscalers", () => {
  const ticksOf = (sync: ScenarioText | undefined, replication = 0): readonly number[] => {
    const written = shop(cpuOf(50), { traffic: traffic([0, 1]), duration: "100s" });
    const cluster = sync === undefined ? {} : { autoscalerSync: sync };
    const model = ran({ ...written, cluster }, { replication });
    return model.autoscalers[0]!.ticks.map(({ time }) => toSeconds(time));
  };

  it("come every period from the start on when nothing is said", () => {
    expect(ticksOf(undefined)).toEqual([15, 30, 45, 60, 75, 90]);
  });

  it("have a drawn phase, the same in every run of one replication", () => {
    const [first, ...more] = ticksOf({ phase: "drawn" });
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(15);
    more.forEach((time, i) => {
      expect(time - first!).toBeCloseTo(15 * (i + 1), 9);
    });
    expect(ticksOf({ phase: "drawn" })[0]).toBe(first);
    expect(ticksOf({ phase: "drawn" }, 1)[0]).not.toBe(first);
  });

  it("come later by up to the jitter, each by its own", () => {
    const ticks = ticksOf({ jitter: "2s" });
    const late = ticks.map((time, i) => time - (ticks[i - 1] ?? 0) - 15);
    expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...late)).toBeLessThanOrEqual(2);
    expect(new Set(late).size).toBe(late.length);
    expect(ticksOf({ jitter: "2s" })).toEqual(ticks);
  });
});

describe("metrics that nobody looks at", () => {
  it("cost no event", () => {
    const custom = { p95: { kind: "external", service: "shop", of: "latency-p95" } };
    const written = shop(cpuOf(50), { traffic: traffic([0, 10]), duration: "60s" });
    const eventsOf = (cluster: ScenarioText): number =>
      ran({ ...written, cluster, policies: { none: {} } }).simulation.events;
    expect(eventsOf({ metrics: { custom, housekeeping: "1s" } })).toBe(eventsOf({}));
  });
});

describe("a model with custom metrics that goes on from a snapshot", () => {
  it("does what it would have done", () => {
    const custom = {
      ...RATE,
      slow: { kind: "external", service: "shop", of: "latency-p95", window: "1m" },
      failing: { kind: "external", service: "shop", of: "failures-rate" },
    };
    const metrics = {
      custom,
      housekeeping: "10s",
      outages: [{ at: "50s", for: "40s", share: 0.5 }],
    };
    const written = shop(averageOf("http_requests_per_second", "20"), {
      metrics,
      traffic: traffic([0, 40], [121, 120]),
      duration: "200s",
    });
    const whole = ran(written);
    for (const at of [0, 61, 70.5, 130]) {
      const before = modelOf(written);
      before.run(seconds(at));
      const text = JSON.stringify(before.snapshot());
      const after = modelOf(written);
      after.restore(JSON.parse(text));
      after.run();
      expect(after.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
      expect(after.cluster.observeWorkload("shop")).toEqual(whole.cluster.observeWorkload("shop"));
    }
  });
});

describe("a scenario's metrics that make no sense", () => {
  const problemsOf = (metrics: ScenarioText): readonly string[] => {
    const text = JSON.stringify({
      peakday: 1,
      name: "test",
      objective: { p95: "1s" },
      ...shop(cpuOf(50), { metrics, traffic: traffic([0, 1]) }),
    });
    const { problems } = loadScenario({ file: "test.yaml", text, readFile: () => null });
    return problems.map(({ message, hint }) => `${message}; ${hint}`);
  };
  const cases: readonly { custom: ScenarioText; want: string }[] = [
    { custom: { kind: "pods", of: "request-rate" }, want: 'did you mean "requests-rate"?' },
    { custom: { kind: "pods", of: "latency-p95" }, want: "known of whole services only" },
    { custom: { kind: "pods", of: "in-flight", service: "shop" }, want: "is of every service" },
    {
      custom: { kind: "external", of: "in-flight", service: "shpo" },
      want: 'did you mean "shop"?',
    },
    { custom: { kind: "object", of: "in-flight" }, want: "needs a service" },
    { custom: { kind: "object", value: 3 }, want: "of kind external" },
    { custom: { kind: "external" }, want: "needs one of of, value, steps" },
  ];

  it.each(cases)("$want", ({ custom, want }) => {
    const problems = problemsOf({ custom: { m: custom } });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(want);
  });

  it("says where steps go back in time, and outages begin too late", () => {
    const steps = [
      { at: "20s", value: 1 },
      { at: "10s", value: 2 },
    ];
    const [order, ...none] = problemsOf({ custom: { m: { kind: "external", steps } } });
    expect(order).toContain("in order of time");
    expect(none).toEqual([]);
    expect(problemsOf({ outages: [{ at: "400s", for: "1s" }] })[0]).toContain(
      "when the run is over",
    );
  });
});
