import { describe, expect, it } from "vitest";
import { callsTo, requestsOf, sum } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

const failing = {
  revisions: { v1: { errors: 1 } },
  endpoints: { get: [{ wait: "1ms" }] },
};

describe("a circuit breaker at a caller", () => {
  const breaker = { threshold: { failureThreshold: 3, resetTimeoutSeconds: 1 } };

  it("fails calls at once while it is open, and lets one try after its time", () => {
    const model = modelOf({
      services: { front: failing },
      traffic: { t: { ...evenly(200, 10), call: "front", circuitBreaker: breaker } },
    });
    const requests = requestsOf(model);
    const refused = requests.filter(({ outcome }) => outcome === "breaker-open");
    // Three at 10, 20 and 30 ms, then one at 1040 ms.
    expect(callsTo(model, "front")).toBe(4);
    expect(refused).toHaveLength(196);
    expect(refused.every(({ latency }) => latency === 0)).toBe(true);
    expect(requests[103]).toEqual({ end: 1041, latency: 1, outcome: "error" });
  });

  it.each([
    { shared: false, calls: 6 },
    { shared: true, calls: 3 },
  ])("is one for each replica of the caller, or shared: $shared", ({ shared, calls }) => {
    const call = { service: "back", circuitBreaker: { ...breaker, shared } };
    const model = modelOf({
      services: { front: { replicas: 2, endpoints: { get: [{ call }] } }, back: failing },
      traffic: { t: { ...evenly(80, 10), call: "front" } },
    });
    model.run();
    expect(callsTo(model, "back")).toBe(calls);
  });

  it("hears of attempts that its caller gave up", () => {
    const slow = { endpoints: { get: [{ wait: "1s" }] } };
    const model = modelOf({
      services: { front: slow },
      traffic: {
        t: { ...evenly(10, 100), call: "front", timeout: "50ms", circuitBreaker: breaker },
      },
    });
    const outcomes = requestsOf(model).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === "timeout")).toHaveLength(3);
    expect(outcomes.slice(3)).toEqual(Array(7).fill("breaker-open"));
  });

  it("refuses retries, which are then not sent", () => {
    const retries = { attempts: 9, backoff: "1ms" };
    const once = (retryOn: readonly string[] | undefined): readonly number[] => {
      const model = modelOf({
        services: { front: failing },
        traffic: {
          t: {
            ...evenly(1, 10),
            ...{ call: "front", circuitBreaker: breaker, retries: { ...retries, retryOn } },
          },
        },
      });
      model.run();
      return [callsTo(model, "front"), model.recorder.attempts.retries[0]!];
    };
    expect(once(undefined)).toEqual([3, 8]);
    expect(once(["5xx"])).toEqual([3, 3]);
  });

  it("forgets what a process knew when it restarts", () => {
    const call = { service: "back", circuitBreaker: breaker };
    const front = { startup: "1ms", endpoints: { get: [{ call }] } };
    const calls = (faults: readonly ScenarioText[]): number => {
      const model = modelOf({
        services: { front, back: failing },
        traffic: { t: { ...evenly(400, 10), call: "front" } },
        faults,
      });
      model.run();
      return callsTo(model, "back");
    };
    const kill = { at: "500ms", service: "front", kill: true };
    expect(calls([kill])).toBeGreaterThan(calls([]));
  });
});

