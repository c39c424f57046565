import { describe, expect, it } from "vitest";
import {
  type ChartSpec,
  claimSteps,
  costAgainstObjective,
  decisionSpots,
  delayWaterfall,
  failurePanel,
  latencyPanel,
  operatingCharacteristic,
  PALETTE,
  replicaPanel,
  stageStrips,
  stageStripsSize,
  timelineModel,
  timeSpentBars,
  timeSpentSize,
  trafficPanel,
  waterfallSize,
} from "../../reports/charts/index.ts";
import { labelBox, placeLabel } from "../../reports/charts/labelPlaces.ts";
import { logTicks, ticksAround, ticksFromZero, timeTicks } from "../../reports/charts/scales.ts";
import { thinTimeline } from "../../reports/charts/thinTimeline.ts";
import { failedShares, trafficOf } from "../../reports/charts/timelineModel.ts";
import { failureReasonStyles } from "../../reports/failureReasons.ts";
import { renderSvg } from "../../reports/render/index.ts";
import { bareResult } from "./nulls.ts";
import { sampleCanary, sampleResult, sampleRollout } from "./sampleResult.ts";

const result = sampleResult({ n: 5, canary: true });
const documented = result.policies[0]!;
const chain = documented.delayChains[0]!;
const model = timelineModel(result)!;
const padding = { left: 46, right: 10, top: 20, bottom: 40 };
const size = { width: 660, height: 290, padding };
const panel = { width: 279, last: true };

const charts: Readonly<Record<string, () => ChartSpec | null>> = {
  "cost-against-objective": () => costAgainstObjective(result, size),
  "delay-waterfall": () => delayWaterfall("hpa", chain, waterfallSize(chain, 552), 520),
  "time-spent": () => timeSpentBars(result, timeSpentSize(4, 660)),
  "claim-steps": () => claimSteps(result, result.claims[0]!, size),
  "operating-characteristic": () => operatingCharacteristic(sampleCanary(), size),
  "stage-strips": () =>
    stageStrips(
      (["healthy", "bug", "late"] as const).map((name) => ({ name, rollout: sampleRollout(name) })),
      stageStripsSize(3, 660),
    ),
  traffic: () => trafficPanel(documented, model, panel),
  replicas: () => replicaPanel(documented, "product", model, panel),
  latency: () => latencyPanel(documented, model, panel),
  failures: () => failurePanel(documented, model, panel),
};

/** Data is shown by its first rows: the golden is about the form. */
function brief(spec: ChartSpec | null): string {
  const text = JSON.stringify(
    spec,
    (key, value: unknown) => {
      if (key === "config") return "the theme";
      if (key !== "values" || !Array.isArray(value) || value.length <= 4) return value;
      return [...value.slice(0, 2), `and ${value.length - 2} more`];
    },
    1,
  );
  return `${text}\n`;
}

describe("charts", () => {
  it.each(Object.keys(charts))("%s has the form of its golden", async (name) => {
    await expect(brief(charts[name]!())).toMatchFileSnapshot(`../golden/reports/${name}.json`);
  });

  it.each(Object.keys(charts))(
    "%s draws without a warning, in colours of the palette",
    async (name) => {
      const spec = charts[name]!()!;
      const svg = await renderSvg(spec);
      const light = Object.values(PALETTE).map((colors) => colors.light as string);
      const colors = [...svg.matchAll(/(?:fill|stroke)="(#\w+)"/g)].map(([, color]) => color ?? "");
      expect(colors.length).toBeGreaterThan(0);
      expect(colors.filter((color) => !light.includes(color))).toEqual([]);
      const sizes = [...svg.matchAll(/font-size="(\d+)px"/g)].map(([, px]) => Number(px));
      expect(Math.min(...sizes, 11)).toBe(11);
    },
  );

  it("draws what is known of a timeline with gaps", async () => {
    const bare = bareResult();
    const gaps = timelineModel(bare)!;
    for (const policy of bare.policies) {
      for (const spec of [
        trafficPanel(policy, gaps, panel),
        latencyPanel(policy, gaps, panel),
        failurePanel(policy, gaps, panel),
        ...gaps.scaledServices.map((service) => replicaPanel(policy, service, gaps, panel)),
      ]) {
        if (spec !== null) expect(/NaN|undefined/.exec(await renderSvg(spec))?.[0]).toBeUndefined();
      }
    }
  });

  it("puts each decision on its panel, in order of time", () => {
    const spots = decisionSpots(documented, "product", model, panel);
    expect(spots).toHaveLength(16);
    const lefts = spots.map(({ left }) => left);
    expect(lefts).toEqual(lefts.toSorted((a, b) => a - b));
    expect(Math.min(...lefts)).toBeGreaterThan(0);
    expect(Math.max(...lefts)).toBeLessThan(1);
  });

  it("adds the links of a delay up to the whole", () => {
    const spec = delayWaterfall("hpa", chain, waterfallSize(chain, 552), 520);
    expect(JSON.stringify(spec)).toContain('"name":"whole reaction","from":0,"to":512.5');
  });

  it("gives every failure reason its own label and shade", () => {
    const reasons = ["queue-full", "timeout", "error", "killed", "no-endpoint", "pool-timeout"];
    const styles = failureReasonStyles([...reasons, "connection-refused", "quota-exceeded"]);
    expect(new Set(styles.map(({ label }) => label)).size).toBe(8);
    expect(new Set(styles.map(({ token, opacity }) => `${token} ${opacity}`)).size).toBe(8);
  });

  it("never shows more failures than requests that ended", () => {
    const shares = Object.values(failedShares(documented.timeline));
    const sums = documented.timeline.arrivalsRps.map((_, bin) =>
      shares.reduce((sum, share) => sum + share[bin]!, 0),
    );
    expect(Math.max(...sums)).toBeGreaterThan(50);
    expect(Math.max(...sums)).toBeLessThanOrEqual(100);
  });
});

