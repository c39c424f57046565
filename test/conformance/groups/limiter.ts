import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { millis, seconds, ZERO } from "../../../sim/kernel/time.ts";
import { flagBucket, isFlagEnabled } from "../../../sim/policy/percentageFlag.ts";
import { fixedWindow } from "../../../sim/policy/resilience/fixedWindow.ts";
import type { RateLimiter } from "../../../sim/policy/resilience/rateLimiter.ts";
import { slidingWindowCounter } from "../../../sim/policy/resilience/slidingWindowCounter.ts";
import { slidingWindowLog } from "../../../sim/policy/resilience/slidingWindowLog.ts";
import { tokenBucket } from "../../../sim/policy/resilience/tokenBucket.ts";
import { statisticalGroup } from "../statistical/threads.ts";
import { difference, type GroupRunner } from "./group.ts";
import { modelGroup, near } from "./modelGroup.ts";

/** Flags and limiters, decision by decision, and a limiter under Poisson traffic. */
export const limiterGroup: GroupRunner = modelGroup(
  {
    "percentage-flag": flagDifferences,
    "percentage-rollout": rolloutDifferences,
    "token-bucket": tokenBucketDifferences,
    "window-limiters": windowDifferences,
  },
  statisticalGroup("limiter"),
);

const flagSchema = z.object({
  params: z.object({ flag: z.string(), user: z.string() }),
  expected: z.strictObject({
    bucket: z.number(),
    enabledAt: z.record(z.string(), z.boolean()),
  }),
});

function flagDifferences(testCase: Json): readonly string[] {
  const { params, expected } = flagSchema.parse(testCase);
  const { flag, user } = params;
  return [
    ...difference("bucket", expected.bucket, flagBucket(flag, user)),
    ...Object.entries(expected.enabledAt).flatMap(([percent, enabled]) =>
      difference(`enabled at ${percent} %`, enabled, isFlagEnabled(flag, user, Number(percent))),
    ),
  ];
}

const rolloutSchema = z.object({
  params: z.object({ flag: z.string(), users: z.number(), userFormat: z.string() }),
  expected: z.strictObject({
    enabledCount: z.record(z.string(), z.number()),
    chiSquare99df: z.number(),
  }),
});

function rolloutDifferences(testCase: Json): readonly string[] {
  const { params, expected } = rolloutSchema.parse(testCase);
  const { flag, users, userFormat } = params;
  const counts = new Array<number>(100).fill(0);
  const format = userFormat.split(",")[0]!;
  for (let i = 0; i < users; i++) counts[flagBucket(flag, format.replace("{i}", String(i)))]!++;
  const mean = users / counts.length;
  const chiSquare = counts.reduce((sum, count) => sum + (count - mean) ** 2 / mean, 0);
  return [
    ...Object.entries(expected.enabledCount).flatMap(([percent, count]) => {
      const enabled = counts.slice(0, Number(percent)).reduce((sum, value) => sum + value, 0);
      return difference(`enabled at ${percent} %`, count, enabled);
    }),
    ...near("chi-square", expected.chiSquare99df, chiSquare),
  ];
}

const bucketSchema = z.object({
  params: z.strictObject({ rate: z.number(), capacity: z.number(), startTokens: z.number() }),
  expected: z.strictObject({
    events: z.array(
      z.strictObject({
        t: z.number(),
        cost: z.number(),
        allowed: z.boolean(),
        tokensAfter: z.number(),
        retryAfter: z.number().nullable(),
      }),
    ),
    allowed: z.number(),
    refused: z.number(),
  }),
});

function tokenBucketDifferences(testCase: Json): readonly string[] {
  const { params, expected } = bucketSchema.parse(testCase);
  const { rate, capacity: burst, startTokens } = params;
  const state = tokenBucket.init({ ratePerSecond: rate, burst, startTokens }, ZERO);
  let allowed = 0;
  const differences = expected.events.flatMap((event, index) => {
    const now = seconds(event.t);
    const request = requestOf(event.cost);
    const wait = tokenBucket.retryAfter(state, request, now);
    const { permitted } = tokenBucket.tryAcquire(state, request, now);
    if (permitted) allowed++;
    const at = `event ${index}`;
    return [
      ...difference(`${at} allowed`, event.allowed, permitted),
      ...near(`${at} tokens`, event.tokensAfter, state.buckets.entries[""]!.tokens),
      ...near(`${at} retryAfter`, event.retryAfter, wait === null ? null : wait / 1_000_000),
    ];
  });
  return [
    ...differences,
    ...difference("allowed", expected.allowed, allowed),
    ...difference("refused", expected.refused, expected.events.length - allowed),
  ];
}

const windowSchema = z.object({
  params: z.strictObject({
    limit: z.number(),
    windowMs: z.number(),
    timesMs: z.array(z.number()),
  }),
  expected: z.strictObject({
    fixedWindow: z.array(z.boolean()),
    slidingLog: z.array(z.boolean()),
    slidingCounter: z.array(z.boolean()),
    allowedCount: z.record(z.string(), z.number()),
  }),
});

const WINDOW_LIMITERS = {
  fixedWindow,
  slidingLog: slidingWindowLog,
  slidingCounter: slidingWindowCounter,
} as const;

function windowDifferences(testCase: Json): readonly string[] {
  const { params, expected } = windowSchema.parse(testCase);
  const decisions = {
    fixedWindow: decide(WINDOW_LIMITERS.fixedWindow, params),
    slidingLog: decide(WINDOW_LIMITERS.slidingLog, params),
    slidingCounter: decide(WINDOW_LIMITERS.slidingCounter, params),
  };
  const { allowedCount, ...wanted } = expected;
  const counts = Object.entries(decisions).map(([name, list]) => [
    name,
    list.filter((permitted) => permitted).length,
  ]);
  return [
    ...Object.keys(decisions).flatMap((name) =>
      difference(name, Reflect.get(wanted, name), Reflect.get(decisions, name)),
    ),
    ...difference("allowedCount", allowedCount, Object.fromEntries(counts)),
  ];
}

function decide<State extends Json>(
  limiter: RateLimiter<{ limit: number; windowSeconds: number }, State>,
  { limit, windowMs, timesMs }: z.infer<typeof windowSchema>["params"],
): readonly boolean[] {
  const state = limiter.init({ limit, windowSeconds: windowMs / 1000 }, ZERO);
  return timesMs.map((time) => limiter.tryAcquire(state, requestOf(1), millis(time)).permitted);
}

const requestOf = (cost: number) => ({ key: "", cost, priority: 0, draw: 0 });
