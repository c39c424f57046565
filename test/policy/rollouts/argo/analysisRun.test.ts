import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seconds } from "../../../../sim/kernel/time.ts";
import {
  type AnalysisMetric,
  type AnalysisRun,
  metricsFault,
  reconcileAnalysis,
  startAnalysis,
  terminated,
} from "../../../../sim/policy/rollouts/argo/analysisRun.ts";
import { parseDuration } from "../../../../sim/policy/rollouts/argo/duration.ts";

const metric = (fields: Partial<AnalysisMetric> = {}): AnalysisMetric => ({
  name: "errors",
  interval: seconds(10),
  initialDelay: null,
  count: null,
  failureLimit: null,
  inconclusiveLimit: null,
  consecutiveErrorLimit: null,
  consecutiveSuccessLimit: null,
  successCondition: "result >= 0.9",
  failureCondition: null,
  dryRun: false,
  ...fields,
});

/** s: a success, f: a failure, i: neither, e: a query that fails. */
type Values = string;

const VALUES: Readonly<Record<string, number>> = { s: 1, f: 0, i: 0.8 };

/** Plays second by second; every metric repeats its last value. */
function play(
  metrics: readonly AnalysisMetric[],
  values: readonly Values[],
  { until = 300, terminateAt = -1 }: { until?: number; terminateAt?: number } = {},
): { readonly run: AnalysisRun; readonly end: number; readonly times: readonly number[] } {
  let run = startAnalysis(metrics, seconds(0));
  const used = metrics.map(() => 0);
  const times: number[] = [];
  let t = 0;
  for (; t <= until; t += 1) {
    if (t === terminateAt) run = terminated(run);
    const measure = (_: AnalysisMetric, index: number) => {
      const sequence = values[index] ?? "s";
      const kind = sequence.charAt(Math.min(used[index]!, sequence.length - 1));
      used[index]! += 1;
      if (index === 0) times.push(t);
      return kind === "e" ? null : { value: VALUES[kind] ?? NaN };
    };
    run = reconcileAnalysis(run, metrics, measure, seconds(t));
    if (run.phase !== "Running") break;
  }
  return { run, end: t, times };
}

const three = { failureCondition: "result < 0.5" };

describe("one metric", () => {
  it.each<[why: string, fields: Partial<AnalysisMetric>, values: Values, end: string]>([
    ["no interval, no count: one measurement", { interval: null }, "s", "Successful at 0"],
    ["its one failure is too many", { interval: null }, "f", "Failed at 0"],
    ["a limit of two fails at the third", { failureLimit: 2 }, "f", "Failed at 20"],
    ["four errors in a row are borne", { count: 1 }, "eeees", "Successful at 40"],
    ["the fifth is too many", {}, "e", "Error at 40"],
    ["errors do not count", { count: 2 }, "eses", "Successful at 30"],
    [
      "an error is retried after 10 s",
      { interval: seconds(60), count: 1 },
      "es",
      "Successful at 10",
    ],
    [
      "inconclusive is borne as often as allowed",
      { ...three, inconclusiveLimit: 1 },
      "si",
      "Inconclusive at 20",
    ],
    [
      "successes in a row end it",
      { consecutiveSuccessLimit: 3, failureLimit: 9 },
      "sfsss",
      "Successful at 40",
    ],
    [
      "the count reached without enough in a row: inconclusive",
      { consecutiveSuccessLimit: 3, count: 4 },
      "sses",
      "Inconclusive at 40",
    ],
    [
      "failed, where failures have no limit",
      { consecutiveSuccessLimit: 3, count: 4, failureLimit: -1 },
      "ssfs",
      "Failed at 30",
    ],
    ["without end nothing ends", {}, "s", "Running at 301"],
    ["a count of 0 is none", { count: 0 }, "s", "Running at 301"],
    ["a delay before the first", { initialDelay: seconds(25), count: 2 }, "s", "Successful at 35"],
    ["dry runs have no effect", { dryRun: true, count: 2 }, "f", "Successful at 0"],
  ])("%s", (_, fields, values, end) => {
    const played = play([metric(fields)], [values]);
    expect(`${played.run.phase} at ${played.end}`).toBe(end);
  });

  it("measures at once, then an interval after each measurement", () => {
    expect(play([metric({ count: 4 })], ["s"]).times).toEqual([0, 10, 20, 30]);
  });

  it("ends well when it is told to end", () => {
    const limits = { failureLimit: 5 };
    const { run, end } = play([metric(limits)], ["f"], { terminateAt: 15 });
    expect([run.phase, end, run.results[0]?.failed]).toEqual(["Successful", 15, 2]);
    const delayed = play([metric({ initialDelay: seconds(60) })], ["s"], { terminateAt: 15 });
    expect([delayed.run.phase, delayed.run.results]).toEqual(["Successful", [null]]);
  });
});

