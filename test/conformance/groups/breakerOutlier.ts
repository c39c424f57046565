import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { micros, seconds, toSeconds } from "../../../sim/kernel/time.ts";
import {
  type OutlierEvent,
  outlierDetection,
} from "../../../sim/policy/resilience/outlier/outlierDetection.ts";
import type { OutlierDetectionConfig } from "../../../sim/policy/resilience/outlier/settings.ts";
import { difference } from "./group.ts";

const logSchema = z.array(
  z.strictObject({
    t: z.number(),
    host: z.string(),
    action: z.enum(["eject", "overflow", "uneject"]),
    multiplier: z.number().optional(),
    ejectionSeconds: z.number().optional(),
    ejectedNow: z.number().optional(),
  }),
);
type Log = z.infer<typeof logSchema>;
const expectation = z.strictObject({ log: logSchema });

const caseSchema = z.object({
  params: z.strictObject({
    hosts: z.array(z.string()).min(1),
    consecutive5xx: z.number(),
    interval: z.number(),
    baseEjectionTime: z.number(),
    maxEjectionTime: z.number(),
    maxEjectionPercent: z.number(),
    alwaysEjectOneHost: z.boolean().default(false),
    responses: z.array(z.strictObject({ t: z.number(), host: z.string(), code: z.number() })),
  }),
  expected: expectation,
  /** Either with the log in a field of its own, or the log itself. */
  expectedWithoutDecay: z.union([expectation, logSchema.transform((log) => ({ log }))]).optional(),
});
type Params = z.infer<typeof caseSchema>["params"];

/** envoy-outlier: the log of both generations. Its reading has multipliers grow without bound. */
export function outlierDifferences(testCase: Json): readonly string[] {
  const { params, expected, expectedWithoutDecay } = caseSchema.parse(testCase);
  const found = difference("log", inMicros(expected.log), logOf(params, "decaying-unbounded"));
  if (expectedWithoutDecay === undefined) return found;
  const older = inMicros(expectedWithoutDecay.log);
  return [...found, ...difference("log without decay", older, logOf(params, "all-ejections"))];
}

function logOf(params: Params, multiplier: OutlierDetectionConfig["multiplier"]) {
  const { hosts, interval, baseEjectionTime, maxEjectionTime, responses, ...same } = params;
  const config: OutlierDetectionConfig = {
    consecutive5xx: same.consecutive5xx,
    enforcingSuccessRate: 0,
    intervalSeconds: interval,
    baseEjectionTimeSeconds: baseEjectionTime,
    maxEjectionTimeSeconds: maxEjectionTime,
    maxEjectionPercent: same.maxEjectionPercent,
    alwaysEjectOneHost: same.alwaysEjectOneHost,
    multiplier,
  };
  const problems = outlierDetection.validate(config);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const state = outlierDetection.init(config, micros(0));
  for (const index of hosts.keys()) outlierDetection.addHost(state, index);
  const log: Log = [];
  const write = (events: readonly OutlierEvent[]) => {
    for (const event of events) log.push(lineOf(event, hosts));
  };
  for (const { t, host, code } of responses) {
    const index = hosts.indexOf(host);
    if (index < 0) throw new Error(`no host ${host}`);
    write(outlierDetection.onResponse(state, { host: index, code }, seconds(t)));
  }
  // Sweeps go on until all are back.
  for (let due = outlierDetection.nextTimer(state); due !== null; ) {
    write(outlierDetection.onTimer(state, due));
    due = outlierDetection.nextTimer(state);
  }
  return inMicros(log);
}

function lineOf(event: OutlierEvent, hosts: readonly string[]): Log[number] {
  const line = { t: toSeconds(event.t), host: hosts[event.host]!, action: event.kind };
  if (event.kind !== "eject") return line;
  const { multiplier, ejectionTime, ejectedNow } = event;
  return { ...line, multiplier, ejectionSeconds: toSeconds(ejectionTime), ejectedNow };
}

const inMicros = (log: Log) =>
  log.map(({ t, ejectionSeconds, ...line }) => ({
    ...line,
    t: seconds(t),
    ...(ejectionSeconds !== undefined && { ejection: seconds(ejectionSeconds) }),
  }));
