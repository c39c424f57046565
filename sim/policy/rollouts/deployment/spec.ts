import { z } from "zod";
import { problemsOf, shown } from "../../autoscalers/problems.ts";
import { type IntOrPercent, intOrPercentSchema, percentOf } from "../../intOrPercent.ts";
import type { ConfigProblem } from "../../policy.ts";

/**
 * The fields of an `apps/v1` Deployment's spec that say how it rolls, as they are written in a
 * manifest.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/
 */
const deploymentConfigSchema = z.strictObject({
  strategy: z
    .strictObject({
      type: z.enum(["RollingUpdate", "Recreate"]).optional(),
      rollingUpdate: z
        .strictObject({
          maxSurge: intOrPercentSchema.optional(),
          maxUnavailable: intOrPercentSchema.optional(),
        })
        .optional(),
    })
    .optional(),
  minReadySeconds: z.int32().nonnegative().optional(),
  progressDeadlineSeconds: z.int32().positive().optional(),
  revisionHistoryLimit: z.int32().nonnegative().optional(),
});

export type DeploymentConfig = z.infer<typeof deploymentConfigSchema>;
export type StrategyType = NonNullable<NonNullable<DeploymentConfig["strategy"]>["type"]>;

export type DeploymentStrategy =
  | { readonly type: "Recreate" }
  | {
      readonly type: "RollingUpdate";
      readonly maxSurge: IntOrPercent;
      readonly maxUnavailable: IntOrPercent;
    };

/** A spec's settings with every default filled in. */
export type DeploymentSettings = {
  readonly strategy: DeploymentStrategy;
  readonly minReadySeconds: number;
  readonly progressDeadlineSeconds: number;
  readonly revisionHistoryLimit: number;
};

/** Kubernetes' way of writing "none" for the progress deadline and for the history limit. */
export const NO_LIMIT = 2_147_483_647;

const DEFAULT_PROGRESS_DEADLINE_SECONDS = 600;
const DEFAULT_REVISION_HISTORY_LIMIT = 10;
const DEFAULT_SURGE = "25%";
const DEFAULT_UNAVAILABLE = "25%";

/** Fills in what the API server fills in; `type` is for a strategy that does not name its own. */
export function deploymentSettings(
  config: DeploymentConfig,
  type: StrategyType = "RollingUpdate",
): DeploymentSettings {
  const { strategy, minReadySeconds, progressDeadlineSeconds, revisionHistoryLimit } = config;
  const { maxSurge, maxUnavailable } = strategy?.rollingUpdate ?? {};
  return {
    strategy:
      (strategy?.type ?? type) === "Recreate"
        ? { type: "Recreate" }
        : {
            type: "RollingUpdate",
            maxSurge: maxSurge ?? DEFAULT_SURGE,
            maxUnavailable: maxUnavailable ?? DEFAULT_UNAVAILABLE,
          },
    minReadySeconds: minReadySeconds ?? 0,
    progressDeadlineSeconds: progressDeadlineSeconds ?? DEFAULT_PROGRESS_DEADLINE_SECONDS,
    revisionHistoryLimit: revisionHistoryLimit ?? DEFAULT_REVISION_HISTORY_LIMIT,
  };
}

/** What does not fit the shape, else what the API server would refuse. */
export function validateDeploymentConfig(
  config: unknown,
  type: StrategyType,
): readonly ConfigProblem[] {
  const shape = problemsOf(deploymentConfigSchema, config);
  if (shape.length > 0) return shape;
  const written = deploymentConfigSchema.parse(config);
  return [...strategyProblems(written, type), ...deadlineProblems(written)];
}

function strategyProblems(config: DeploymentConfig, type: StrategyType): readonly ConfigProblem[] {
  const { strategy } = config;
  const path = ["strategy", "rollingUpdate"];
  if (strategy?.type !== undefined && strategy.type !== type) {
    return [{ path: ["strategy", "type"], expected: type, received: shown(strategy.type) }];
  }
  if (type === "Recreate") {
    if (strategy?.rollingUpdate === undefined) return [];
    const received = shown(strategy.rollingUpdate);
    return [{ path, expected: "nothing under the strategy Recreate", received }];
  }
  const { maxSurge = DEFAULT_SURGE, maxUnavailable = DEFAULT_UNAVAILABLE } =
    strategy?.rollingUpdate ?? {};
  const problems: ConfigProblem[] = [];
  const received = shown(maxUnavailable);
  if (isNone(maxSurge) && isNone(maxUnavailable)) {
    const expected = "more than 0, since maxSurge is 0";
    problems.push({ path: [...path, "maxUnavailable"], expected, received });
  }
  if ((percentOf(maxUnavailable) ?? 0) > 100) {
    problems.push({ path: [...path, "maxUnavailable"], expected: "at most 100%", received });
  }
  return problems;
}

const isNone = (value: IntOrPercent): boolean => (percentOf(value) ?? value) === 0;

function deadlineProblems(config: DeploymentConfig): readonly ConfigProblem[] {
  const { progressDeadlineSeconds, minReadySeconds } = deploymentSettings(config);
  if (progressDeadlineSeconds > minReadySeconds) return [];
  const expected = `more than minReadySeconds (${minReadySeconds})`;
  const received = String(progressDeadlineSeconds);
  return [{ path: ["progressDeadlineSeconds"], expected, received }];
}
