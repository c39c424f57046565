import type { OutlierSettings } from "./settings.ts";

/** A host that is in use, with its requests of the interval that has just ended. */
export interface HostVolume {
  readonly host: number;
  readonly requests: number;
  readonly successes: number;
}

export interface RateOutlier {
  readonly host: number;
  readonly reason: "SuccessRate" | "FailurePercentage";
}

/**
 * The hosts that a sweep finds to be worse than the others, or bad by themselves, in the order of
 * their numbers; a host may come twice.
 */
export function rateOutliers(
  hosts: readonly HostVolume[],
  { successRate, failurePercentage }: Pick<OutlierSettings, "successRate" | "failurePercentage">,
): readonly RateOutlier[] {
  const found: RateOutlier[] = [];
  if (successRate !== null) {
    const judged = ratesOf(hosts, successRate.requestVolume);
    if (judged.length > 0 && judged.length >= successRate.minimumHosts) {
      const least = ejectionThreshold(judged, successRate.limit);
      for (const { host, rate } of judged) {
        if (rate < least) found.push({ host, reason: "SuccessRate" });
      }
    }
  }
  if (failurePercentage !== null) {
    const judged = ratesOf(hosts, failurePercentage.requestVolume);
    if (judged.length < failurePercentage.minimumHosts) return found;
    for (const { host, rate } of judged) {
      if (100 - rate >= failurePercentage.limit) found.push({ host, reason: "FailurePercentage" });
    }
  }
  return found;
}

interface HostRate {
  readonly host: number;
  /** Percent of successes. */
  readonly rate: number;
}

/** Success rates of hosts with enough requests; a host without any has none. */
const ratesOf = (hosts: readonly HostVolume[], volume: number): readonly HostRate[] =>
  hosts
    .filter(({ requests }) => requests > 0 && requests >= volume)
    .map(({ host, requests, successes }) => ({ host, rate: (successes * 100) / requests }));

/** The mean less so many standard deviations, these of the hosts as a population. */
function ejectionThreshold(judged: readonly HostRate[], factor: number): number {
  const mean = judged.reduce((sum, { rate }) => sum + rate, 0) / judged.length;
  const squares = judged.reduce((sum, { rate }) => sum + (rate - mean) * (rate - mean), 0);
  return mean - factor * Math.sqrt(squares / judged.length);
}
