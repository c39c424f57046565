import { z } from "zod";
import { type Micros, micros, seconds } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { type Admission, type BreakerPhase, type CircuitBreaker, refusal } from "./admission.ts";

/** Absent fields have the defaults of the documents that this breaker comes from. */
export interface ThresholdConfig {
  /** Failures within the monitoring period that open the breaker. Default 5. */
  readonly failureThreshold?: number | undefined;
  /** Default 10. */
  readonly monitoringPeriodSeconds?: number | undefined;
  /** How long an open breaker refuses. Default 60. */
  readonly resetTimeoutSeconds?: number | undefined;
  /** Successes that close a half-open breaker. Default 3. */
  readonly halfOpenSuccesses?: number | undefined;
  /**
   * Whether a success forgets the failures before it, so that only consecutive ones open the
   * breaker. Default false.
   */
  readonly successResetsFailures?: boolean | undefined;
  /**
   * What re-opens a half-open breaker: `any-failure` (the default); or `failures-in-a-row`, where
   * one failure does until the first success, and `failureThreshold` in a row do after it. The
   * latter is what comes of one count of failures that opening keeps and a success resets.
   */
  readonly reopensOn?: "any-failure" | "failures-in-a-row" | undefined;
}

const count = z.int32().positive().optional();

const configSchema: z.ZodType<ThresholdConfig> = z.strictObject({
  failureThreshold: count,
  monitoringPeriodSeconds: z.number().positive().optional(),
  resetTimeoutSeconds: z.number().nonnegative().optional(),
  halfOpenSuccesses: count,
  successResetsFailures: z.boolean().optional(),
  reopensOn: z.enum(["any-failure", "failures-in-a-row"]).optional(),
});

type Settings = {
  readonly failureThreshold: number;
  readonly monitoringPeriod: Micros;
  readonly resetTimeout: Micros;
  readonly halfOpenSuccesses: number;
  readonly successResetsFailures: boolean;
  readonly reopensOnAnyFailure: boolean;
};

export type ThresholdState = {
  readonly settings: Settings;
  phase: BreakerPhase;
  /** Number of transitions so far, the ticket of calls: results of earlier phases are ignored. */
  epoch: number;
  openedAt: Micros;
  /** CLOSED: times of the latest failures, the oldest at `oldest` once there are enough. */
  failedAt: Micros[];
  oldest: number;
  /** HALF_OPEN: successes, and failures since the last success. */
  successes: number;
  failuresInARow: number;
};

const OPEN = refusal("CircuitOpen");

/**
 * The breaker of textbooks: so many failures within a monitoring period open it; an open one
 * refuses all calls for `resetTimeout`, counted from the opening; the first call after that makes
 * it half-open, where every call is let through, so many successes close it and a failure opens it
 * again. Only results of calls that were permitted in the current phase count.
 * Source: M. Nygard, Release It!, 2nd ed. (2018), "Circuit Breaker".
 */
export const threshold: CircuitBreaker<ThresholdConfig, ThresholdState> = {
  name: "threshold",
  validate: (config) => problemsOf(configSchema, config),
  init: (config) => ({
    settings: settingsOf(config),
    phase: "CLOSED",
    epoch: 0,
    openedAt: micros(0),
    failedAt: [],
    oldest: 0,
    successes: 0,
    failuresInARow: 0,
  }),
  phase: (state) => state.phase,

  tryAcquire(state, _request, now): Admission {
    if (state.phase === "OPEN") {
      if (now < state.openedAt + state.settings.resetTimeout) return OPEN;
      enter(state, "HALF_OPEN");
    }
    return { permitted: true, reason: "Permitted", ticket: state.epoch };
  },

  onResult(state, { outcome, ticket }, now) {
    if (ticket !== state.epoch || outcome === "ignored") return;
    if (outcome === "success") onSuccess(state);
    else if (opens(state, now)) {
      enter(state, "OPEN");
      state.openedAt = now;
    }
  },

  // An open breaker waits for the next call.
  nextTimer: () => null,
  onTimer: () => {},
};

function settingsOf(config: ThresholdConfig): Settings {
  return {
    failureThreshold: config.failureThreshold ?? 5,
    monitoringPeriod: seconds(config.monitoringPeriodSeconds ?? 10),
    resetTimeout: seconds(config.resetTimeoutSeconds ?? 60),
    halfOpenSuccesses: config.halfOpenSuccesses ?? 3,
    successResetsFailures: config.successResetsFailures ?? false,
    reopensOnAnyFailure: (config.reopensOn ?? "any-failure") === "any-failure",
  };
}

function enter(state: ThresholdState, phase: BreakerPhase): void {
  state.phase = phase;
  state.epoch++;
  forgetFailures(state);
  state.successes = 0;
  // The failures that opened it still count until a first success.
  state.failuresInARow = state.settings.failureThreshold;
}

function forgetFailures(state: ThresholdState): void {
  if (state.failedAt.length > 0) state.failedAt = [];
  state.oldest = 0;
}

function onSuccess(state: ThresholdState): void {
  if (state.phase === "CLOSED") {
    if (state.settings.successResetsFailures) forgetFailures(state);
    return;
  }
  state.failuresInARow = 0;
  state.successes++;
  if (state.successes >= state.settings.halfOpenSuccesses) enter(state, "CLOSED");
}

/** Takes note of a failure; whether it opens the breaker. */
function opens(state: ThresholdState, now: Micros): boolean {
  const { failureThreshold, monitoringPeriod, reopensOnAnyFailure } = state.settings;
  if (state.phase === "HALF_OPEN") {
    state.failuresInARow++;
    return reopensOnAnyFailure || state.failuresInARow >= failureThreshold;
  }
  const { failedAt } = state;
  if (failedAt.length < failureThreshold) failedAt.push(now);
  else {
    failedAt[state.oldest] = now;
    state.oldest = (state.oldest + 1) % failureThreshold;
  }
  // A failure that is exactly one period old no longer counts.
  return failedAt.length === failureThreshold && failedAt[state.oldest]! > now - monitoringPeriod;
}
