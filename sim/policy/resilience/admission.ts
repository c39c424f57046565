import type { Json } from "../../kernel/json.ts";
import type { Micros } from "../../kernel/time.ts";
import type { ConfigProblem } from "../policy.ts";

/**
 * One call that asks to be let through. Callers may use one object for all their calls: policies
 * keep none of it.
 */
export interface AdmissionRequest {
  /** Tenant, user or API key of limits that are kept per key; "" for all others. */
  readonly key: string;
  /** What the call takes of a rate limit: 1 for an ordinary one. */
  readonly cost: number;
  /** 0 is the most important; larger numbers are shed first. */
  readonly priority: number;
  /** Uniform in [0, 1), keyed to the call and attempt. */
  readonly draw: number;
}

/**
 * What became of a request for admission; `reason` is in CamelCase, the same for the same cause.
 */
export interface Admission {
  readonly permitted: boolean;
  readonly reason: string;
  /** Of a permitted call: to be handed back with its result. */
  readonly ticket: number;
}

/**
 * How a permitted call ended. `ignored` stands for calls that say nothing of the callee: cancelled
 * by the caller, or failed by its own mistake.
 */
export interface CallResult {
  readonly outcome: "success" | "failure" | "ignored";
  /** From admission to the end. */
  readonly duration: Micros;
  /** The ticket of the call's admission. */
  readonly ticket: number;
}

/**
 * A policy of the request path: it lets a call through or refuses it, and hears how each call that
 * it let through ended. Breakers, bulkheads, rate limiters and load shedders all have this face.
 *
 * It is a pure state machine like every policy (see ../policy.ts), but it runs for every call:
 * `state`, plain JSON, is changed in place, and belongs to one instance (one caller of one service,
 * say). Times never go backwards. Every permitted call must be reported exactly once.
 */
export interface AdmissionPolicy<Config = unknown, State extends Json = Json> {
  readonly name: string;
  /** Every problem of a configuration as written, before defaults. Nothing is changed. */
  validate(config: unknown): readonly ConfigProblem[];
  /** First state of a valid configuration at `now`, defaults filled in. */
  init(config: Config, now: Micros): State;
  tryAcquire(state: State, request: AdmissionRequest, now: Micros): Admission;
  onResult(state: State, result: CallResult, now: Micros): void;
  /** When something happens without any call; null: nothing will. */
  nextTimer(state: State): Micros | null;
  /**
   * Does the next thing that is due at `now`, after the results of that instant and before its
   * requests; to be called until nothing is. Decisions do not depend on it: the other functions
   * catch up by themselves, so only a caller that wants to see changes at the time at which they
   * happen has to call it.
   */
  onTimer(state: State, now: Micros): void;
}

export type BreakerPhase = "CLOSED" | "OPEN" | "HALF_OPEN";

/**
 * A circuit breaker. With timers run when they are due, the phase changes at most once per call of
 * the functions above: transitions are what differs before and after.
 */
export interface CircuitBreaker<Config = unknown, State extends Json = Json>
  extends AdmissionPolicy<Config, State> {
  phase(state: State): BreakerPhase;
}

/** The admission of policies to which all permitted calls are alike. */
export const PERMITTED: Admission = { permitted: true, reason: "Permitted", ticket: 0 };

/** A refusal, to be made once for each reason. */
export const refusal = (reason: string): Admission => ({ permitted: false, reason, ticket: 0 });
