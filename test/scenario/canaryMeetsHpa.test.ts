import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { summariseModel } from "../../sim/experiment/replication.ts";
import { minutes, seconds } from "../../sim/kernel/time.ts";
import { builtInPolicies } from "../../sim/policy/index.ts";
import { Model } from "../../sim/scenario/build/model.ts";
import { loadScenario } from "../../sim/scenario/load.ts";

/** Argo Rollouts issue 4607: the figures that its reporter saw with 80 % of the traffic shifted. */
const file = "scenarios/canary-meets-hpa.yaml";
const text = readFileSync(new URL(`../../${file}`, import.meta.url), "utf8");
const { scenarios } = loadScenario({ file, text, readFile: () => null });
/** What a pod uses without requests, in percent of its request. */
const IDLE_PERCENT = 12.1;

function modelOf(policy: string): Model {
  const scenario = scenarios.find((candidate) => candidate.policy.name === policy);
  if (scenario === undefined) throw new Error(`no policy ${policy}`);
  return new Model({ scenario, replication: 0, registry: builtInPolicies });
}

/** Pods of each revision, and their CPU in percent of their request, over the five minutes. */
function usage(model: Model): readonly { readonly pods: number; readonly percent: number }[] {
  const pods = model.cluster.pods.filter((pod) => pod.goneAt === null && pod.workload === 0);
  const used = (): readonly number[] =>
    pods.map((pod) => model.plane.usage(pod.number).cpuMicros / 10_000);
  const before = used();
  model.run(seconds((model.simulation.now + minutes(5)) / 1e6));
  const after = used();
  return [0, 1].map((revision) => {
    const mine = [...pods.keys()].filter((index) => pods[index]!.revision === revision);
    const sum = mine.reduce((total, index) => total + after[index]! - before[index]!, 0);
    return { pods: mine.length, percent: sum / 300 / mine.length + IDLE_PERCENT };
  });
}

describe("a canary under an HPA that looks at all pods together", () => {
  const model = modelOf("as-reported");
  let seen: ReturnType<typeof usage> = [];

  beforeAll(() => {
    // The weight of 80 % has held for half a minute, of eight.
    model.run(seconds(model.scenario.warmUp / 1e6 + 1260));
    seen = usage(model);
  });

  it("has 10 canary pods near 109 % of their request and 12 stable ones near 32 %", () => {
    const [stable, canary] = seen;
    expect(stable!.pods).toBe(12);
    expect(canary!.pods).toBe(10);
    expect(stable!.percent).toBeGreaterThan(31);
    expect(stable!.percent).toBeLessThan(33.6);
    expect(canary!.percent).toBeGreaterThan(106);
    expect(canary!.percent).toBeLessThan(112);
  });

  it("has the same figures in its result, bin by bin", () => {
    const { timeline } = summariseModel(model, 0, true);
    const { binSeconds, services } = timeline!;
    // From half a minute into the weight of 80 % on, for the five minutes above.
    const bins = { from: Math.ceil(1260 / binSeconds), to: Math.floor(1560 / binSeconds) };
    const [stable, canary] = services[0]!.revisions!.map(({ revision, pods, cpuPercent }) => {
      const seenPods = new Set(pods.slice(bins.from, bins.to));
      const percent = cpuPercent.slice(bins.from, bins.to).map(Number);
      const mean = percent.reduce((sum, value) => sum + value, 0) / percent.length;
      return { revision, pods: [...seenPods], percent: mean };
    });
    expect(stable).toMatchObject({ revision: "stable", pods: [12] });
    expect(canary).toMatchObject({ revision: "canary", pods: [10] });
    expect(stable!.percent).toBeCloseTo(seen[0]!.percent, 0);
    expect(canary!.percent).toBeCloseTo(seen[1]!.percent, 0);
  });

  it("is not scaled, since the mean lies within the tolerance", () => {
    const scaled = model.cluster.events.filter(({ kind }) => kind === "scale");
    expect(scaled).toEqual([]);
  });
});

it("is scaled when the stable version shrinks with its traffic", () => {
  const model = modelOf("dynamic-stable-scale");
  model.run(seconds(model.scenario.warmUp / 1e6 + 1560));
  const scaled = model.cluster.events.filter(({ kind }) => kind === "scale");
  expect(scaled.length).toBeGreaterThan(0);
  const [stable, canary] = [0, 1].map(
    (revision) =>
      model.cluster.pods.filter((p) => p.goneAt === null && p.revision === revision).length,
  );
  expect(stable!).toBeLessThan(12);
  expect(canary!).toBeGreaterThan(10);
});