describe("several metrics", () => {
  const named = (name: string, fields: Partial<AnalysisMetric> = {}) => metric({ name, ...fields });

  it("the worst verdict is the run's: failed, error, inconclusive", () => {
    const once = { interval: null };
    const phaseOf = (...values: string[]) =>
      play(
        values.map((_, index) =>
          named(`m${index}`, { ...once, ...three, consecutiveErrorLimit: 0 }),
        ),
        values,
      ).run.phase;
    expect(phaseOf("s", "i", "e", "f")).toBe("Failed");
    expect(phaseOf("i", "e", "s")).toBe("Error");
    expect(phaseOf("s", "i")).toBe("Inconclusive");
    expect(phaseOf("s", "s")).toBe("Successful");
  });

  it("one verdict stops the others: running ones pass, those that never began have none", () => {
    const metrics = [
      named("bad", { failureLimit: 1 }),
      named("good"),
      named("late", { initialDelay: seconds(60) }),
    ];
    const { run, end } = play(metrics, ["f", "s", "s"]);
    expect([run.phase, end]).toEqual(["Failed", 10]);
    expect(run.results.map((result) => result?.phase ?? null)).toEqual([
      "Failed",
      "Successful",
      null,
    ]);
  });

  it("a run waits for metrics that have not begun", () => {
    const metrics = [
      named("now", { count: 1 }),
      named("late", { initialDelay: seconds(60), count: 1 }),
    ];
    expect(play(metrics, ["s", "s"]).end).toBe(60);
  });
});

describe("what is refused", () => {
  it.each<[string, Partial<AnalysisMetric>]>([
    ["a count above 1 needs an interval", { count: 2, interval: null }],
    ["count is less than failureLimit", { count: 2, failureLimit: 3 }],
    ["count is less than inconclusiveLimit", { count: 2, inconclusiveLimit: 3 }],
    [
      "count is less than failureLimit and consecutiveSuccessLimit together",
      { count: 4, failureLimit: 2, consecutiveSuccessLimit: 3 },
    ],
    ["failureLimit is less than -1", { failureLimit: -2 }],
    ["inconclusiveLimit is negative", { inconclusiveLimit: -1 }],
    ["consecutiveErrorLimit is negative", { consecutiveErrorLimit: -1 }],
    ["consecutiveSuccessLimit is negative", { consecutiveSuccessLimit: -1 }],
    [
      "failureLimit is -1 and there is no consecutiveSuccessLimit: it could never fail",
      { failureLimit: -1 },
    ],
  ])("%s", (fault, fields) => {
    expect(metricsFault([metric(fields)])).toBe(`metric errors: ${fault}`);
    const { run } = play([metric(fields)], ["s"]);
    expect([run.phase, run.results, run.invalid]).toEqual([
      "Error",
      [null],
      `metric errors: ${fault}`,
    ]);
  });

  it("no metrics, and two of one name", () => {
    expect(metricsFault([])).toBe("no metrics");
    expect(metricsFault([metric(), metric()])).toBe("metric errors: a second metric errors");
  });
});

it("reads durations as Go does", () => {
  expect(["90s", "1m30s", "1.5h", "250ms", "0"].map((text) => parseDuration(text))).toEqual(
    [90, 90, 5400, 0.25, 0].map((value) => seconds(value)),
  );
  expect(["", "5", "5 s", "1d", "s", "-5s"].map(parseDuration)).toEqual(Array(6).fill(null));
});

it("counts add up, and reconciling more often changes nothing", () => {
  const fields = fc.record({
    interval: fc.constantFrom(null, seconds(5), seconds(30)),
    failureLimit: fc.constantFrom(null, 0, 2),
    inconclusiveLimit: fc.constantFrom(null, 1),
    count: fc.constantFrom(null, 1),
    dryRun: fc.boolean(),
  });
  const values = fc.array(fc.constantFrom("s", "f", "i", "e"), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(fc.tuple(fields, values), { minLength: 1, maxLength: 3 }), (written) => {
      const metrics = written.map(([part], index) =>
        metric({ ...three, ...part, name: `m${index}` }),
      );
      const { run, end } = play(
        metrics,
        written.map(([, list]) => list.join("")),
      );
      for (const result of run.results) {
        if (result === null) continue;
        expect(result.successful + result.failed + result.inconclusive).toBe(result.count);
        expect(result.consecutiveError).toBeLessThanOrEqual(result.error);
        expect(result.consecutiveSuccess).toBeLessThanOrEqual(result.successful);
      }
      const never = () => {
        throw new Error("measured twice in one second");
      };
      expect(reconcileAnalysis(run, metrics, never, seconds(Math.min(end, 300)))).toEqual(run);
    }),
    { numRuns: 200 },
  );
});
