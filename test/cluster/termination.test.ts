import { describe, expect, it } from "vitest";
import { podStatus } from "../../sim/cluster/kubeletStatus.ts";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";
import { constructedCluster } from "./constructedPlane.ts";

describe("a pod that is deleted", () => {
  // Deleted at 10 s; callers forget it at 12 s.
  it.each<{ shop: ScenarioText; idle: boolean; drain: readonly unknown[]; gone: number }>([
    { shop: {}, idle: true, drain: ["open", 12], gone: 12 },
    { shop: {}, idle: false, drain: ["open", 12], gone: 40 },
    { shop: { preStop: "5s" }, idle: true, drain: ["open", 15], gone: 15 },
    { shop: { preStop: "1s" }, idle: true, drain: ["open", 12], gone: 12 },
    { shop: { onSigterm: "refuse" }, idle: true, drain: ["closed", 10], gone: 10 },
    { shop: { onSigterm: "refuse" }, idle: false, drain: ["closed", 10], gone: 40 },
    { shop: { onSigterm: "refuse", preStop: "3s" }, idle: true, drain: ["closed", 13], gone: 13 },
    { shop: { onSigterm: "refuse", preStop: "3s" }, idle: false, drain: ["closed", 13], gone: 40 },
    // The hook is part of the grace; what is left of it is two seconds or more.
    {
      shop: { terminationGracePeriodSeconds: 6, preStop: "3s" },
      idle: false,
      drain: ["open", 13],
      gone: 16,
    },
    {
      shop: { terminationGracePeriodSeconds: 6, preStop: "5s" },
      idle: false,
      drain: ["open", 15],
      gone: 17,
    },
    {
      shop: { terminationGracePeriodSeconds: 6, preStop: "60s" },
      idle: false,
      drain: ["open", 16],
      gone: 18,
    },
    { shop: { terminationGracePeriodSeconds: 1 }, idle: false, drain: [], gone: 12 },
    { shop: { terminationGracePeriodSeconds: 0 }, idle: true, drain: [], gone: 10 },
  ])("gets SIGTERM after its preStop hook, SIGKILL after its grace: $shop", (row) => {
    const { cluster, plane, until } = constructedCluster({
      shop: row.shop,
      cluster: { endpointLag: "2s" },
      drains: row.idle,
    });
    until(10);
    expect(plane.endpoints).toEqual([0]);
    cluster.scale("shop", 0);
    until(11.9);
    expect(plane.endpoints).toEqual([0]);
    until(12);
    expect(plane.endpoints).toEqual([]);
    until(100);
    expect(plane.drains.flatMap(({ listener, at }) => [listener, at])).toEqual(row.drain);
    const [pod] = cluster.pods;
    expect(pod!.goneAt! / 1e6).toBe(row.gone);
    const wasKilled = !row.idle || row.drain.length === 0;
    expect(podStatus(pod!)).toMatchObject({
      phase: wasKilled ? "Failed" : "Succeeded",
      state: { kind: "terminated", exitCode: wasKilled ? 137 : 0 },
      restartCount: 0,
    });
  });

  // Its liveness probe fails at 10 s; it is deleted at 100 s.
  it.each([
    { why: "shortens the stop", grace: 20, probe: 300, hook: 0, sigterm: 10, gone: 120 },
    { why: "cuts its hook off", grace: 20, probe: 300, hook: 200, sigterm: 120, gone: 122 },
    { why: "lets its hook end", grace: 20, probe: 300, hook: 95, sigterm: 105, gone: 120 },
    { why: "ends it at once", grace: 0, probe: 300, hook: 0, sigterm: 10, gone: 100 },
    { why: "does not lengthen it", grace: 300, probe: 120, hook: 0, sigterm: 10, gone: 130 },
  ])("while its container is being stopped $why", ({ grace, probe, hook, sigterm, gone }) => {
    const { cluster, plane, until } = constructedCluster({
      shop: {
        terminationGracePeriodSeconds: grace,
        preStop: `${hook}s`,
        onSigterm: "refuse",
        livenessProbe: {
          initialDelaySeconds: 10,
          failureThreshold: 1,
          terminationGracePeriodSeconds: probe,
        },
      },
      answer: () => ({ ok: false, after: 0 }),
      drains: false,
    });
    until(100);
    cluster.scale("shop", 0);
    until(500);
    expect(plane.drains.map(({ at }) => at)).toEqual([sigterm]);
    const [pod] = cluster.pods;
    expect([pod!.goneAt! / 1e6, pod!.restarts]).toEqual([gone, 0]);
  });

  it("drains at once when no caller has ever heard of it", () => {
    const { cluster, plane, until } = constructedCluster({
      shop: { readinessProbe: {} },
      cluster: { endpointLag: "2s" },
      answer: () => ({ ok: false, after: 0 }),
    });
    until(10);
    cluster.scale("shop", 0);
    until(10);
    expect(plane.drains.map(({ at }) => at)).toEqual([10]);
    expect(cluster.pods[0]!.goneAt).toBe(10e6);
  });

  it("whose process has not come to listen dies of SIGTERM, after its hook", () => {
    for (const preStop of [0, 4]) {
      const { cluster, plane, until } = constructedCluster({
        shop: { startup: "20s", preStop: `${preStop}s` },
      });
      until(10);
      cluster.scale("shop", 0);
      until(60);
      expect(plane.starts).toEqual([]);
      expect(cluster.pods[0]!.goneAt).toBe((10 + preStop) * 1e6);
      expect(cluster.pods[0]!.lastTermination!.exitCode).toBe(143);
    }
  });

  it("has its hook read off a manifest", () => {
    const gone = (preStop: ScenarioText): number => {
      const containers = [{ name: "shop", lifecycle: { preStop } }];
      const deployment = { template: { spec: { containers } } };
      const { cluster, until } = constructedCluster({ shop: { deployment } });
      until(10);
      cluster.scale("shop", 0);
      until(100);
      return cluster.pods[0]!.goneAt! / 1e6 - 10;
    };
    expect(gone({ sleep: { seconds: 7 } })).toBe(7);
    expect(gone({ exec: { command: ["/bin/sleep", "8"] } })).toBe(8);
    expect(gone({ exec: { command: ["sh", "-c", "sleep 0.5m && nginx -s quit"] } })).toBe(30);
    expect(gone({ exec: { command: ["nginx", "-s", "quit"] } })).toBe(0);
    expect(gone({ httpGet: { path: "/drain", port: 80 } })).toBe(0);
  });
});

