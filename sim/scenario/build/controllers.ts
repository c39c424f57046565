import { AutoscalerController } from "../../control/autoscalerController.ts";
import type { Clock } from "../../control/clock.ts";
import { FaultController } from "../../control/faultController.ts";
import type { Platform } from "../../control/platform.ts";
import { RolloutController } from "../../control/rolloutController.ts";
import { nameHash } from "../../dataplane/callplan/compile.ts";
import { present } from "../../kernel/assert.ts";
import type { Draw, KeyedDraws } from "../../kernel/keyedDraws.ts";
import type { PolicyRegistry } from "../../policy/index.ts";
import type { Scenario } from "../scenario.ts";

/** Every control loop of a scenario, over any clock and platform. */
export function createControllers(parts: {
  readonly scenario: Scenario;
  readonly registry: PolicyRegistry;
  readonly clock: Clock;
  readonly platform: Platform;
  readonly draws: KeyedDraws;
}): {
  readonly autoscalers: readonly AutoscalerController[];
  readonly rollouts: readonly RolloutController[];
  readonly faults: FaultController;
} {
  const { scenario, registry, clock, platform, draws } = parts;
  const drawsFor = (name: string): Draw => {
    const hash = nameHash(name);
    return (site, attempt) => draws.uniform(hash, site, attempt);
  };
  const autoscalers = scenario.policy.autoscalers.map(
    ({ workload, policy, config }) =>
      new AutoscalerController({
        workload,
        policy: present(registry.autoscalers[policy], `autoscaler ${policy}`),
        config,
        clock,
        platform,
        draw: drawsFor(`autoscaler ${workload}`),
      }),
  );
  const rollouts = scenario.policy.rollouts.map(
    ({ workload, policy, config, revision, start }) =>
      new RolloutController({
        workload,
        revision,
        policy: present(registry.rollouts[policy], `rollout policy ${policy}`),
        config,
        start,
        clock,
        platform,
        draw: drawsFor(`rollout ${workload}`),
      }),
  );
  return { autoscalers, rollouts, faults: new FaultController(scenario.faults, clock, platform) };
}
