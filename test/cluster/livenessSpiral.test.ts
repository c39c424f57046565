import { describe, expect, it } from "vitest";
import { requestsOf, sum } from "../support/observe.ts";
import { modelOf, type ScenarioText } from "../support/scenarios.ts";
import { constructedCluster } from "./constructedPlane.ts";

/**
 * Four replicas share a load of which each takes its part: the fewer callers know, the longer an
 * answer takes. From 60 s to 100 s the first one is twice as slow as the others.
 */
function spiral(timeoutSeconds: number): {
  readonly restarts: readonly number[];
  readonly known: readonly number[];
} {
  const load = 3.3;
  const { cluster, plane, until } = constructedCluster({
    shop: {
      startup: "40s",
      livenessProbe: {
        initialDelaySeconds: 45,
        periodSeconds: 10,
        timeoutSeconds,
        failureThreshold: 3,
      },
    },
    cluster: { endpointLag: "1s" },
    replicas: 4,
    answer: ({ replica, at }) => {
      const slowness = replica === 0 && at >= 60 && at < 100 ? 2 : 1;
      return { ok: true, after: (slowness * load) / Math.max(1, plane.endpoints.length) };
    },
  });
  const known: number[] = [];
  for (let second = 60; second <= 900; second += 60) {
    until(second);
    known.push(plane.endpoints.length);
  }
  return { restarts: cluster.pods.map(({ restarts }) => restarts), known };
}

describe("the liveness spiral", () => {
  it("takes all replicas down for one that was slow for a while, and never ends", () => {
    const { restarts, known } = spiral(1);
    expect(known[0]).toBe(4);
    expect(Math.min(...restarts)).toBeGreaterThanOrEqual(4);
    // Long after the cause is gone there are never enough of them at the same time.
    expect(Math.max(...known.slice(3))).toBeLessThan(4);
  });

  it("does not begin where the probe waits longer than an overloaded replica takes", () => {
    const { restarts, known } = spiral(5);
    expect(restarts).toEqual([0, 0, 0, 0]);
    expect(known).toEqual(known.map(() => 4));
  });

  /**
   * The same in simulation, where probes are requests: four replicas at 80 % of their CPU, of which
   * one takes twice as long for everything between 60 s and 100 s. Shares of requests that fail
   * before, during, and long after.
   */
  const failing = (
    timeoutSeconds: number,
    handler: ScenarioText = {},
  ): { restarts: number; after: number } => {
    const model = modelOf({
      duration: "600s",
      services: {
        shop: {
          replicas: 4,
          concurrency: 16,
          resources: { requests: { cpu: 1 }, limits: { cpu: 1 } },
          startup: "40s",
          livenessProbe: {
            initialDelaySeconds: 45,
            timeoutSeconds,
            failureThreshold: 3,
            ...handler,
          },
          onSigterm: "refuse",
          endpoints: { get: [{ work: { exponential: "40ms" } }] },
        },
      },
      traffic: { users: { rate: "80/s", call: "shop", timeout: "5s" } },
      faults: [{ at: "60s", for: "40s", service: "shop", replicas: 1, slow: 2.5 }],
    });
    const requests = requestsOf(model);
    const late = requests.filter(({ end }) => end > 300_000);
    const failed = late.filter(({ outcome }) => outcome !== "ok");
    const restarts = model.cluster.pods.map((pod) => pod.restarts);
    return { restarts: sum(restarts), after: failed.length / late.length };
  };

  it("is there in simulation, and not with a patient probe", () => {
    const [hasty, patient] = [failing(1), failing(30)];
    expect(hasty.restarts).toBeGreaterThanOrEqual(12);
    expect(hasty.after).toBeGreaterThan(0.5);
    expect(patient).toEqual({ restarts: 0, after: 0 });
  });

  it("is not there when the probe asks for no more than a connection", () => {
    expect(failing(1, { tcpSocket: { port: 80 } })).toEqual({ restarts: 0, after: 0 });
  });
});
