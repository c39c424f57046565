import { describe, expect, it } from "vitest";
import { MetricsPipeline, type ReplicaReading } from "../../sim/cluster/metricsPipeline.ts";
import type { MetricsSpec } from "../../sim/cluster/metricsSpec.ts";
import { type Micros, seconds } from "../../sim/kernel/time.ts";
import { evenly, modelOf } from "../support/scenarios.ts";

const spec = (scrape: number, window: number, lag: number, staleFor = 0): MetricsSpec => ({
  scrapeInterval: seconds(scrape),
  window: seconds(window),
  lag: seconds(lag),
  housekeeping: seconds(0),
  staleFor: seconds(staleFor),
  outages: [],
  prometheus: {
    scrapeInterval: seconds(15),
    lag: seconds(0),
    adapterCache: seconds(0),
    relistInterval: seconds(600),
  },
  custom: [],
});

/** At a moment, in seconds, a pod that has used so many seconds of CPU. */
const reading = (at: number, cpu: number, { pod = 0, startedAt = 0 } = {}): ReplicaReading => ({
  time: seconds(at),
  pod,
  name: `pod-${pod}`,
  container: "app",
  startedAt: seconds(startedAt),
  cpuMicros: cpu * 1e6,
  memoryBytes: 1000 + cpu,
  sidecars: [],
  sidecarMicros: 0,
});

/** Millicores that the API answers for each pod, and the samples' age in seconds. */
function answer(pipeline: MetricsPipeline, now: Micros): readonly string[] {
  return pipeline.samples(now).map(({ pod, timestamp, window, containers }) => {
    const [container] = containers;
    const age = (now - timestamp) / 1e6;
    return `${pod} ${container?.cpuMillicores}m over ${window / 1e6}s, ${age}s old`;
  });
}

