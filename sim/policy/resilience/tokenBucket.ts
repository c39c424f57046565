import { z } from "zod";
import type { Micros } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { type AdmissionPolicy, PERMITTED, refusal } from "./admission.ts";

export interface TokenBucketConfig {
  /** Tokens that come in a second: the rate that is let through in the long run, of each key. */
  readonly ratePerSecond: number;
  /** Tokens that there can be: what is let through at once. */
  readonly burst: number;
}

const configSchema: z.ZodType<TokenBucketConfig> = z.strictObject({
  ratePerSecond: z.number().nonnegative(),
  burst: z.number().min(1),
});

type Bucket = { tokens: number; at: Micros };

export type TokenBucketState = {
  readonly ratePerMicro: number;
  readonly burst: number;
  readonly buckets: { [key: string]: Bucket };
};

/** What sums of shares may lose by rounding, in favour of the call. */
const ROUNDING = 1e-9;
const EMPTY = refusal("RateLimited");

/**
 * A token bucket: tokens come at a steady rate up to `burst`, with which each key begins, and every
 * call takes one or is refused.
 * Source: J. Turner, "New directions in communications", IEEE Communications Magazine 24(10), 1986.
 */
export const tokenBucket: AdmissionPolicy<TokenBucketConfig, TokenBucketState> = {
  name: "token-bucket",
  validate: (config) => problemsOf(configSchema, config),
  init: ({ ratePerSecond, burst }) => ({
    ratePerMicro: ratePerSecond / 1_000_000,
    burst,
    buckets: {},
  }),

  tryAcquire({ buckets, ratePerMicro, burst }, { key }, now) {
    if (!Object.hasOwn(buckets, key)) buckets[key] = { tokens: burst, at: now };
    const bucket = buckets[key]!;
    bucket.tokens = Math.min(burst, bucket.tokens + ratePerMicro * (now - bucket.at));
    bucket.at = now;
    if (bucket.tokens + ROUNDING < 1) return EMPTY;
    bucket.tokens = Math.max(0, bucket.tokens - 1);
    return PERMITTED;
  },

  onResult() {},
  nextTimer: () => null,
  onTimer() {},
};
