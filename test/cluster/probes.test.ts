import { describe, expect, it } from "vitest";
import { ZERO } from "../../sim/kernel/time.ts";
import type { ScenarioText } from "../support/scenarios.ts";
import type { AskedProbe } from "./constructedPlane.ts";
import { constructedCluster } from "./constructedPlane.ts";

/** Instants at which the replica was asked, in seconds. */
const asked = (probes: readonly AskedProbe[], kind: AskedProbe["kind"]): readonly number[] =>
  probes.filter((probe) => probe.kind === kind).map(({ at }) => at);

const seconds = (time: number | null): number | null => (time === null ? null : time / 1e6);

describe("a readiness probe", () => {
  // The container starts at 0 s and listens at 3 s; before that a probe is refused.
  it.each<{
    why: string;
    probe: ScenarioText;
    takes: number;
    sent: number[];
    ready: number | null;
  }>([
    { why: "by default", probe: {}, takes: 0, sent: [10, 20, 30], ready: 10 },
    {
      why: "first after its initial delay",
      probe: { initialDelaySeconds: 5 },
      takes: 0,
      sent: [5, 15, 25],
      ready: 5,
    },
    {
      why: "every period, refused or not",
      probe: { periodSeconds: 12 },
      takes: 0,
      sent: [12, 24],
      ready: 12,
    },
    { why: "an answer just in time", probe: {}, takes: 1, sent: [10, 20, 30], ready: 11 },
    { why: "an answer too late", probe: {}, takes: 1.1, sent: [10, 20, 30], ready: null },
    {
      why: "with more patience",
      probe: { timeoutSeconds: 2 },
      takes: 1.1,
      sent: [10, 20, 30],
      ready: 11.1,
    },
    {
      why: "that wants several successes",
      probe: { periodSeconds: 9, successThreshold: 3 },
      takes: 0,
      sent: [9, 18, 27],
      ready: 27,
    },
    {
      why: "slower than its period: one tick waits, the others are lost",
      probe: { initialDelaySeconds: 4, periodSeconds: 2, timeoutSeconds: 9 },
      takes: 7,
      sent: [4, 11, 18, 25],
      ready: 11,
    },
  ])("asks $why", ({ probe, takes, sent, ready }) => {
    const { cluster, plane, until } = constructedCluster({
      shop: { startup: "3s", readinessProbe: probe },
      answer: () => ({ ok: true, after: takes }),
    });
    until(30);
    expect(asked(plane.probes, "readiness")).toEqual(sent);
    expect(seconds(cluster.pods[0]!.readyAt)).toBe(ready);
    expect(plane.endpoints).toEqual(ready === null ? [] : [0]);
  });

  it.each([
    { failureThreshold: 1, unready: 20 },
    { failureThreshold: 3, unready: 24 },
  ])("takes the pod out after $failureThreshold failures", ({ failureThreshold, unready }) => {
    const { cluster, plane, until } = constructedCluster({
      shop: { readinessProbe: { periodSeconds: 2, failureThreshold } },
      // Two failures in a row at 12 s and 14 s, and from 20 s on.
      answer: ({ at }) => ({ ok: at < 12 || (at > 14 && at < 20), after: 0 }),
    });
    until(failureThreshold === 1 ? 13 : 19);
    const [pod] = cluster.pods;
    expect(pod!.ready).toBe(failureThreshold !== 1);
    until(19);
    expect(plane.endpoints).toEqual([0]);
    until(30);
    expect(plane.endpoints).toEqual([]);
    expect(pod!.ready).toBe(false);
    expect(seconds(pod!.readyChangedAt)).toBe(unready);
    expect(pod!.restarts).toBe(0);
  });

  it("is asked of pods that are there at the start too, a period later", () => {
    const { cluster, plane, until } = constructedCluster({
      shop: { replicas: 2, readinessProbe: { periodSeconds: 4 } },
      replicas: 2,
      answer: ({ replica, at }) => ({ ok: replica === 0 || at < 8, after: 0 }),
    });
    until(17);
    expect(asked(plane.probes, "readiness")).toEqual([4, 4, 8, 8, 12, 12, 16, 16]);
    expect(cluster.pods.map(({ ready }) => ready)).toEqual([true, false]);
    expect(plane.endpoints).toEqual([0]);
  });

  it.each([
    { ticks: "container", probe: { periodSeconds: 5 }, sent: [9, 14, 19] },
    { ticks: "pod", probe: { periodSeconds: 5 }, sent: [10, 15, 20] },
    { ticks: "container", probe: { periodSeconds: 5, initialDelaySeconds: 7 }, sent: [11, 16] },
    { ticks: "pod", probe: { periodSeconds: 5, initialDelaySeconds: 7 }, sent: [15, 20] },
  ])("ticks with the $ticks: $probe", ({ ticks, probe, sent }) => {
    // The node takes the pod at 0 s; the container starts at 4 s and listens at 7 s.
    const { plane, until } = constructedCluster({
      shop: { image: { pull: "4s" }, startup: "3s", readinessProbe: probe },
      cluster: { kubelet: { probeTicks: ticks } },
    });
    until(20);
    expect(asked(plane.probes, "readiness")).toEqual(sent);
  });
});

