import { describe, expect, it } from "vitest";
import {
  canaryText,
  compareText,
  etaText,
  interruptedText,
  type Problem,
  policyProgressLine,
  problemText,
  progressLine,
  runText,
  type TextOptions,
  type TextStyle,
} from "../../reports/terminal/index.ts";
import { type SampleOptions, sampleResult } from "./sampleResult.ts";

const style: TextStyle = { color: false, unicode: true, width: 80 };
const ascii: TextStyle = { ...style, unicode: false };
const files = [
  { label: "report", path: "out/black-friday/report.html" },
  { label: "result", path: "out/black-friday/result.json" },
];
const missing = ["hpa-as-documented", "hpa-100-percent"] as const;

const golden = (name: string): string => `../golden/reports/${name}.txt`;

const widest = (text: string): number =>
  Math.max(...text.split("\n").map((line) => [...line].length));

describe("the terminal text of a result", () => {
  it("has the rate of arrivals, and of completed requests where it is another", () => {
    const result = sampleResult({ n: 1, policies: ["scheduled"] });
    expect(runText(result, { style })).toMatch(/^requests +4100000 +2277\.8 rps$/mu);
    const policies = result.policies.map(({ metrics, ...policy }) => {
      const throughputRps = { ...metrics.throughputRps, mean: 61.8 };
      return { ...policy, metrics: { ...metrics, throughputRps } };
    });
    expect(runText({ ...result, policies }, { style })).toMatch(
      /^requests +4100000 +2277\.8 rps, 61\.8 completed$/mu,
    );
  });

  it("tells of retries and copies by the service that got them", () => {
    const result = sampleResult({ n: 1, policies: ["scheduled"] });
    const none = {
      retries: 0,
      retriesDenied: 0,
      hedges: 0,
      hedgesWon: 0,
      timeouts: 0,
      fallbacks: 0,
    };
    const calls = [
      { service: "shop", attempts: 1000, ...none, retries: 125, timeouts: 90 },
      { service: "stock", attempts: 2000, ...none, retries: 500, hedges: 100, hedgesWon: 60 },
    ];
    const policies = result.policies.map((policy) => ({
      ...policy,
      replications: policy.replications.map((replication) => ({ ...replication, calls })),
    }));
    const text = runText({ ...result, policies }, { style });
    expect(text).toMatch(/^retries +stock 25\.0 % +shop 12\.5 %$/mu);
    expect(text).toMatch(/^hedges +stock 5\.0 %$/mu);
    expect(text).not.toContain("fallbacks");
  });

  it("tells of queues and servers by their service", () => {
    const result = sampleResult({ n: 1, policies: ["scheduled"] });
    const station = {
      service: "function",
      arrivals: 10_000,
      waited: 14,
      refused: 0,
      abandoned: 0,
      coldStarts: 14,
      interrupted: 0,
      meanWaiting: 0,
      meanBusy: 1.788,
      meanIdle: 5.873,
      meanSettingUp: 0.001,
      meanOff: 992,
      meanDown: 0,
    };
    const policies = result.policies.map((policy) => ({
      ...policy,
      replications: policy.replications.map((replication) => ({
        ...replication,
        stations: [station],
      })),
    }));
    const text = runText({ ...result, policies }, { style });
    expect(text).toMatch(/^function +1\.79 busy +5\.87 idle +0\.14 % cold starts$/mu);
  });

  it("tells of answers that something stood in for", () => {
    const result = sampleResult({ n: 1, policies: ["scheduled"] });
    const policies = result.policies.map((policy) => ({
      ...policy,
      replications: policy.replications.map((replication) => ({
        ...replication,
        requests: 1000,
        degraded: { cached: 20, degraded: 5 },
      })),
    }));
    const text = runText({ ...result, policies }, { style });
    expect(text).toMatch(/^degraded % +2\.50 +cached 2\.00 % +degraded 0\.50 %$/mu);
    expect(runText(result, { style })).not.toContain("degraded");
  });

  const compared = (options: SampleOptions, given: Partial<TextOptions> = {}) =>
    compareText(sampleResult(options), { style, files, ...given });

  it.each([
    { name: "compare-n20", text: () => compared({ n: 20 }) },
    { name: "compare-n5", text: () => compared({ n: 5 }) },
    { name: "compare-n1", text: () => compared({ n: 1 }) },
    {
      name: "compare-none-holds",
      text: () => compared({ n: 5, policies: missing }, { next: "peakday headroom shop.yaml" }),
    },
    { name: "compare-ascii", text: () => compared({ n: 20 }, { style: ascii }) },
    {
      name: "run-held",
      text: () => runText(sampleResult({ policies: ["scheduled"] }), { style, files }),
    },
    {
      name: "run-missed-n1",
      text: () =>
        runText(sampleResult({ n: 1, policies: ["hpa-as-documented"] }), { style, files }),
    },
    {
      name: "canary",
      text: () => canaryText(sampleResult({ n: 5, canary: true }), { style, files }),
    },
  ])("is $name within 80 columns", async ({ name, text }) => {
    expect(widest(text())).toBeLessThanOrEqual(80);
    await expect(text()).toMatchFileSnapshot(golden(name));
  });

  it("drops p99 first below 72 columns, and never the verdict", () => {
    const at = (width: number): string =>
      compared({ n: 20 }, { style: { ...style, width }, files: [] });
    expect(at(80)).toContain("p99 ms");
    expect(at(70)).not.toContain("p99 ms");
    expect(at(70)).toContain("± 0.46");
    for (const width of [70, 60, 50, 46]) {
      expect(widest(at(width))).toBeLessThanOrEqual(width);
      expect(at(width)).toContain("✗ missed");
    }
    expect(at(46)).not.toContain("± 0.46");
  });

  it("gives a long name a line of its own instead of cutting it", () => {
    const result = sampleResult({ n: 5 });
    const long = "a-policy-with-a-name-that-nobody-would-want-to-type-twice";
    const [first, ...others] = result.policies;
    const renamed = { ...result, policies: [{ ...first!, name: long }, ...others] };
    const text = compareText(renamed, { style, files: [] });
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(text).toContain(`\n${long}\n`);
  });

  it("shows no interval and no verdict of one run", () => {
    const text = compared({ n: 1 });
    expect(text).not.toContain("±");
    expect(/ better| worse/.exec(text)?.[0]).toBeUndefined();
    expect(text).toContain("one run each, so no intervals");
  });

  it("colours only its words", () => {
    const text = compared({ n: 20 }, { style: { ...style, color: true } });
    const esc = "\u001b";
    expect(text).toContain(`${esc}[32m✓ held${esc}[39m`);
    expect(text).toContain(`${esc}[31m✗ missed${esc}[39m`);
    expect(text).toContain(`${esc}[32mbetter${esc}[39m`);
    expect(text).toContain(`${esc}[1mscheduled${esc}[22m is the cheapest`);
    // The same text without the colours: they carry nothing.
    const codes = new RegExp(`${esc}\\[\\d+m`, "g");
    const plain = compared({ n: 20 });
    expect(text.replace(codes, "")).toBe(plain);
  });

  it("lets no escape sequence of a file through", () => {
    const result = sampleResult({ n: 5 });
    const [first, ...others] = result.policies;
    const evil = "evil\u001b]0;owned\u0007\u202e\nname";
    const renamed = { ...result, policies: [{ ...first!, name: evil }, ...others] };
    for (const text of [
      compareText(renamed, { style, files: [{ label: "report", path: evil }] }),
      runText(renamed, { style }),
      policyProgressLine({
        ...{ policy: evil, done: 1, total: 2, policiesDone: 0, policies: 1 },
        ...{ nameWidth: 4, style },
      }),
    ]) {
      expect(/[^\P{Cc}\n]|\u202e/u.exec(text)?.[0]).toBeUndefined();
      expect(text).toContain("evil?]0;owned???name");
    }
  });

  it("is pure ASCII where the locale is", () => {
    expect(compared({ n: 20 }, { style: ascii })).toMatch(/^[\n\x20-\x7e]*$/);
    expect(canaryText(sampleResult({ canary: true }), { style: ascii })).toMatch(
      /^[\n\x20-\x7e]*$/,
    );
  });
});

