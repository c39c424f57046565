import { describe, expect, it } from "vitest";
import { canaryPlan, canaryTasks, whyNoCanary } from "../../sim/experiment/canary.ts";
import { canaryResult, withCanary } from "../../sim/experiment/canaryResult.ts";
import { runReplication } from "../../sim/experiment/replication.ts";
import { summarise } from "../../sim/experiment/summarise.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { resultSchema } from "../../sim/result/result.ts";
import { loadScenario } from "../../sim/scenario/load.ts";
import { type ScenarioText, scenarioOf, scenariosOf } from "../support/scenarios.ts";

const SHOP = {
  replicas: 2,
  startup: "1s",
  revisions: { stable: { errors: "0.5%" }, next: { errors: "5%" } },
  endpoints: { "GET /": [{ wait: "10ms" }] },
};
const QUICK = { stages: [10, 100], stageSeconds: 10, minimumRequests: 20 };
const STAGED = { shop: { revision: "next", at: "5s", "staged-canary": QUICK } };

const written = (change: ScenarioText = {}): ScenarioText => ({
  duration: "1m",
  services: { shop: SHOP },
  traffic: { shoppers: { rate: "20/s", call: "shop", population: { users: 100_000 } } },
  policies: { fixed: {}, staged: { rollouts: STAGED } },
  ...change,
});

function problemsOf(change: ScenarioText): readonly string[] {
  const whole = { peakday: 1, name: "t", objective: { p95: "1s" }, ...written(change) };
  const text = JSON.stringify(whole);
  const { problems } = loadScenario({ file: "t.yaml", text, readFile: () => null });
  return problems.map(({ message, hint, column, length }) => {
    const place = text.slice(column - 1, column - 1 + length);
    return `${place}: ${message}${hint === null ? "" : ` (${hint})`}`;
  });
}

describe("the canary section", () => {
  it("has a default for everything", () => {
    expect(scenarioOf(written()).canary).toEqual({
      policy: "staged",
      workload: "shop",
      rates: null,
      errorShares: [0.0025, 0.005, 0.01, 0.02, 0.05],
      healthyErrorShare: 0.005,
      bug: { errorShare: 0.05, latencyFactor: { min: 1.5, max: 3 } },
      variants: [],
      runs: null,
    });
  });

  it("tries the traffic of the scenario and less, where it names no rates", () => {
    const levels = (rate: unknown): readonly number[] => {
      const traffic = { shoppers: { rate, call: "shop" } };
      const { cells } = canaryPlan(scenariosOf(written({ traffic })), 1);
      return [...new Set(cells.map(({ trafficRps }) => trafficRps))];
    };
    expect(levels("20/s")).toEqual([1, 5, 20]);
    const rising = [
      { at: "0s", rate: "100/s" },
      { at: "30s", rate: "145/s" },
    ];
    expect(levels({ steps: rising })).toEqual([6.1, 31, 120]);
    expect(levels("0/s")).toEqual([10, 50, 200]);
  });

  it("is nothing where nothing is rolled out", () => {
    const scenarios = scenariosOf(written({ policies: { fixed: {} } }));
    expect(scenarios[0]?.canary).toBeNull();
    expect(whyNoCanary(scenarios)).toMatch("no set of policies has exactly one rollout");
  });

  it("cannot vary traffic of virtual users", () => {
    const closed = scenariosOf(written({ traffic: { crowd: { users: 3, call: "shop" } } }));
    expect(whyNoCanary(closed)).toMatch('"crowd" has users');
  });

  it.each([
    { canary: { policy: "stagd" }, want: '"stagd": no policy "stagd" (did you mean "staged"?' },
    { canary: { policy: "fixed" }, want: '"canary": the policy "fixed" has no rollout to judge' },
    { canary: { rates: ["0/s"] }, want: '"0/s": a rollout needs some traffic' },
    { canary: { rates: ["50"] }, want: "50 a second is written 50/s" },
    {
      canary: { bug: { latency: { min: 3, max: 2 } } },
      want: "3: min is at most max, found 3 above 2",
    },
    {
      canary: { variants: { patient: { minimumRequest: 5 } } },
      want: '"minimumRequest": unknown key "minimumRequest" (did you mean "minimumRequests"?)',
    },
    {
      canary: { variants: { patient: { stageSeconds: 0 } } },
      want: "0: stageSeconds is ",
    },
  ])("is checked: $want", ({ canary, want }) => {
    const problems = problemsOf({ canary });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(want);
  });

  it("says that there is nothing to judge", () => {
    expect(problemsOf({ policies: { fixed: {} }, canary: {} })[0]).toContain(
      "no policy has a rollout to judge",
    );
  });
});

