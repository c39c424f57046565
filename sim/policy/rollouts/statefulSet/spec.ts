import { z } from "zod";
import { problemsOf, shown } from "../../autoscalers/problems.ts";
import {
  type IntOrPercent,
  intOrPercentSchema,
  percentOf,
  scaledValue,
} from "../../intOrPercent.ts";
import type { ConfigProblem } from "../../policy.ts";

/**
 * The fields of an `apps/v1` StatefulSet's spec that say how its pods start and are replaced, as
 * they are written in a manifest.
 * Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/stateful-set-v1/
 */
const statefulSetConfigSchema = z.strictObject({
  podManagementPolicy: z.enum(["OrderedReady", "Parallel"]).optional(),
  updateStrategy: z
    .strictObject({
      type: z.enum(["RollingUpdate", "OnDelete"]).optional(),
      rollingUpdate: z
        .strictObject({
          partition: z.int32().nonnegative().optional(),
          maxUnavailable: intOrPercentSchema.optional(),
        })
        .optional(),
    })
    .optional(),
  minReadySeconds: z.int32().nonnegative().optional(),
});

export type StatefulSetConfig = z.infer<typeof statefulSetConfigSchema>;

export type StatefulSetUpdateStrategy =
  | { readonly type: "OnDelete" }
  | {
      readonly type: "RollingUpdate";
      /** Pods of lower ordinals keep the current revision. */
      readonly partition: number;
      /** Null: one at a time, and a broken pod of the old revision does not count against it. */
      readonly maxUnavailable: IntOrPercent | null;
    };

/** A spec's settings with every default filled in. */
export type StatefulSetSettings = {
  readonly podManagementPolicy: "OrderedReady" | "Parallel";
  readonly updateStrategy: StatefulSetUpdateStrategy;
  readonly minReadySeconds: number;
};

/** Fills in what the API server fills in. */
export function statefulSetSettings(config: StatefulSetConfig): StatefulSetSettings {
  const { podManagementPolicy, updateStrategy, minReadySeconds } = config;
  const { partition, maxUnavailable } = updateStrategy?.rollingUpdate ?? {};
  return {
    podManagementPolicy: podManagementPolicy ?? "OrderedReady",
    updateStrategy:
      updateStrategy?.type === "OnDelete"
        ? { type: "OnDelete" }
        : {
            type: "RollingUpdate",
            partition: partition ?? 0,
            maxUnavailable: maxUnavailable ?? null,
          },
    minReadySeconds: minReadySeconds ?? 0,
  };
}

/** Pods that an update may leave unavailable at once: a share rounds down, and one is the least. */
export const unavailableMax = (maxUnavailable: IntOrPercent, replicas: number): number =>
  Math.max(1, scaledValue(maxUnavailable, { total: replicas, round: "down" }));

/** What does not fit the shape, else what the API server would refuse. */
export function validateStatefulSetConfig(config: unknown): readonly ConfigProblem[] {
  const shape = problemsOf(statefulSetConfigSchema, config);
  if (shape.length > 0) return shape;
  const { updateStrategy } = statefulSetConfigSchema.parse(config);
  const { rollingUpdate } = updateStrategy ?? {};
  if (rollingUpdate === undefined) return [];
  const path = ["updateStrategy", "rollingUpdate"];
  if (updateStrategy?.type === "OnDelete") {
    const received = shown(rollingUpdate);
    return [{ path, expected: "nothing under the strategy OnDelete", received }];
  }
  const { maxUnavailable = 1 } = rollingUpdate;
  const percent = percentOf(maxUnavailable);
  if ((percent ?? maxUnavailable) !== 0 && (percent ?? 0) <= 100) return [];
  const expected = "more than 0, and at most 100%";
  return [{ path: [...path, "maxUnavailable"], expected, received: shown(maxUnavailable) }];
}