describe("progress", () => {
  it.each([
    { done: 0, etaSeconds: null, ends: "    0 %" },
    { done: 9, etaSeconds: 14, ends: "   45 %  ETA 14 s" },
    { done: 20, etaSeconds: 0, ends: "  100 %  ETA 0 s" },
  ])("shows $done of 20 runs", ({ done, etaSeconds, ends }) => {
    const line = progressLine({ done, total: 20, etaSeconds, style });
    expect(line).toMatch(new RegExp(`^simulating  ( |)${done} of 20 runs  [━─]+`));
    expect(line.endsWith(ends)).toBe(true);
    expect(widest(line)).toBeLessThan(80);
    const bar = line.replace(/[^━─]/g, "");
    expect(bar.replace(/─/g, "").length / bar.length).toBeCloseTo(done / 20, 1);
  });

  it.each([
    { seconds: 14.4, text: "14 s" },
    { seconds: 89, text: "89 s" },
    { seconds: 90, text: "2 min" },
    { seconds: 600, text: "10 min" },
  ])("says $text for $seconds s", ({ seconds, text }) => {
    expect(etaText(seconds)).toBe(text);
  });

  it("has a line for streams that are no terminal", () => {
    const line = policyProgressLine({
      ...{ policy: "scheduled", done: 5, total: 5, policiesDone: 3, policies: 4 },
      ...{ nameWidth: 17, style },
    });
    expect(line).toBe("scheduled          5 of 5 runs   3 of 4 policies");
  });

  it("says what an interruption leaves", () => {
    expect(interruptedText({ done: 31, total: 80 })).toBe(
      "interrupted after 31 of 80 runs; nothing was written\n",
    );
  });
});

