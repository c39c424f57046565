import { z } from "zod";
import { parseQuantity, QUANTITY_PATTERN } from "../../../workload/quantity.ts";

/**
 * The shape of an `autoscaling/v2` HorizontalPodAutoscaler as it is written in a manifest: every
 * field optional, null meaning absent, nothing unknown. What values make sense is the business of
 * admission.ts; the ranges given here as metadata are for editors that read the JSON Schema.
 */
const integer = (range: { minimum?: number; maximum?: number } = {}) =>
  z.int32().meta(range).nullish();
const text = z.string().nullish();
const QUANTITY = "a quantity like 500m, 1 or 2Gi";
const quantity = z
  .union([z.string().meta({ pattern: QUANTITY_PATTERN }), z.number()], { error: QUANTITY })
  .refine((value) => parseQuantity(value) !== null, QUANTITY)
  .nullish();

const objectReference = z.strictObject({ apiVersion: text, kind: text, name: text }).nullish();

const metricIdentifier = z
  .strictObject({
    name: text,
    selector: z
      .strictObject({
        matchLabels: z.record(z.string(), z.string()).nullish(),
        matchExpressions: z
          .array(
            z.strictObject({
              key: z.string(),
              operator: z.string(),
              values: z.array(z.string()).nullish(),
            }),
          )
          .nullish(),
      })
      .nullish(),
  })
  .nullish();

const metricTarget = z
  .strictObject({
    type: text,
    averageUtilization: integer({ minimum: 1 }),
    averageValue: quantity,
    value: quantity,
  })
  .nullish();

const metricSpec = z.strictObject({
  type: text,
  resource: z.strictObject({ name: text, target: metricTarget }).nullish(),
  containerResource: z
    .strictObject({ name: text, container: text, target: metricTarget })
    .nullish(),
  pods: z.strictObject({ metric: metricIdentifier, target: metricTarget }).nullish(),
  object: z
    .strictObject({
      describedObject: objectReference,
      metric: metricIdentifier,
      target: metricTarget,
    })
    .nullish(),
  external: z.strictObject({ metric: metricIdentifier, target: metricTarget }).nullish(),
});

const scalingPolicy = z.strictObject({
  type: text,
  value: integer({ minimum: 1 }),
  periodSeconds: integer({ minimum: 1, maximum: 1800 }),
});

const scalingRules = z
  .strictObject({
    stabilizationWindowSeconds: integer({ minimum: 0, maximum: 3600 }),
    selectPolicy: text,
    policies: z.array(scalingPolicy).nullish(),
    tolerance: quantity,
  })
  .nullish();

export const hpaSpecSchema = z.strictObject({
  scaleTargetRef: objectReference,
  minReplicas: integer({ minimum: 0 }),
  maxReplicas: integer({ minimum: 1 }),
  metrics: z.array(metricSpec).nullish(),
  behavior: z.strictObject({ scaleUp: scalingRules, scaleDown: scalingRules }).nullish(),
});

const seconds = z.number().nonnegative();

/**
 * Flags of kube-controller-manager (`--horizontal-pod-autoscaler-…`); absent ones have Kubernetes'
 * defaults.
 */
const controllerFlagsSchema = z.strictObject({
  syncPeriodSeconds: z.number().positive().optional(),
  tolerance: z.number().nonnegative().optional(),
  downscaleStabilizationSeconds: seconds.optional(),
  cpuInitializationPeriodSeconds: seconds.optional(),
  initialReadinessDelaySeconds: seconds.optional(),
  featureGates: z.strictObject({ HPAScaleToZero: z.boolean().optional() }).optional(),
});

/** A pasted manifest, live ones too, of which only `spec` counts, and the controller's flags. */
export const hpaConfigSchema = z.strictObject({
  apiVersion: z.literal("autoscaling/v2").optional(),
  kind: z.literal("HorizontalPodAutoscaler").optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  spec: hpaSpecSchema,
  status: z.record(z.string(), z.unknown()).optional(),
  controller: controllerFlagsSchema.optional(),
});

export type HpaSpec = z.infer<typeof hpaSpecSchema>;
export type HpaMetricSpec = NonNullable<HpaSpec["metrics"]>[number];
export type HpaMetricTarget = NonNullable<NonNullable<HpaMetricSpec["resource"]>["target"]>;
export type HpaScalingRules = NonNullable<NonNullable<HpaSpec["behavior"]>["scaleUp"]>;
export type HpaScalingPolicy = NonNullable<HpaScalingRules["policies"]>[number];
export type HpaObjectReference = NonNullable<HpaSpec["scaleTargetRef"]>;
export type HpaControllerFlags = z.infer<typeof controllerFlagsSchema>;
export type HpaConfig = z.infer<typeof hpaConfigSchema>;
