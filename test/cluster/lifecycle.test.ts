import { describe, expect, it } from "vitest";
import type { Pod } from "../../sim/cluster/pod.ts";
import { summariseModel } from "../../sim/experiment/replication.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { requestsOf } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

/** The moments of a pod's life, in seconds. */
function life(pod: Pod): Readonly<Record<string, number | null>> {
  const at = (time: number | null): number | null => (time === null ? null : time / 1e6);
  return {
    created: at(pod.createdAt),
    considered: at(pod.consideredAt),
    scheduled: at(pod.scheduledAt),
    image: at(pod.imageAt),
    listening: at(pod.listeningAt),
    ready: at(pod.readyAt),
    known: at(pod.endpointAt),
    deleted: at(pod.deletedAt),
    gone: at(pod.goneAt),
  };
}

const lives = (model: Model): readonly Readonly<Record<string, number | null>>[] =>
  model.cluster.pods.map(life);

const action = (at: string, replicas: number): ScenarioText => ({
  at,
  minReplicas: replicas,
  maxReplicas: replicas,
});

/** Scales a service to so many replicas at certain moments. */
const plan = (...actions: readonly (readonly [at: string, replicas: number])[]): ScenarioText => ({
  plan: {
    autoscalers: {
      shop: {
        scheduled: { maxReplicas: 9, schedule: actions.map(([at, n]) => action(at, n)) },
      },
    },
  },
});

const shop: ScenarioText = {
  resources: { requests: { cpu: 1, memory: "1Gi" }, limits: { cpu: 1 } },
  startup: "3s",
  image: { pull: "4s" },
  endpoints: { get: [{ wait: "10ms" }] },
};

const world = (more: ScenarioText): ScenarioText => ({
  duration: "120s",
  services: { shop },
  traffic: { t: { rate: "1/s", call: "shop" } },
  cluster: { scheduling: "500ms", endpointLag: "2s", nodes: [{ count: 2, cpu: 2, memory: "8Gi" }] },
  ...more,
});

describe("a pod", () => {
  it("that is there at the start is ready at once", () => {
    const [first] = lives(ran(world({})));
    expect(first).toEqual({
      created: 0,
      considered: 0,
      scheduled: 0,
      image: 0,
      listening: 0,
      ready: 0,
      known: 0,
      deleted: null,
      gone: null,
    });
  });

  it("comes up link by link, each taking its time", () => {
    const model = ran(world({ policies: plan(["10s", 2]) }));
    const created = model.cluster.pods[1]!.createdAt / 1e6;
    expect(created).toBeGreaterThanOrEqual(10);
    expect(life(model.cluster.pods[1]!)).toEqual({
      created,
      considered: created + 0.5,
      scheduled: created + 0.5,
      image: created + 4.5,
      listening: created + 7.5,
      ready: created + 7.5,
      known: created + 9.5,
      deleted: null,
      gone: null,
    });
  });

  it("needs no pull where its image is", () => {
    // The first two go to the two nodes; the third goes where the image has been pulled.
    const model = ran(world({ policies: plan(["10s", 2], ["40s", 3]) }));
    const pulls = model.cluster.pods.map(({ scheduledAt, imageAt }) => imageAt! - scheduledAt!);
    expect(pulls).toEqual([0, 4_000_000, 0]);
    expect(model.cluster.pods.map(({ node }) => node)).toEqual([0, 1, 0]);
  });

  it("waits for a node with room, and takes the room that another one leaves", () => {
    const nodes = [{ count: 1, cpu: 3, memory: "8Gi" }];
    const cluster = { scheduling: "500ms", endpointLag: "2s", nodes };
    const other = { ...shop, replicas: 2, terminationGracePeriodSeconds: 5 };
    const model = ran(
      world({
        services: { shop, other },
        traffic: { t: { rate: "1/s", call: "shop" } },
        cluster,
        policies: {
          plan: {
            autoscalers: {
              shop: { scheduled: { maxReplicas: 9, schedule: [action("10s", 2)] } },
              other: { scheduled: { maxReplicas: 9, schedule: [action("30s", 1)] } },
            },
          },
        },
      }),
    );
    // Both were ready at the same time: of such, a ReplicaSet takes the first.
    const [, leaving, , waiting] = lives(model);
    expect(leaving!["gone"]).toBe(leaving!["deleted"]! + 2);
    expect(waiting!["considered"]).toBe(waiting!["created"]! + 0.5);
    expect(waiting!["scheduled"]).toBe(leaving!["gone"]);
    expect(waiting!["known"]).toBe(leaving!["gone"]! + 3 + 2);
  });

  it.each([
    // The container starts at 4.5 s after its creation and listens at 7.5 s.
    { probe: { initialDelaySeconds: 0, periodSeconds: 2 }, ready: 8.5 },
    { probe: { initialDelaySeconds: 3, periodSeconds: 5 }, ready: 7.5 },
    { probe: { initialDelaySeconds: 1, periodSeconds: 5 }, ready: 10.5 },
    { probe: { initialDelaySeconds: 0, periodSeconds: 1, successThreshold: 3 }, ready: 9.5 },
  ])("is ready when its probe has seen it: $probe", ({ probe, ready }) => {
    const services = { shop: { ...shop, readinessProbe: probe, probeWork: "0s" } };
    const model = ran(world({ services, policies: plan(["10s", 2]) }));
    const pod = life(model.cluster.pods[1]!);
    expect(pod["ready"]! - pod["created"]!).toBe(ready);
    expect(pod["known"]! - pod["created"]!).toBe(ready + 2);
  });

  it("that is deleted before it listens is gone at once", () => {
    const services = { shop: { ...shop, startup: "30s" } };
    const model = ran(world({ services, policies: plan(["10s", 2], ["20s", 1]) }));
    const pod = life(model.cluster.pods[1]!);
    expect(pod["deleted"]).not.toBeNull();
    expect(pod["gone"]).toBe(pod["deleted"]);
    expect(pod["known"]).toBeNull();
  });
});

