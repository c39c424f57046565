import { describe, expect, it } from "vitest";
import { micros } from "../../sim/kernel/time.ts";
import { expectMean, replicated } from "../support/estimates.ts";
import { callsTo, requestsOf } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** What other simulators were measured to get wrong, as tests of this one. */

const single = {
  cpu: "fifo",
  concurrency: 1,
  endpoints: { get: [{ work: { exponential: "10ms" } }] },
};
const mm1: ScenarioText = {
  seed: 42,
  warmUp: "60s",
  duration: "1200s",
  services: { single },
  traffic: { users: { rate: "90/s", call: "single" } },
};

describe("percentiles", () => {
  it("include the queue: M/M/1 at 90 % has its p99 at 460 ms, not at the 46 ms of service", () => {
    const p99 = replicated(mm1, 6, (model) => model.recorder.latency.quantile(0.99)! / 1e6);
    expectMean(p99, 0.4605, { checks: 1, within: 0.35 });
  });

  it("are over all requests of a run, so that seeds differ little", () => {
    const chain = {
      duration: "20s",
      warmUp: "5s",
      services: {
        gateway: { cpu: "fifo", concurrency: 64, endpoints: { get: [{ call: "web" }] } },
        web: {
          cpu: "fifo",
          concurrency: 64,
          endpoints: { get: [{ work: { exponential: "5ms" } }] },
        },
      },
      traffic: { users: { rate: "2000/s", call: "gateway" } },
    };
    const p99 = replicated(chain, 8, (model) => {
      expect(model.recorder.latency.count).toBe(model.recorder.completed);
      expect(model.recorder.completed).toBeGreaterThan(39_000);
      return model.recorder.latency.quantile(0.99)! / 1000;
    });
    // Exponential tails: the p99 of 40 000 has a standard error of 0.25 ms (5 ms × √(99 / 40 000)).
    const mean = p99.reduce((a, b) => a + b, 0) / p99.length;
    const sd = Math.sqrt(p99.reduce((a, b) => a + (b - mean) ** 2, 0) / (p99.length - 1));
    expect(sd).toBeLessThan(0.6);
    expect(Math.abs(mean - 23.03)).toBeLessThan(0.6);
  });
});

describe("the same seed", () => {
  it("gives the same fleet at 10, 30, 60 and 144 frames a second", () => {
    const written = {
      duration: "120s",
      services: {
        shop: {
          resources: { requests: { cpu: "500m" }, limits: { cpu: 1 } },
          endpoints: { get: [{ work: { exponential: "20ms" } }] },
        },
      },
      traffic: {
        users: {
          rate: { stages: [{ duration: "60s", target: "120/s" }] },
          call: "shop",
          timeout: "1s",
        },
      },
      policies: { hpa: { autoscalers: { shop: { hpa: { maxReplicas: 8 } } } } },
    };
    const outcomes = [10, 30, 60, 144].map((frames) => {
      const model = modelOf(written);
      for (let frame = 1; frame <= 120 * frames; frame++) {
        model.run(micros(Math.round((frame * 1e6) / frames)));
      }
      model.run();
      const { cluster, recorder, simulation } = model;
      return [cluster.pods.length, recorder.failed, simulation.digest.hex()].join();
    });
    expect(new Set(outcomes).size).toBe(1);
  });
});

describe("a fan-out", () => {
  it("retries each failing branch on its own account: two calls each, in every request", () => {
    const call = (service: string): ScenarioText => ({
      call: { service, retries: { attempts: 2, backoff: { base: "5ms" } } },
    });
    const broken = { revisions: { v1: { errors: 1 } }, endpoints: { get: [{ wait: "1ms" }] } };
    const services = {
      front: { endpoints: { get: [{ parallel: [call("left"), call("right")] }] } },
      left: broken,
      right: broken,
    };
    const traffic = { users: { ...evenly(400, 20), call: "front" } };
    const model = modelOf({ services, traffic });
    const requests = requestsOf(model);
    expect(requests.every(({ outcome }) => outcome === "error")).toBe(true);
    expect([callsTo(model, "left"), callsTo(model, "right")]).toEqual([800, 800]);
  });
});

describe("an overload", () => {
  it("of 500 000 requests a second loses none from the books, with 250 000 alive at once", () => {
    const slow = { cpu: "fifo", concurrency: 1, endpoints: { get: [{ work: "1ms" }] } };
    const rate = {
      steps: [
        { at: "0s", rate: "500000/s" },
        { at: "500ms", rate: "0/s" },
      ],
    };
    const model = ran({
      duration: "1s",
      services: { slow },
      traffic: { users: { arrivals: "paced", rate, call: "slow" } },
    });
    const { recorder, plane } = model;
    expect(recorder.requests).toBe(250_000);
    expect(plane.countInFlight()).toBe(250_000 - 999);
    expect(recorder.completed).toBe(999);
    expect(recorder.failed).toBe(0);
  });
});

describe("arrivals on a ramp", () => {
  const ramp = (target: number): ScenarioText => ({
    duration: "60s",
    services: { sink: { endpoints: { get: [] } } },
    traffic: {
      users: { rate: { stages: [{ duration: "60s", target: `${target}/s` }] }, call: "sink" },
    },
  });

  it.each([
    { target: 100, mean: 3000 },
    { target: 2, mean: 60 },
  ])("to $target/s in a minute are $mean in the mean", ({ target, mean }) => {
    const counts = replicated(ramp(target), 40, (model) => model.recorder.requests);
    expectMean(counts, mean, { checks: 2, within: 0.12 });
    // Poisson: the variance is the mean. The sum over 40 runs is normal to four digits.
    const total = counts.reduce((a, b) => a + b, 0);
    expect(Math.abs(total - 40 * mean)).toBeLessThan(4 * Math.sqrt(40 * mean));
  });
});
