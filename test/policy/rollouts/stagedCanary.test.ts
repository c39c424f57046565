import { describe, expect, it } from "vitest";
import { type Micros, micros, seconds } from "../../../sim/kernel/time.ts";
import { thresholdFault } from "../../../sim/policy/judges/thresholdRule.ts";
import type { RevisionObservation, RolloutDecision } from "../../../sim/policy/rollout.ts";
import {
  type StagedCanaryConfig,
  type StagedCanaryState,
  stagedCanary,
} from "../../../sim/policy/rollouts/stagedCanary.ts";

const limits = {
  errorRateLimit: 0.01,
  errorRatioLimit: 2,
  errorRatioFloor: 0.001,
  p50RatioLimit: 1.5,
  emptyBaseline: "skip-ratios",
  significanceLevel: null,
} as const;

/** [requests, failures, p50 in ms] of production and canary. */
type Counts = readonly [number, number, number | null];
const counts = ([requests, failures, p50Ms]: Counts) => ({ requests, failures, p50Ms });

describe("the judge", () => {
  it.each<{ why: string; stable: Counts; canary: Counts; want: RegExp | null }>([
    { why: "no failures", stable: [900, 0, 50], canary: [100, 0, 50], want: null },
    { why: "1 % is the limit", stable: [1000, 10, 50], canary: [1000, 10, 50], want: null },
    {
      why: "more than 1 % is above it",
      stable: [1000, 10, 50],
      canary: [1000, 11, 50],
      want: /error rate 1\.1 % is above 1 %/u,
    },
    {
      why: "twice production is allowed",
      stable: [1000, 4, 50],
      canary: [1000, 8, 50],
      want: null,
    },
    {
      why: "more than twice is not",
      stable: [1000, 4, 50],
      canary: [1000, 9, 50],
      want: /2\.25 times production's, above 2/u,
    },
    {
      why: "a faultless production counts as 0.1 %",
      stable: [1000, 0, 50],
      canary: [1000, 2, 50],
      want: null,
    },
    {
      why: "a faultless production counts as 0.1 %, and three are more than twice that",
      stable: [1000, 0, 50],
      canary: [1000, 3, 50],
      want: /3 times/u,
    },
    { why: "p50 at its limit", stable: [900, 0, 40], canary: [100, 0, 60], want: null },
    {
      why: "p50 above it",
      stable: [900, 0, 40],
      canary: [100, 0, 61],
      want: /p50 is 1\.5\d times production's/u,
    },
    {
      why: "a canary that answered nothing has no p50",
      stable: [9, 0, 40],
      canary: [1, 0, null],
      want: null,
    },
    {
      why: "production that answered nothing has none",
      stable: [9, 0, null],
      canary: [1, 0, 9],
      want: null,
    },
    {
      why: "no production: ratios say nothing",
      stable: [0, 0, null],
      canary: [1000, 9, 900],
      want: null,
    },
    {
      why: "no production: the rate still does",
      stable: [0, 0, null],
      canary: [1000, 11, 50],
      want: /error rate/u,
    },
  ])("$why", ({ stable, canary, want }) => {
    const verdict = thresholdFault(limits, counts(stable), counts(canary));
    if (want === null) expect(verdict).toBeNull();
    else expect(verdict).toMatch(want);
  });

  it("takes an empty production for a faultless one, if told so", () => {
    const floor = { ...limits, emptyBaseline: "floor" } as const;
    expect(thresholdFault(floor, counts([0, 0, null]), counts([1000, 2, 50]))).toBeNull();
    expect(thresholdFault(floor, counts([0, 0, null]), counts([1000, 3, 50]))).toMatch(/3 times/u);
  });
});

/** A world in which replicas come up at once, and requests come as the test says. */
class World {
  now: Micros = seconds(0);
  weight = 0;
  replicas = 0;
  available: number | null = null;
  requests = 0;
  failures = 0;
  stableRequests = 10_000;
  resets = 0;
  readonly decisions: string[] = [];
  #state: StagedCanaryState;

  constructor(config: StagedCanaryConfig) {
    this.#state = stagedCanary.init(config);
  }

