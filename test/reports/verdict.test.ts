import { describe, expect, it } from "vitest";
import {
  clock,
  countText,
  decimalsFor,
  fixed,
  instant,
  latencyText,
  listText,
  milliseconds,
  percentText,
  secondsText,
  signed,
  signedUsd,
  span,
  usdText,
} from "../../reports/format.ts";
import { escapeMarkdown, resultMarkdown } from "../../reports/markdown.ts";
import { reproduceCommand } from "../../reports/reproduce.ts";
import {
  causeSentence,
  comparisonOf,
  pickOf,
  ranked,
  roleOf,
  sentenceText,
  verdictDetails,
  verdictSentence,
} from "../../reports/verdict.ts";
import type { PolicyResult, Result } from "../../sim/result/result.ts";
import { bareResult, HOSTILE, hostileResult } from "./nulls.ts";
import { sampleResult } from "./sampleResult.ts";

const say = (result: Result): string => sentenceText(verdictSentence(result));

describe("the verdict", () => {
  it.each([
    {
      why: "several hold",
      result: sampleResult(),
      sentence: "scheduled is the cheapest policy that holds the objective: p95 86 ms, $1.25.",
    },
    {
      why: "one holds",
      result: sampleResult({ policies: ["hpa-100-percent", "fixed-50"] }),
      sentence: "fixed-50 is the only policy that holds the objective: p95 86 ms, $1.30.",
    },
    {
      why: "none holds",
      result: sampleResult({ policies: ["hpa-as-documented", "hpa-100-percent"] }),
      sentence:
        "No policy holds the objective; hpa-100-percent comes closest: p95 1.7 s and 7.6 % failed.",
    },
    {
      why: "the only one holds",
      result: sampleResult({ policies: ["scheduled"] }),
      sentence: "scheduled holds the objective: p95 86 ms, $1.25.",
    },
    {
      why: "the only one misses",
      result: sampleResult({ policies: ["hpa-as-documented"] }),
      sentence: "hpa-as-documented misses the objective: p95 1.8 s and 15.9 % failed.",
    },
    {
      why: "there is no objective, no price and no answer",
      result: bareResult(),
      sentence: "No objective is set; hpa-100-percent is smallest: no request was answered.",
    },
    {
      why: "nothing ran",
      result: { ...sampleResult(), policies: [] },
      sentence: "Nothing was run.",
    },
  ])("is one sentence when $why", ({ result, sentence }) => {
    expect(say(result)).toBe(sentence);
  });

  it("names what the choice saves, and the limit that failed the baseline", () => {
    expect(verdictDetails(sampleResult())).toEqual([
      "It costs 3.8 % less than fixed-50, which holds the objective too.",
      "hpa-as-documented fails 15.9 % of all requests: of the 513 s it needs to catch up, " +
        "338 s are its own policy limit (behavior.scaleUp.policies).",
    ]);
  });

  it("names the commonest failure where no link of the delay dominates", () => {
    const result = sampleResult({ policies: ["hpa-as-documented"] });
    const policies = result.policies.map((policy) => ({ ...policy, delayChains: [] }));
    expect(causeSentence({ ...result, policies })).toBe(
      "hpa-as-documented fails 15.9 % of all requests; 94 % of the failures are queue full.",
    );
  });

  it("has no cause to give when all is held", () => {
    expect(causeSentence(sampleResult({ policies: ["scheduled"] }))).toBeNull();
  });

  it("ranks what holds by cost, what misses by how far", () => {
    const names = (policies: readonly PolicyResult[]) => policies.map(({ name }) => name);
    expect(names(ranked(sampleResult()))).toEqual([
      ...["scheduled", "fixed-50", "hpa-100-percent", "hpa-as-documented"],
    ]);
    expect(pickOf(sampleResult())?.name).toBe("scheduled");
    expect(pickOf(sampleResult({ policies: ["hpa-100-percent"] }))).toBeNull();
  });

  it("gives each policy its part", () => {
    const result = sampleResult();
    expect(result.policies.map((policy) => roleOf(policy, result))).toEqual([
      ...["baseline", "", "cheapest that holds", "holds, dearer"],
    ]);
  });

  it("turns a comparison round", () => {
    const pair = comparisonOf(sampleResult(), "hpa-as-documented", "scheduled")!;
    expect(pair.differences.p95Ms).toMatchObject({ mean: 1739, low: 1735, high: 1743 });
    expect(pair.differences.p95Ms?.verdict).toBe("worse");
    expect(pair.differences.costUsd?.verdict).toBe("better");
  });

  it.each([
    {
      options: {},
      command:
        "peakday compare scenarios/black-friday.yaml --policy hpa-as-documented hpa-100-percent " +
        "scheduled fixed-50 --runs 20 --seed 20261127",
    },
    {
      options: { n: 1, policies: ["scheduled"] as const },
      command:
        "peakday run scenarios/black-friday.yaml --policy scheduled --runs 1 --seed 20261127",
    },
    {
      options: { canary: true, policies: ["scheduled"] as const },
      command: "peakday canary scenarios/black-friday.yaml --runs 1500 --seed 20261127",
    },
  ])("can be had again by $command", ({ options, command }) => {
    expect(reproduceCommand(sampleResult(options))).toBe(command);
  });

  it("can be had again with everything that was laid over the scenario", () => {
    const result = sampleResult({ policies: ["scheduled", "fixed-50"] });
    const scenario = { ...result.scenario, arguments: ["--set", "traffic.a.rate=[5/s]"] };
    const comparisons = result.comparisons.map((pair) => ({ ...pair, against: "fixed-50" }));
    expect(reproduceCommand({ ...result, scenario, comparisons, level: 0.9 })).toBe(
      "peakday compare scenarios/black-friday.yaml --policy scheduled fixed-50 " +
        "--against fixed-50 --set 'traffic.a.rate=[5/s]' --runs 20 --seed 20261127 --level 0.9",
    );
  });

  it("can be had again without a number of runs where each cell has its own", () => {
    const result = sampleResult({ canary: true, policies: ["scheduled"] });
    const canary = result.canary!;
    const cells = canary.cells.map((cell, index) => ({ ...cell, rollouts: 10 + index }));
    expect(reproduceCommand({ ...result, canary: { ...canary, cells } })).toBe(
      "peakday canary scenarios/black-friday.yaml --seed 20261127",
    );
  });

  it("quotes a path for the shell", () => {
    const result = sampleResult({ policies: ["scheduled"] });
    const scenario = { ...result.scenario, file: "my shop's $(rm).yaml" };
    expect(reproduceCommand({ ...result, scenario })).toContain(`'my shop'\\''s $(rm).yaml'`);
  });
});

