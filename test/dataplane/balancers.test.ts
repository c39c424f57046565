import { describe, expect, it } from "vitest";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** Requests that each replica got. */
function shares(balancer: string, replicas: number, traffic: ScenarioText): readonly number[] {
  const front = {
    balancer,
    replicas,
    cpu: "fifo",
    concurrency: 1,
    endpoints: { get: [{ work: "3ms" }] },
  };
  const model = ran({ services: { front }, traffic: { t: { ...traffic, call: "front" } } });
  return Array.from({ length: replicas }, (_, replica) => model.plane.usage(replica).requests);
}

describe("balancers", () => {
  it("go round", () => {
    expect(shares("round-robin", 4, evenly(1001, 5))).toEqual([251, 250, 250, 250]);
  });

  it("choose at random, all with the same probability", () => {
    const counts = shares("random", 4, evenly(8000, 1));
    expect(counts.reduce((a, b) => a + b, 0)).toBe(8000);
    // Chi-square with 3 degrees of freedom: 30 is exceeded once in 700 000.
    expect(counts.reduce((chi, n) => chi + (n - 2000) ** 2 / 2000, 0)).toBeLessThan(30);
  });

  it("choose the replica with the least outstanding requests, idle ones in turn", () => {
    expect(shares("least-request", 4, evenly(1000, 5))).toEqual([250, 250, 250, 250]);
    // One replica is slow: it holds what it got, and gets no more before it is done.
    const front = {
      balancer: "least-request",
      replicas: 2,
      cpu: "fifo",
      concurrency: 1,
      endpoints: { get: [{ work: "3ms" }] },
    };
    const faults = [{ at: "0s", for: "9s", service: "front", replicas: 1, slow: 1000 }];
    const traffic = { t: { ...evenly(100, 5), call: "front" } };
    const model = modelOf({ services: { front }, traffic, faults });
    requestsOf(model);
    expect([0, 1].map((replica) => model.plane.usage(replica).requests)).toEqual([1, 99]);
  });
});
