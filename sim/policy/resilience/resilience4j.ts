import { z } from "zod";
import { type Micros, micros, millis } from "../../kernel/time.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import { type BreakerPhase, type CircuitBreaker, PERMITTED, refusal } from "./admission.ts";
import { type CallWindow, countWindow, forgetOld, record, timeWindow } from "./callWindow.ts";

/** Fields as in resilience4j, durations in milliseconds; absent ones have its defaults. */
export interface Resilience4jConfig {
  /** The window of a closed breaker: latest calls, or whole seconds. Default COUNT_BASED. */
  readonly slidingWindowType?: "COUNT_BASED" | "TIME_BASED" | undefined;
  /** Calls or seconds. Default 100. */
  readonly slidingWindowSize?: number | undefined;
  /** Calls in the window before it is judged, at most the window of calls. Default 100. */
  readonly minimumNumberOfCalls?: number | undefined;
  /** Percent of calls; this or more opens. Default 50. */
  readonly failureRateThreshold?: number | undefined;
  /** Percent of calls; this or more opens. Default 100. */
  readonly slowCallRateThreshold?: number | undefined;
  /** A call that takes longer is slow. Default 60 000. */
  readonly slowCallDurationThresholdMs?: number | undefined;
  /** Default 10. */
  readonly permittedNumberOfCallsInHalfOpenState?: number | undefined;
  /** Default 60 000. */
  readonly waitDurationInOpenStateMs?: number | undefined;
  /**
   * Whether an open breaker becomes half-open when its wait ends, without waiting for a call.
   * Default false.
   */
  readonly automaticTransitionFromOpenToHalfOpenEnabled?: boolean | undefined;
  /** After this long a half-open breaker opens again; 0 (the default): it waits for results. */
  readonly maxWaitDurationInHalfOpenStateMs?: number | undefined;
}

const count = z.int32().positive().optional();
const percent = z.number().positive().max(100).optional();
const duration = z.number().nonnegative().optional();

const configSchema: z.ZodType<Resilience4jConfig> = z.strictObject({
  slidingWindowType: z.enum(["COUNT_BASED", "TIME_BASED"]).optional(),
  slidingWindowSize: count,
  minimumNumberOfCalls: count,
  failureRateThreshold: percent,
  slowCallRateThreshold: percent,
  slowCallDurationThresholdMs: duration,
  permittedNumberOfCallsInHalfOpenState: count,
  waitDurationInOpenStateMs: duration,
  automaticTransitionFromOpenToHalfOpenEnabled: z.boolean().optional(),
  maxWaitDurationInHalfOpenStateMs: duration,
});

type Settings = {
  readonly isTimeBased: boolean;
  readonly windowSize: number;
  readonly minimumCalls: number;
  readonly failureRateThreshold: number;
  readonly slowCallRateThreshold: number;
  readonly slowCallDuration: Micros;
  readonly halfOpenCalls: number;
  readonly wait: Micros;
  readonly isAutomatic: boolean;
  /** 0: no limit. */
  readonly maxHalfOpen: Micros;
};

export type Resilience4jState = {
  readonly settings: Settings;
  phase: BreakerPhase;
  /** When it entered this phase. */
  since: Micros;
  /** What this phase judges; an open breaker goes on with the window that opened it. */
  window: CallWindow;
  minimumCalls: number;
  /** HALF_OPEN: permissions left. */
  permits: number;
  /** Calls refused since the window is new. */
  notPermitted: number;
};

/** Rates in percent of the calls in the window; -1: too few calls. */
export interface Resilience4jMetrics {
  readonly failureRate: number;
  readonly slowCallRate: number;
  readonly buffered: number;
  readonly failed: number;
  readonly slow: number;
  readonly notPermitted: number;
}

const OPEN = refusal("CircuitOpen");
const HALF_OPEN = refusal("CircuitHalfOpen");

/**
 * The circuit breaker of resilience4j. A closed one opens when the rate of failed or of slow calls
 * in a sliding window reaches its threshold. An open one refuses calls until strictly after its
 * wait, or by a timer at its end. A half-open one permits so many calls and judges those by the
 * same rates. A result counts in the phase in which it comes, whenever its call began; what comes
 * while it is open changes nothing but the window.
 * Source: resilience4j.readme.io/docs/circuitbreaker; resilience4j-circuitbreaker 2.2.0,
 * CircuitBreakerStateMachine and CircuitBreakerMetrics.
 */
