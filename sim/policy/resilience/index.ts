import type { AdmissionPolicy, CircuitBreaker } from "./admission.ts";
import { fixedWindow } from "./fixedWindow.ts";
import { opossum } from "./opossum.ts";
import type { RateLimiter } from "./rateLimiter.ts";
import { resilience4j } from "./resilience4j.ts";
import { semaphore } from "./semaphore.ts";
import { slidingWindowCounter } from "./slidingWindowCounter.ts";
import { slidingWindowLog } from "./slidingWindowLog.ts";
import { threshold } from "./threshold.ts";
import { tokenBucket } from "./tokenBucket.ts";

/** Every circuit breaker, by the name that a scenario calls it. */
export const circuitBreakers: Readonly<Record<string, CircuitBreaker>> = {
  threshold,
  resilience4j,
  opossum,
};

/** Every bulkhead. */
export const bulkheads: Readonly<Record<string, AdmissionPolicy>> = { semaphore };

/** Every rate limiter. */
export const rateLimiters: Readonly<Record<string, RateLimiter>> = {
  "token-bucket": tokenBucket,
  "fixed-window": fixedWindow,
  "sliding-window-log": slidingWindowLog,
  "sliding-window-counter": slidingWindowCounter,
};
