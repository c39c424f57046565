import { z } from "zod";
import { type Micros, micros, millis } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import {
  type Admission,
  type BreakerPhase,
  type CircuitBreaker,
  PERMITTED,
  refusal,
} from "./admission.ts";

/**
 * Options as in opossum, durations in milliseconds; absent ones have its defaults. Its `timeout`
 * is not among them: a call that takes too long is ended by its caller, as a failure.
 */
export interface OpossumConfig {
  /** Percent of the calls fired; more failures open. Default 50. */
  readonly errorThresholdPercentage?: number | undefined;
  /** How long it stays open. Default 30 000. */
  readonly resetTimeoutMs?: number | undefined;
  /** Default 10 000. */
  readonly rollingCountTimeoutMs?: number | undefined;
  /** Parts in which the window rolls on. Default 10. */
  readonly rollingCountBuckets?: number | undefined;
  /** Calls fired within the window before it is judged. Default 0. */
  readonly volumeThreshold?: number | undefined;
  /** Whether it cannot open during the first `rollingCountTimeout`. Default false. */
  readonly allowWarmUp?: boolean | undefined;
  /** Calls at the same time; a call beyond them fails. Default: no limit. */
  readonly capacity?: number | undefined;
}

const duration = z.number().nonnegative().optional();

const configSchema: z.ZodType<OpossumConfig> = z.strictObject({
  errorThresholdPercentage: z.number().min(0).max(100).optional(),
  resetTimeoutMs: duration,
  rollingCountTimeoutMs: z.number().positive().optional(),
  rollingCountBuckets: z.int32().positive().optional(),
  volumeThreshold: z.int32().nonnegative().optional(),
  allowWarmUp: z.boolean().optional(),
  capacity: z.int().nonnegative().optional(),
});

type Settings = {
  readonly errorThresholdPercentage: number;
  readonly resetTimeout: Micros;
  readonly buckets: number;
  readonly bucketInterval: Micros;
  readonly volumeThreshold: number;
  readonly capacity: number;
};

export type OpossumState = {
  readonly settings: Settings;
  phase: BreakerPhase;
  /** HALF_OPEN: whether the one call that decides may still begin. */
  awaitsProbe: boolean;
  /** OPEN: when it becomes half-open. */
  halfOpensAt: Micros;
  readonly startedAt: Micros;
  readonly warmUntil: Micros;
  /** Calls that are under way. */
  pending: number;
  /** Buckets begun so far, less one; each count of bucket n is at n modulo their number. */
  rotations: number;
  readonly fires: number[];
  readonly failures: number[];
  totalFires: number;
  totalFailures: number;
};

const OPEN = refusal("CircuitOpen");
const HALF_OPEN = refusal("CircuitHalfOpen");
const LOCKED = refusal("SemaphoreLocked");

/**
 * The circuit breaker of Node.js's opossum. After each failure it compares the failures of a
 * rolling window with the calls fired in it, those under way and those refused included. An open
 * one becomes half-open by a timer and lets one call through; whichever result then comes first,
 * that of an older call too, closes or opens it. Closing forgets nothing: the window rolls on.
 * An ignored result counts as a success, as an error does that its `errorFilter` lets pass.
 * Source: github.com/nodeshift/opossum, 9.0.0, lib/circuit.js and lib/status.js.
 */
export const opossum: CircuitBreaker<OpossumConfig, OpossumState> = {
  name: "opossum",
  validate: (config) => problemsOf(configSchema, config),

  init(config, now) {
    const settings = settingsOf(config);
    const warmUp = config.allowWarmUp === true ? (config.rollingCountTimeoutMs ?? 10_000) : 0;
    return {
      settings,
      phase: "CLOSED",
      awaitsProbe: false,
      halfOpensAt: now,
      startedAt: now,
      warmUntil: micros(now + millis(warmUp)),
      pending: 0,
      rotations: 0,
      fires: new Array<number>(settings.buckets).fill(0),
      failures: new Array<number>(settings.buckets).fill(0),
      totalFires: 0,
      totalFailures: 0,
    };
  },

  phase: (state) => state.phase,

  tryAcquire(state, _request, now): Admission {
    if (now >= state.halfOpensAt) halfOpen(state);
    const bucket = currentBucket(state, now);
    state.fires[bucket]!++;
    state.totalFires++;
    if (state.phase !== "CLOSED" && !state.awaitsProbe) {
      return state.phase === "OPEN" ? OPEN : HALF_OPEN;
    }
    state.awaitsProbe = false;
    if (state.pending >= state.settings.capacity) {
      fail(state, now);
      return LOCKED;
    }
    state.pending++;
    return PERMITTED;
  },

  onResult(state, { outcome }, now) {
    // The timer was set after all calls that are under way while it runs, and so comes last.
    if (now > state.halfOpensAt) halfOpen(state);
    state.pending--;
    if (outcome === "failure") fail(state, now);
    else if (state.phase === "HALF_OPEN") {
      state.phase = "CLOSED";
      state.awaitsProbe = false;
    }
  },

  nextTimer: ({ phase, halfOpensAt }) => (phase === "OPEN" ? halfOpensAt : null),
  onTimer(state, now) {
    if (now >= state.halfOpensAt) halfOpen(state);
  },
};

function settingsOf(config: OpossumConfig): Settings {
  const buckets = config.rollingCountBuckets ?? 10;
  // Timers there count whole milliseconds, at least one.
  const bucketMs = Math.floor((config.rollingCountTimeoutMs ?? 10_000) / buckets);
  return {
    errorThresholdPercentage: config.errorThresholdPercentage ?? 50,
    resetTimeout: millis(config.resetTimeoutMs ?? 30_000),
    buckets,
    bucketInterval: millis(Math.max(1, bucketMs)),
    volumeThreshold: config.volumeThreshold ?? 0,
    capacity: config.capacity ?? Number.MAX_SAFE_INTEGER,
  };
}

function halfOpen(state: OpossumState): void {
  if (state.phase !== "OPEN") return;
  state.phase = "HALF_OPEN";
  state.awaitsProbe = true;
}

function fail(state: OpossumState, now: Micros): void {
  const bucket = currentBucket(state, now);
  state.failures[bucket]!++;
  state.totalFailures++;
  if (now < state.warmUntil || state.phase === "OPEN") return;
  const { errorThresholdPercentage, volumeThreshold, resetTimeout } = state.settings;
  if (state.phase === "CLOSED") {
    if (state.totalFires < volumeThreshold) return;
    // Late failures of calls that have left the window may be all that is in it: infinite then.
    const errorRate = (state.totalFailures / state.totalFires) * 100;
    if (errorRate <= errorThresholdPercentage) return;
  }
  state.phase = "OPEN";
  state.awaitsProbe = false;
  state.halfOpensAt = micros(now + resetTimeout);
}

/** Rolls the window to now; the place of its newest bucket. */
function currentBucket(state: OpossumState, now: Micros): number {
  const { buckets, bucketInterval } = state.settings;
  const rotations = Math.floor((now - state.startedAt) / bucketInterval);
  for (let left = Math.min(rotations - state.rotations, buckets); left > 0; left--) {
    const bucket = (rotations - left + 1) % buckets;
    state.totalFires -= state.fires[bucket]!;
    state.totalFailures -= state.failures[bucket]!;
    state.fires[bucket] = 0;
    state.failures[bucket] = 0;
  }
  state.rotations = rotations;
  return rotations % buckets;
}
