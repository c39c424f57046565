import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { seconds } from "../../../sim/kernel/time.ts";
import { type ThresholdConfig, threshold } from "../../../sim/policy/resilience/threshold.ts";
import { replay } from "./breakerReplay.ts";
import { difference } from "./group.ts";

const transitions = z.array(z.strictObject({ t: z.number(), from: z.string(), to: z.string() }));

const caseSchema = z.object({
  params: z.strictObject({
    failureThreshold: z.number(),
    monitoringPeriod: z.number(),
    resetTimeout: z.number(),
    halfOpenSuccesses: z.number(),
    calls: z.array(
      z.strictObject({ t: z.number(), outcome: z.enum(["ok", "err"]), duration: z.number() }),
    ),
  }),
  expected: z.strictObject({ transitions, refused: z.array(z.number()) }),
  expectedIfConsecutive: z
    .strictObject({ transitions, refused: z.array(z.number()).optional() })
    .optional(),
});

type Params = z.infer<typeof caseSchema>["params"];

/** threshold-breaker: the rule itself, and the variant in which a success resets the count. */
export function thresholdDifferences(testCase: Json): readonly string[] {
  const { params, expected, expectedIfConsecutive } = caseSchema.parse(testCase);
  const plain = outcomeOf(params, {});
  const found = [
    ...difference("transitions", inMicros(expected.transitions), plain.transitions),
    ...difference("refused", expected.refused, plain.refused),
  ];
  if (expectedIfConsecutive === undefined) return found;
  const consecutive = outcomeOf(params, { successResetsFailures: true });
  const wanted = inMicros(expectedIfConsecutive.transitions);
  found.push(...difference("transitions if consecutive", wanted, consecutive.transitions));
  if (expectedIfConsecutive.refused !== undefined) {
    const { refused } = expectedIfConsecutive;
    found.push(...difference("refused if consecutive", refused, consecutive.refused));
  }
  return found;
}

function outcomeOf(params: Params, variant: ThresholdConfig) {
  const config: ThresholdConfig = {
    failureThreshold: params.failureThreshold,
    monitoringPeriodSeconds: params.monitoringPeriod,
    resetTimeoutSeconds: params.resetTimeout,
    halfOpenSuccesses: params.halfOpenSuccesses,
    ...variant,
  };
  const calls = params.calls.map(({ t, outcome, duration }) => ({
    begin: seconds(t),
    duration: seconds(duration),
    outcome: outcome === "ok" ? ("success" as const) : ("failure" as const),
  }));
  const refused: number[] = [];
  const changes = replay(threshold, config, calls, ({ kind, call, permitted }) => {
    if (kind === "begin" && !permitted) refused.push(call);
  });
  return { transitions: changes, refused };
}

const inMicros = (list: z.infer<typeof transitions>) =>
  list.map(({ t, from, to }) => ({ t: seconds(t), from, to }));
