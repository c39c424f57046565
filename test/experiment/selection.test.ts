import { describe, expect, it } from "vitest";
import { reproduceCommand } from "../../reports/reproduce.ts";
import { selectionSentences } from "../../reports/selectionWords.ts";
import { resultSchema } from "../../sim/result/result.ts";
import { Workplace } from "../cli/support.ts";

const shop = `peakday: 1
name: shop
duration: 20s
warmUp: 20s
objective: { p95: 1s }
services:
  shop:
    cpu: fifo
    concurrency: 1
    resources: { requests: { cpu: 1 }, limits: { cpu: 1 } }
    endpoints: { get: [work: { exponential: 20ms }] }
traffic: { users: { rate: 60/s, call: shop } }
policies:
  two: { autoscalers: { shop: { fixed: { replicas: 2 } } } }
  three: { autoscalers: { shop: { fixed: { replicas: 3 } } } }
  four: { autoscalers: { shop: { fixed: { replicas: 4 } } } }
`;

describe("peakday compare --select", () => {
  const place = new Workplace({ "shop.yaml": shop });
  const compare = (words: string) =>
    place.peakday(`compare shop.yaml --runs 5 --json --quiet ${words}`);
  const resultOf = (words: string) => resultSchema.parse(JSON.parse(compare(words).stdout));

  it("chooses the best, the same with any number of workers, and leaves the bad out early", () => {
    const words = "--select 0.95 --indifference 3%";
    const result = resultOf(`${words} --workers 0`);
    expect(resultOf(`${words} --workers 2`)).toEqual(result);
    const { selection } = result;
    expect(selection).toMatchObject({ metric: "p95", best: "four", probability: 0.95 });
    const [two, three, four] = selection!.policies;
    expect(two!.runs).toBeLessThanOrEqual(three!.runs);
    expect(four).toMatchObject({ isOut: false, runs: three!.runs });
    expect(four!.mean!).toBeLessThan(two!.mean!);
    // Tables and intervals are those of the first runs, as many for each policy.
    expect(result.policies.map(({ replications }) => replications.length)).toEqual([5, 5, 5]);
    expect(reproduceCommand(result)).toContain(
      "--runs 5 --select 0.95 --indifference 0.03 --by p95 --max-runs 1000",
    );
    expect(selectionSentences(result)[0]).toMatch(
      /^Least p95, with a probability of 95 %: four, \d+ ms; differences below/,
    );
  });

  it("says that there is no choice at the cap", () => {
    const result = resultOf("--select 0.99 --indifference 0.001% --max-runs 5 --policy three four");
    expect(result.selection).toMatchObject({ best: null, maxRuns: 5 });
    expect(result.warnings.join(" ")).toMatch(/No choice of the least p95 after 5 runs/);
    expect(selectionSentences(result)[0]).toMatch(/no choice yet among three and four/);
  });

  it("chooses by cost too, which does not vary", () => {
    const { selection } = resultOf("--select 0.9 --by cost");
    expect(selection).toMatchObject({ best: "two", policies: [{ runs: 5 }, { runs: 5 }, {}] });
  });

  it("refuses what makes no sense", () => {
    for (const [words, why] of [
      ["--indifference 1%", "--indifference says how to choose"],
      ["--select 0.5 --policy two three", "no better than a guess"],
      ["--select 0.9 --policy two", "two policies or more"],
      ["--select 0.9 --until-width 1%", "both say how many"],
      ["--select 0.9 --by speed", "--by"],
    ] as const) {
      const { status, stderr } = compare(words);
      expect({ words, status }).toEqual({ words, status: 104 });
      expect(stderr).toContain(why);
    }
  });
});