export const resilience4j: CircuitBreaker<Resilience4jConfig, Resilience4jState> = {
  name: "resilience4j",
  validate: (config) => problemsOf(configSchema, config),

  init(config, now) {
    const settings = settingsOf(config);
    return { settings, phase: "CLOSED", since: now, ...closed(settings, now) };
  },

  phase: (state) => state.phase,

  tryAcquire(state, _request, now) {
    if (state.phase === "CLOSED") return PERMITTED;
    catchUp(state, now);
    if (state.phase === "OPEN" && now > state.since + state.settings.wait) halfOpen(state, now);
    if (state.phase === "HALF_OPEN" && state.permits > 0) {
      state.permits--;
      return PERMITTED;
    }
    state.notPermitted++;
    return state.phase === "OPEN" ? OPEN : HALF_OPEN;
  },

  onResult(state, { outcome, duration: took }, now) {
    // Timers of an instant come after its results.
    catchUp(state, micros(now - 1));
    if (outcome === "ignored") {
      if (state.phase === "HALF_OPEN") state.permits++;
      return;
    }
    const slow = took > state.settings.slowCallDuration;
    record(state.window, { failed: outcome === "failure", slow }, now);
    if (state.phase === "OPEN" || state.window.total.calls < state.minimumCalls) return;
    if (exceeds(state)) open(state, now);
    else if (state.phase === "HALF_OPEN") close(state, now);
  },

  nextTimer,
  onTimer: runTimer,
};

function settingsOf(config: Resilience4jConfig): Settings {
  return {
    isTimeBased: config.slidingWindowType === "TIME_BASED",
    windowSize: config.slidingWindowSize ?? 100,
    minimumCalls: config.minimumNumberOfCalls ?? 100,
    // Rates and thresholds are 32-bit there: 33.3 there is not the double 33.3.
    failureRateThreshold: Math.fround(config.failureRateThreshold ?? 50),
    slowCallRateThreshold: Math.fround(config.slowCallRateThreshold ?? 100),
    slowCallDuration: millis(config.slowCallDurationThresholdMs ?? 60_000),
    halfOpenCalls: config.permittedNumberOfCallsInHalfOpenState ?? 10,
    wait: millis(config.waitDurationInOpenStateMs ?? 60_000),
    isAutomatic: config.automaticTransitionFromOpenToHalfOpenEnabled ?? false,
    maxHalfOpen: millis(config.maxWaitDurationInHalfOpenStateMs ?? 0),
  };
}

/** What the breaker shows of its window at `now`. */
export function resilience4jMetrics(state: Resilience4jState, now: Micros): Resilience4jMetrics {
  forgetOld(state.window, now);
  const { calls, failed, slow } = state.window.total;
  const isJudged = calls > 0 && calls >= state.minimumCalls;
  return {
    failureRate: isJudged ? rate(failed, calls) : -1,
    slowCallRate: isJudged ? rate(slow, calls) : -1,
    buffered: calls,
    failed,
    slow,
    notPermitted: state.notPermitted,
  };
}

const rate = (part: number, calls: number): number => Math.fround((part * 100) / calls);

function exceeds({ window: { total }, settings }: Resilience4jState): boolean {
  return (
    rate(total.failed, total.calls) >= settings.failureRateThreshold ||
    rate(total.slow, total.calls) >= settings.slowCallRateThreshold
  );
}

/** A closed breaker's window, empty. */
function closed(settings: Settings, now: Micros) {
  const { isTimeBased, windowSize, minimumCalls } = settings;
  return {
    window: isTimeBased ? timeWindow(windowSize, now) : countWindow(windowSize),
    minimumCalls: isTimeBased ? minimumCalls : Math.min(minimumCalls, windowSize),
    permits: 0,
    notPermitted: 0,
  };
}

function open(state: Resilience4jState, now: Micros): void {
  state.phase = "OPEN";
  state.since = now;
}

function close(state: Resilience4jState, now: Micros): void {
  state.phase = "CLOSED";
  state.since = now;
  Object.assign(state, closed(state.settings, now));
}

function halfOpen(state: Resilience4jState, now: Micros): void {
  const { halfOpenCalls, minimumCalls } = state.settings;
  state.phase = "HALF_OPEN";
  state.since = now;
  state.window = countWindow(halfOpenCalls);
  state.minimumCalls = Math.min(minimumCalls, halfOpenCalls);
  state.permits = halfOpenCalls;
  state.notPermitted = 0;
}

function nextTimer({ phase, since, settings }: Resilience4jState): Micros | null {
  if (phase === "OPEN" && settings.isAutomatic) return micros(since + settings.wait);
  if (phase === "HALF_OPEN" && settings.maxHalfOpen > 0)
    return micros(since + settings.maxHalfOpen);
  return null;
}

function catchUp(state: Resilience4jState, now: Micros): void {
  while (runTimer(state, now));
}

/** Runs the next timer if it is due; whether it was. */
function runTimer(state: Resilience4jState, now: Micros): boolean {
  const due = nextTimer(state);
  if (due === null || due > now) return false;
  if (state.phase === "OPEN") halfOpen(state, due);
  else open(state, due);
  return true;
}
