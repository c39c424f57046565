import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CFS_PERIOD, CfsQuota } from "../../sim/dataplane/exact/cfsQuota.ts";
import { toMillis } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";
import { runTo } from "./listening.ts";

interface Job {
  readonly at: number;
  readonly demand: number;
}

interface Settings {
  readonly limit: number;
  readonly parallelism: number;
}

/** Ends of jobs in whole microseconds, by the class, driven as the scheduler drives it. */
function endsOf(jobs: readonly Job[], { limit, parallelism }: Settings) {
  const cpu = new CfsQuota({ limit, parallelism, periodEnd: CFS_PERIOD });
  const ends: number[] = [];
  const waiting = jobs.map((job, row) => ({ ...job, row })).sort((a, b) => a.at - b.at);
  let now = 0;
  let used = 0;
  while (waiting.length > 0 || cpu.jobs > 0) {
    const next = Math.min(waiting[0]?.at ?? Number.POSITIVE_INFINITY, cpu.nextEnd(now));
    used += cpu.rate * (next - now);
    now = next;
    cpu.advance(now);
    for (let row = cpu.takeDone(); row >= 0; row = cpu.takeDone()) ends[row] = now;
    while (waiting[0]?.at === now) {
      const { row, demand } = waiting.shift()!;
      cpu.add(row, demand);
    }
  }
  return { ends, used, throttled: cpu.throttled(now), now };
}

/** The same by brute force, microsecond by microsecond. */
function endsByTheMicrosecond(jobs: readonly Job[], { limit, parallelism }: Settings) {
  const left = jobs.map(({ demand }) => demand);
  const ends: number[] = [];
  let throttled = 0;
  let quota = limit * CFS_PERIOD;
  for (let now = 0; ends.filter(() => true).length < jobs.length; now++) {
    if (now > 0 && now % CFS_PERIOD === 0) {
      quota = Math.min(limit * CFS_PERIOD, quota + limit * CFS_PERIOD);
    }
    const live = jobs.flatMap(({ at }, row) => (at <= now && ends[row] === undefined ? [row] : []));
    if (live.length === 0) continue;
    if (quota <= 1e-6) {
      throttled++;
      continue;
    }
    const speed = Math.min(1, parallelism / live.length);
    quota -= speed * live.length;
    for (const row of live) {
      left[row]! -= speed;
      if (left[row]! <= 1e-6) ends[row] = now + 1;
    }
  }
  return { ends, throttled };
}

describe("a CFS quota", () => {
  it("lets a thread run at full speed, then stops it until the next period", () => {
    const { ends, throttled } = endsOf([{ at: 0, demand: 50_000 }], { limit: 0.2, parallelism: 1 });
    expect(ends).toEqual([210_000]);
    expect(throttled).toBe(160_000);
  });

  it("is used up sooner by more threads: 4 of them stop 96 ms before they end", () => {
    const jobs = Array.from({ length: 4 }, () => ({ at: 0, demand: 5_100 }));
    const { ends } = endsOf(jobs, { limit: 0.2, parallelism: 8 });
    expect(ends).toEqual([100_100, 100_100, 100_100, 100_100]);
  });

  it("never stops what cannot use it up", () => {
    const jobs = [{ at: 3, demand: 1_000_000 }];
    expect(endsOf(jobs, { limit: 1, parallelism: 1 })).toMatchObject({
      ends: [1_000_003],
      throttled: 0,
    });
  });

  it("does not keep what a period leaves", () => {
    const jobs = [{ at: 510_000, demand: 40_000 }];
    expect(endsOf(jobs, { limit: 0.2, parallelism: 1 }).ends).toEqual([620_000]);
  });

  it("agrees with itself by the microsecond, and with its quota", () => {
    const job = fc.record({
      at: fc.integer({ min: 0, max: 150_000 }),
      demand: fc.integer({ min: 1, max: 30_000 }),
    });
    const settings = fc.record({
      limit: fc.constantFrom(0.1, 0.2, 0.5, 1.5, 4),
      parallelism: fc.constantFrom(1, 2, 8),
    });
    const property = fc.property(
      fc.array(job, { minLength: 1, maxLength: 6 }),
      settings,
      (jobs, set) => {
        const { ends, used, throttled, now } = endsOf(jobs, set);
        const exact = endsByTheMicrosecond(jobs, set);
        // Ends of shared work and of the quota fall between microseconds.
        for (const [row, end] of ends.entries()) {
          expect(Math.abs(end - exact.ends[row]!)).toBeLessThanOrEqual(12);
        }
        expect(Math.abs(throttled - exact.throttled)).toBeLessThanOrEqual(12);
        const quota = Math.ceil(now / CFS_PERIOD) * set.limit * CFS_PERIOD;
        expect(used).toBeLessThanOrEqual(quota + set.parallelism);
        const demand = jobs.reduce((sum, job) => sum + job.demand, 0);
        expect(Math.abs(used - demand)).toBeLessThanOrEqual(12 * set.parallelism);
      },
    );
    fc.assert(property, { seed: 8, numRuns: 60 });
  });

  it("goes on from its state", () => {
    const one = new CfsQuota({ limit: 0.3, parallelism: 2, periodEnd: 70_000 });
    one.advance(0);
    one.add(1, 50_000);
    one.add(2, 20_000);
    one.advance(12_345);
    const two = new CfsQuota({ limit: 9, parallelism: 9, periodEnd: 1 });
    two.restore(JSON.parse(JSON.stringify(one.state())));
    for (const cpu of [one, two]) cpu.advance(cpu.nextEnd(12_345));
    expect(two.state()).toEqual(one.state());
    expect(two.nextEnd(15_000)).toBe(one.nextEnd(15_000));
  });
});