describe("the metrics pipeline", () => {
  it("knows no CPU of a pod that was read once", () => {
    const pipeline = new MetricsPipeline(spec(15, 15, 0));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    expect(answer(pipeline, seconds(0))).toEqual([]);
  });

  it("answers with the mean between two readings, the lag later", () => {
    const pipeline = new MetricsPipeline(spec(15, 15, 5));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(15), [reading(15, 3)]);
    pipeline.scrape(seconds(30), [reading(30, 12)]);
    expect(answer(pipeline, seconds(19))).toEqual([]);
    expect(answer(pipeline, seconds(20))).toEqual(["pod-0 200m over 15s, 5s old"]);
    expect(answer(pipeline, seconds(34.9))).toEqual(["pod-0 200m over 15s, 19.9s old"]);
    expect(answer(pipeline, seconds(35))).toEqual(["pod-0 600m over 15s, 5s old"]);
  });

  it("looks back at least a window, where there are readings", () => {
    const pipeline = new MetricsPipeline(spec(10, 25, 0));
    [0, 1, 3, 6, 10].forEach((cpu, i) => {
      pipeline.scrape(seconds(10 * i), [reading(10 * i, cpu)]);
    });
    // From the reading at 10 s, the youngest that is 25 s old, to the one at 40 s.
    expect(answer(pipeline, seconds(40))).toEqual(["pod-0 300m over 30s, 0s old"]);
  });

  it("takes the whole life of a pod that is younger than the window", () => {
    const pipeline = new MetricsPipeline(spec(10, 60, 0));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(10), [reading(10, 1), reading(10, 0, { pod: 1, startedAt: 10 })]);
    pipeline.scrape(seconds(20), [reading(20, 2), reading(20, 5, { pod: 1, startedAt: 10 })]);
    expect(answer(pipeline, seconds(20))).toEqual([
      "pod-0 100m over 20s, 0s old",
      "pod-1 500m over 10s, 0s old",
    ]);
  });

  it("forgets pods that are gone", () => {
    const pipeline = new MetricsPipeline(spec(10, 10, 0));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(10), [reading(10, 1)]);
    pipeline.scrape(seconds(20), []);
    expect(answer(pipeline, seconds(20))).toEqual([]);
    pipeline.scrape(seconds(30), [reading(30, 9)]);
    expect(answer(pipeline, seconds(30))).toEqual([]);
  });

  it("gives a container that the first reading finds 10 to 15 s old its whole mean", () => {
    const first = (age: number): readonly string[] => {
      const pipeline = new MetricsPipeline(spec(15, 15, 0));
      pipeline.scrape(seconds(90), [reading(90, 3, { startedAt: 90 - age })]);
      return answer(pipeline, seconds(90));
    };
    expect(first(9.9)).toEqual([]);
    expect(first(10)).toEqual(["pod-0 300m over 10s, 0s old"]);
    expect(first(12)).toEqual(["pod-0 250m over 12s, 0s old"]);
    expect(first(15)).toEqual([]);
  });

  it("begins anew with a container that was restarted", () => {
    const pipeline = new MetricsPipeline(spec(15, 15, 0));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(15), [reading(15, 6)]);
    expect(answer(pipeline, seconds(15))).toEqual(["pod-0 400m over 15s, 0s old"]);
    pipeline.scrape(seconds(30), [reading(30, 1, { startedAt: 25 })]);
    expect(answer(pipeline, seconds(30))).toEqual([]);
    pipeline.scrape(seconds(45), [reading(45, 4, { startedAt: 25 })]);
    expect(answer(pipeline, seconds(45))).toEqual(["pod-0 200m over 15s, 0s old"]);
  });

  it("answers as before when the kubelet has read nothing new", () => {
    const pipeline = new MetricsPipeline(spec(5, 5, 0));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(5), [reading(0, 0)]);
    expect(answer(pipeline, seconds(5))).toEqual([]);
    pipeline.scrape(seconds(10), [reading(10, 4)]);
    pipeline.scrape(seconds(15), [reading(10, 4)]);
    expect(answer(pipeline, seconds(15))).toEqual(["pod-0 400m over 10s, 5s old"]);
    pipeline.scrape(seconds(20), [reading(20, 5)]);
    expect(answer(pipeline, seconds(20))).toEqual(["pod-0 100m over 10s, 0s old"]);
  });

  it("lists a pod no more at the first scrape without it, and needs two readings again", () => {
    const pipeline = new MetricsPipeline(spec(15, 15, 0));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(15), [reading(15, 3)]);
    pipeline.scrape(seconds(30), [], [0]);
    expect(answer(pipeline, seconds(30))).toEqual([]);
    pipeline.scrape(seconds(45), [reading(45, 9)]);
    expect(answer(pipeline, seconds(45))).toEqual([]);
    pipeline.scrape(seconds(60), [reading(60, 15)]);
    expect(answer(pipeline, seconds(60))).toEqual(["pod-0 400m over 15s, 0s old"]);
  });

  it("serves the last sample for as long as it is told to, and no longer", () => {
    const pipeline = new MetricsPipeline(spec(15, 15, 0, 40));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(15), [reading(15, 3)]);
    pipeline.scrape(seconds(30), [], [0]);
    pipeline.scrape(seconds(45), [], [0]);
    expect(answer(pipeline, seconds(45))).toEqual(["pod-0 200m over 15s, 30s old"]);
    pipeline.scrape(seconds(60), [], [0]);
    expect(answer(pipeline, seconds(60))).toEqual([]);
  });

  it("serves nothing stale of a pod that is gone", () => {
    const pipeline = new MetricsPipeline(spec(15, 15, 0, 40));
    pipeline.scrape(seconds(0), [reading(0, 0)]);
    pipeline.scrape(seconds(15), [reading(15, 3)]);
    pipeline.scrape(seconds(30), []);
    expect(answer(pipeline, seconds(30))).toEqual([]);
  });

  it("has several scrapes on their way when the lag is longer than the interval", () => {
    const pipeline = new MetricsPipeline(spec(10, 10, 25));
    [0, 1, 3, 6, 10, 15].forEach((cpu, i) => {
      pipeline.scrape(seconds(10 * i), [reading(10 * i, cpu)]);
    });
    expect(answer(pipeline, seconds(44))).toEqual(["pod-0 100m over 10s, 34s old"]);
    expect(answer(pipeline, seconds(45))).toEqual(["pod-0 200m over 10s, 25s old"]);
    expect(answer(pipeline, seconds(55))).toEqual(["pod-0 300m over 10s, 25s old"]);
  });
});

describe("an autoscaler's observation", () => {
  it("shows the CPU that was used, scraped, averaged and late", () => {
    const shop = {
      resources: { requests: { cpu: "500m", memory: "64Mi" }, limits: { cpu: 1 } },
      endpoints: { get: [{ work: "20ms" }] },
    };
    const model = modelOf({
      duration: "80s",
      services: { shop },
      cluster: { metrics: { scrapeInterval: "10s", window: "10s", lag: "3s" } },
      traffic: { t: { ...evenly(1000, 50), call: "shop" } },
      // Usage is scraped for those who look at it.
      policies: { set: { autoscalers: { shop: { fixed: { replicas: 1 } } } } },
    });
    // 20 requests a second of 20 ms each are 400 millicores, from 50 ms on; the last comes at 50 s.
    const seen = [12, 13, 23, 64].map((at) => {
      model.run(seconds(at));
      const [sample] = model.cluster.observeWorkload("shop").resourceMetrics ?? [];
      return sample?.containers[0]?.cpuMillicores ?? null;
    });
    expect(seen).toEqual([null, 398, 400, 2]);
  });
});