describe("numbers", () => {
  it.each([
    { text: fixed(-0.0001, 2), want: "0.00" },
    { text: fixed(-2.345678, 2), want: "−2.35" },
    { text: signed(5, 0), want: "+5" },
    { text: signed(0, 1), want: "0.0" },
    { text: milliseconds(1825.4), want: "1825 ms" },
    { text: milliseconds(8.44), want: "8.4 ms" },
    { text: milliseconds(0.123), want: "0.12 ms" },
    { text: latencyText(999.6), want: "1.0 s" },
    { text: latencyText(1900), want: "1.9 s" },
    { text: latencyText(412), want: "412 ms" },
    { text: secondsText(3.94), want: "3.9 s" },
    { text: secondsText(337.4), want: "337 s" },
    { text: percentText(0), want: "0 %" },
    { text: percentText(0.001), want: "< 0.01 %" },
    { text: percentText(0.05), want: "0.05 %" },
    { text: percentText(15.93), want: "15.9 %" },
    { text: usdText(1.25), want: "$1.25" },
    { text: usdText(0.0042), want: "$0.0042" },
    { text: usdText(-2), want: "−$2.00" },
    { text: signedUsd(-0.046, 3), want: "−$0.046" },
    { text: signedUsd(0.31, 2), want: "+$0.31" },
    { text: clock(621), want: "10:21" },
    { text: clock(50), want: "0:50" },
    { text: clock(3723), want: "1:02:03" },
    { text: instant(120), want: "+02:00" },
    { text: instant(-60), want: "−01:00" },
    { text: span(1800), want: "30 min" },
    { text: span(90), want: "90 s" },
    { text: span(86400), want: "24 h" },
    { text: countText(4_100_000), want: "4.1 million" },
    { text: countText(-340_000), want: "−340 thousand" },
    { text: countText(412), want: "412" },
    { text: listText(["a", "b", "c"]), want: "a, b and c" },
  ])("read $want", ({ text, want }) => {
    expect(text).toBe(want);
  });

  it("take as many decimals as tell the ends of an interval apart", () => {
    expect(decimalsFor([0.296, 0.304], { least: 2, most: 3 })).toBe(3);
    expect(decimalsFor([0.3, 0.31], { least: 2, most: 3 })).toBe(2);
    expect(decimalsFor([null, null], { least: 1, most: 2 })).toBe(1);
  });
});

describe("resultMarkdown", () => {
  it("is the verdict, the table and how to repeat it", async () => {
    await expect(resultMarkdown(sampleResult({ n: 5 }))).toMatchFileSnapshot(
      "../golden/reports/compare.md",
    );
  });

  it("lets no markup of a name through", () => {
    const text = resultMarkdown(hostileResult());
    expect(text).toContain(escapeMarkdown(HOSTILE));
    expect(
      text.match(/<\/?(?!details|summary)\w+/g)?.filter((tag) => !tag.startsWith("<")),
    ).toEqual([]);
    expect(escapeMarkdown("a|b`c`<i>*d*\n# e")).toBe("a\\|b\\`c\\`\\<i\\>\\*d\\* \\# e");
  });
});