/** The measured service of the real stack: 4 ms of CPU a request under 0.2 CPU. */
const service = (more: ScenarioText): ScenarioText => ({
  quota: "cfs",
  resources: { requests: { cpu: "100m" }, limits: { cpu: "200m" } },
  endpoints: { get: [{ work: "4ms" }] },
  ...more,
});

const burst = (count: number): ScenarioText => ({
  t: {
    arrivals: "paced",
    rate: {
      steps: [
        { at: "0s", rate: `${count * 100}/s` },
        { at: "10ms", rate: "0/s" },
      ],
    },
    call: "front",
  },
});

const stallsOf = (model: Model): readonly number[] => {
  const ends = requestsOf(model).map(({ end }) => end);
  return ends.slice(1).map((end, i) => Math.round((end - ends[i]!) * 1000) / 1000);
};

describe("a service under a CFS quota of 0.2 CPU", () => {
  it("stalls for 80 ms when a single thread has used it up, as measured", () => {
    const front = service({ cpu: "event-loop" });
    const stalls = stallsOf(modelOf({ services: { front }, traffic: burst(30) }));
    // At full speed in between; a job that is cut in two ends 84 ms after the one before.
    expect(stalls.filter((stall) => stall === 4).length).toBeGreaterThan(20);
    const long = stalls.filter((stall) => stall > 4);
    expect(long.length).toBeGreaterThanOrEqual(5);
    // The first stall is that of a period which had begun before.
    expect(long[0]).toBeLessThanOrEqual(84);
    expect(new Set(long.slice(1))).toEqual(new Set([84]));
  });

  it("stalls nearly the whole period when many threads use it up at once", () => {
    const front = service({});
    const stalls = stallsOf(modelOf({ services: { front }, traffic: burst(30) }));
    expect(Math.max(...stalls)).toBeGreaterThan(90);
    expect(Math.max(...stalls)).toBeLessThanOrEqual(100);
  });

  it("serves 50 requests a second, as the ideal quota does, whatever waits", () => {
    const traffic = { t: { ...evenly(2000, 10), call: "front" } };
    for (const cpu of ["event-loop", "processor-sharing"]) {
      for (const quota of ["even", "cfs"]) {
        const model = modelOf({ services: { front: service({ cpu, quota }) }, traffic });
        model.run();
        const { cpuMicros, throttledMicros } = model.plane.usage(0);
        expect(Math.abs(cpuMicros / 10e6 - 0.2)).toBeLessThan(0.004);
        const share = throttledMicros / 10e6;
        if (quota === "even") expect(share).toBe(0);
        // One thread needs 20 ms of a period for its quota; many need next to nothing.
        else if (cpu === "event-loop") expect(Math.abs(share - 0.8)).toBeLessThan(0.01);
        else expect(share).toBeGreaterThan(0.95);
      }
    }
  });

  it("has no stalls at half its load but for bursts", () => {
    const front = service({ cpu: "event-loop" });
    const traffic = { t: { ...evenly(200, 40), call: "front" } };
    const latencies = requestsOf(modelOf({ services: { front }, traffic })).map((r) => r.latency);
    expect(new Set(latencies)).toEqual(new Set([4]));
  });

  it("reports throttled time between events, too", () => {
    const model = modelOf({
      services: { front: service({ cpu: "event-loop" }) },
      traffic: burst(30),
    });
    const readings = [20, 60, 120, 130.5, 131].map((ms) => {
      runTo(model, ms);
      return model.plane.usage(0);
    });
    for (const { cpuMicros, throttledMicros } of readings) {
      // Busy from the first request on, at 0.333 ms or later: it ran, or it was throttled.
      expect(cpuMicros + throttledMicros).toBeGreaterThan(19_000);
    }
    const [, , , before, after] = readings;
    const ran = after!.cpuMicros - before!.cpuMicros;
    const stopped = after!.throttledMicros - before!.throttledMicros;
    expect(toMillis(ran + stopped)).toBe(0.5);
  });

  it("starts the periods of its replicas at different moments", () => {
    const front = service({ cpu: "event-loop", replicas: 4 });
    const model = modelOf({ services: { front }, traffic: burst(120) });
    runTo(model, 130);
    // All have used up their first quota by then; they stood still until their periods ended.
    const stalls = [0, 1, 2, 3].map((replica) => model.plane.usage(replica).throttledMicros);
    expect(Math.min(...stalls)).toBeGreaterThan(0);
    expect(new Set(stalls).size).toBe(4);
  });

  it("gets what its node leaves it when that is less", () => {
    const front = service({ cpu: "event-loop", endpoints: { get: [{ work: "50ms" }] } });
    const model = modelOf({ services: { front }, traffic: burst(1), duration: "2s" });
    runTo(model, 1);
    model.plane.setCores(0, 0.1);
    const [only] = requestsOf(model);
    // At a tenth of the speed it never uses its quota up.
    expect(only!.latency).toBe(500);
    expect(model.plane.usage(0).throttledMicros).toBe(0);
  });
});
