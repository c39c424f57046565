/** Why a call failed. The order is part of the trace digest: append, never reorder. */
export const FAILURE_REASONS = [
  "none",
  /** The caller's patience ended. */
  "timeout",
  /** The replica's queue had no place left. */
  "queue-full",
  /** An error answer: a bug of the revision or an injected one. */
  "error",
  /** The replica died with the request in it. */
  "killed",
  /** The service had no ready endpoint. */
  "no-endpoint",
  /** The caller still knew a replica that is gone. */
  "connection-refused",
  /** No connection of the pool came free in time. */
  "pool-timeout",
  /** The request's deadline passed: whoever worked for it gave up. */
  "deadline-exceeded",
  /** It waited in the queue for longer than its patience lasted. */
  "abandoned",
  /** A circuit breaker of the caller's was open. */
  "breaker-open",
  /** A bulkhead, of the caller's or of the service's, had no place left. */
  "bulkhead-full",
  /** A rate limiter, of the caller's or of the service's, had no permission left. */
  "rate-limited",
  /** It waited too long for a row that another transaction had locked. */
  "lock-timeout",
] as const;

export type FailureReason = (typeof FAILURE_REASONS)[number];

export const OK = 0;
export const TIMEOUT = 1;
export const QUEUE_FULL = 2;
export const ERROR = 3;
export const KILLED = 4;
export const NO_ENDPOINT = 5;
export const REFUSED = 6;
export const POOL_TIMEOUT = 7;
export const DEADLINE_EXCEEDED = 8;
export const GAVE_UP = 9;
export const BREAKER_OPEN = 10;
export const BULKHEAD_FULL = 11;
export const RATE_LIMITED = 12;
export const LOCK_TIMEOUT = 13;
