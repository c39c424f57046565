import { describe, expect, it } from "vitest";
import {
  bugCells,
  bugText,
  type CanaryCell,
  canarySentence,
  caughtText,
  detectionText,
  healthyCells,
  healthyText,
  marginText,
  rolledBackText,
  widestMargin,
} from "../../reports/canaryWords.ts";
import { decisionText, outcomeText } from "../../reports/rolloutWords.ts";
import { canaryText } from "../../reports/terminal/index.ts";
import type { CanaryResult, RolloutOutcome } from "../../sim/result/result.ts";
import { sampleCanary, sampleResult, sampleRollout } from "./sampleResult.ts";

const style = { color: false, unicode: true, width: 80 };

interface Row {
  readonly rps?: number;
  readonly variant?: string;
  readonly errors?: number;
  readonly slow?: number;
  readonly of: number;
  readonly stopped: number;
  readonly interval?: readonly [number, number];
  readonly after?: number;
}

function cell({ rps = 10, variant = "as given", ...row }: Row): CanaryCell {
  const { errors = 0.05, slow = 1, of, stopped, interval = [0, 0.3], after = 50 } = row;
  const [low, high] = interval;
  return {
    ...{ variant, trafficRps: rps, errorShare: errors, latencyFactor: slow },
    ...{ rollouts: of, rolledBack: stopped, stagePercent: stopped === 0 ? null : 5 },
    share: { mean: stopped / of, low, high, n: of },
    detectionSeconds: stopped === 0 ? null : { mean: after, low: null, high: null, n: stopped },
    usersHurt: { mean: 0.3, low: 0.1, high: 0.5, n: of },
    example: sampleRollout("bug"),
  };
}

const canaryOf = (cells: readonly CanaryCell[]): CanaryResult => ({
  ...sampleCanary(),
  cells: [...cells],
});

/** As `peakday canary` plans it: more errors than the bug's are tried, and the bug is slow. */
const mixed = canaryOf([
  cell({ errors: 0.005, of: 150, stopped: 0, interval: [0, 0.025] }),
  cell({ errors: 0.1, of: 150, stopped: 150, interval: [0.97, 1] }),
  cell({ slow: 2, of: 150, stopped: 120, interval: [0.7, 0.9], after: 250 }),
  cell({ rps: 200, errors: 0.005, of: 15, stopped: 0, interval: [0, 0.204] }),
  cell({ rps: 200, errors: 0.1, of: 15, stopped: 15, interval: [0.8, 1] }),
  cell({ rps: 200, slow: 2, of: 15, stopped: 15, interval: [0.8, 1] }),
  cell({ variant: "wide", errors: 0.005, of: 60, stopped: 12 }),
  cell({ variant: "wide", slow: 2, of: 60, stopped: 0 }),
  cell({ variant: "wide", rps: 200, errors: 0.005, of: 15, stopped: 3 }),
  cell({ variant: "wide", rps: 200, slow: 2, of: 15, stopped: 15 }),
]);

