import { describe, expect, it } from "vitest";
import { cutOf, pilotTasks, warmUpDoubt, warmUpOf } from "../../sim/experiment/pilot.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { toSeconds } from "../../sim/kernel/time.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { resultSchema, type WarmUpResult } from "../../sim/result/result.ts";
import { Workplace } from "../cli/support.ts";
import { type ScenarioText, scenariosOf } from "../support/scenarios.ts";

/** One server for all requests. */
const server = (rate: number, work: object | string): ScenarioText => ({
  warmUp: "auto",
  services: {
    web: {
      cpu: "fifo",
      concurrency: 1,
      resources: { limits: { cpu: 1 } },
      endpoints: { get: [{ work }] },
    },
  },
  traffic: { users: { rate: `${rate}/s`, call: "web" } },
});

function pilots(written: ScenarioText): WarmUpResult {
  const scenarios = scenariosOf(written);
  const outputs = pilotTasks(scenarios).map((task) => runReplication(task, builtInPolicies));
  return warmUpOf(scenarios, outputs);
}

describe("the warm-up that pilots find", () => {
  it("is short where nothing has to fill, and long where a queue has", () => {
    const idle = pilots(server(20, "10ms"));
    expect(idle).toMatchObject({ rule: "MSER-5", pilots: 5, pilotSeconds: 300, isSettled: true });
    expect(idle.cutSeconds).toBeLessThan(90);
    // 95 % busy with work that varies: the queue fills over minutes.
    const busy = pilots(server(9.5, { exponential: "100ms" }));
    expect(busy.cutSeconds).toBeGreaterThan(idle.cutSeconds);
    expect(toSeconds(cutOf(busy))).toBe(busy.cutSeconds);
  });

  it("waits for an autoscaler that starts with too little", () => {
    const target = { type: "Utilization", averageUtilization: 50 };
    const metrics = [{ type: "Resource", resource: { name: "cpu", target } }];
    const hpa = { hpa: { spec: { minReplicas: 1, maxReplicas: 20, metrics } } };
    const written = server(60, "10ms");
    const cuts = ["none", "own"].map(
      (kind) =>
        pilots({
          ...written,
          services: {
            web: {
              ...Object(written["services"]).web,
              resources: { requests: { cpu: "100m" }, limits: { cpu: 1 } },
              startup: "30s",
            },
          },
          ...(kind === "own" ? { policies: { hpa: { autoscalers: { web: hpa } } } } : {}),
        }).cutSeconds,
    );
    expect(cuts[1]).toBeGreaterThan(cuts[0]!);
  });

  it("is doubted where things go on changing", () => {
    // Twice the capacity: the queue grows for ever.
    const overloaded = pilots(server(200, "10ms"));
    expect(overloaded.isSettled).toBe(false);
    expect(overloaded.cutSeconds).toBe(150);
    expect(warmUpDoubt(overloaded)).toMatch(/Not everything settled in pilots of 5 minutes/);
    expect(warmUpDoubt({ ...overloaded, isSettled: true })).toBeNull();
  });

  it("comes from runs of their own, at the first rate, before anything happens", () => {
    const written = {
      ...server(20, "10ms"),
      traffic: {
        users: {
          rate: {
            spike: {
              base: "20/s",
              height: "500/s",
              start: "0s",
              rise: "1s",
              hold: "9s",
              decay: "1s",
            },
          },
          call: "web",
        },
      },
    };
    const tasks = pilotTasks(scenariosOf(written));
    expect(new Set(tasks.map(({ replication }) => replication)).size).toBe(5);
    for (const { replication } of tasks) expect(replication).toBeGreaterThan(100_000);
    const { result } = runReplication(tasks[0]!, builtInPolicies);
    // 300 s at 20/s, within five standard deviations.
    expect(Math.abs(result.requests - 6000)).toBeLessThan(5 * Math.sqrt(6000));
  });
});

describe("warmUp: auto", () => {
  const place = new Workplace({
    "shop.yaml": `peakday: 1
name: shop
duration: 20s
warmUp: auto
objective: { p95: 1s }
services:
  shop:
    cpu: fifo
    concurrency: 1
    resources: { requests: { cpu: 1 }, limits: { cpu: 1 } }
    endpoints: { get: [work: { exponential: 20ms }] }
traffic:
  users:
    rate: { steps: [{ at: 0s, rate: 20/s }, { at: 10s, rate: 35/s }] }
    call: shop
`,
  });
  const resultOf = (words: string) =>
    resultSchema.parse(JSON.parse(place.peakday(`${words} --json --quiet`).stdout));

  it("gives what the duration that it finds gives, with any number of workers", () => {
    const found = resultOf("run shop.yaml --runs 2 --workers 0");
    const { warmUp, warmUpSeconds } = found.scenario;
    expect(warmUp).toMatchObject({ cutSeconds: warmUpSeconds, isSettled: true });
    expect(resultOf("run shop.yaml --runs 2 --workers 2")).toEqual(found);
    const given = resultOf(`run shop.yaml --runs 2 --set warmUp=${warmUpSeconds}s`);
    expect(given.policies).toEqual(found.policies);
    expect(given.scenario).not.toHaveProperty("warmUp");
  });

  it("is one for all points of a sweep", () => {
    const { scenario, policies, sweep } = resultOf(
      "sweep shop.yaml --runs 1 --vary services.shop.replicas=1,2",
    );
    expect(scenario.warmUp?.longest.policy).toMatch(/replicas=/);
    expect(sweep?.points).toHaveLength(2);
    const requests = policies.map(({ replications }) => replications[0]!.requests);
    expect(requests[0]).toBe(requests[1]);
  });
});