describe("the plan", () => {
  const canary = {
    rates: ["5/s", "50/s"],
    errors: ["0.5%", "2%"],
    bug: { errors: "5%", latency: 2 },
    variants: { patient: { minimumRequests: 200, shortStage: "extend" } },
  };
  const plan = canaryPlan(scenariosOf(written({ canary })), null);

  it("has every release under the policy, and the two extremes under its variants", () => {
    expect(plan.cells.map(({ scenario }) => scenario.policy.name)).toEqual([
      "5 rps, 0.5 %",
      "5 rps, 2 %",
      "5 rps, 5 % ×2",
      "50 rps, 0.5 %",
      "50 rps, 2 %",
      "50 rps, 5 % ×2",
      "patient, 5 rps, 0.5 %",
      "patient, 5 rps, 5 % ×2",
      "patient, 50 rps, 0.5 %",
      "patient, 50 rps, 5 % ×2",
    ]);
    expect(plan.stagesPercent).toEqual([10, 100]);
  });

  it("changes the release, the traffic and the policy, and nothing of production", () => {
    const { services, traffic, policy, warmUp } = plan.cells.at(-1)!.scenario;
    expect(services[0]?.revisions).toMatchObject([
      { name: "stable", errorShare: 0.005, latencyFactor: { min: 1, max: 1 } },
      { name: "next", errorShare: 0.05, latencyFactor: { min: 2, max: 2 } },
    ]);
    expect(traffic).toMatchObject([{ rate: { kind: "constant", rate: 50 } }]);
    const [rollout] = policy.rollouts;
    expect(rollout?.config).toEqual({ ...QUICK, minimumRequests: 200, shortStage: "extend" });
    expect(rollout?.start).toBe(warmUp);
  });

  it("gives a stage that waits for requests the time that they take", () => {
    // 200 requests of the canary take 400 s at 10 % of 5/s, and 40 s at all of it.
    const { duration } = plan.cells.find(({ variant }) => variant === "patient")!.scenario;
    expect(duration).toBeGreaterThan(440e6);
  });

  it("runs rollouts oftener where they take fewer requests, unless it is told a number", () => {
    const runs = (cells: typeof plan.cells) => cells.slice(0, 6).map((cell) => cell.runs);
    expect(runs(plan.cells)).toEqual([900, 900, 900, 285, 285, 285]);
    expect(runs(canaryPlan(scenariosOf(written({ canary })), 7).cells)).toEqual(Array(6).fill(7));
    const asked = scenariosOf(written({ canary: { ...canary, runs: 3 } }));
    expect(runs(canaryPlan(asked, null).cells)).toEqual(Array(6).fill(3));
  });

  it("keeps the shares of several streams of traffic", () => {
    const traffic = {
      web: { rate: "30/s", call: "shop" },
      app: { rate: { stages: [{ duration: "1m", target: "20/s" }] }, call: "shop" },
    };
    const cells = canaryPlan(scenariosOf(written({ canary, traffic })), 1).cells;
    const rates = cells[0]!.scenario.traffic.map((stream) =>
      stream.kind === "open" && stream.rate.kind === "constant" ? stream.rate.rate : null,
    );
    expect(rates).toEqual([3.75, 1.25]);
  });
});

