import type { Json } from "../kernel/json.ts";
import type { Micros } from "../kernel/time.ts";
import type { DistributionSpec } from "../workload/distributions.ts";
import type { StepSpec } from "./serviceSpec.ts";

/** A call as its caller makes it: whom, how long, how often. */
export interface CallSpec {
  readonly service: string;
  readonly endpoint: string;
  /** Of a datastore with replicas; all other calls read. */
  readonly access: Access;
  /**
   * Goes to this revision, whatever the routes say, while callers know replicas of it: as to the
   * `previewService` of a blue-green rollout. Null for wherever the routes lead.
   */
  readonly revision: string | null;
  /**
   * For the whole call, all its attempts and the pauses between them; null waits for ever. The work
   * goes on after the caller gave up.
   */
  readonly timeout: Micros | null;
  /**
   * The same, known to everybody who works for the call: what they call in turn ends by then, too,
   * and services may drop what is past it (gRPC's deadline propagation).
   */
  readonly deadline: Micros | null;
  readonly retries: RetrySpec | null;
  readonly hedge: HedgeSpec | null;
  /** What each attempt has to pass at its caller, in this order. */
  readonly guards: readonly GuardSpec[];
  /** What the caller does when the call has failed for good; null: it fails, too. */
  readonly fallback: FallbackSpec | null;
}

/**
 * Kinds of answers that stand in for the one that failed, from the best to the worst: what was
 * known before, what is right for most, what lacks a part.
 */
export const FALLBACK_KINDS = ["cached", "default", "degraded"] as const;

export interface FallbackSpec {
  readonly kind: (typeof FALLBACK_KINDS)[number];
  /** Done by the caller instead. */
  readonly steps: readonly StepSpec[];
}

/** To the primary, to change something or not; or to a replica, which may be behind. */
export const ACCESSES = ["read", "write", "replica-read"] as const;

export type Access = (typeof ACCESSES)[number];

/** What a call is that says nothing of all that. */
export const PLAIN_CALL = {
  revision: null,
  access: "read",
  timeout: null,
  deadline: null,
  retries: null,
  hedge: null,
  guards: [],
  fallback: null,
} as const;

/** Kinds of policies that let calls through or refuse them. */
export type GuardKind = "circuitBreaker" | "rateLimiter" | "bulkhead";

/** A policy before the calls of a caller, or before a service. */
export interface GuardSpec {
  readonly kind: GuardKind;
  /** Its name among the policies of its kind. */
  readonly policy: string;
  readonly config: Json;
  /** One state for all replicas that apply it; otherwise each has its own. */
  readonly isShared: boolean;
  /** Limits are kept for each of these; null for one that holds for all. */
  readonly per: GuardKey | null;
}

export const GUARD_KEYS = ["tenant", "user", "key", "region"] as const;

export type GuardKey = (typeof GUARD_KEYS)[number];

/**
 * What a failed attempt is, in Envoy's words: an error answer, or the failure of somebody that the
 * callee called (`5xx`); a replica that died with it (`reset`); no replica that would take it
 * (`connect-failure`); a full queue (`refused-stream`); the caller's own patience (`timeout`).
 * `overloaded` is ours: a breaker, limiter or load shedder refused it.
 * Source: https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter
 */
export const RETRY_CONDITIONS = [
  "5xx",
  "reset",
  "connect-failure",
  "refused-stream",
  "timeout",
  "overloaded",
] as const;

export type RetryCondition = (typeof RETRY_CONDITIONS)[number];

export interface RetrySpec {
  /** Attempts in all, the first one included; infinity for no limit. */
  readonly attempts: number;
  /** Null for no limit but the call's. */
  readonly perTryTimeout: Micros | null;
  readonly retryOn: readonly RetryCondition[];
  /** A failed attempt that may be repeated is repeated with this probability. */
  readonly probability: number;
  readonly backoff: BackoffSpec;
  /** What keeps the retries of all calls together in bounds; null for nothing. */
  readonly limit: RetryLimitSpec | null;
}

export interface RetryLimitSpec {
  /** Its name among the limits of retries. */
  readonly policy: string;
  readonly config: Json;
  readonly isShared: boolean;
}

/** Pause before attempt n + 1. */
export type BackoffSpec =
  /** A draw of its own each time. */
  | {
      readonly kind: "drawn";
      readonly time: DistributionSpec;
      /**
       * Who pauses: each caller by itself (`classical`), or all that wait as one, of whom the first
       * tries again at the end of a pause (`constant`).
       */
      readonly orbit: "classical" | "constant";
    }
  | {
      /** `base` × `factor`^(n − 1), at most `max`. */
      readonly kind: "exponential";
      readonly base: Micros;
      readonly factor: number;
      readonly max: Micros;
      readonly jitter: Jitter;
    };

/**
 * A share: times 1 ± `jitter`, uniform. `full`: uniform from 0 to the pause. `decorrelated`:
 * uniform from `base` to three times the pause before, at most `max`.
 * Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export type Jitter = number | "full" | "decorrelated";

/** A second copy of a call that takes long; the first answer wins. */
export interface HedgeSpec {
  readonly after: HedgeDelay;
  /** Copies beside the first, at most. */
  readonly max: number;
  /**
   * What becomes of the others when one has answered: `cancel` ends them before their next step,
   * `run-on` lets them work to their end.
   */
  readonly losers: "cancel" | "run-on";
  /** The copy that begins to be served cancels those that still wait (tied requests). */
  readonly tied: boolean;
}

export type HedgeDelay =
  | { readonly kind: "fixed"; readonly delay: Micros }
  /** A quantile of what calls have taken lately; no copies before enough have been seen. */
  | { readonly kind: "quantile"; readonly quantile: number };
