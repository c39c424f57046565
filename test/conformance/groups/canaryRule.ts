import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { judgedStage, limitsOf, type StageTraffic, stageFailure } from "./canaryStages.ts";
import { simulatedShares } from "./canaryTraffic.ts";
import { difference } from "./group.ts";
import { near } from "./modelGroup.ts";

/** Percent of the traffic, stage by stage, and seconds of each. */
const STAGES = [1, 5, 10, 25, 50, 100];
const STAGE_SECONDS = 60;
const MINIMUM_REQUESTS = 100;

const params = z.strictObject({
  totalRps: z.number(),
  canaryErrorRate: z.number(),
  productionErrorRate: z.number(),
  alpha: z.number().optional(),
});
type Params = z.infer<typeof params>;

const stageSchema = z.looseObject({ percent: z.number(), judged: z.boolean() });
type WantedStage = z.infer<typeof stageSchema>;

const ruleSchema = z.object({
  params,
  expected: z.strictObject({
    baselineEmptyAt100: z.strictObject({
      skipRatio: z.strictObject({
        stages: z.array(stageSchema),
        rolledBack: z.number(),
        rolledBackBefore100: z.number(),
      }),
      floor: z.number(),
      previousStage: z.number(),
    }),
    extendUntilMinimum: z.strictObject({ rolledBack: z.number(), firstStage: stageSchema }),
    poissonArrivalsRandomRouting: z.strictObject({
      rolledBack: z.number(),
      standardError: z.number(),
      firstFailByStage: z.array(z.number()),
      replications: z.number(),
    }),
  }),
});

function trafficOf({ totalRps, canaryErrorRate, productionErrorRate }: Params, percent: number) {
  const all = totalRps * STAGE_SECONDS;
  const canary = Math.round((all * percent) / 100);
  return {
    canary: { requests: canary, errorRate: canaryErrorRate },
    production: { requests: all - canary, errorRate: productionErrorRate },
  };
}

/** A stage that is short of requests goes on until it has enough. */
function extended(traffic: StageTraffic, percent: number): StageTraffic {
  if (traffic.canary.requests >= MINIMUM_REQUESTS) return traffic;
  const others = Math.round((MINIMUM_REQUESTS * (100 - percent)) / percent);
  return {
    canary: { ...traffic.canary, requests: MINIMUM_REQUESTS },
    production: { ...traffic.production, requests: others },
  };
}

/** What a stage does, and what is left of all rollouts after it. */
function walkStages(
  written: Params,
  change: (traffic: StageTraffic, percent: number) => StageTraffic = (traffic) => traffic,
) {
  let stillRunning = 1;
  let rolledBack = 0;
  const stages = STAGES.map((percent) => {
    const traffic = change(trafficOf(written, percent), percent);
    const isJudged = traffic.canary.requests >= MINIMUM_REQUESTS;
    const outcome = judgedStage(traffic, isJudged);
    const firstFailHere = stillRunning * outcome.fail;
    stillRunning *= outcome.pass;
    rolledBack += firstFailHere;
    return {
      percent,
      canaryRequests: traffic.canary.requests,
      productionRequests: traffic.production.requests,
      judged: isJudged,
      fail: outcome.fail,
      failAbsolute: outcome.failAbsolute,
      failRatio: outcome.failRatio,
      firstFailHere,
      stillRunning,
      rolledBack,
    };
  });
  return { stages, rolledBack };
}

export function ruleDifferences(testCase: Json): readonly string[] {
  const { params: written, expected } = ruleSchema.parse(testCase);
  const { skipRatio, floor, previousStage } = expected.baselineEmptyAt100;
  const plain = walkStages(written);
  const before = plain.stages.at(-2)!;
  const last = trafficOf(written, 100);
  const alone = { ...last, production: { ...last.production, requests: 0 } };
  const withFloor = stageFailure(alone, limitsOf({ emptyBaseline: "floor" }));
  const long = walkStages(written, extended);
  return [
    ...skipRatio.stages.flatMap((stage, index) => stageDifferences(stage, plain.stages[index]!)),
    ...near("rolledBack", skipRatio.rolledBack, plain.rolledBack),
    ...near("rolledBackBefore100", skipRatio.rolledBackBefore100, before.rolledBack),
    ...near("floor", floor, before.rolledBack + before.stillRunning * withFloor.fail),
    ...near(
      "previousStage",
      previousStage,
      before.rolledBack + before.stillRunning * againstHalf(written),
    ),
    ...near("extendUntilMinimum", expected.extendUntilMinimum.rolledBack, long.rolledBack),
    ...stageDifferences(expected.extendUntilMinimum.firstStage, long.stages[0]!),
    ...trafficDifferences(written, expected.poissonArrivalsRandomRouting),
  ];
}

