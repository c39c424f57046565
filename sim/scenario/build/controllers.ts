import type { WorkloadSpec } from "../../cluster/clusterSpec.ts";
import { AutoscalerController } from "../../control/autoscalerController.ts";
import type { Clock } from "../../control/clock.ts";
import type { Controller } from "../../control/controller.ts";
import { DeploymentController } from "../../control/deploymentController.ts";
import { FaultController } from "../../control/faultController.ts";
import { NodeAutoscalerController } from "../../control/nodeAutoscalerController.ts";
import type { Platform } from "../../control/platform.ts";
import { RolloutController } from "../../control/rolloutController.ts";
import { StatefulSetController } from "../../control/statefulSetController.ts";
import { nameHash } from "../../dataplane/callplan/names.ts";
import { present } from "../../kernel/assert.ts";
import type { Json } from "../../kernel/json.ts";
import type { Draw, KeyedDraws } from "../../kernel/keyedDraws.ts";
import { nodeAutoscalers, type PolicyRegistry } from "../../policy/index.ts";
import type {
  DeploymentConfig,
  DeploymentSettings,
} from "../../policy/rollouts/deployment/spec.ts";
import type {
  StatefulSetConfig,
  StatefulSetSettings,
} from "../../policy/rollouts/statefulSet/spec.ts";
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
  readonly deployments: readonly (DeploymentController | StatefulSetController)[];
  /** Of nodes, and of faults. */
  readonly others: readonly Controller[];
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
        sync: { ...scenario.cluster.autoscalerSync, draw: drawsFor(`sync of ${workload}`) },
      }),
  );
  const rollouts = scenario.policy.rollouts
    .filter(({ policy }) => policy in registry.rollouts)
    .map(
      ({ workload, policy, config, revision, start }, index, all) =>
        new RolloutController({
          workload,
          revision,
          next: all.slice(index + 1).find((later) => later.workload === workload) ?? null,
          policy: present(registry.rollouts[policy], `rollout policy ${policy}`),
          config,
          start,
          clock,
          platform,
          draw: drawsFor(`rollout ${workload}`),
        }),
    );
  const deployments = scenario.cluster.workloads
    .filter(({ name }) => !rollouts.some((rollout) => rollout.workload === name))
    .map((spec) => createWorkloadController(spec, { ...parts, drawsFor }));
  const nodes = createNodeAutoscaler({ ...parts, draw: drawsFor("node autoscaler") });
  const faults = new FaultController(scenario.faults, clock, platform);
  return { autoscalers, rollouts, deployments, others: [...nodes, faults] };
}

/** What keeps a workload's pods while no rollout policy does. */
function createWorkloadController(
  spec: WorkloadSpec,
  parts: {
    readonly scenario: Scenario;
    readonly registry: PolicyRegistry;
    readonly clock: Clock;
    readonly platform: Platform;
    readonly drawsFor: (name: string) => Draw;
  },
): DeploymentController | StatefulSetController {
  const { scenario, registry, clock, platform, drawsFor } = parts;
  const releases = scenario.policy.rollouts.filter(({ workload }) => workload === spec.name);
  const common = {
    workload: spec.name,
    changes: releases.map(({ revision, start }) => ({ revision, at: start })),
    clock,
    platform,
  };
  const [release] = releases;
  if (spec.statefulSet !== undefined) {
    const name = release?.policy ?? "stateful-set";
    return new StatefulSetController({
      ...common,
      policy: present(registry.statefulSets[name], `StatefulSet policy ${name}`),
      config: statefulSetConfig(spec.statefulSet, release?.config),
      draw: drawsFor(`stateful set ${spec.name}`),
    });
  }
  const own = spec.deployment.strategy.type === "Recreate" ? "recreate" : "rolling";
  const name = release?.policy ?? own;
  return new DeploymentController({
    ...common,
    policy: present(registry.deployments[name], `deployment policy ${name}`),
    config: deploymentConfig(spec.deployment, release?.config),
    pauses: scenario.policy.pauses.filter(({ workload }) => workload === spec.name),
    draw: drawsFor(`deployment ${spec.name}`),
  });
}

function createNodeAutoscaler(parts: {
  readonly scenario: Scenario;
  readonly clock: Clock;
  readonly platform: Platform;
  readonly draw: Draw;
}): readonly Controller[] {
  const { nodeAutoscaler } = parts.scenario.policy;
  if (nodeAutoscaler === null) return [];
  const { policy: name, config } = nodeAutoscaler;
  const policy = present(nodeAutoscalers[name], `node autoscaler ${name}`);
  return [new NodeAutoscalerController({ ...parts, policy, config })];
}

/** A Deployment's own settings, with what a release says laid over them. */
function deploymentConfig(
  { strategy, ...rest }: DeploymentSettings,
  release: Json | undefined,
): DeploymentConfig {
  const written: DeploymentConfig =
    strategy.type === "Recreate"
      ? { strategy: { type: "Recreate" }, ...rest }
      : {
          strategy: {
            rollingUpdate: {
              maxSurge: strategy.maxSurge,
              maxUnavailable: strategy.maxUnavailable,
            },
          },
          ...rest,
        };
  // The loader has had the policy check what a release says.
  return { ...written, ...(release as DeploymentConfig | undefined) };
}

/** A StatefulSet's own settings, with what a release says laid over them. */
function statefulSetConfig(
  { updateStrategy: strategy, ...rest }: StatefulSetSettings,
  release: Json | undefined,
): StatefulSetConfig {
  const written: StatefulSetConfig =
    strategy.type === "OnDelete"
      ? { ...rest, updateStrategy: { type: "OnDelete" } }
      : {
          ...rest,
          updateStrategy: {
            rollingUpdate: {
              partition: strategy.partition,
              maxUnavailable: strategy.maxUnavailable ?? undefined,
            },
          },
        };
  // The loader has had the policy check what a release says.
  return { ...written, ...(release as StatefulSetConfig | undefined) };
}
