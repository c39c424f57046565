import { z } from "zod";
import type { Micros } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { PERMITTED } from "./admission.ts";
import {
  emptyTable,
  entryOf,
  type KeyTable,
  RATE_LIMITED,
  type RateLimiter,
} from "./rateLimiter.ts";

export interface TokenBucketConfig {
  /** Tokens that come in a second: the rate that is let through in the long run, of each key. */
  readonly ratePerSecond: number;
  /** Tokens that there can be: what is let through at once. */
  readonly burst: number;
  /** Tokens of a key at its first call. Default: `burst`. */
  readonly startTokens?: number | undefined;
}

const configSchema: z.ZodType<TokenBucketConfig> = z.strictObject({
  ratePerSecond: z.number().nonnegative(),
  burst: z.number().min(1),
  startTokens: z.number().nonnegative().optional(),
});

type Bucket = { tokens: number; at: Micros };

export type TokenBucketState = {
  readonly ratePerMicro: number;
  readonly burst: number;
  readonly startTokens: number;
  readonly buckets: KeyTable<Bucket>;
};

/** What sums of shares may lose by rounding, in favour of the call. */
const ROUNDING = 1e-9;

/**
 * A token bucket: tokens come at a steady rate up to `burst`, with which each key begins, and every
 * call takes its cost, one token as a rule, or is refused.
 * Source: J. Turner, "New directions in communications", IEEE Communications Magazine 24(10), 1986.
 */
export const tokenBucket: RateLimiter<TokenBucketConfig, TokenBucketState> = {
  name: "token-bucket",
  validate: (config) => problemsOf(configSchema, config),
  init: ({ ratePerSecond, burst, startTokens = burst }) => ({
    ratePerMicro: ratePerSecond / 1_000_000,
    burst,
    startTokens: Math.min(startTokens, burst),
    buckets: emptyTable<Bucket>(),
  }),

  tryAcquire(state, { key, cost }, now) {
    const bucket = bucketOf(state, key, now);
    bucket.tokens = tokensAt(state, bucket, now);
    bucket.at = now;
    if (bucket.tokens + ROUNDING < cost) return RATE_LIMITED;
    bucket.tokens = Math.max(0, bucket.tokens - cost);
    return PERMITTED;
  },

  retryAfter(state, { key, cost }, now) {
    const missing = cost - tokensAt(state, bucketOf(state, key, now), now);
    if (missing <= ROUNDING) return 0;
    return cost > state.burst || state.ratePerMicro === 0 ? null : missing / state.ratePerMicro;
  },

  onResult() {},
  nextTimer: () => null,
  onTimer() {},
};

/** A full bucket is that of a key which never came, where keys begin with a full one. */
function bucketOf(state: TokenBucketState, key: string, now: Micros): Bucket {
  const { burst, startTokens, buckets } = state;
  return entryOf(
    buckets,
    key,
    () => ({ tokens: startTokens, at: now }),
    (bucket) => startTokens === burst && tokensAt(state, bucket, now) >= burst,
  );
}

const tokensAt = ({ burst, ratePerMicro }: TokenBucketState, { tokens, at }: Bucket, now: Micros) =>
  Math.min(burst, tokens + ratePerMicro * (now - at));
