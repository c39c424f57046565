import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LruCache } from "../../sim/dataplane/exact/lruCache.ts";
import { micros } from "../../sim/kernel/time.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { callsTo, requestsOf, sum } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText, throughText } from "../support/scenarios.ts";

/** A front that looks into a cache before it asks the slow back. */
const shop = (entries: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  services: {
    front: {
      endpoints: { get: [{ cache: { entries, hit: [], miss: [{ call: "back" }] } }] },
      ...more,
    },
    back: { endpoints: { get: [{ wait: "50ms" }] } },
  },
});
const users = (traffic: ScenarioText, keys: ScenarioText): ScenarioText => ({
  traffic: { users: { ...traffic, population: { keys }, call: "front" } },
});

function hitRatio(written: ScenarioText): number {
  const { cacheHits, cacheMisses } = ran(written).recorder;
  return cacheHits[0]! / (cacheHits[0]! + cacheMisses[0]!);
}

describe("a cache with entries", () => {
  it("misses a key once and then never again, for all replicas together", () => {
    const written = {
      ...shop({ coalesce: true }, { replicas: 3 }),
      ...users(evenly(500, 20), { count: 20 }),
    };
    const model = ran(written);
    expect(callsTo(model, "back")).toBe(20);
    const { cacheHits, cacheMisses } = model.recorder;
    expect(cacheHits[0]! + cacheMisses[0]!).toBe(500);
  });

  it("knows in each process only what that process fetched", () => {
    const services = shop({ scope: "replica", coalesce: true }, { replicas: 3 });
    const model = ran({ ...services, ...users(evenly(900, 10), { count: 5 }) });
    expect(callsTo(model, "back")).toBe(15);
  });

  it("is empty again in a process that was killed", () => {
    const faults = [{ at: "5s", service: "front", replicas: 1, kill: true }];
    const of = (scope: string): number => {
      const services = shop({ scope, coalesce: true }, { replicas: 1, startup: "100ms" });
      const traffic = users(evenly(900, 10), { count: 5 });
      return callsTo(ran({ ...services, ...traffic, faults }), "back");
    };
    expect(of("shared")).toBe(5);
    expect(of("replica")).toBe(10);
  });

  it("forgets after its time to live, a key that is always asked for, too", () => {
    const written = { ...shop({ ttl: "1s" }), ...users(evenly(980, 10), { count: 2 }) };
    const misses = callsTo(ran(written), "back");
    // Ten seconds, each key every 20 ms on average, so that every second has one miss of each.
    expect(misses).toBeGreaterThanOrEqual(18);
    expect(misses).toBeLessThanOrEqual(2 * 10 * 6);
  });

  it("has the hit ratio of an LRU cache under independent references (Che's approximation)", () => {
    // Zipf 1, 1000 keys of which 100 fit: the characteristic time t solves Σ 1 − e^(−p t) = 100.
    const weights = Array.from({ length: 1000 }, (_, key) => 1 / (key + 1));
    const total = sum(weights);
    const inCache = (t: number): number =>
      sum(weights.map((weight) => 1 - Math.exp((-weight / total) * t)));
    let [low, high] = [1, 1e6];
    for (let i = 0; i < 60; i++) {
      const middle = (low + high) / 2;
      if (inCache(middle) < 100) low = middle;
      else high = middle;
    }
    const expected = sum(
      weights.map((weight) => (weight / total) * (1 - Math.exp((-weight / total) * low))),
    );
    const traffic = users({ rate: "2000/s" }, { count: 1000, zipf: 1 });
    const seen = hitRatio({ ...shop({ size: 100 }), ...traffic, warmUp: "10s", duration: "60s" });
    // Fetching takes 50 ms, in which others miss too; the approximation itself is within 1 %.
    expect(seen).toBeGreaterThan(expected - 0.03);
    expect(seen).toBeLessThan(expected + 0.01);
  });

  it("is stampeded when it is cold, unless it coalesces", () => {
    const herd = users(evenly(100, 0.1), { count: 2 });
    const fetches = (coalesce: boolean): number =>
      callsTo(ran({ ...shop({ coalesce }), ...herd }), "back");
    expect(fetches(false)).toBe(100);
    expect(fetches(true)).toBe(2);
    // Who waits for another's fetch has the answer with it.
    const ends = requestsOf(modelOf({ ...shop({ coalesce: true }), ...herd }));
    expect(ends.every(({ outcome }) => outcome === "ok")).toBe(true);
    expect(Math.max(...ends.map(({ latency }) => latency))).toBe(50);
    expect(Math.min(...ends.map(({ latency }) => latency))).toBeGreaterThan(39);
  });

  it("lets the next one fetch when a fetch fails", () => {
    const services = {
      front: {
        endpoints: {
          get: [
            {
              cache: {
                entries: { coalesce: true },
                miss: [{ call: { service: "back", timeout: "30ms" } }],
              },
            },
          ],
        },
      },
      back: { concurrency: 1, endpoints: { get: [{ wait: "50ms" }] } },
    };
    const ends = requestsOf(modelOf({ services, ...users(evenly(3, 1), { count: 2 }) }));
    // All keys alike or not: each fetch takes 50 ms, and no one waits longer than 30 ms for it.
    expect(ends.map(({ outcome }) => outcome)).toEqual(["timeout", "timeout", "timeout"]);
    expect(ends.at(-1)!.latency).toBeGreaterThanOrEqual(30);
  });

  it("goes on from a snapshot as if it had never stopped", () => {
    const written = {
      ...shop({ size: 5, ttl: "2s", coalesce: true }, { replicas: 2 }),
      ...users({ rate: "300/s" }, { count: 50, zipf: 1 }),
    };
    const whole = ran(written);
    const second = throughText(written, micros(whole.end / 2));
    expect(second.simulation.digest.hex()).toBe(whole.simulation.digest.hex());
  });

  it("needs requests about different keys, and hits or entries, not both", () => {
    const problemsOf = (cache: string): readonly string[] => {
      const text = `peakday: 1
name: t
duration: 1m
objective: { p95: 1s }
services: { front: { endpoints: { get: [{ cache: ${cache} }] } } }
traffic: { users: { rate: 1/s, call: front } }
`;
      const { problems } = loadScenario({ file: "t.yaml", text, readFile: () => null });
      return problems.map(({ message }) => message);
    };
    expect(problemsOf("{ entries: { size: 10 } }")).toEqual([
      "a cache with entries needs requests about different keys",
    ]);
    expect(problemsOf("{ entries: { size: 10 }, hits: 50% }")).toEqual([
      'a cache is either "hits" or "entries", not both',
    ]);
    expect(problemsOf("{ miss: [] }")).toEqual(["a cache needs one of hits, entries"]);
  });
});

describe("an LRU cache", () => {
  it("never holds more than its size, nor anything that has expired", () => {
    const step = fc.record({ key: fc.nat(6), gap: fc.nat(5), put: fc.boolean() });
    fc.assert(
      fc.property(
        fc.array(step),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(10),
        (steps, size, ttl) => {
          const cache = new LruCache({ size, ttl });
          /** Expiry and last use of what was put in. */
          const model = new Map<number, { expiry: number; used: number }>();
          let now = 0;
          steps.forEach(({ key, gap, put }, turn) => {
            now += gap;
            if (put) {
              cache.put(key, now);
              model.set(key, { expiry: now + ttl, used: turn });
              if (model.size > size) {
                const [oldest] = [...model].sort(([, a], [, b]) => a.used - b.used);
                model.delete(oldest![0]);
              }
            } else {
              const known = model.get(key);
              const isFresh = known !== undefined && known.expiry > now;
              expect(cache.has(key, now)).toBe(isFresh);
              if (isFresh) known.used = turn;
              else model.delete(key);
            }
            expect(cache.length).toBeLessThanOrEqual(size);
          });
        },
      ),
    );
  });
});
