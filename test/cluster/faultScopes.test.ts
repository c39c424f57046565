import { describe, expect, it } from "vitest";
import { requestsOf, seriesOf, sum } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const shop = {
  replicas: 6,
  resources: { requests: { cpu: 1, memory: "1Gi" } },
  revisions: { v1: {}, v2: {} },
  endpoints: { get: [{ wait: "10ms" }] },
};

/** Pods 0 … 5 stand on nodes a-1, b-1, a-2, b-2, a-1, b-1, in the zones a and b by turns. */
const nodes = [
  { name: "a", cpu: 4, memory: "64Gi", zones: ["a"], region: "east" },
  { name: "b", cpu: 4, memory: "64Gi", zones: ["b"], region: "west" },
  { name: "a", cpu: 4, memory: "64Gi", zones: ["a"], region: "east" },
  { name: "b", cpu: 4, memory: "64Gi", zones: ["b"], region: "west" },
];

/** Which of the six pods a fault slows down: a request goes to each in turn. */
function slowed(scope: ScenarioText): readonly number[] {
  const requests = requestsOf(
    modelOf({
      services: { shop },
      cluster: { nodes },
      traffic: { users: { ...evenly(6, 100), call: "shop" } },
      faults: [{ at: "10ms", for: "2s", slow: 2, ...scope }],
    }),
  );
  return requests.flatMap(({ latency }, pod) => (latency === 20 ? [pod] : []));
}

describe("a fault bites", () => {
  it.each<{ scope: ScenarioText; pods: readonly number[] }>([
    { scope: {}, pods: [0, 1, 2, 3, 4, 5] },
    { scope: { service: "shop" }, pods: [0, 1, 2, 3, 4, 5] },
    { scope: { service: "shop", revision: "v1" }, pods: [0, 1, 2, 3, 4, 5] },
    { scope: { service: "shop", revision: "v2" }, pods: [] },
    { scope: { zone: "a" }, pods: [0, 2, 4] },
    { scope: { region: "west" }, pods: [1, 3, 5] },
    { scope: { node: "a-1" }, pods: [0, 4] },
    { scope: { node: "b-2" }, pods: [3] },
    { scope: { service: "shop", replicas: 2 }, pods: [0, 1] },
    { scope: { service: "shop", replicas: "20%" }, pods: [0, 1] },
    { scope: { service: "shop", replicas: "50%" }, pods: [0, 1, 2] },
    { scope: { zone: "b", replicas: 2 }, pods: [1, 3] },
  ])("where it says: $scope", ({ scope, pods }) => {
    expect(slowed(scope)).toEqual(pods);
  });

  it("pods that exist when it begins, whenever they come to serve, and spares later ones", () => {
    const action = (at: string, n: number) => ({ at, minReplicas: n, maxReplicas: n });
    const written = (fleet: number): ScenarioText => ({
      duration: "100s",
      services: { shop: { ...shop, replicas: 1, startup: "10s" } },
      cluster: { nodes: [{ count: 40, cpu: 4, memory: "64Gi" }] },
      traffic: { users: { ...evenly(4000, 20), call: "shop" } },
      // Syncs at 15 and 30 s; the fault begins while the pods of the first are starting.
      faults: [{ at: "20s", for: "79s", service: "shop", slow: 5 }],
      policies: {
        set: {
          autoscalers: {
            shop: {
              scheduled: {
                maxReplicas: 200,
                schedule: [action("10s", fleet), action("28s", 2 * fleet)],
              },
            },
          },
        },
      },
    });
    for (const fleet of [2, 80]) {
      const model = ran(written(fleet));
      const requests = Array.from(
        { length: 2 * fleet },
        (_, pod) => model.plane.usage(pod).requests,
      );
      expect(Math.min(...requests)).toBeGreaterThan(10);
      const late = sum(requests.slice(fleet));
      const served = sum(seriesOf(model, "shop").servedMicros);
      // Until 20 s the only pod serves 1000 requests; from then on all but the late pods are slow.
      const early = 4000 - late;
      expect(served).toBe(late * 10_000 + 1000 * 10_000 + (early - 1000) * 50_000);
    }
  });
});

describe("placement", () => {
  it("is kube-scheduler's: room counts, and that pods of one service are apart", () => {
    const model = ran({
      duration: "1s",
      services: { shop: { ...shop, replicas: 5 } },
      cluster: {
        nodes: [
          { name: "small", cpu: 2, memory: "4Gi" },
          { name: "large", cpu: 8, memory: "16Gi" },
        ],
      },
      traffic: { users: { ...evenly(1, 10), call: "shop" } },
    });
    // The large node is freer, until a pod is on it: then the small one, which has none, is better.
    // From then on a second pod would fill the small one, so that the large one takes the rest.
    expect(model.cluster.pods.map(({ node }) => node)).toEqual([1, 0, 1, 1, 1]);
  });
});
