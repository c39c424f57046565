import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { micros, millis, toMillis } from "../../../sim/kernel/time.ts";
import { opossum } from "../../../sim/policy/resilience/opossum.ts";
import { replay, type Transition } from "./breakerReplay.ts";
import { difference } from "./group.ts";

const paramsSchema = z.object({
  timeout: z.number(),
  errorThresholdPercentage: z.number(),
  resetTimeout: z.number(),
  rollingCountTimeout: z.number(),
  rollingCountBuckets: z.number(),
  volumeThreshold: z.number().optional(),
  allowWarmUp: z.boolean().optional(),
  capacity: z.number().optional(),
  coalesce: z.literal(false).optional(),
  calls: z.array(
    z.strictObject({ t: z.number(), outcome: z.enum(["ok", "err"]), duration: z.number() }),
  ),
});
type Params = z.infer<typeof paramsSchema>;

const caseSchema = z.object({
  params: paramsSchema,
  expected: z.strictObject({
    transitions: z.array(z.strictObject({ t: z.number(), event: z.string() })),
    results: z.array(z.strictObject({ result: z.string(), t: z.number() })),
  }),
});

const EVENTS = { OPEN: "open", HALF_OPEN: "halfOpen", CLOSED: "close" } as const;

/** opossum: its events, and what the caller of each call saw, and when. */
export function opossumDifferences(testCase: Json): readonly string[] {
  const { params, expected } = caseSchema.parse(testCase);
  const { transitions, results } = outcomeOf(params);
  const events = transitions.map(({ t, to }) => ({ t: toMillis(t), event: EVENTS[to] }));
  return [
    ...difference("transitions", expected.transitions, events),
    ...difference("results", expected.results, results),
  ];
}

function outcomeOf(params: Params): {
  readonly transitions: readonly Transition[];
  readonly results: readonly object[];
} {
  // The timeout's timer is set before the action begins, so it wins a tie. 0: no timeout.
  const timesOut = (duration: number) => params.timeout > 0 && duration >= params.timeout;
  const calls = params.calls.map(({ t, outcome, duration }) => ({
    begin: millis(t),
    duration: millis(timesOut(duration) ? params.timeout : duration),
    outcome: outcome === "ok" && !timesOut(duration) ? ("success" as const) : ("failure" as const),
  }));
  const results: object[] = [];
  const config = {
    errorThresholdPercentage: params.errorThresholdPercentage,
    resetTimeoutMs: params.resetTimeout,
    rollingCountTimeoutMs: params.rollingCountTimeout,
    rollingCountBuckets: params.rollingCountBuckets,
    volumeThreshold: params.volumeThreshold,
    allowWarmUp: params.allowWarmUp,
    capacity: params.capacity,
  };
  const seen = ({ kind, t, call, permitted }: Parameters<Parameters<typeof replay>[3]>[0]) => {
    if (kind === "begin" && permitted) return;
    const { outcome, duration } = params.calls[call]!;
    const result = timesOut(duration) ? "timeout" : outcome === "ok" ? "ok" : "error";
    results[call] = { result: permitted ? result : "refused", t: toMillis(t) };
  };
  const forever = micros(Number.MAX_SAFE_INTEGER);
  return { transitions: replay(opossum, config, calls, seen, forever), results };
}
