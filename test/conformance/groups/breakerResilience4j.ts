import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { millis, toMillis } from "../../../sim/kernel/time.ts";
import { resilience4j, resilience4jMetrics } from "../../../sim/policy/resilience/resilience4j.ts";
import { type ReplayEvent, type ReplayedCall, replay } from "./breakerReplay.ts";
import { difference, type JsonObject } from "./group.ts";

const eventSchema = z.strictObject({
  t: z.number(),
  event: z.enum(["begin", "end"]),
  call: z.int(),
  outcome: z.enum(["ok", "err"]),
  durationMs: z.number().optional(),
  permitted: z.boolean().optional(),
  state: z.string(),
  failureRate: z.number(),
  slowCallRate: z.number(),
  buffered: z.int(),
  failed: z.int(),
  slow: z.int(),
  notPermitted: z.int(),
});
type Event = z.infer<typeof eventSchema>;

const caseSchema = z.object({
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  expected: z.strictObject({
    transitions: z.array(z.strictObject({ t: z.number(), from: z.string(), to: z.string() })),
    events: z.array(eventSchema),
  }),
});

/** Rates are equal within this much of a percentage point, unless the file says otherwise. */
const DEFAULT_TOLERANCE = 0.0001;
const toleranceSchema = z.object({ rates: z.number() });

/**
 * Every event of a recording: whether the call was permitted, and all that the breaker shows after
 * it. The parameters are its configuration as they stand.
 */
export function resilience4jDifferences(testCase: Json, file: JsonObject): readonly string[] {
  const { params, expected } = caseSchema.parse(testCase);
  const parsed = toleranceSchema.safeParse(file["tolerance"]);
  const tolerance = parsed.success ? parsed.data.rates : DEFAULT_TOLERANCE;
  const calls = callsOf(expected.events);
  const events: Event[] = [];
  const transitions = replay(resilience4j, params, calls, (event, state) => {
    const shown = resilience4jMetrics(state, event.t);
    events.push({ ...eventOf(event, calls[event.call]!), state: state.phase, ...shown });
  }).map(({ t, from, to }) => ({ t: toMillis(t), from, to }));
  const count = Math.max(events.length, expected.events.length);
  const found = Array.from({ length: count }, (_, index) =>
    eventDifferences(index, {
      expected: expected.events[index],
      computed: events[index],
      tolerance,
    }),
  ).flat();
  return [...difference("transitions", expected.transitions, transitions), ...found];
}

/** Calls by their number; they begin in that order. */
function callsOf(events: readonly Event[]): readonly ReplayedCall[] {
  return events
    .filter(({ event }) => event === "begin")
    .map(({ t, call, outcome, durationMs }, index) => {
      if (call !== index) throw new Error(`call ${call} begins as number ${index}`);
      if (durationMs === undefined) throw new Error(`call ${call} has no duration`);
      return {
        begin: millis(t),
        duration: millis(durationMs),
        outcome: outcome === "ok" ? "success" : "failure",
      };
    });
}

function eventOf({ t, call, kind, permitted }: ReplayEvent, { outcome, duration }: ReplayedCall) {
  const isBegin = kind === "begin";
  return {
    t: toMillis(t),
    event: kind,
    call,
    outcome: outcome === "success" ? ("ok" as const) : ("err" as const),
    ...(isBegin && { durationMs: toMillis(duration), permitted }),
  };
}

function eventDifferences(
  index: number,
  {
    expected,
    computed,
    tolerance,
  }: {
    readonly expected: Event | undefined;
    readonly computed: Event | undefined;
    readonly tolerance: number;
  },
): readonly string[] {
  if (expected === undefined || computed === undefined) {
    return difference(`event ${index}`, expected, computed);
  }
  const isNear = (field: "failureRate" | "slowCallRate") =>
    Math.abs(expected[field] - computed[field]) <= tolerance;
  return difference(`event ${index}`, expected, {
    ...computed,
    ...(isNear("failureRate") && { failureRate: expected.failureRate }),
    ...(isNear("slowCallRate") && { slowCallRate: expected.slowCallRate }),
  });
}