describe("a scale-down", () => {
  const traffic = { t: { ...evenly(900, 100), call: "shop" } };

  it("loses no request: endpoints forget the pod first, then it drains", () => {
    const services = { shop: { ...shop, replicas: 3, endpoints: { get: [{ wait: "3500ms" }] } } };
    const model = modelOf(world({ services, traffic, policies: plan(["10s", 1]) }));
    const requests = requestsOf(model);
    expect(requests).toHaveLength(900);
    expect(requests.every(({ outcome }) => outcome === "ok")).toBe(true);
    const gone = model.cluster.pods.filter(({ goneAt }) => goneAt !== null);
    expect(gone).toHaveLength(2);
    for (const pod of gone) {
      // Endpoints lag 2 s, and the last request that came takes 3.5 s.
      const took = (pod.goneAt! - pod.deletedAt!) / 1e6;
      expect(took).toBeGreaterThan(5.1);
      expect(took).toBeLessThanOrEqual(5.5);
    }
  });

  it("kills what is not done when the grace period is over", () => {
    const slow = { get: [{ wait: "20s" }] };
    const services = {
      shop: { ...shop, replicas: 2, endpoints: slow, terminationGracePeriodSeconds: 7 },
    };
    const model = modelOf(world({ services, traffic, policies: plan(["10s", 1]) }));
    const requests = requestsOf(model);
    const pod = model.cluster.pods.find(({ goneAt }) => goneAt !== null)!;
    expect(pod.goneAt! - pod.deletedAt!).toBe(7_000_000);
    const killed = requests.filter(({ outcome }) => outcome === "killed");
    expect(killed.length).toBeGreaterThan(50);
    expect(killed.every(({ end }) => end === pod.goneAt! / 1000)).toBe(true);
  });

  it("takes pods that are not ready first, then the youngest", () => {
    const services = { shop: { ...shop, startup: "20s" } };
    const actions = plan(["10s", 2], ["50s", 3], ["65s", 2], ["80s", 1]);
    const model = ran(world({ services, policies: actions }));
    const order = model.cluster.pods
      .filter(({ deletedAt }) => deletedAt !== null)
      .sort((a, b) => a.deletedAt! - b.deletedAt!);
    expect(order.map(({ number }) => number)).toEqual([2, 1]);
  });
});

describe("a killed pod", () => {
  it("is replaced at once, and callers forget it after the endpoint lag", () => {
    const faults = [{ at: "30s", service: "shop", replicas: 1, kill: true }];
    const model = ran(world({ services: { shop: { ...shop, replicas: 2 } }, faults }));
    const [dead, , replacement] = lives(model);
    expect(dead!["gone"]).toBe(30);
    expect(replacement!["created"]).toBe(30);
    // Its node has the image.
    expect(replacement!["known"]).toBe(30 + 0.5 + 3 + 2);
    expect(model.cluster.replicaCounts(0)).toEqual({ wanted: 2, created: 2, ready: 2 });
  });
});

describe("the bill", () => {
  it("is pod-hours times requests times price, pods that start or end included", () => {
    const faults = [{ at: "60s", service: "shop", replicas: 1, kill: true }];
    const model = ran(world({ warmUp: "10s", faults, policies: plan(["20s", 2], ["50s", 1]) }));
    const span = (pod: Pod): number =>
      Math.min(pod.goneAt ?? model.end, model.end) - Math.max(pod.scheduledAt!, 10_000_000);
    const whole = model.cluster.pods.reduce((sum, pod) => sum + span(pod), 0);
    expect(model.cluster.usage(0).podMicros).toBe(whole);
    expect([model.cluster.usage(0).min, model.cluster.usage(0).max]).toEqual([1, 2]);
    // 1 vCPU at 0.04048 and 1 GiB at 0.004445 dollars an hour.
    const { result } = summariseModel(model, 0, false);
    expect(result.replicaHours).toBeCloseTo(whole / 3.6e9, 12);
    expect(result.costUsd).toBeCloseTo((whole / 3.6e9) * 0.044925, 12);
  });
});
