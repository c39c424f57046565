import { z } from "zod";
import { type Micros, seconds } from "../../../kernel/time.ts";

/**
 * Whether ejections of a kind are carried out: percent of them in Envoy. Shares between none and
 * all are for trying out a rule on a live system, and not supported.
 */
type Enforcing = 0 | 100;

/** Fields of Envoy's OutlierDetection in camel case; absent ones have its defaults. */
export interface OutlierDetectionConfig {
  /** Responses in a row with a code from 500 to 599 that eject. Default 5. */
  readonly consecutive5xx?: number | undefined;
  /** Default 100. */
  readonly enforcingConsecutive5xx?: Enforcing | undefined;
  /** Responses in a row with 502, 503 or 504 that eject. Default 5. */
  readonly consecutiveGatewayFailure?: number | undefined;
  /** Default 0: gateway failures alone eject nothing. */
  readonly enforcingConsecutiveGatewayFailure?: Enforcing | undefined;
  /** Time between two sweeps, which return hosts and judge rates. Default 10. */
  readonly intervalSeconds?: number | undefined;
  /** Times the host's multiplier: how long it is ejected at least. Default 30. */
  readonly baseEjectionTimeSeconds?: number | undefined;
  /** Default: 300, or the base ejection time if that is longer. */
  readonly maxEjectionTimeSeconds?: number | undefined;
  /** Percent of the hosts that may be ejected together. Default 10. */
  readonly maxEjectionPercent?: number | undefined;
  /**
   * Whether one host may be ejected whatever `maxEjectionPercent` says, as in all releases before
   * this flag. Default false.
   */
  readonly alwaysEjectOneHost?: boolean | undefined;
  /** Hosts with enough requests in an interval that are needed to compare them. Default 5. */
  readonly successRateMinimumHosts?: number | undefined;
  /** Requests of a host within an interval that are enough. Default 100. */
  readonly successRateRequestVolume?: number | undefined;
  /**
   * A host is ejected when its success rate is below the hosts' mean by more than so many
   * thousandths of their standard deviation. Default 1900.
   */
  readonly successRateStdevFactor?: number | undefined;
  /** Default 100. */
  readonly enforcingSuccessRate?: Enforcing | undefined;
  /** Percent of failures within an interval that eject. Default 85. */
  readonly failurePercentageThreshold?: number | undefined;
  /** Default 5. */
  readonly failurePercentageMinimumHosts?: number | undefined;
  /** Default 50. */
  readonly failurePercentageRequestVolume?: number | undefined;
  /** Default 0: no share of failures alone ejects. */
  readonly enforcingFailurePercentage?: Enforcing | undefined;
  /**
   * What the multiplier of a host is. `decaying` (the default): it grows with each ejection, but
   * no further than the maximum ejection time needs, and loses one for each sweep that finds the
   * host in use. `decaying-unbounded`: the same without that bound. `all-ejections`: the number of
   * its ejections so far, as documented before Envoy 1.18.
   */
  readonly multiplier?: "decaying" | "decaying-unbounded" | "all-ejections" | undefined;
}

const count = z.int32().nonnegative().optional();
const runLength = z.int32().positive().optional();
const period = z.number().positive().optional();
const percent = z.number().min(0).max(100).optional();
const enforcing = z.literal([0, 100]).optional();

export const outlierDetectionSchema: z.ZodType<OutlierDetectionConfig> = z.strictObject({
  consecutive5xx: runLength,
  enforcingConsecutive5xx: enforcing,
  consecutiveGatewayFailure: runLength,
  enforcingConsecutiveGatewayFailure: enforcing,
  intervalSeconds: period,
  baseEjectionTimeSeconds: period,
  maxEjectionTimeSeconds: period,
  maxEjectionPercent: percent,
  alwaysEjectOneHost: z.boolean().optional(),
  successRateMinimumHosts: count,
  successRateRequestVolume: count,
  successRateStdevFactor: count,
  enforcingSuccessRate: enforcing,
  failurePercentageThreshold: percent,
  failurePercentageMinimumHosts: count,
  failurePercentageRequestVolume: count,
  enforcingFailurePercentage: enforcing,
  multiplier: z.enum(["decaying", "decaying-unbounded", "all-ejections"]).optional(),
});

/** When a rate is judged, by hosts and requests of each; `limit` is the rule's own number. */
type RateRule = {
  readonly minimumHosts: number;
  readonly requestVolume: number;
  readonly limit: number;
};

/** Defaults filled in; null for rules that are not enforced. */
export type OutlierSettings = {
  readonly consecutive5xx: number | null;
  readonly consecutiveGatewayFailure: number | null;
  /** `limit`: standard deviations below the mean. */
  readonly successRate: RateRule | null;
  /** `limit`: percent of failures. */
  readonly failurePercentage: RateRule | null;
  readonly interval: Micros;
  readonly baseEjectionTime: Micros;
  readonly maxEjectionTime: Micros;
  readonly maxEjectionPercent: number;
  readonly alwaysEjectOneHost: boolean;
  readonly decays: boolean;
  readonly isBounded: boolean;
};

export function outlierSettings(config: OutlierDetectionConfig): OutlierSettings {
  const base = config.baseEjectionTimeSeconds ?? 30;
  const multiplier = config.multiplier ?? "decaying";
  return {
    ...rulesOf(config),
    interval: seconds(config.intervalSeconds ?? 10),
    baseEjectionTime: seconds(base),
    maxEjectionTime: seconds(config.maxEjectionTimeSeconds ?? Math.max(300, base)),
    maxEjectionPercent: config.maxEjectionPercent ?? 10,
    alwaysEjectOneHost: config.alwaysEjectOneHost ?? false,
    decays: multiplier !== "all-ejections",
    isBounded: multiplier === "decaying",
  };
}

function rulesOf(config: OutlierDetectionConfig) {
  const enforced = <T>(share: Enforcing, rule: T): T | null => (share === 100 ? rule : null);
  return {
    consecutive5xx: enforced(config.enforcingConsecutive5xx ?? 100, config.consecutive5xx ?? 5),
    consecutiveGatewayFailure: enforced(
      config.enforcingConsecutiveGatewayFailure ?? 0,
      config.consecutiveGatewayFailure ?? 5,
    ),
    successRate: enforced(config.enforcingSuccessRate ?? 100, {
      minimumHosts: config.successRateMinimumHosts ?? 5,
      requestVolume: config.successRateRequestVolume ?? 100,
      limit: (config.successRateStdevFactor ?? 1900) / 1000,
    }),
    failurePercentage: enforced(config.enforcingFailurePercentage ?? 0, {
      minimumHosts: config.failurePercentageMinimumHosts ?? 5,
      requestVolume: config.failurePercentageRequestVolume ?? 50,
      limit: config.failurePercentageThreshold ?? 85,
    }),
  };
}
