import { describe, expect, it } from "vitest";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

/** A request every second; the replica is replaced at 1.5 s, and listens at once. */
const replaced = (front: ScenarioText): ScenarioText => ({
  duration: "20s",
  services: {
    front: {
      startup: "0s",
      cpu: "fifo",
      concurrency: 9,
      endpoints: { get: [{ work: "10ms" }] },
      ...front,
    },
  },
  cluster: { scheduling: "500ms", endpointLag: "0s" },
  traffic: { t: { ...evenly(15, 1000), call: "front" } },
  faults: [{ at: "1500ms", service: "front", kill: true }],
});

const latencies = (front: ScenarioText): readonly number[] =>
  requestsOf(modelOf(replaced(front)))
    .filter(({ outcome }) => outcome === "ok")
    .map(({ latency }) => latency);

describe("a replica that warms up", () => {
  it("takes longer at first, less and less, and its time in the end", () => {
    const warmUp = { factor: 3, duration: "10s" };
    // The first one was there when the run began; the second starts at 2 s, too late for one.
    expect(latencies({ warmUp })).toEqual([10, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 10, 10, 10]);
  });

  it("is as fast at once as it will ever be when nothing is said", () => {
    expect(new Set(latencies({}))).toEqual(new Set([10]));
  });

  it("works slower, but does not wait longer", () => {
    const warmUp = { factor: 3, duration: "10s" };
    const endpoints = { get: [{ work: "10ms" }, { wait: "5ms" }] };
    expect(latencies({ warmUp, endpoints }).slice(0, 3)).toEqual([15, 33, 31]);
  });

  it("uses the CPU that it takes", () => {
    const warmUp = { factor: 3, duration: "10s" };
    const model = modelOf(replaced({ warmUp }));
    model.run();
    expect(model.plane.usage(1).cpuMicros).toBe(220_000);
  });

  it("finds in a cold cache what a warm one knows, more and more", () => {
    const endpoints = { get: [{ cache: { hits: "100%", miss: [{ wait: "1s" }] } }] };
    const warm = { ...replaced({}), traffic: { t: { ...evenly(15_000, 1), call: "front" } } };
    const hitsOf = (coldCaches: boolean): readonly number[] => {
      const front = { warmUp: { factor: 1, duration: "10s", coldCaches }, endpoints };
      const model = modelOf({ ...warm, services: { front: { startup: "0s", ...front } } });
      const hits: number[] = [];
      for (let second = 3; second <= 14; second++) {
        const before = model.recorder.cacheHits[0]!;
        model.run((second * 1e6) as Parameters<typeof model.run>[0]);
        hits.push(model.recorder.cacheHits[0]! - before);
      }
      return hits;
    };
    expect(hitsOf(false).slice(1)).toEqual(Array.from({ length: 11 }, () => 1000));
    // In the second from 3 s to 4 s a tenth to a fifth of the hits, and so on.
    hitsOf(true)
      .slice(1)
      .forEach((hits, i) => {
        const expected = Math.min(1, (i + 1.5) / 10) * 1000;
        expect(Math.abs(hits - (i > 8 ? 1000 : expected))).toBeLessThan(75);
      });
  });
});
