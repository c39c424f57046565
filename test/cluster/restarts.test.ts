import { describe, expect, it } from "vitest";
import { podStatus } from "../../sim/cluster/kubeletStatus.ts";
import { ZERO } from "../../sim/kernel/time.ts";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";
import { constructedCluster } from "./constructedPlane.ts";

const CRASH = {
  name: "crash",
  scope: {},
  start: ZERO,
  duration: null,
  effect: { kind: "crash" },
} as const;

type Constructed = ReturnType<typeof constructedCluster>;

/** Starts of the container, in seconds, when each process dies after its number of seconds. */
function startsOf(
  lives: readonly number[],
  { die, cluster: settings }: { die: (made: Constructed) => void; cluster?: ScenarioText },
): readonly number[] {
  const made = constructedCluster({ shop: {}, ...(settings && { cluster: settings }) });
  const { plane, until } = made;
  for (const life of lives) {
    const start = plane.starts.at(-1)?.at ?? 0;
    until(start + life);
    die(made);
    until(start + life + 301);
  }
  expect(made.cluster.pods).toHaveLength(1);
  expect(made.cluster.pods[0]!.restarts).toBe(lives.length);
  return plane.starts.map(({ at }) => at);
}

const crash = ({ cluster }: Constructed): void => cluster.injectFault(CRASH);
const outOfMemory = ({ plane }: Constructed): void => plane.listener.outOfMemory(0);

/** Pauses between a death and the next start. */
const pauses = (lives: readonly number[], starts: readonly number[]): readonly number[] =>
  lives.map((life, i) => starts[i + 1]! - starts[i]! - life);

describe("a container that dies", () => {
  it.each([
    {
      why: "at once",
      lives: Array<number>(9).fill(1),
      want: [0, 10, 20, 40, 80, 160, 300, 300, 300],
    },
    { why: "after 10 minutes", lives: [1, 1, 1, 600, 1], want: [0, 10, 20, 40, 80] },
    { why: "after more than 10 minutes", lives: [1, 1, 1, 601, 1], want: [0, 10, 20, 0, 10] },
  ])("is restarted in its pod, after a pause that doubles: $why", ({ lives, want }) => {
    for (const die of [crash, outOfMemory]) {
      expect(pauses(lives, startsOf(lives, { die }))).toEqual(want);
    }
  });

  it("waits no longer than the kubelet is told to", () => {
    const lives = Array<number>(5).fill(1);
    const cluster = { kubelet: { crashLoopBackOff: { maxContainerRestartPeriod: "25s" } } };
    expect(pauses(lives, startsOf(lives, { die: crash, cluster }))).toEqual([0, 10, 20, 25, 25]);
  });

  it("is not ready meanwhile, and says why", () => {
    const made = constructedCluster({ shop: {}, cluster: { endpointLag: "2s" } });
    const { cluster, plane, until } = made;
    const [pod] = cluster.pods;
    until(5);
    expect(plane.endpoints).toEqual([0]);
    outOfMemory(made);
    outOfMemory(made);
    until(6);
    // It is killed once, and restarted at once.
    expect(podStatus(pod!)).toMatchObject({ ready: true, restartCount: 1 });
    outOfMemory(made);
    until(7);
    expect(podStatus(pod!)).toMatchObject({
      phase: "Running",
      state: { kind: "waiting", reason: "CrashLoopBackOff" },
      lastTermination: { exitCode: 137, reason: "OOMKilled", startedAt: 5e6, finishedAt: 6e6 },
      ready: false,
      restartCount: 1,
    });
    expect(plane.endpoints).toEqual([0]);
    until(8);
    expect(plane.endpoints).toEqual([]);
    until(16);
    expect(podStatus(pod!)).toMatchObject({ state: { kind: "running" }, restartCount: 2 });
    until(18);
    expect(plane.endpoints).toEqual([0]);
    const events = cluster.events.map(({ controller, subject, reason, message }) =>
      [controller, subject, reason, message].join(": "),
    );
    expect(events).toEqual([
      "kubelet: shop-v1-0: OOMKilled: container shop ended with exit code 137",
      "kubelet: shop-v1-0: OOMKilled: container shop ended with exit code 137",
      "kubelet: shop-v1-0: BackOff: CrashLoopBackOff: 10 s until container shop restarts",
    ]);
  });

  it("is deleted at once while it waits for its restart", () => {
    const made = constructedCluster({ shop: {} });
    const { cluster, until } = made;
    for (const second of [1, 2]) {
      until(second);
      crash(made);
    }
    until(5);
    cluster.scale("shop", 0);
    expect(cluster.pods[0]!.goneAt).toBe(5e6);
    until(60);
    expect(cluster.pods[0]!.restarts).toBe(1);
  });

  it("that its kubelet stopped starts within the same sync, if the death before allows it", () => {
    // Each container fails its liveness probe after 15 s.
    const { plane, until } = constructedCluster({
      shop: { livenessProbe: { initialDelaySeconds: 15, failureThreshold: 1 } },
      answer: () => ({ ok: false, after: 0 }),
    });
    until(300);
    // The pauses would be 0, 0, 10, 20 and 40 s: the first two have passed since the death before.
    expect(plane.starts.map(({ at }) => at)).toEqual([0, 15, 30, 45, 80, 135, 230]);
  });
});

describe("a crash", () => {
  const shop = { replicas: 2, startup: "3s", endpoints: { get: [{ wait: "10ms" }] } };

  it("costs what is in the process, and what callers send until they have heard", () => {
    const model = modelOf({
      duration: "30s",
      services: { shop },
      cluster: { endpointLag: "2s" },
      traffic: { users: { ...evenly(2000, 10), call: "shop" } },
      faults: [{ at: "10.005s", service: "shop", replicas: 1, crash: true }],
    });
    const requests = requestsOf(model);
    const outcomes = (outcome: string): number =>
      requests.filter((request) => request.outcome === outcome).length;
    expect(outcomes("killed")).toBeLessThanOrEqual(1);
    // Every other request for two seconds.
    expect(outcomes("connection-refused")).toBe(100);
    const [pod] = model.cluster.pods;
    expect(model.cluster.pods).toHaveLength(2);
    expect(pod!.restarts).toBe(1);
    expect(pod!.readyChangedAt).toBe(13_005_000);
    expect(pod!.known).toBe(true);
  });

  it("tells its links of the way up as they were", () => {
    const action = (at: string, n: number) => ({ at, minReplicas: n, maxReplicas: n });
    const model = ran({
      duration: "60s",
      services: {
        shop: { ...shop, startup: "8s", readinessProbe: { periodSeconds: 5 }, probeWork: "0s" },
      },
      traffic: { users: { ...evenly(500, 100), call: "shop" } },
      cluster: { scheduling: "1s", endpointLag: "2s" },
      // Syncs at 15 s; the container starts at 16 s, and dies in its start and when it is ready.
      faults: [
        { at: "20s", service: "shop", crash: true },
        { at: "45s", service: "shop", crash: true },
      ],
      policies: {
        set: {
          autoscalers: {
            shop: { scheduled: { maxReplicas: 3, schedule: [action("10s", 3)] } },
          },
        },
      },
    });
    const pod = model.cluster.pods[2]!;
    expect(pod.restarts).toBe(2);
    expect(pod.imageAt).toBe(16e6);
    expect(pod.runningAt).toBe(16e6);
    expect(pod.listeningAt).toBe(28e6);
    expect(pod.readyAt).toBe(30e6);
    expect(pod.endpointAt).toBe(32e6);
  });
});
