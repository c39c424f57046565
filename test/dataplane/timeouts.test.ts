import { describe, expect, it } from "vitest";
import { millis } from "../../sim/kernel/time.ts";
import { booksOf, callsTo, requestsOf, serviceIndex, sum } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

const outcomes = (written: ScenarioText): readonly string[] =>
  requestsOf(modelOf(written)).map(({ end, outcome }) => `${end} ${outcome}`);

const slow = (work: string, concurrency = 1): ScenarioText => ({
  cpu: "fifo",
  concurrency,
  endpoints: { get: [{ work }] },
});

describe("a timeout", () => {
  it("ends the caller's patience exactly, while abandoned work keeps its slot busy", () => {
    const traffic = { t: { ...evenly(3, 10), call: "front", timeout: "15ms" } };
    const model = modelOf({ services: { front: slow("30ms") }, traffic });
    const requests = requestsOf(model);
    expect(requests.map(({ end, outcome, latency }) => `${end} ${outcome} ${latency}`)).toEqual([
      "25 timeout 15",
      "35 timeout 15",
      "45 timeout 15",
    ]);
    // All three were worked on to their ends: 10–40, 40–70, 70–100.
    expect(model.plane.usage(0).cpuMicros).toBe(90_000);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("leaves the slot of its caller free while the callee goes on", () => {
    const front = {
      cpu: "fifo",
      concurrency: 1,
      endpoints: { get: [{ call: { service: "back", timeout: "5ms" } }] },
    };
    const traffic = { t: { ...evenly(2, 10), call: "front" } };
    expect(outcomes({ services: { front, back: slow("100ms", 10) }, traffic })).toEqual([
      "15 timeout",
      "25 timeout",
    ]);
  });

  it("does not come when the answer did", () => {
    const traffic = { t: { ...evenly(2, 100), call: "front", timeout: "31ms" } };
    expect(outcomes({ services: { front: slow("30ms") }, traffic })).toEqual(["130 ok", "230 ok"]);
  });

  it("counts in the failures of the service that was too slow", () => {
    const traffic = { t: { ...evenly(2, 10), call: "front", timeout: "5ms" } };
    const model = modelOf({ services: { front: slow("30ms") }, traffic });
    model.run();
    const series = model.recorder.services[serviceIndex(model, "front")]!;
    expect([sum(series.arrivals), sum(series.failures), sum(series.answered)]).toEqual([2, 2, 0]);
  });
});

describe("retries", () => {
  const once = (retries: ScenarioText): ScenarioText => ({
    t: { ...evenly(1, 10), call: "front", retries: { perTryTimeout: "10ms", ...retries } },
  });

  it("try so many times in all, one after the other without a pause by default", () => {
    const model = modelOf({ services: { front: slow("50ms", 9) }, traffic: once({ attempts: 3 }) });
    const [request] = requestsOf(model);
    expect(request).toEqual({ end: 40, latency: 30, outcome: "timeout" });
    expect(callsTo(model, "front")).toBe(3);
  });

  it("pause for base, then base × factor, then no longer than max", () => {
    const retries = { attempts: 5, backoff: { base: "10ms", factor: 3, max: "50ms" } };
    const model = modelOf({
      services: { front: slow("9s", 9) },
      traffic: once(retries),
      duration: "20s",
    });
    const [request] = requestsOf(model);
    // Five timeouts of 10 ms, and pauses of 10, 30, 50 and 50 ms.
    expect(request).toEqual({ end: 10 + 50 + 140, latency: 190, outcome: "timeout" });
    expect(callsTo(model, "front")).toBe(5);
  });

  it("send each attempt at the exact instant", () => {
    const retries = { attempts: 3, backoff: { base: "7ms", factor: 2 } };
    const traffic = once(retries);
    const model = modelOf({ services: { front: slow("9s", 9) }, traffic, duration: "20s" });
    const sent: number[] = [];
    for (let at = 1; at <= 80; at++) {
      model.run(millis(at));
      if (model.plane.usage(0).requests > sent.length) sent.push(at);
    }
    expect(sent).toEqual([10, 27, 51]);
  });

  it("jitter within their share, by a draw that the same request repeats", () => {
    const backoff = { base: "100ms", factor: 1, jitter: 0.5 };
    const retries = { attempts: 2, perTryTimeout: "10ms", backoff };
    const traffic = { t: { ...evenly(200, 10), call: "front", retries } };
    const written = { services: { front: slow("9s", 1000) }, traffic, duration: "20s" };
    const requests = requestsOf(modelOf(written));
    const pauses = requests.map(({ latency }) => latency - 20);
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(50);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(150);
    expect(Math.min(...pauses)).toBeLessThan(60);
    expect(Math.max(...pauses)).toBeGreaterThan(140);
    expect(requestsOf(modelOf(written))).toEqual(requests);
  });

  it("stop at the first answer", () => {
    // Attempts draw anew: with half of them failing, calls are 1.75 for up to three attempts.
    const front = {
      replicas: 1,
      revisions: { v1: { errors: "50%" } },
      endpoints: { get: [{ wait: "1ms" }] },
    };
    const traffic = { t: { ...evenly(4000, 2), call: "front", retries: { attempts: 3 } } };
    const model = modelOf({ services: { front }, traffic });
    const requests = requestsOf(model);
    const failed = requests.filter(({ outcome }) => outcome === "error").length;
    // Standard deviations: 21 of the failures, 52 of the calls.
    expect(Math.abs(failed - 500)).toBeLessThan(4.4 * 21);
    expect(Math.abs(callsTo(model, "front") - 7000)).toBeLessThan(4.4 * 52);
  });

  it("belong to each branch of a parallel step: two that fail are called twice each", () => {
    const call = (service: string): ScenarioText => ({
      call: { service, retries: { attempts: 2, perTryTimeout: "5ms" } },
    });
    const front = { endpoints: { get: [{ parallel: [call("a"), call("b")] }] } };
    const traffic = { t: { ...evenly(50, 20), call: "front" } };
    const services = { front, a: slow("1s", 500), b: slow("1s", 500) };
    const model = modelOf({ services, traffic });
    const requests = requestsOf(model);
    expect(requests).toHaveLength(50);
    expect(requests.every(({ outcome, latency }) => outcome === "timeout" && latency === 10)).toBe(
      true,
    );
    expect([callsTo(model, "a"), callsTo(model, "b")]).toEqual([100, 100]);
  });
});
