import { sampleStandardDeviation } from "simple-statistics";
import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { logLikelihoodRatio, sprtVerdict, sprtWalk } from "../../../sim/policy/judges/sprt.ts";
import { mean, proportionInterval } from "../../../sim/stats/intervals.ts";
import { type Alternative, mannWhitneyTest } from "../../../sim/stats/mannWhitney.ts";
import { interpolatedQuantile, nearestRankQuantile } from "../../../sim/stats/percentiles.ts";
import {
  exactProportionInterval,
  fisherExactTest,
  twoProportionTest,
} from "../../../sim/stats/proportions.ts";
import { medianRuleDifferences } from "./canaryMedians.ts";
import { gatedRuleDifferences, ruleDifferences } from "./canaryRule.ts";
import { sprtOperating } from "./canarySprt.ts";
import { difference, type GroupRunner } from "./group.ts";
import { modelGroup, near } from "./modelGroup.ts";

/** Statistics with which a canary is judged, and how often rules are right: exact values. */
export const canaryGroup: GroupRunner = modelGroup({
  "mann-whitney": mannWhitneyDifferences,
  percentiles: percentileDifferences,
  proportions: proportionDifferences,
  sprt: sprtDifferences,
  "threshold-rule": ruleDifferences,
  "threshold-rule-gated": gatedRuleDifferences,
  "p50-rule": medianRuleDifferences,
});

const mannWhitneySchema = z.object({
  params: z.strictObject({ production: z.array(z.number()), canary: z.array(z.number()) }),
  expected: z.looseObject({
    U_canary: z.number(),
    U_production: z.number(),
    effect_canaryGreater: z.number(),
    p: z.number().optional(),
  }),
});
const KNOWN_MANN_WHITNEY = new Set(["U_canary", "U_production", "effect_canaryGreater", "p"]);
const testSchema = z.strictObject({ U: z.number(), p: z.number() });
const METHOD = /^(?<method>exact|asymptotic):(?<alternative>two-sided|greater|less)$/u;

function mannWhitneyDifferences(testCase: Json): readonly string[] {
  const { params, expected } = mannWhitneySchema.parse(testCase);
  const { production: a, canary: b } = params;
  const plain = mannWhitneyTest({ a, b });
  const tests = Object.keys(expected).filter((name) => !KNOWN_MANN_WHITNEY.has(name));
  return [
    ...difference("U_canary", expected.U_canary, plain.u),
    ...difference("U_production", expected.U_production, mannWhitneyTest({ a: b, b: a }).u),
    ...near("effect_canaryGreater", expected.effect_canaryGreater, plain.effect),
    ...(expected.p === undefined ? [] : near("p", expected.p, plain.pValue)),
    ...tests.flatMap((name) => {
      const { method, alternative } = METHOD.exec(name)?.groups ?? {};
      if (method === undefined) return [`${name} is no test that is known`];
      const wanted = testSchema.parse(expected[name]);
      const { u, pValue } = mannWhitneyTest({
        a,
        b,
        method: method === "exact" ? "exact" : "asymptotic",
        alternative: alternative as Alternative, // of the pattern
      });
      return [...difference(`${name} U`, wanted.U, u), ...near(`${name} p`, wanted.p, pValue)];
    }),
  ];
}

const quantiles = z.record(z.string(), z.number());
const percentileSchema = z.object({
  params: z.strictObject({ sample: z.array(z.number()) }),
  expected: z.strictObject({
    type7: quantiles,
    nearestRank: quantiles,
    mean: z.number().optional(),
    sdSample: z.number().optional(),
  }),
});

function percentileDifferences(testCase: Json): readonly string[] {
  const { params, expected } = percentileSchema.parse(testCase);
  const { sample } = params;
  const { type7, nearestRank } = expected;
  const of = (
    table: z.infer<typeof quantiles>,
    name: string,
    compute: typeof nearestRankQuantile,
  ) =>
    Object.entries(table).flatMap(([q, value]) =>
      near(`${name} ${q}`, value, compute(sample, Number(q)), 1e-9),
    );
  return [
    ...of(type7, "type7", interpolatedQuantile),
    ...of(nearestRank, "nearestRank", nearestRankQuantile),
    ...(expected.mean === undefined ? [] : near("mean", expected.mean, mean(sample))),
    ...(expected.sdSample === undefined
      ? []
      : near("sdSample", expected.sdSample, sampleStandardDeviation(sample))),
  ];
}