describe("the traffic of a service", () => {
  it("is what is asked of it, also while nobody reaches it, in short and in long runs", () => {
    const offered = documented.timeline.arrivalsRps;
    const services = documented.timeline.services.map((service) => ({
      ...service,
      offeredRps: offered,
      arrivalsRps: offered.map(() => 0),
    }));
    const timeline = { ...documented.timeline, services };
    expect(trafficOf(timeline, "product").offeredRps).toBe(offered);
    const thin = thinTimeline(timeline, 50);
    expect(trafficOf(thin, "product").offeredRps).toEqual(thin.arrivalsRps);
  });
});

describe("thinTimeline", () => {
  it("keeps the failures, the worst latency and the last replicas", () => {
    const { timeline } = documented;
    const thin = thinTimeline(timeline, 50);
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    expect(thin.arrivalsRps).toHaveLength(45);
    expect(thin.binSeconds).toBe(40);
    expect(sum(thin.failures["queue-full"]!)).toBe(sum(timeline.failures["queue-full"]!));
    expect(Math.max(...thin.p99Ms.map(Number))).toBe(Math.max(...timeline.p99Ms.map(Number)));
    expect(thin.services[0]!.ready.at(-1)).toBe(timeline.services[0]!.ready.at(-1));
  });

  it("leaves a short one alone", () => {
    expect(thinTimeline(documented.timeline, 180)).toBe(documented.timeline);
  });
});

describe("axes", () => {
  it.each([
    { why: "a round step", ticks: ticksFromZero(4200, 3), want: [0, 2000, 4000, 6000] },
    { why: "a full top", ticks: ticksFromZero(50, 5), want: [0, 10, 20, 30, 40, 50] },
    { why: "nothing to show", ticks: ticksFromZero(0, 3), want: [0, 1] },
    { why: "no float dust", ticks: ticksAround(0.9, 1.3, 4), want: [0.9, 1, 1.1, 1.2, 1.3] },
    { why: "equal ends", ticks: ticksAround(2, 2, 2), want: [2, 3] },
    { why: "a decade and a half", ticks: logTicks(61, 2100), want: [30, 100, 300, 1000, 3000] },
    { why: "a tick as the low end", ticks: logTicks(30, 290), want: [30, 100, 300] },
    { why: "one value", ticks: logTicks(5, 5), want: [3, 10] },
    {
      why: "half an hour",
      ticks: timeTicks(30, 10),
      want: [0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30],
    },
    { why: "a week of hours", ticks: timeTicks(168, 4), want: [0, 60, 120] },
  ])("have ticks for $why", ({ ticks, want }) => {
    expect(ticks).toEqual(want);
  });
});

describe("placeLabel", () => {
  it("takes the first candidate that covers nothing", () => {
    const bounds = { left: 0, top: 0, right: 200, bottom: 100 };
    const right = { x: 20, y: 50, align: "left" as const };
    const below = { x: 20, y: 80, align: "left" as const };
    const taken = [labelBox(right, "name", 12)];
    expect(placeLabel("name", 12, [right, below], { taken: [], bounds })).toBe(right);
    expect(placeLabel("name", 12, [right, below], { taken, bounds })).toBe(below);
  });

  it("stays inside of the plot", () => {
    const bounds = { left: 0, top: 0, right: 200, bottom: 100 };
    const out = { x: 190, y: 50, align: "left" as const };
    const back = { x: 180, y: 50, align: "right" as const };
    expect(placeLabel("a longer name", 12, [out, back], { taken: [], bounds })).toBe(back);
  });
});