describe("a bulkhead", () => {
  const slow = (more: ScenarioText = {}): ScenarioText => ({
    endpoints: { get: [{ wait: "100ms" }] },
    ...more,
  });
  const outcomesOf = (written: ScenarioText): readonly string[] =>
    requestsOf(modelOf(written)).map(({ outcome }) => outcome);
  const two = { semaphore: { maxConcurrentCalls: 2 } };

  it("at a caller lets so many calls through at once", () => {
    const traffic = { t: { ...evenly(40, 10), call: "front", bulkhead: two } };
    const model = modelOf({ services: { front: slow() }, traffic });
    model.run();
    // Two in each 100 ms of 400; the others never leave.
    expect(callsTo(model, "front")).toBe(8);
    expect(model.recorder.failed).toBe(32);
  });

  it("before a service is one for each replica, or shared", () => {
    const traffic = { t: { ...evenly(40, 10), call: "front" } };
    const completed = (shared: boolean): number => {
      const front = slow({ replicas: 2, bulkhead: { ...two, shared } });
      const outcomes = outcomesOf({ services: { front }, traffic });
      expect(new Set(outcomes)).toEqual(new Set(["ok", "bulkhead-full"]));
      return outcomes.filter((outcome) => outcome === "ok").length;
    };
    expect(completed(false)).toBe(16);
    expect(completed(true)).toBe(8);
  });

  it("for each tenant keeps one from taking the places of the others", () => {
    const population = { users: 1000, tenants: { big: 9, small: 1 } };
    const traffic = { t: { ...evenly(400, 5), call: "front", population } };
    const small = (per: string | undefined): number => {
      const front = slow({ bulkhead: { semaphore: { maxConcurrentCalls: 4 }, per } });
      const model = modelOf({ services: { front }, traffic });
      const [attributes] = model.scenario.traffic;
      expect(attributes!.population.tenants).toHaveLength(2);
      return requestsOf(model).filter(({ outcome }) => outcome === "ok").length;
    };
    // 20 requests are under way at a time, 18 of them of the big one; the small one's two fit.
    expect(small("tenant")).toBeGreaterThan(small(undefined) + 20);
  });

  it("has its places back when a replica dies with the calls", () => {
    const front = slow({ startup: "1ms", bulkhead: { ...two, shared: true } });
    const traffic = { t: { ...evenly(800, 10), call: "front" } };
    const faults = [{ at: "55ms", service: "front", kill: true }];
    const outcomes = outcomesOf({ services: { front }, traffic, faults });
    expect(outcomes.filter((outcome) => outcome === "killed")).toHaveLength(2);
    expect(outcomes.slice(-20)).toContain("ok");
  });
});

describe("a rate limiter", () => {
  const rateLimiter = { "token-bucket": { ratePerSecond: 10, burst: 5 } };
  const quick = { endpoints: { get: [{ wait: "1ms" }] } };
  const steady = { ...evenly(200, 10), call: "front" };

  it.each([
    { where: "at a caller", front: quick, client: { rateLimiter } },
    { where: "before a service", front: { ...quick, rateLimiter }, client: {} },
  ])("$where lets its burst and its rate through", ({ front, client }) => {
    const model = modelOf({ services: { front }, traffic: { t: { ...steady, ...client } } });
    const outcomes = requestsOf(model).map(({ outcome }) => outcome);
    // Five at first, and one each 100 ms of the 1990 ms after the first.
    expect(outcomes.filter((outcome) => outcome === "ok")).toHaveLength(24);
    expect(outcomes.filter((outcome) => outcome === "rate-limited")).toHaveLength(176);
  });

  it("has a bucket for each user when it is told to", () => {
    const population = { users: 4 };
    const front = { ...quick, rateLimiter: { ...rateLimiter, per: "user" } };
    const model = modelOf({
      services: { front },
      traffic: { t: { ...steady, population } },
    });
    model.run();
    expect(Math.abs(model.recorder.completed - 4 * 24)).toBeLessThan(8);
  });
});

describe("a limit of retries", () => {
  const growth = (limit: ScenarioText | undefined): number => {
    const model = modelOf({
      services: { front: failing },
      traffic: { t: { ...evenly(5000, 1), call: "front", retries: { attempts: 3, limit } } },
    });
    model.run();
    const { retries, retriesDenied } = model.recorder.attempts;
    expect(callsTo(model, "front")).toBe(5000 + retries[0]!);
    expect(sum([...retriesDenied]) > 0).toBe(limit !== undefined);
    return callsTo(model, "front") / 5000;
  };

  it("keeps three attempts of everybody to 1.1 times the load with a budget of 10 %", () => {
    expect(growth(undefined)).toBe(3);
    expect(growth({ budget: { retryRatio: 0.1, minRetriesPerSecond: 0 } })).toBeCloseTo(1.1, 2);
  });

  it("stops retries altogether while nearly all fail, when it throttles", () => {
    expect(growth({ throttling: { maxTokens: 10 } })).toBeLessThan(1.01);
  });
});
