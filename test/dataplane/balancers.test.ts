import { describe, expect, it } from "vitest";
import { createBalancer } from "../../sim/policy/balancers/index.ts";
import { expectMean, replicated } from "../support/estimates.ts";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** Requests that each replica got. */
function shares(balancer: unknown, replicas: number, traffic: ScenarioText): readonly number[] {
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

  it.each([1, 2, 5, "all"])("draw %s of the replicas, none of them more often", (choices) => {
    for (const replacement of [true, false]) {
      const balancer = { "least-request": { choices, replacement } };
      // One request at a time: all are idle, and all ties go at random.
      const counts = shares(balancer, 4, evenly(2000, 5));
      expect(counts.reduce((chi, n) => chi + (n - 500) ** 2 / 500, 0)).toBeLessThan(30);
    }
  });

  const load = Int32Array.from([3, 1, 4, 1, 5, 9, 2, 6]);
  const endpoints = Int32Array.from(load.keys());
  const picks = (choices: number | "all", replacement: boolean): readonly number[] => {
    const balancer = createBalancer({
      kind: "least-request",
      choices,
      replacement,
      ties: "random",
    });
    const counts = Array.from(load, () => 0);
    const draws = 400_000;
    for (let i = 0; i < draws; i++) counts[balancer.pick(endpoints, load, (i + 0.5) / draws)]!++;
    return counts.map((count) => count / draws);
  };
  /** Probability that the replica of a load is the least loaded of two. */
  const leastOfTwo = (load: number, of: readonly number[], replacement: boolean): number => {
    const n = of.length;
    const above = of.filter((other) => other > load).length;
    const equal = of.filter((other) => other === load).length;
    // Drawn first and at most as loaded as the second, or second and less than the first.
    return replacement
      ? (above + equal + above) / n ** 2
      : (above + equal - 1 + above) / (n * (n - 1));
  };

  it.each([true, false])("take the least loaded of two, with replacement: %s", (replacement) => {
    const shares = picks(2, replacement);
    for (const [i, share] of shares.entries()) {
      expect(share).toBeCloseTo(leastOfTwo(load[i]!, [...load], replacement), 2);
    }
  });

  it("take the least loaded of all, ties at random, however all are asked for", () => {
    for (const choices of [8, 20, "all"] as const) {
      const shares = picks(choices, false);
      expect(shares[1]! + shares[3]!).toBeCloseTo(1, 9);
      expect(shares[1]).toBeCloseTo(0.5, 1);
    }
  });

  it("join the shortest queue of two as the truth table says: jsq2/02", () => {
    const queue = (balancer: unknown): ScenarioText => ({
      seed: 3,
      duration: "300s",
      services: {
        queue: {
          replicas: 2,
          balancer,
          cpu: "fifo",
          concurrency: 1,
          endpoints: { get: [{ work: { exponential: "10ms" } }] },
        },
      },
      traffic: { t: { rate: "160/s", call: "queue" } },
    });
    const balancer = { "least-request": { choices: 2, replacement: false } };
    const means = replicated(
      queue(balancer),
      10,
      (model) => (model.recorder.latency.mean ?? 0) / 1e6,
    );
    expectMean(means, 0.02955736618);
  });
});
