import type { PlannedRetries } from "../callplan/plan.ts";
import type { RetryCondition } from "../callSpec.ts";
import {
  BREAKER_OPEN,
  BULKHEAD_FULL,
  GAVE_UP,
  KILLED,
  NO_ENDPOINT,
  QUEUE_FULL,
  RATE_LIMITED,
  REFUSED,
  TIMEOUT,
} from "../failure.ts";

/** How an attempt ended. */
export interface Ending {
  readonly reason: number;
  /** Its number, copies included. */
  readonly number: number;
  /** The callee answered: the reason is what happened to a call of its own. */
  readonly isRelayed: boolean;
}

/** Whether such an attempt is one that is tried again. */
export const isRetried = (retries: PlannedRetries, ending: Ending): boolean =>
  retries.retryOn.has(conditionOf(ending));

function conditionOf({ reason, isRelayed }: Ending): RetryCondition {
  if (isRelayed) return "5xx";
  switch (reason) {
    case KILLED:
      return "reset";
    case NO_ENDPOINT:
    case REFUSED:
      return "connect-failure";
    case QUEUE_FULL:
      return "refused-stream";
    case TIMEOUT:
    case GAVE_UP:
      return "timeout";
    case BREAKER_OPEN:
    case BULKHEAD_FULL:
    case RATE_LIMITED:
      return "overloaded";
    default:
      return "5xx";
  }
}