describe("the words of a canary", () => {
  it("take the bug of each variant, not the largest share of errors", () => {
    for (const variant of ["as given", "wide"]) {
      const bugs = bugCells(mixed, variant);
      expect(bugs.map(({ trafficRps, errorShare }) => [trafficRps, errorShare])).toEqual([
        [10, 0.05],
        [200, 0.05],
      ]);
      expect(bugs.map(bugText)).toEqual(Array(2).fill("a bug of 5 %, ×2 latency"));
      expect(healthyCells(mixed, variant).map(({ errorShare }) => errorShare)).toEqual([
        ...[0.005, 0.005],
      ]);
    }
  });

  it("are the text of the command, with the number of rollouts as it differs by cell", () => {
    const text = canaryText({ ...sampleResult({ n: 5 }), canary: mixed }, { style });
    expect(text).toContain("stages 1 5 10 25 50 100 %, 60 s each, 645 rollouts\n");
    expect(text).toMatch(/^traffic {3}0\.5 % {3}10 % {3}5 % bug {3}stage of a 5 % bug$/m);
    expect(text).toMatch(/^ 10 rps +0 +100 +80 +5 %$/m);
    expect(text).toContain("healthy is 0.5 %; 15 to 150 rollouts a cell, ± 15 at most (95 %");
    expect(text).toContain(
      "a bug of 5 %, ×2 latency:\n" +
        "   10 rps  caught in 80 %, after 4:10, 0.3 ± 0.2 users hurt\n" +
        "  200 rps  caught in 100 %, after 0:50, 0.3 ± 0.2 users hurt\n",
    );
    expect(text).toMatch(
      /with wide: healthy rolled back 20 %, bug caught in 100 %, after\s+0:50; not at\s+10 rps/,
    );
    expect(text).not.toContain("± 0 ");
  });

  it.each([
    {
      why: "none of few healthy releases was stopped",
      cells: [
        cell({ errors: 0.005, of: 15, stopped: 0, interval: [0, 0.204] }),
        cell({ of: 15, stopped: 15, interval: [0.796, 1] }),
      ],
      sentence:
        "It catches the 5 % bug in all 15 rollouts, and rolls back at most 21 % of healthy " +
        "releases (none of 15 was).",
    },
    {
      why: "many agree",
      cells: [
        cell({ errors: 0.005, of: 1000, stopped: 770 }),
        cell({ of: 1000, stopped: 1000, interval: [0.996, 1] }),
      ],
      sentence: "It catches every 5 % bug, and rolls back 77 % of healthy releases.",
    },
    {
      why: "nearly all and nearly none are not all and none",
      cells: [
        cell({ errors: 0.005, of: 1000, stopped: 1 }),
        cell({ of: 1000, stopped: 999, interval: [0.99, 1] }),
      ],
      sentence:
        "It catches > 99 % of releases with the 5 % bug, and rolls back < 1 % of healthy releases.",
    },
    {
      why: "the bug is never caught",
      cells: [cell({ errors: 0.005, of: 20, stopped: 4 }), cell({ of: 20, stopped: 0 })],
      sentence:
        "It never catches the 5 % bug (20 rollouts), and rolls back 20 % of healthy releases.",
    },
  ])("say no more than is known: $why", ({ cells, sentence }) => {
    expect(canarySentence(canaryOf(cells), "as given")).toBe(sentence);
  });

  it.each([
    {
      text: caughtText([cell({ of: 10, stopped: 3 }), cell({ rps: 50, of: 10, stopped: 10 })]),
      want: "caught in 30 to 100 %, after 0:50",
    },
    {
      text: caughtText([cell({ of: 10, stopped: 0 }), cell({ rps: 50, of: 15, stopped: 0 })]),
      want: "not caught in 25 rollouts",
    },
    {
      text: detectionText(cell({ of: 10, stopped: 0 })),
      want: "not caught in 10 rollouts, 0.3 ± 0.2 users hurt",
    },
    {
      text: detectionText({
        ...cell({ of: 10, stopped: 0 }),
        usersHurt: { mean: 1, low: 1, high: 1, n: 10 },
      }),
      want: "not caught in 10 rollouts, 1 user hurt",
    },
    {
      text: detectionText({ ...cell({ of: 10, stopped: 0 }), usersHurt: null }),
      want: "not caught in 10 rollouts",
    },
    {
      text: healthyText([cell({ of: 15, stopped: 0, interval: [0, 0.204] })]),
      want: "healthy rolled back 0 % (at most 21 %)",
    },
    {
      text: rolledBackText(cell({ of: 15, stopped: 0, interval: [0, 0.204] })),
      want: "0 % (≤ 21 %)",
    },
    { text: rolledBackText(cell({ of: 10, stopped: 1 })), want: "10 %" },
    { text: marginText({ mean: 5.4, low: 5.36, high: 5.44, n: 9 }), want: "5.40 ± 0.04" },
    { text: marginText({ mean: 0, low: 0, high: 0, n: 9 }), want: "0" },
    { text: marginText({ mean: 12.4, low: 9, high: 15.8, n: 9 }), want: "12 ± 3" },
    {
      text: widestMargin(canaryOf([cell({ of: 9, stopped: 0, interval: [0, 0.006] })])),
      want: "± 0.3",
    },
    {
      text: widestMargin(canaryOf([cell({ of: 9, stopped: 0, interval: [0.1, 0.1] })])),
      want: null,
    },
  ])("say $want", ({ text, want }) => {
    expect(text).toBe(want);
  });
});

describe("the words of a rollout", () => {
  const rollout = (given: Partial<RolloutOutcome>): RolloutOutcome => ({
    ...sampleRollout("healthy"),
    ...given,
  });

  it.each([
    { given: {}, want: "promoted after 6:00: the last stage passed" },
    {
      given: { reason: "TooFewRequestsToJudge" },
      want: "promoted after 6:00, with too few requests to judge the last stage",
    },
    { given: { reason: "Completed" }, want: "promoted after 6:00: Completed" },
    {
      given: { outcome: "rolled-back", reason: "error rate 5 % is above 1 %", endSeconds: 64 },
      want: "rolled back after 1:04: error rate 5 % is above 1 %",
    },
    {
      given: { outcome: "unfinished", reason: "CanaryPauseStep", endSeconds: null },
      want: "unfinished, in the 100 % stage: it is paused",
    },
    {
      given: { outcome: "unfinished", reason: "", endSeconds: null },
      want: "unfinished, in the 100 % stage",
    },
    {
      given: { outcome: "unfinished", reason: "not started", endSeconds: null, stages: [] },
      want: "unfinished: not started",
    },
  ] satisfies readonly { given: Partial<RolloutOutcome>; want: string }[])("say $want", (row) => {
    expect(outcomeText(rollout(row.given))).toBe(row.want);
  });

  it.each([
    {
      given: { reason: "StageStarted", message: "0 % → 1 % of the traffic" },
      want: "a stage begins: 0 % → 1 % of the traffic",
    },
    {
      given: { reason: "ScalingCanary", message: "5 % → 5 % of the traffic" },
      want: "pods for the next stage are started",
    },
    { given: { reason: "Paused", message: "" }, want: "Paused" },
    {
      given: { kind: "scale", reason: "SucceededRescale", message: "cpu 90 %, target 70 %" },
      want: "cpu 90 %, target 70 %",
    },
  ] as const)("decide: $want", (row) => {
    const rest = { timeSeconds: 0, controller: "", subject: "", from: null, to: null };
    expect(decisionText({ kind: "rollout", ...rest, ...row.given })).toBe(row.want);
  });
});
