import { describe, expect, it } from "vitest";
import { millis, seconds } from "../../sim/kernel/time.ts";
import { booksOf, outcomeOf } from "../support/observe.ts";
import { evenly, modelOf, ran, type ScenarioText } from "../support/scenarios.ts";

const shop = {
  replicas: 4,
  resources: { requests: { cpu: "100m", memory: "64Mi" } },
  startup: "2s",
  revisions: {
    stable: { errors: "0.5%" },
    healthy: { errors: "0.5%" },
    buggy: { errors: "5%", latency: { min: 1.5, max: 3 } },
    slow: { errors: "0.5%", latency: { min: 1.5, max: 3 } },
  },
  endpoints: { get: [{ wait: { lognormal: { mean: "50ms", cv: 0.3 } } }] },
};

const canary = { stages: [10, 50, 100], stageSeconds: 60, minimumRequests: 100 };

const release = (revision: string, more: ScenarioText = {}): ScenarioText => ({
  duration: "300s",
  seed: 2,
  services: { shop },
  traffic: { users: { rate: "200/s", call: "shop", population: { users: 1_000_000 } } },
  policies: {
    set: { rollouts: { shop: { revision, at: "10s", "staged-canary": { ...canary, ...more } } } },
  },
});

describe("a healthy release", () => {
  const model = ran(release("healthy", { errorRatioLimit: 4 }));

  it("is promoted after its stages, and the old revision goes away", () => {
    const outcome = outcomeOf(model);
    expect(outcome).toMatchObject({ outcome: "promoted", reason: "StagePassed" });
    expect(outcome.stages.map(({ percent }) => percent)).toEqual([10, 50, 100]);
    const alive = model.cluster.pods.filter(({ goneAt }) => goneAt === null);
    expect(alive.map(({ revision }) => revision)).toEqual([1, 1, 1, 1]);
    expect(model.recorder.failuresByReason.filter((count) => count > 0)).toHaveLength(1);
  });

  it("gets the share of the requests that each stage says", () => {
    const { stages } = outcomeOf(model);
    for (const { percent, requests } of stages) {
      const mean = (60 * 200 * percent) / 100;
      // A stage lasts a sync longer at most.
      expect(requests).toBeGreaterThan(mean - 5 * Math.sqrt(mean));
      expect(requests).toBeLessThan((mean * 65) / 60 + 5 * Math.sqrt(mean));
    }
  });

  it("hurts nobody: what it fails, the stable one would have failed", () => {
    expect(outcomeOf(model).usersHurt).toBe(0);
    expect(
      outcomeOf(model).stages.reduce((sum, { failures }) => sum + failures, 0),
    ).toBeGreaterThan(50);
  });
});

describe("users hurt", () => {
  const visitors = { rate: "200/s", call: "shop" };
  const known = { ...visitors, population: { users: 1_000_000 } };

  it.each([
    { why: "traffic without a population", traffic: { visitors } },
    { why: "one of two streams without a population", traffic: { visitors, known } },
  ])("are not counted among $why", ({ traffic }) => {
    const model = ran({ ...release("buggy"), traffic });
    expect(outcomeOf(model)).toMatchObject({ outcome: "rolled-back", usersHurt: null });
  });
});

describe("a buggy release", () => {
  const model = ran(release("buggy"));

  it("is rolled back at the end of its first stage", () => {
    const outcome = outcomeOf(model);
    expect(outcome.outcome).toBe("rolled-back");
    expect(outcome.reason).toMatch(/^error rate [\d.]+ % is above 1 %$/u);
    expect(outcome.stages.map(({ percent }) => percent)).toEqual([10]);
    // 2 s to start, 1 s for the endpoint, 50 ms to schedule, 60 s of stage, and syncs of 1 s.
    expect(outcome.endSeconds).toBeGreaterThanOrEqual(63);
    expect(outcome.endSeconds).toBeLessThanOrEqual(67);
  });

  it("hurts those who met a failure that they would not have met before", () => {
    const { stages, usersHurt } = outcomeOf(model);
    const { failures, requests } = stages[0]!;
    // Nine of ten failures of the release are its own; among a million users none comes twice.
    expect(Math.abs(failures - 0.05 * requests)).toBeLessThan(4.5 * Math.sqrt(0.05 * requests));
    expect(usersHurt).toBeLessThan(failures);
    expect(Math.abs(usersHurt! - 0.9 * failures)).toBeLessThan(4.5 * Math.sqrt(0.1 * failures));
  });

  it("leaves all traffic with the stable revision, which keeps its replicas", () => {
    const alive = model.cluster.pods.filter(({ goneAt }) => goneAt === null);
    expect(alive.map(({ revision }) => revision)).toEqual([0, 0, 0, 0]);
    const { stable, canary: gone } = model.cluster.observeRollout("shop", "buggy");
    expect([stable.weight, gone.weight, gone.replicas]).toEqual([1, 0, 0]);
    expect(booksOf(model).outstanding.slice(4)).toEqual([0]);
    const lost = model.recorder.failuresByReason;
    expect(lost.filter((count) => count > 0)).toHaveLength(1);
  });

  it("is told by its median when it only is slow", () => {
    const outcome = outcomeOf(ran(release("slow", { errorRatioLimit: 4 })));
    expect(outcome.outcome).toBe("rolled-back");
    expect(outcome.reason).toMatch(/^p50 is 2\.\d+ times production's, above 1\.5$/u);
  });

  it("that nobody judges goes all the way", () => {
    const open = { errorRateLimit: 1, errorRatioLimit: 1000, p50RatioLimit: 1000 };
    const unjudged = outcomeOf(ran(release("buggy", open)));
    expect(unjudged.outcome).toBe("promoted");
    expect(unjudged.usersHurt).toBeGreaterThan(5 * outcomeOf(model).usersHurt!);
  });
});

describe("traffic in stages", () => {
  it("keeps every request that had the canary on the canary when its share grows", () => {
    const traffic = { users: { ...evenly(2000, 5), call: "shop" } };
    const share = (percent: number): ReadonlySet<number> => {
      const model = modelOf({ ...release("healthy"), traffic });
      model.run(seconds(1));
      model.cluster.scaleRevision("shop", "healthy", 1);
      model.run(seconds(8));
      const weights = { stable: 1 - percent / 100, healthy: percent / 100 };
      model.cluster.setRoutes("shop", [{ match: {}, weights, sticky: "request" }]);
      const chosen = new Set<number>();
      for (let at = 8005; at < 10_000; at += 5) {
        const before = model.plane.usage(4).requests;
        model.run(millis(at));
        if (model.plane.usage(4).requests > before) chosen.add(at);
      }
      return chosen;
    };
    const [few, many] = [share(10), share(40)];
    expect(few.size).toBeGreaterThan(20);
    expect(many.size).toBeGreaterThan(3 * few.size);
    expect([...few].filter((at) => !many.has(at))).toEqual([]);
  });
});
