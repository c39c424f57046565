import { describe, expect, it } from "vitest";
import { evenly, ran, type ScenarioText, scenariosOf } from "../support/scenarios.ts";

const service = (more: ScenarioText = {}): ScenarioText => ({
  replicas: 2,
  resources: { requests: { cpu: 1, memory: "1Gi" } },
  // Nothing that is evicted is replaced within the run.
  startup: "1000s",
  terminationGracePeriodSeconds: 5,
  endpoints: { get: [{ wait: "10ms" }] },
  ...more,
});

/** All four pods on one node, which is drained. */
const world = (budget: ScenarioText, more: ScenarioText = {}): ScenarioText => ({
  duration: "60s",
  services: { a: service(), b: service() },
  cluster: {
    nodes: [{ cpu: 4, memory: "8Gi" }],
    nodePools: { spare: { max: 2, node: { cpu: 4, memory: "8Gi" } } },
    podDisruptionBudgets: { back: { services: ["a", "b"], ...budget } },
  },
  traffic: { t: { ...evenly(10, 1000), call: "a" } },
  faults: [{ drain: "node-1", at: "30s", for: "20s" }],
  ...more,
});

const evicted = (text: ScenarioText): number =>
  ran(text).cluster.events.filter(({ reason }) => reason === "Evicted").length;

describe("a PodDisruptionBudget over several workloads", () => {
  it.each([
    { why: "what may be unavailable is shared", budget: { maxUnavailable: 1 }, want: 1 },
    { why: "its share is of all pods, and rounds up", budget: { maxUnavailable: "30%" }, want: 2 },
    { why: "so many of all must stay", budget: { minAvailable: 3 }, want: 1 },
    { why: "a share of all must stay", budget: { minAvailable: "26%" }, want: 2 },
    { why: "none may go", budget: { minAvailable: 4 }, want: 0 },
    { why: "as in a manifest", budget: { spec: { maxUnavailable: 3 } }, want: 3 },
  ])("$why", ({ budget, want }) => {
    expect(evicted(world(budget))).toBe(want);
  });

  it("counts each pod for its own budget only", () => {
    const services = { a: service(), b: service(), c: service({ replicas: 1, resources: {} }) };
    expect(evicted(world({ maxUnavailable: 0 }, { services }))).toBe(1);
  });

  it("is refused where a service has one already", () => {
    const own = service({ podDisruptionBudget: { minAvailable: 1 } });
    const text = world({ maxUnavailable: 1 }, { services: { a: own, b: service() } });
    expect(() => scenariosOf(text)).toThrow(/\\"a\\" has a PodDisruptionBudget already/u);
    const twice = world({ services: ["a", "a"], maxUnavailable: 1 });
    expect(() => scenariosOf(twice)).toThrow(/has a PodDisruptionBudget already/u);
    const unknown = world({ services: ["x"], maxUnavailable: 1 });
    expect(() => scenariosOf(unknown)).toThrow(/no service \\"x\\"/u);
  });
});