  /** One step of the policy; its decision is carried out. */
  step(after: number): RolloutDecision {
    this.now = micros(this.now + seconds(after));
    const observation = {
      replicas: 10,
      stable: this.#revision("v1", 1 - this.weight, this.stableRequests, 0),
      canary: this.#revision("v2", this.weight, this.requests, this.failures),
      regions: [],
    };
    const before = JSON.stringify([this.#state, observation]);
    const { state, decision } = stagedCanary.step(this.#state, observation, this.now, () => 0.5);
    expect(JSON.stringify([this.#state, observation])).toBe(before);
    this.#state = JSON.parse(JSON.stringify(state)) as StagedCanaryState;
    if (decision.kind === "advance") {
      this.weight = decision.routes[0]?.weights["v2"] ?? 0;
      this.replicas = decision.replicas["v2"] ?? this.replicas;
      if (decision.resetCounters) {
        this.resets++;
        this.requests = 0;
        this.failures = 0;
      }
    }
    this.decisions.push(`${decision.kind} ${decision.reason}`);
    return decision;
  }

  #revision(
    revision: string,
    weight: number,
    requests: number,
    failures: number,
  ): RevisionObservation {
    const replicas = revision === "v1" ? 10 : this.replicas;
    const availableReplicas = revision === "v1" ? 10 : (this.available ?? replicas);
    const p = { p50Ms: 50, p95Ms: 90, p99Ms: 99 };
    return { revision, replicas, availableReplicas, weight, requests, failures, ...p };
  }
}

describe("a gate of significance", () => {
  const gated = { ...limits, significanceLevel: 0.01 } as const;

  it("lets go what chance explains, and stops what it does not", () => {
    // 4 errors of 300 are above 1 %, and no wonder where one of 200 is normal.
    const [stable, lucky]: readonly Counts[] = [
      [5700, 29, null],
      [300, 4, null],
    ];
    expect(thresholdFault(limits, counts(stable!), counts(lucky!))).toMatch(/above 1 %/u);
    expect(thresholdFault(gated, counts(stable!), counts(lucky!))).toBeNull();
    expect(thresholdFault(gated, counts(stable!), counts([300, 12, null]))).toMatch(/above 1 %/u);
  });

  it("does not excuse a slow canary, nor errors where there is no production", () => {
    expect(thresholdFault(gated, counts([900, 9, 40]), counts([100, 2, 90]))).toMatch(/p50/u);
    expect(thresholdFault(gated, counts([0, 0, null]), counts([1000, 11, 50]))).toMatch(/rate/u);
  });
});

describe("a staged canary under a sequential test", () => {
  const config = { stages: [10, 100], stageSeconds: 60, sprt: { p0: "0.5%", p1: "2%" } };
  const begin = (more: StagedCanaryConfig = {}): World => {
    const world = new World({ ...config, ...more });
    world.step(1);
    world.step(1);
    return world;
  };

  it("goes on as soon as it knows that the canary is good", () => {
    const world = begin();
    world.requests = 193;
    expect(world.step(1)).toMatchObject({ kind: "hold", reason: "StageInProgress" });
    world.requests = 194;
    expect(world.step(1)).toMatchObject({ kind: "advance", reason: "StagePassed" });
  });

  it("rolls back as soon as it knows that it is bad", () => {
    const world = begin();
    [world.requests, world.failures] = [5, 3];
    const reason = "3 errors in 5 requests: rejected";
    expect(world.step(1)).toMatchObject({ kind: "rollback", reason });
  });

  it("still looks at its p50, and goes the way of a short stage when it does not know", () => {
    const short = begin();
    short.requests = 50;
    expect(short.step(60)).toMatchObject({ kind: "advance", reason: "TooFewRequestsToJudge" });
    const patient = begin({ shortStage: "extend" });
    patient.requests = 50;
    expect(patient.step(60)).toMatchObject({ kind: "hold", reason: "WaitingForRequests" });
    const slow = begin({ p50RatioLimit: 0.9 });
    slow.requests = 500;
    expect(slow.step(1)).toMatchObject({ kind: "rollback" });
  });

  it("needs two shares in their order", () => {
    expect(stagedCanary.validate({ sprt: { p0: 0.02, p1: 0.01 } })).toHaveLength(1);
    expect(stagedCanary.validate({ sprt: { p0: 0.01, p1: 0.02, alpha: "1%" } })).toEqual([]);
  });
});

describe("a staged canary", () => {
  const config = { stages: [10, 50, 100], stageSeconds: 60, minimumRequests: 100 };

  it("takes shares as percentages too, and says so of what is neither", () => {
    expect(stagedCanary.init({ errorRateLimit: "1%", errorRatioFloor: "0.25%" })).toMatchObject({
      errorRateLimit: 0.01,
      errorRatioFloor: 0.0025,
    });
    for (const errorRateLimit of ["101%", "1", "-1%", 1.5, true]) {
      expect(stagedCanary.validate({ errorRateLimit })).toEqual([
        {
          path: ["errorRateLimit"],
          expected: "a share from 0 to 1, or a percentage like 1%",
          received: JSON.stringify(errorRateLimit),
        },
      ]);
    }
  });

  it("goes stage by stage: replicas first, then traffic, judged at the end of each", () => {
    const world = new World(config);
    const seen: string[] = [];
    for (let i = 0; i < 20 && !world.decisions.at(-1)?.startsWith("promote"); i++) {
      world.step(20);
      world.requests += 1000;
      seen.push(`${world.now / 1e6} ${world.replicas} pods, ${world.weight * 100} %`);
    }
    expect(world.decisions).toEqual([
      "advance ScalingCanary",
      "advance StageStarted",
      "hold StageInProgress",
      "hold StageInProgress",
      "advance StagePassed",
      "advance ScalingCanary",
      "advance StageStarted",
      "hold StageInProgress",
      "hold StageInProgress",
      "advance StagePassed",
      "advance ScalingCanary",
      "advance StageStarted",
      "hold StageInProgress",
      "hold StageInProgress",
      "promote StagePassed",
    ]);
    expect(seen[1]).toBe("40 1 pods, 10 %");
    expect(seen[6]).toBe("140 5 pods, 50 %");
    expect(seen[11]).toBe("240 10 pods, 100 %");
    expect(world.step(20).kind).toBe("hold");
  });

  it("waits for the canary's replicas before it sends them traffic", () => {
    const world = new World(config);
    world.step(1);
    world.available = 0;
    expect(world.step(1)).toEqual({ kind: "hold", reason: "WaitingForCanary" });
    expect(world.weight).toBe(0);
    world.available = null;
    expect(world.step(1).reason).toBe("StageStarted");
  });

  it("rolls back at the end of the first stage that fails, not before", () => {
    const world = new World(config);
    world.step(1);
    world.step(1);
    world.requests = 1000;
    world.failures = 900;
    expect(world.step(59).kind).toBe("hold");
    expect(world.step(1)).toEqual({
      kind: "rollback",
      reason: "error rate 90 % is above 1 %",
    });
    expect(world.step(60)).toEqual({ kind: "hold", reason: "RolloutOver" });
  });

  it("judges from the minimum of requests on, and goes on unjudged below it", () => {
    for (const [requests, kind] of [
      [99, "advance"],
      [100, "rollback"],
    ] as const) {
      const world = new World(config);
      world.step(1);
      world.step(1);
      world.requests = requests;
      world.failures = requests;
      expect(world.step(60).kind).toBe(kind);
    }
  });

  it("waits for requests instead, if told so", () => {
    const world = new World({ ...config, shortStage: "extend" });
    world.step(1);
    world.step(1);
    world.requests = 99;
    expect(world.step(60)).toEqual({ kind: "hold", reason: "WaitingForRequests" });
    expect(world.step(600)).toEqual({ kind: "hold", reason: "WaitingForRequests" });
    world.requests = 100;
    expect(world.step(1).reason).toBe("StagePassed");
  });

  it("counts each stage anew, or all of them together", () => {
    for (const [counters, resets] of [
      ["fresh", 3],
      ["cumulative", 1],
    ] as const) {
      const world = new World({ ...config, counters });
      for (let i = 0; i < 9; i++) {
        world.step(60);
        world.requests += 200;
      }
      expect(world.resets).toBe(resets);
    }
  });

  it("keeps the shares of the routes at 1", () => {
    const world = new World({ stages: [1, 3, 7, 33.3, 99], stageSeconds: 1, minimumRequests: 0 });
    for (let i = 0; i < 15; i++) {
      const decision = world.step(1);
      if (decision.kind !== "advance") continue;
      const [rule] = decision.routes;
      const total = Object.values(rule!.weights).reduce((a, b) => a + b, 0);
      expect(total).toBeCloseTo(1, 15);
    }
  });

  it.each<{ config: unknown; path: string; received: string }>([
    { config: { stages: [10, 10] }, path: "stages.1", received: "10" },
    { config: { stages: [10, 5] }, path: "stages.1", received: "5" },
    { config: { stages: [] }, path: "stages", received: "" },
    { config: { stages: [0] }, path: "stages.0", received: "0" },
    { config: { stages: [101] }, path: "stages.0", received: "101" },
    { config: { errorRateLimit: 2 }, path: "errorRateLimit", received: "2" },
    { config: { minimumRequests: 1.5 }, path: "minimumRequests", received: "1.5" },
    { config: { shortStage: "skip" }, path: "shortStage", received: "skip" },
  ])("refuses $config", ({ config, path, received }) => {
    const [problem, ...more] = stagedCanary.validate(config);
    expect(more).toEqual([]);
    expect(problem!.path.join(".")).toBe(path);
    expect(problem!.received).toContain(received);
  });

  it("takes an empty configuration for the document's", () => {
    expect(stagedCanary.validate({})).toEqual([]);
    const { stages, stageDuration, minimumRequests } = stagedCanary.init({});
    expect([stages, stageDuration, minimumRequests]).toEqual([
      [1, 5, 10, 25, 50, 100],
      60_000_000,
      100,
    ]);
  });
});