describe("a run until its rollouts end", () => {
  const [, scenario] = scenariosOf(written({ duration: "10m" }));
  const task = { scenario: scenario!, replication: 0, detail: true, from: null };
  const whole = runReplication(task, builtInPolicies);
  const short = runReplication({ ...task, untilRolloutsEnd: true }, builtInPolicies);

  it("sees the same rollout", () => {
    const [rollout] = whole.rollouts;
    expect(rollout?.outcome).not.toBe("unfinished");
    expect(short.rollouts[0]?.stages).toEqual(rollout?.stages);
    expect(short.rollouts[0]?.endSeconds).toEqual(rollout?.endSeconds);
    expect(short.result.requests).toBeLessThan(whole.result.requests / 5);
  });

  it("accounts for every request that came until then", () => {
    const { binSeconds, arrivalsRps } = short.timeline!;
    const arrivals = arrivalsRps.reduce((sum, rate) => sum + rate * binSeconds, 0);
    expect(arrivals).toBeCloseTo(short.result.requests, 6);
    const { completed, failed, inFlight, requests } = short.result;
    expect(completed + failed + inFlight!).toBe(requests);
    // Two replicas all the time, and the canary beside them.
    expect(short.replicas[0]?.mean).toBeGreaterThan(2);
    expect(short.replicas[0]?.mean).toBeLessThan(5);
  });

  it("lasts to the end when there is no rollout", () => {
    const [fixed] = scenariosOf(written());
    const none = { ...task, scenario: fixed! };
    expect(runReplication({ ...none, untilRolloutsEnd: true }, builtInPolicies)).toEqual(
      runReplication(none, builtInPolicies),
    );
  });
});

describe("a level of traffic that the pods cannot serve", () => {
  it("is named among the doubts, and no other", () => {
    const limits = { limits: { cpu: 1 } };
    const shop = { ...SHOP, resources: limits, endpoints: { "GET /": [{ work: "10ms" }] } };
    const canary = { rates: ["20/s", "400/s"], errors: ["0.5%"] };
    const scenarios = scenariosOf(written({ canary, services: { shop } }));
    const plan = canaryPlan(scenarios, 1);
    const outputs = canaryTasks(plan).map((task) => runReplication(task, builtInPolicies));
    const whole = runReplication(
      { scenario: scenarios[1]!, replication: 0, detail: true, from: null },
      builtInPolicies,
    );
    const identity = { version: "0.0.0", file: "t.yaml", scenarioDigest: "0", level: 0.95 };
    const plain = summarise({
      identity,
      scenarios: scenarios.slice(1),
      outputs: [[whole]],
      against: "staged",
    });
    const { warnings } = withCanary(plain, plan, outputs);
    expect(warnings.filter((text) => text.includes("no CPU left"))).toEqual([
      "At 400 rps the pods have no CPU left: releases are stopped there for want of capacity, " +
        "whatever their errors.",
    ]);
  });
});

describe("the result", () => {
  const canary = { rates: ["50/s"], errors: ["0%", "50%"], healthy: "0%", bug: { errors: "50%" } };
  const stable = { ...SHOP, revisions: { stable: {}, next: {} } };
  const scenarios = scenariosOf(written({ canary, services: { shop: stable } }));
  const plan = canaryPlan(scenarios, 5);
  const outputs = canaryTasks(plan).map((task) => runReplication(task, builtInPolicies));

  it("says how often, when and where releases are stopped, and whom they hurt", () => {
    const [healthy, bad] = canaryResult(plan, outputs, 0.95).cells;
    expect(healthy).toMatchObject({ rollouts: 5, rolledBack: 0, stagePercent: null });
    expect(healthy?.share).toMatchObject({ mean: 0, low: 0, n: 5 });
    expect(healthy?.share.high).toBeCloseTo(0.4345, 3);
    expect(healthy?.detectionSeconds).toBeNull();
    expect(healthy?.usersHurt?.mean).toBe(0);
    expect(healthy?.example.outcome).toBe("promoted");
    expect(bad).toMatchObject({ rolledBack: 5, stagePercent: 10, latencyFactor: 1 });
    expect(bad?.share).toMatchObject({ mean: 1, high: 1 });
    expect(bad?.detectionSeconds?.mean).toBeGreaterThan(10);
    expect(bad?.usersHurt?.mean).toBeGreaterThan(0);
  });

  it("is a result like others, and doubts what few rollouts show", () => {
    const staged = scenarios.slice(1);
    const stand = staged.map((scenario) => [
      runReplication({ scenario, replication: 0, detail: true, from: null }, builtInPolicies),
    ]);
    const identity = { version: "0.0.0", file: "t.yaml", scenarioDigest: "0", level: 0.95 };
    const plain = summarise({ identity, scenarios: staged, outputs: stand, against: "staged" });
    const result = withCanary(plain, plan, outputs);
    expect(resultSchema.parse(result)).toEqual(result);
    expect(result.digest).not.toBe(plain.digest);
    expect(result.warnings.join()).toContain("from 5 rollouts. Use --runs 20.");
  });
});
