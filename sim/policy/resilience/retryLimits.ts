import { z } from "zod";
import type { Json } from "../../kernel/json.ts";
import { type Micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import type { ConfigProblem } from "../policy.ts";

/**
 * Keeps retries to what the caller's other calls earn, so that failures do not multiply the load.
 * It runs for every call, so `state`, plain JSON, is changed in place; one instance belongs to one
 * caller. Times never go backwards.
 */
export interface RetryLimit<Config = unknown, State extends Json = Json> {
  readonly name: string;
  /** Every problem of a configuration as written, before defaults. Nothing is changed. */
  validate(config: unknown): readonly ConfigProblem[];
  /** First state of a valid configuration at `now`, defaults filled in. */
  init(config: Config, now: Micros): State;
  /** A call begins: its first attempt is sent. */
  onCall(state: State, now: Micros): void;
  /** An attempt has ended, first or not. */
  onAttempt(state: State, outcome: "success" | "failure"): void;
  /** Whether a retry may be sent; a granted one is paid for. */
  tryRetry(state: State, now: Micros): boolean;
}

/** Fields and defaults as Linkerd's `retryBudget` has them. */
export interface RetryBudgetConfig {
  /** Retries for each call: 0.2 adds at most a fifth to the load. Default 0.2. */
  readonly retryRatio?: number | undefined;
  /** Retries that are always allowed. Default 10. */
  readonly minRetriesPerSecond?: number | undefined;
  /** How long what a call earns can be spent. Default 10. */
  readonly ttlSeconds?: number | undefined;
}

const budgetSchema: z.ZodType<RetryBudgetConfig> = z.strictObject({
  retryRatio: z.number().nonnegative().max(1000).optional(),
  minRetriesPerSecond: z.number().nonnegative().optional(),
  ttlSeconds: z.number().min(1).max(60).optional(),
});

export type RetryBudgetState = {
  readonly ratio: number;
  /** Retries that need not be earned, within the time to live. */
  readonly reserve: number;
  /** Width of a slice of the time to live. */
  readonly slice: Micros;
  /** Earned less spent in each slice, the one of `current` at `current` modulo their number. */
  readonly balances: number[];
  current: number;
};

const SLICES = 10;
/** What sums of shares may lose by rounding: a tenth earned ten times is one retry. */
const ROUNDING = 1e-9;

/**
 * A retry budget: each call earns `retryRatio` of a retry, which can be spent for `ttl`; a few
 * retries a second need not be earned. Time passes in tenths of the `ttl`.
 * Source: Finagle's RetryBudget, Linkerd's `retryBudget`
 * (linkerd.io/2-edge/reference/service-profiles); Google, Site Reliability Engineering, ch. 21.
 */
export const budget: RetryLimit<RetryBudgetConfig, RetryBudgetState> = {
  name: "budget",
  validate: (config) => problemsOf(budgetSchema, config),
  init({ retryRatio = 0.2, minRetriesPerSecond = 10, ttlSeconds = 10 }, now) {
    const slice = seconds(ttlSeconds / SLICES);
    return {
      ratio: retryRatio,
      reserve: minRetriesPerSecond * ttlSeconds,
      slice,
      balances: Array.from({ length: SLICES }, () => 0),
      current: Math.floor(now / slice),
    };
  },
  onCall(state, now) {
    expire(state, now);
    state.balances[state.current % SLICES]! += state.ratio;
  },
  onAttempt() {},
  tryRetry(state, now) {
    expire(state, now);
    const balance = state.balances.reduce((sum, value) => sum + value, state.reserve);
    if (balance + ROUNDING < 1) return false;
    state.balances[state.current % SLICES]! -= 1;
    return true;
  },
};

function expire(state: RetryBudgetState, now: Micros): void {
  const current = Math.floor(now / state.slice);
  for (let left = Math.min(current - state.current, SLICES); left > 0; left--) {
    state.balances[(current - left + 1) % SLICES] = 0;
  }
  state.current = current;
}

/** Fields as in gRPC's service config. */
export interface RetryThrottlingConfig {
  /** Default 10. */
  readonly maxTokens?: number | undefined;
  /** What a success gives back. Default 0.1. */
  readonly tokenRatio?: number | undefined;
}

const throttlingSchema: z.ZodType<RetryThrottlingConfig> = z.strictObject({
  maxTokens: z.number().positive().max(1000).optional(),
  tokenRatio: z.number().positive().optional(),
});

export type RetryThrottlingState = {
  readonly maxTokens: number;
  readonly tokenRatio: number;
  tokens: number;
};

/**
 * Retry throttling: a failed attempt costs a token, a successful one gives `tokenRatio` back, up to
 * `maxTokens`; retries are sent while more than half of them are there.
 * Source: gRPC proposal A6, "Throttling Retry Attempts and Hedged RPCs".
 */
export const throttling: RetryLimit<RetryThrottlingConfig, RetryThrottlingState> = {
  name: "throttling",
  validate: (config) => problemsOf(throttlingSchema, config),
  init: ({ maxTokens = 10, tokenRatio = 0.1 }) => ({ maxTokens, tokenRatio, tokens: maxTokens }),
  onCall() {},
  onAttempt(state, outcome) {
    const { tokens, maxTokens, tokenRatio } = state;
    state.tokens =
      outcome === "failure" ? Math.max(0, tokens - 1) : Math.min(maxTokens, tokens + tokenRatio);
  },
  tryRetry: (state) => state.tokens > state.maxTokens / 2,
};

/** Every limit of retries, by the name that a scenario calls it. */
export const retryLimits: Readonly<Record<string, RetryLimit>> = { budget, throttling };
