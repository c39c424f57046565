import { describe, expect, it } from "vitest";
import { millis } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { booksOf, callsTo, requestsOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";
import { type Heard, listenTo, runTo } from "./listening.ts";

/** One replica that gets `requests` requests, 1 ms apart, from 1 ms on. */
function replica(front: ScenarioText, requests = 0): { model: Model; heard: readonly Heard[] } {
  const traffic = { t: { ...evenly(Math.max(1, requests), 1), call: "front" } };
  const model = modelOf({
    services: { front: { endpoints: { get: [{ work: "20ms" }] }, ...front } },
    traffic: requests === 0 ? { t: { users: 1, call: "idle" } } : traffic,
    ...(requests === 0 ? { services: { front, idle: { endpoints: { get: [] } } } } : {}),
  });
  return { model, heard: listenTo(model) };
}

const idle = (front: ScenarioText = {}): ReturnType<typeof replica> =>
  replica({ endpoints: { get: [{ work: "20ms" }] }, ...front });

const fifo = (more: ScenarioText = {}): ScenarioText => ({ cpu: "fifo", concurrency: 1, ...more });

describe("a probe", () => {
  it("is answered after its work, half a millisecond when nothing is said", () => {
    const { model, heard } = idle();
    runTo(model, 10);
    model.plane.sendProbe(0, 7, millis(100));
    expect(heard).toEqual([]);
    runTo(model, 200);
    expect(heard).toEqual([{ at: 10.5, what: "0 probe 7 ok" }]);
  });

  it("takes the work that the scenario says, drawn anew for each", () => {
    const { model, heard } = idle({ probeWork: { exponential: "4ms" } });
    for (const at of [10, 110, 210]) {
      runTo(model, at);
      model.plane.sendProbe(0, at, millis(100));
    }
    runTo(model, 400);
    const times = heard.map(({ at }, i) => at - [10, 110, 210][i]!);
    expect(new Set(times).size).toBe(3);
  });

  it("waits for a slot like any request", () => {
    const { model, heard } = replica(fifo(), 2);
    runTo(model, 5);
    model.plane.sendProbe(0, 0, millis(100));
    // Requests from 1 to 21 and from 21 to 41.
    expect(model.plane.usage(0).queued).toBe(2);
    runTo(model, 200);
    expect(heard).toEqual([{ at: 41.5, what: "0 probe 0 ok" }]);
  });

  it("needs no slot when a thread of its own answers it", () => {
    const { model, heard } = replica(fifo({ probeThread: "own" }), 2);
    runTo(model, 5);
    model.plane.sendProbe(0, 0, millis(100));
    runTo(model, 200);
    expect(heard).toEqual([{ at: 5.5, what: "0 probe 0 ok" }]);
  });

  it.each([
    // Of two requests of 20 ms each, the second waits for the only worker until 21 ms.
    { handler: "grpc", at: 41.5, slots: 1 },
    // A process of its own: with processor sharing it has half of the core.
    { handler: "exec", at: 6, slots: 0 },
    { handler: "tcpSocket", at: 5, slots: 0 },
  ] as const)("of $handler on a busy worker is answered at $at ms", ({ handler, at, slots }) => {
    const resources = { requests: { cpu: 1 }, limits: { cpu: 1 } };
    const { model, heard } = replica({ concurrency: 1, resources }, 2);
    runTo(model, 5);
    const { queued } = model.plane.usage(0);
    model.plane.sendProbe(0, 0, millis(100), handler);
    expect(model.plane.usage(0).queued - queued).toBe(slots);
    runTo(model, 200);
    expect(heard).toEqual([{ at, what: "0 probe 0 ok" }]);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("of tcpSocket fails when the listener is closed", () => {
    const { model, heard } = replica(fifo(), 1);
    runTo(model, 5);
    model.plane.drainReplica(0, "closed");
    model.plane.sendProbe(0, 0, millis(100), "tcpSocket");
    runTo(model, 10);
    expect(heard).toEqual([{ at: 5, what: "0 probe 0 failed" }]);
  });

  it("makes requests wait in turn", () => {
    const { model } = replica(fifo({ probeWork: "30ms" }), 1);
    runTo(model, 0.5);
    model.plane.sendProbe(0, 0, millis(100));
    expect(requestsOf(model).map(({ end }) => end)).toEqual([50.5]);
  });

  it("is refused when the queue is full: in that instant, but not within the call", () => {
    const { model, heard } = replica(fifo({ queue: 1 }), 2);
    runTo(model, 5);
    model.plane.sendProbe(0, 0, millis(100));
    expect(heard).toEqual([]);
    runTo(model, 200);
    expect(heard).toEqual([{ at: 5, what: "0 probe 0 failed" }]);
  });

  it("fails at its timeout, once, and its work goes on", () => {
    const { model, heard } = replica(fifo({ probeWork: "10ms" }), 1);
    runTo(model, 5);
    model.plane.sendProbe(0, 3, millis(18));
    runTo(model, 200);
    expect(heard).toEqual([{ at: 23, what: "0 probe 3 failed" }]);
    expect(model.plane.usage(0).cpuMicros).toBe(30_000);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("fails on a busy event loop and on a shared core that is crowded", () => {
    for (const cpu of ["event-loop", "processor-sharing"]) {
      const limits = { resources: { limits: { cpu: 1 } } };
      const { model, heard } = replica({ cpu, ...limits, probeWork: "5ms" }, 40);
      runTo(model, 40);
      model.plane.sendProbe(0, 0, millis(100));
      runTo(model, 2000);
      model.plane.sendProbe(0, 1, millis(100));
      runTo(model, 3000);
      expect(heard.map(({ what }) => what)).toEqual(["0 probe 0 failed", "0 probe 1 ok"]);
    }
  });

  it("fails when the process is gone, or dies with the probe in it", () => {
    const { model, heard } = replica(fifo(), 1);
    runTo(model, 5);
    model.plane.sendProbe(0, 0, millis(100));
    model.plane.killReplica(0);
    model.plane.sendProbe(0, 1, millis(100));
    runTo(model, 200);
    expect(heard).toEqual([
      { at: 5, what: "0 probe 0 failed" },
      { at: 5, what: "0 probe 1 failed" },
    ]);
    expect(booksOf(model).liveRows).toBe(0);
  });

  it("is served by a replica that drains, unless its listener is closed", () => {
    for (const [listener, answer] of [
      ["open", "0 probe 0 ok"],
      ["closed", "0 probe 0 failed"],
    ] as const) {
      const { model, heard } = idle();
      runTo(model, 5);
      model.plane.drainReplica(0, listener);
      model.plane.sendProbe(0, 0, millis(100));
      runTo(model, 200);
      expect(heard.map(({ what }) => what)).toEqual(["0 drained", answer]);
    }
  });

  it("counts in no statistics of requests, but its CPU does", () => {
    const { model } = idle({ probeWork: "3ms" });
    runTo(model, 10);
    model.plane.sendProbe(0, 0, millis(100));
    expect(model.plane.usage(0)).toMatchObject({ requests: 0, inFlight: 0, queued: 0 });
    runTo(model, 5000);
    model.run();
    expect(callsTo(model, "front")).toBe(0);
    expect(model.plane.usage(0)).toMatchObject({ cpuMicros: 3000, requests: 0 });
  });

  it("is not slower in a revision that is, but is under a slowness of the replica", () => {
    const slow = { probeWork: "3ms", revisions: { v1: { latency: 5 } } };
    const { model, heard } = idle(slow);
    runTo(model, 10);
    model.plane.sendProbe(0, 0, millis(100));
    runTo(model, 50);
    const effect = { kind: "slow", factor: 4 } as const;
    model.plane.applyEffect({ id: 1, effect, service: 0, endpoint: null, replicas: [0], site: 1 });
    model.plane.sendProbe(0, 1, millis(100));
    runTo(model, 100);
    expect(heard.map(({ at }) => at)).toEqual([13, 62]);
  });
});

describe("a pod", () => {
  it("is ready later by the work of its probe", () => {
    const readyAt = (probeWork: string): number => {
      const model = modelOf({
        services: {
          front: {
            startup: "1s",
            probeWork,
            readinessProbe: { periodSeconds: 1 },
            endpoints: { get: [] },
          },
        },
        traffic: { t: { users: 1, call: "front" } },
        faults: [{ at: "500ms", service: "front", kill: true }],
      });
      model.run();
      return model.cluster.pods.at(-1)!.readyAt!;
    };
    expect(readyAt("300ms") - readyAt("0s")).toBe(300_000);
  });
});
