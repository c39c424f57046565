import { describe, expect, it } from "vitest";
import { callsTo, requestsOf, sum } from "../support/observe.ts";
import { fileScenario, runOf } from "../support/scenarioFiles.ts";
import { modelOf } from "../support/scenarios.ts";

type Timeline = NonNullable<ReturnType<typeof runOf>["timeline"]>;

/** Failed requests by reason, or the arrivals at a service, from one second to another. */
const failedIn = ({ failures, binSeconds }: Timeline, from: number, to: number): number =>
  sum(Object.values(failures).flatMap((bins) => bins.slice(from / binSeconds, to / binSeconds)));
const rateAt = ({ services, binSeconds }: Timeline, from: number, to: number): number => {
  const bins = services[0]!.arrivalsRps.slice(from / binSeconds, to / binSeconds);
  return sum(bins) / bins.length;
};

describe("a retry storm", () => {
  const timelineOf = (policy: string): Timeline => runOf("retry-storm", policy).timeline!;

  it("outlives its trigger by minutes, with three times the load", () => {
    const timeline = timelineOf("retries");
    expect(failedIn(timeline, 0, 120)).toBe(0);
    // The trigger is over at 140 s; five minutes later all still fail.
    expect(failedIn(timeline, 450, 600)).toBeGreaterThan(0.99 * 150 * 138);
    expect(rateAt(timeline, 450, 600) / 140).toBeCloseTo(3, 1);
  });

  it.each(["no-retries", "retry-budget", "drop-expired"])(
    "is over within a minute with %s",
    (policy) => {
      const timeline = timelineOf(policy);
      expect(failedIn(timeline, 120, 140)).toBeGreaterThan(0);
      // The clients' patience ends now and then in the best of times.
      expect(failedIn(timeline, 200, 600)).toBeLessThan(0.001 * 400 * 140);
    },
  );

  it("shows in the result how many calls were retries", () => {
    const [shop, ...others] = runOf("retry-storm", "retries").result.calls ?? [];
    expect(others).toEqual([]);
    expect(shop!.retries / shop!.attempts).toBeGreaterThan(0.5);
    expect(shop!.timeouts).toBeGreaterThan(shop!.retries);
    expect(runOf("hello", "as-is").result.calls).toBe(undefined);
  });

  it("grows the load to 1.1 times at most with a budget of 10 %", () => {
    const timeline = timelineOf("retry-budget");
    const growth = rateAt(timeline, 125, 165) / 140;
    expect(growth).toBeGreaterThan(1.05);
    expect(growth).toBeLessThan(1.15);
  });
});

describe("three attempts in each of five layers", () => {
  /** Calls of the lowest layer for each request of a client, while nothing of it works. */
  function amplification(policy: string): number {
    const scenario = fileScenario("deep-retries", policy);
    const from = scenario.warmUp + 60_000_000;
    const faults = scenario.faults.map((fault) => ({ ...fault, start: from }));
    const model = modelOf({ ...scenario, faults });
    model.run();
    const { arrivals } = model.recorder.services.at(-1)!;
    const seconds = model.recorder.binMicros / 1e6;
    return sum(arrivals.slice(80 / seconds, 160 / seconds)) / (5 * 80);
  }

  it("make 243 calls of one request", () => {
    // 5 requests a second that come at random: a standard deviation of 5 %.
    expect(Math.abs(amplification("every-layer") / 243 - 1)).toBeLessThan(0.2);
  });

  it("make three when one layer only retries, and 1.1⁵ with a budget in each", () => {
    expect(Math.abs(amplification("one-layer") / 3 - 1)).toBeLessThan(0.2);
    expect(amplification("budgets")).toBeLessThan(1.1 ** 5 * 1.2);
  });

  it("make exactly 243 when every request is followed to its end", () => {
    const retries = { attempts: 3 };
    const layers = ["web", "api", "catalogue", "prices"];
    const callers = ["front", ...layers.slice(0, -1)];
    const services = Object.fromEntries(
      callers.map((name, index) => [
        name,
        { endpoints: { get: [{ call: { service: layers[index], retries } }] } },
      ]),
    );
    const prices = { revisions: { v1: { errors: 1 } }, endpoints: { get: [] } };
    const model = modelOf({
      services: { ...services, prices },
      traffic: { t: { rate: "10/s", call: "front", retries } },
    });
    const requests = requestsOf(model);
    expect(callsTo(model, "prices")).toBe(243 * requests.length);
  });
});