describe("problemText", () => {
  const problem = (given: Partial<Problem>): Problem => ({
    ...{ file: "shop.yaml", line: 1, column: 1, length: 1, message: "wrong" },
    ...{ sourceLine: "name: x", hint: null },
    ...given,
  });

  it("points at each problem and counts them", async () => {
    const text = problemText(
      [
        problem({
          ...{ line: 9, message: "a tab cannot indent YAML", hint: "use spaces" },
          sourceLine: "\treplicas: 3",
        }),
        problem({
          ...{ line: 14, column: 9, length: 26 },
          message: 'unknown key "stabilisationWindowSeconds"',
          sourceLine: "        stabilisationWindowSeconds: 60",
          hint: 'did you mean "stabilizationWindowSeconds"?',
        }),
        problem({
          ...{ line: 22, column: 12, length: 5 },
          message: 'cpu is a quantity like 500m or 1, found "500ms"',
          sourceLine: "      cpu: 500ms",
          hint: '"ms" is a unit of time; 500 millicores are written 500m',
        }),
      ],
      style,
    );
    await expect(text).toMatchFileSnapshot(golden("problems"));
  });

  it("needs no position for a file that is not there", () => {
    const text = problemText(
      [
        problem({
          ...{ line: null, sourceLine: null },
          message: 'no scenario "scenarios/blackfriday.yaml"',
          hint: 'did you mean "scenarios/black-friday.yaml"?',
        }),
      ],
      style,
    );
    expect(text.trimEnd()).toBe(
      'error: no scenario "scenarios/blackfriday.yaml"\n' +
        '       did you mean "scenarios/black-friday.yaml"?',
    );
  });

  it("shows twenty problems at most", () => {
    const many = Array.from({ length: 27 }, (_, index) => problem({ line: index + 1 }));
    const text = problemText(many, style);
    expect(text.match(/error:/g)).toHaveLength(20);
    expect(text).toContain("\nand 7 more\n");
    expect(text).toContain("shop.yaml: 27 problems, nothing was run\n");
  });

  it("shows the part of a long line that is wrong", () => {
    const sourceLine = `${"x".repeat(150)}BAD${"y".repeat(150)}`;
    const text = problemText([problem({ column: 151, length: 3, sourceLine })], style);
    const [, shown = "", carets = ""] = text.split("\n");
    expect(widest(text)).toBeLessThanOrEqual(80);
    expect(shown.indexOf("BAD")).toBe(carets.indexOf("^^^"));
  });

  it("keeps the caret in place in ASCII, and lets no control through", () => {
    const sourceLine = "→→ \u001b[31m× BAD";
    const text = problemText([problem({ column: 11, length: 3, sourceLine })], ascii);
    const [, shown = "", carets = ""] = text.split("\n");
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(shown.indexOf("BAD")).toBe(carets.indexOf("^^^"));
  });
});