describe("requests to a pod that is deleted", () => {
  const action = (at: string, n: number) => ({ at, minReplicas: n, maxReplicas: n });
  /** One of two replicas goes at 15 s, which callers hear at 17 s; 100 requests a second. */
  const outcomes = (more: ScenarioText): Readonly<Record<string, number>> => {
    const requests = requestsOf(
      modelOf({
        duration: "60s",
        services: { shop: { replicas: 2, endpoints: { get: [{ wait: "25ms" }] }, ...more } },
        cluster: { endpointLag: "2s" },
        traffic: { users: { ...evenly(4000, 10), call: "shop" } },
        policies: {
          set: {
            autoscalers: {
              shop: { scheduled: { maxReplicas: 2, schedule: [action("12s", 1)] } },
            },
          },
        },
      }),
    );
    const counts: Record<string, number> = {};
    for (const { outcome } of requests) counts[outcome] = (counts[outcome] ?? 0) + 1;
    return counts;
  };

  it.each([
    { shop: {}, refused: 0 },
    { shop: { preStop: "3s" }, refused: 0 },
    // Every other request, from SIGTERM until callers have heard.
    { shop: { onSigterm: "refuse" }, refused: 100 },
    { shop: { onSigterm: "refuse", preStop: "500ms" }, refused: 75 },
    { shop: { onSigterm: "refuse", preStop: "3s" }, refused: 0 },
  ])("are refused unless the hook outlasts the callers' lag: $shop", ({ shop, refused }) => {
    const { ok = 0, "connection-refused": lost = 0, ...others } = outcomes(shop);
    expect(others).toEqual({});
    expect(ok + lost).toBe(4000);
    expect(Math.abs(lost - refused)).toBeLessThanOrEqual(1);
  });

  it("are killed when the grace is too short for them", () => {
    const slow = { endpoints: { get: [{ wait: "6s" }] }, terminationGracePeriodSeconds: 5 };
    // Of those that came in the second before the hook's end, and of no other.
    const { killed = 0 } = outcomes({ ...slow, preStop: "3s", onSigterm: "refuse" });
    // Sent from 14 s (they end at 20 s, when the grace does) to 17 s.
    expect(killed).toBeGreaterThanOrEqual(149);
    expect(killed).toBeLessThanOrEqual(151);
    expect(outcomes({ ...slow, terminationGracePeriodSeconds: 30 })["killed"]).toBeUndefined();
  });
});