/** The last stage against as many production requests as the one before it had, fresh ones. */
function againstHalf(written: Params): number {
  const [half, all] = [trafficOf(written, 50), trafficOf(written, 100)];
  return stageFailure({ canary: all.canary, production: half.production }, limitsOf({})).fail;
}

function stageDifferences(
  wanted: WantedStage,
  computed: Readonly<Record<string, number | boolean>>,
): readonly string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const field = `stage ${wanted.percent} % ${name}`;
    if (name === "extended") return [];
    const found = computed[name];
    return typeof value === "number" && typeof found === "number"
      ? near(field, value, found)
      : difference(field, value, found);
  });
}

/** Simulated in the table and here: they may differ by what both do not know. */
function trafficDifferences(
  written: Params,
  wanted: z.infer<typeof ruleSchema>["expected"]["poissonArrivalsRandomRouting"],
): readonly string[] {
  const { rolledBack, firstFailByStage } = simulatedShares(written, {
    stages: STAGES,
    seconds: STAGE_SECONDS,
    minimumRequests: MINIMUM_REQUESTS,
  });
  const compare = (name: string, value: number, share: number, n: number): readonly string[] => {
    const variance = value * (1 - value) * (1 / n + 1 / wanted.replications);
    const allowed = 4 * Math.sqrt(variance) + 5 / n;
    return Math.abs(value - share) <= allowed
      ? []
      : [`${name}: expected ${value}, simulated ${share} ± ${allowed}`];
  };
  return [
    ...compare("poisson rolledBack", wanted.rolledBack, rolledBack.share, rolledBack.n),
    ...wanted.firstFailByStage.flatMap((value, index) =>
      compare(`poisson stage ${index}`, value, firstFailByStage[index]!, rolledBack.n),
    ),
  ];
}

const gatedSchema = z.object({
  params,
  expected: z.strictObject({
    stages: z.array(stageSchema),
    rolledBackBefore100: z.number(),
    rolledBackBefore100WithoutTest: z.number(),
  }),
});

export function gatedRuleDifferences(testCase: Json): readonly string[] {
  const { params: written, expected } = gatedSchema.parse(testCase);
  const gate = limitsOf({ significanceLevel: written.alpha ?? null });
  let [left, rolledBack, plainLeft, plainRolledBack] = [1, 0, 1, 0];
  const differences = expected.stages.flatMap((stage) => {
    const traffic = trafficOf(written, stage.percent);
    const judged = traffic.canary.requests >= MINIMUM_REQUESTS;
    const gated = judged ? stageFailure(traffic, gate) : { fail: 0, pass: 1 };
    const plain = judged ? stageFailure(traffic, limitsOf({})) : { fail: 0, pass: 1 };
    rolledBack += left * gated.fail;
    left *= gated.pass;
    plainRolledBack += plainLeft * plain.fail;
    plainLeft *= plain.pass;
    // What double arithmetic gets wrong is a property of the table's own comparison.
    const { floatDisagreement: _, ...wanted } = stage;
    return stageDifferences(
      { ...wanted, percent: stage.percent, judged: stage.judged },
      {
        percent: stage.percent,
        judged,
        canaryRequests: traffic.canary.requests,
        fail: gated.fail,
        failWithoutTest: plain.fail,
      },
    );
  });
  return [
    ...differences,
    ...near("rolledBackBefore100", expected.rolledBackBefore100, rolledBack),
    ...near(
      "rolledBackBefore100WithoutTest",
      expected.rolledBackBefore100WithoutTest,
      plainRolledBack,
    ),
  ];
}
