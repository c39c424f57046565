/**
 * Told of every attempt of a call as its caller sees it end, for whoever measures more than a
 * recorder counts: the distribution of waits, or the answers by class. It watches and changes
 * nothing; without one nothing is paid.
 */
export interface CallObserver {
  /**
   * `service` and `traffic` are indices; `reason` is a number of `failure.ts`, 0 for an answer;
   * `latency` and `waited` (for slots, cores and connections) are microseconds; `attempt` is 0 for
   * the first one of its call.
   */
  ended(
    service: number,
    traffic: number,
    reason: number,
    latency: number,
    waited: number,
    attempt: number,
  ): void;
}

/** Requests at the replicas of a service, at one moment. */
export interface Census {
  /** Standing in a queue for a slot. */
  readonly waiting: number;
  /** Holding a slot. */
  readonly serving: number;
}