const pair = z.tuple([z.number(), z.number()]);
const proportionSchema = z.object({
  params: z.strictObject({
    productionErrors: z.number(),
    productionRequests: z.number(),
    canaryErrors: z.number(),
    canaryRequests: z.number(),
  }),
  expected: z.strictObject({
    z: z.number().nullable(),
    pGreater: z.number().nullable(),
    pTwoSided: z.number().nullable(),
    fisherGreater: z.number(),
    fisherTwoSided: z.number(),
    wilson95Canary: pair,
    clopperPearson95Canary: pair,
    rateRatio: z.number().nullable(),
  }),
});

function proportionDifferences(testCase: Json): readonly string[] {
  const { params, expected } = proportionSchema.parse(testCase);
  const production = { errors: params.productionErrors, requests: params.productionRequests };
  const canary = { errors: params.canaryErrors, requests: params.canaryRequests };
  const test = twoProportionTest(production, canary);
  const fisher = fisherExactTest(production, canary);
  const wilson = proportionInterval({
    successes: canary.errors,
    trials: canary.requests,
    level: 0.95,
  });
  const exact = exactProportionInterval(canary, 0.95);
  const base = production.errors / production.requests;
  const ratio = base === 0 ? null : canary.errors / canary.requests / base;
  const [wanted, clopper] = [expected.wilson95Canary, expected.clopperPearson95Canary];
  const isDefined = expected.z !== null;
  return [
    ...near("z", expected.z, isDefined ? test.z : null),
    ...near("pGreater", expected.pGreater, isDefined ? test.greater : null),
    ...near("pTwoSided", expected.pTwoSided, isDefined ? test.twoSided : null),
    ...near("fisherGreater", expected.fisherGreater, fisher.greater),
    ...near("fisherTwoSided", expected.fisherTwoSided, fisher.twoSided),
    ...near("wilson low", wanted[0], wilson.low),
    ...near("wilson high", wanted[1], wilson.high),
    ...near("clopperPearson low", clopper[0], exact.low),
    ...near("clopperPearson high", clopper[1], exact.high),
    ...near("rateRatio", expected.rateRatio, ratio),
  ];
}

const sprtSchema = z.object({
  params: z.strictObject({
    p0: z.number(),
    p1: z.number(),
    alpha: z.number(),
    beta: z.number(),
    trueP: z.number(),
    traceLength: z.number(),
    traceErrorIndices: z.array(z.number()),
  }),
  expected: z.strictObject({
    upper: z.number(),
    lower: z.number(),
    stepError: z.number(),
    stepOk: z.number(),
    trace: z.strictObject({
      decision: z.string(),
      at: z.number().nullable(),
      llr: z.number(),
    }),
    operating: z.strictObject({
      probReject: z.number(),
      probAccept: z.number(),
      probUndecided: z.number(),
      meanSampleSize: z.number(),
      truncation: z.number(),
    }),
  }),
});

const DECISIONS = {
  accept: "accept (canary good)",
  reject: "reject (canary bad)",
  continue: "undecided",
} as const;

function sprtDifferences(testCase: Json): readonly string[] {
  const { params, expected } = sprtSchema.parse(testCase);
  const walk = sprtWalk(params);
  const operating = sprtOperating(walk, params.trueP, expected.operating.truncation);
  return [
    ...near("upper", expected.upper, walk.upper, 1e-9),
    ...near("lower", expected.lower, walk.lower, 1e-9),
    ...near("stepError", expected.stepError, walk.stepError, 1e-9),
    ...near("stepOk", expected.stepOk, walk.stepOk, 1e-9),
    ...traceDifferences(params, expected.trace),
    ...(["probReject", "probAccept", "meanSampleSize"] as const).flatMap((name) =>
      near(`operating ${name}`, expected.operating[name], operating[name]),
    ),
    // Far below anything that a double adds up: the order of magnitude is all that it says.
    ...near(
      "operating probUndecided",
      expected.operating.probUndecided,
      operating.probUndecided,
      0.01,
    ),
  ];
}

function traceDifferences(
  params: z.infer<typeof sprtSchema>["params"],
  trace: z.infer<typeof sprtSchema>["expected"]["trace"],
): readonly string[] {
  const walk = sprtWalk(params);
  const wrong = new Set(params.traceErrorIndices);
  let errors = 0;
  for (let requests = 1; requests <= params.traceLength; requests++) {
    if (wrong.has(requests)) errors++;
    const ratio = logLikelihoodRatio(walk, { requests, errors });
    const verdict = sprtVerdict(walk, ratio);
    if (verdict === "continue" && requests < params.traceLength) continue;
    return [
      ...difference("trace decision", trace.decision, DECISIONS[verdict]),
      ...difference("trace at", trace.at, verdict === "continue" ? null : requests),
      ...near("trace llr", trace.llr, ratio, 1e-9),
    ];
  }
  return ["an empty trace"];
}