describe("a fan-out of a hundred", () => {
  const shareOfSlow = (policy: string): number => {
    const requests = requestsOf(modelOf(fileScenario("fan-out", policy)));
    return requests.filter(({ latency }) => latency > 1000).length / requests.length;
  };

  it("is slow in 63 % of the cases when one call of a hundred is", () => {
    // 1200 requests: a standard deviation of 1.4 %.
    expect(Math.abs(shareOfSlow("plain") - (1 - 0.99 ** 100))).toBeLessThan(4.4 * 0.014);
  });

  it("is slow in 1 % when calls are hedged after the 95th percentile, for 5 % more calls", () => {
    expect(shareOfSlow("hedged")).toBeLessThan(0.03);
    const model = modelOf(fileScenario("fan-out", "hedged"));
    model.run();
    const leaf = model.plan.services.findIndex(({ name }) => name === "leaf");
    const extra = model.recorder.attempts.hedges[leaf]! / callsTo(model, "leaf");
    expect(extra).toBeGreaterThan(0.04);
    expect(extra).toBeLessThan(0.06);
  });

  it("gets worse when everything is sent twice and runs to its end", () => {
    const p95 = (policy: string): number => runOf("fan-out", policy).result.latency!.p95Ms;
    expect(p95("eager")).toBeGreaterThan(1.5 * p95("plain"));
  });
});

describe("a circuit breaker", () => {
  const none = runOf("circuit-breaker", "none");
  const byShare = runOf("circuit-breaker", "share-of-failures");
  const byCount = runOf("circuit-breaker", "count-of-failures");

  it("saves the rest of its caller while a dependency hangs", () => {
    const queueFull = (run: typeof none): number => run.result.failures["queue-full"] ?? 0;
    expect(queueFull(none)).toBeGreaterThan(5000);
    expect(queueFull(byShare)).toBeLessThan(queueFull(none) / 10);
  });

  it("flaps when it counts failures of which one bad replica of ten makes a few a second", () => {
    // Of 40 calls a second a tenth fails; nearly all others are refused for it.
    expect(failedIn(none.timeline!, 360, 540) / (180 * 40)).toBeCloseTo(0.1, 1);
    expect(failedIn(byShare.timeline!, 360, 540) / (180 * 40)).toBeCloseTo(0.1, 1);
    expect(failedIn(byCount.timeline!, 360, 540) / (180 * 40)).toBeGreaterThan(0.8);
    const { services, binSeconds } = byCount.timeline!;
    const rates = services[1]!.arrivalsRps.slice(360 / binSeconds, 540 / binSeconds);
    // It closes and opens again: payments hears of it in bursts, with nothing in between.
    const bursts = rates.filter((rate, i) => rate > 0 && (rates[i - 1] ?? 0) === 0);
    expect(bursts.length).toBeGreaterThan(3);
  });
});

describe("a rate limiter", () => {
  /** Share of each tenant's requests of the three middle minutes that are answered. */
  function answered(policy: string): { readonly big: number; readonly small: number } {
    const counts = [0, 0].map(() => ({ all: 0, answered: 0 }));
    const scenario = fileScenario("rate-limiter", policy);
    const observer = {
      ended: (_service: number, traffic: number, reason: number): void => {
        const seconds = (model.simulation.now - scenario.warmUp) / 1e6;
        if (seconds < 200 || seconds > 380) return;
        counts[traffic]!.all++;
        if (reason === 0) counts[traffic]!.answered++;
      },
    };
    const model = modelOf(scenario, { observer });
    model.run();
    const [big, small] = counts.map((count) => count.answered / count.all);
    return { big: big!, small: small! };
  }

  it("saves a service from more than it can serve", () => {
    expect(answered("none").big).toBeLessThan(0.1);
    // 180 of 510 requests a second.
    expect(answered("one-for-all").big).toBeCloseTo(180 / 510, 1);
  });

  it("starves a small tenant when it is one for all, and not when each has its own", () => {
    expect(answered("one-for-all").small).toBeLessThan(0.5);
    expect(answered("per-tenant").small).toBeGreaterThan(0.99);
  });
});