describe("a startup probe", () => {
  it("holds the others back; then readiness is asked at once, liveness on its tick", () => {
    const { cluster, plane, until } = constructedCluster({
      shop: {
        startup: "12s",
        startupProbe: { periodSeconds: 5, failureThreshold: 30 },
        readinessProbe: { periodSeconds: 10 },
        livenessProbe: { periodSeconds: 10, initialDelaySeconds: 4 },
      },
    });
    until(14);
    expect(cluster.pods[0]!.container!.started).toBe(false);
    until(40);
    expect(asked(plane.probes, "startup")).toEqual([15]);
    expect(asked(plane.probes, "readiness")).toEqual([15, 20, 30, 40]);
    expect(asked(plane.probes, "liveness")).toEqual([24, 34]);
    expect(seconds(cluster.pods[0]!.readyAt)).toBe(15);
  });

  it("lets readiness wait for its own initial delay", () => {
    const { cluster, until } = constructedCluster({
      shop: {
        startupProbe: { periodSeconds: 5 },
        readinessProbe: { initialDelaySeconds: 8, periodSeconds: 10 },
      },
    });
    until(30);
    expect(seconds(cluster.pods[0]!.readyAt)).toBe(8);
  });

  it("makes a pod without readiness probe ready by its success", () => {
    const { cluster, until } = constructedCluster({
      shop: { startup: "2s", startupProbe: { periodSeconds: 3, successThreshold: 1 } },
    });
    until(10);
    expect(seconds(cluster.pods[0]!.readyAt)).toBe(3);
  });

  it("has the container restarted when it fails too often", () => {
    const { cluster, until } = constructedCluster({
      shop: { startup: "12s", startupProbe: { periodSeconds: 5, failureThreshold: 2 } },
    });
    until(4);
    expect(cluster.pods[0]!.restarts).toBe(0);
    // Refused at 0 s and 5 s: the process, which has no handler yet, dies of SIGTERM.
    until(5);
    expect(cluster.pods[0]!.restarts).toBe(1);
    expect(cluster.pods[0]!.lastTermination).toMatchObject({ exitCode: 143, reason: "Error" });
    expect(cluster.pods[0]!.readyAt).toBeNull();
  });
});

describe("a liveness probe", () => {
  it.each([
    // Asked at 10, 20, 30 …; it fails from 20 s on.
    { probe: {}, killed: 40 },
    { probe: { initialDelaySeconds: 10, failureThreshold: 1 }, killed: 20 },
    { probe: { periodSeconds: 4, failureThreshold: 2 }, killed: 24 },
  ])("has the container restarted in its pod: $probe", ({ probe, killed }) => {
    const { cluster, plane, until } = constructedCluster({
      shop: { startup: "3s", livenessProbe: probe },
      answer: ({ at, restarts }) => ({ ok: at < 20 || restarts > 0, after: 0 }),
    });
    until(100);
    const [pod] = cluster.pods;
    expect(cluster.pods).toHaveLength(1);
    expect(pod!.restarts).toBe(1);
    expect(plane.drains).toEqual([{ replica: 0, listener: "open", at: killed }]);
    expect(plane.starts.map(({ at }) => at)).toEqual([3, killed + 3]);
    expect(plane.endpoints).toEqual([0]);
    expect(seconds(pod!.readyAt)).toBe(3);
    expect(seconds(pod!.listeningAt)).toBe(3);
    expect(seconds(pod!.readyChangedAt)).toBe(killed + 3);
    expect(cluster.events.map(({ time, reason }) => [time / 1e6, reason])).toEqual([
      [killed, "Killing"],
      [killed, "Completed"],
    ]);
  });

  it.each([
    { probe: {}, pod: 30, ended: 50 },
    { probe: { terminationGracePeriodSeconds: 7 }, pod: 30, ended: 27 },
    { probe: { terminationGracePeriodSeconds: 40 }, pod: 10, ended: 60 },
  ])("gives grace: $probe in a pod with $pod s", ({ probe, pod: grace, ended }) => {
    const { cluster, until } = constructedCluster({
      shop: {
        terminationGracePeriodSeconds: grace,
        livenessProbe: { failureThreshold: 1, ...probe },
      },
      answer: ({ at, restarts }) => ({ ok: at < 20 || restarts > 0, after: 0 }),
      drains: false,
    });
    until(100);
    const [pod] = cluster.pods;
    expect(pod!.lastTermination).toMatchObject({ exitCode: 137, finishedAt: ended * 1e6 });
    expect(pod!.restarts).toBe(1);
  });

  it("takes an answer that an earlier container owed for nobody's", () => {
    const { cluster, plane, until, at } = constructedCluster({
      shop: {
        livenessProbe: { initialDelaySeconds: 10, timeoutSeconds: 60, failureThreshold: 1 },
      },
      // Asked at 10 s, the first container would say no at 13 s.
      answer: ({ restarts }) => ({ ok: restarts > 0, after: 3 }),
    });
    at(12, () =>
      cluster.injectFault({
        name: "crash",
        scope: {},
        start: ZERO,
        duration: null,
        effect: { kind: "crash" },
      }),
    );
    until(40);
    expect(cluster.pods[0]!.restarts).toBe(1);
    expect(plane.probes.map(({ at: time, restarts }) => [time, restarts])).toEqual([
      [10, 0],
      [22, 1],
      [32, 1],
    ]);
  });

  it("ends with the deletion of the pod", () => {
    const { cluster, plane, until, at } = constructedCluster({
      shop: { livenessProbe: { failureThreshold: 1 }, terminationGracePeriodSeconds: 60 },
      answer: ({ at: time }) => ({ ok: time < 20, after: 0 }),
      drains: false,
    });
    at(15, () => cluster.scale("shop", 0));
    until(100);
    expect(asked(plane.probes, "liveness")).toEqual([0, 10]);
    expect(cluster.pods[0]!.restarts).toBe(0);
    expect(seconds(cluster.pods[0]!.goneAt)).toBe(75);
  });
});
