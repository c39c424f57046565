import poissonQuantile from "@stdlib/stats-base-dists-poisson-quantile";
import { KeyedDraws } from "../../../sim/kernel/keyedDraws.ts";
import { thresholdFault } from "../../../sim/policy/judges/thresholdRule.ts";
import { limitsOf } from "./canaryStages.ts";

const ROLLOUTS = 20_000;
const SEED = 20_261_125;

/**
 * Rollouts in which requests come as a Poisson stream and are routed at random: errors and answers
 * of both revisions are then independent Poisson numbers.
 */
export function simulatedShares(
  traffic: {
    readonly totalRps: number;
    readonly canaryErrorRate: number;
    readonly productionErrorRate: number;
  },
  plan: {
    readonly stages: readonly number[];
    readonly seconds: number;
    readonly minimumRequests: number;
  },
): {
  readonly rolledBack: { readonly share: number; readonly n: number };
  readonly firstFailByStage: readonly number[];
} {
  const draws = new KeyedDraws({ seed: SEED, replication: 0 });
  const limits = limitsOf({});
  const counts = plan.stages.map(() => 0);
  for (let rollout = 0; rollout < ROLLOUTS; rollout++) {
    const failed = plan.stages.findIndex((percent, stage) => {
      const draw = (mean: number, site: number): number =>
        mean === 0 ? 0 : poissonQuantile(draws.uniform(rollout, stage, site), mean);
      const all = traffic.totalRps * plan.seconds;
      const sample = (share: number, errorRate: number, site: number) => {
        const failures = draw(all * share * errorRate, site);
        return { requests: failures + draw(all * share * (1 - errorRate), site + 1), failures };
      };
      const canary = sample(percent / 100, traffic.canaryErrorRate, 0);
      if (canary.requests < plan.minimumRequests) return false;
      const production = sample(1 - percent / 100, traffic.productionErrorRate, 2);
      const none = { p50Ms: null };
      return thresholdFault(limits, { ...production, ...none }, { ...canary, ...none }) !== null;
    });
    if (failed >= 0) counts[failed]!++;
  }
  const firstFailByStage = counts.map((count) => count / ROLLOUTS);
  const share = firstFailByStage.reduce((sum, one) => sum + one, 0);
  return { rolledBack: { share, n: ROLLOUTS }, firstFailByStage };
}
