import type { Json } from "../../../kernel/json.ts";
import { canonicalQuantity } from "../../../workload/quantity.ts";
import type { HpaScalingRules, HpaSpec } from "./schema.ts";

/** Defaults of kube-controller-manager's flags. */
export const DEFAULT_CONTROLLER_FLAGS = {
  syncPeriodSeconds: 15,
  tolerance: 0.1,
  downscaleStabilizationSeconds: 300,
  cpuInitializationPeriodSeconds: 300,
  initialReadinessDelaySeconds: 30,
} as const;

/**
 * Fills in what the API server fills in. `behavior: {}` is not the same as no behavior: it gets
 * both directions' rules. A direction's own `policies` replace the default list as a whole. The
 * scale-down window stays open here, since it is a flag of the controller.
 */
export function defaultHpaSpec(spec: HpaSpec): HpaSpec {
  const metrics = spec.metrics?.length
    ? spec.metrics
    : [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
        },
      ];
  return {
    ...spec,
    minReplicas: spec.minReplicas ?? 1,
    metrics,
    ...(spec.behavior && {
      behavior: {
        scaleUp: defaultRules(spec.behavior.scaleUp, SCALE_UP_DEFAULTS),
        scaleDown: defaultRules(spec.behavior.scaleDown, SCALE_DOWN_DEFAULTS),
      },
    }),
  };
}

const SCALE_UP_DEFAULTS: HpaScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
const SCALE_DOWN_DEFAULTS: HpaScalingRules = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

function defaultRules(
  rules: HpaScalingRules | null | undefined,
  defaults: HpaScalingRules,
): HpaScalingRules {
  return {
    stabilizationWindowSeconds:
      rules?.stabilizationWindowSeconds ?? defaults.stabilizationWindowSeconds,
    selectPolicy: rules?.selectPolicy ?? defaults.selectPolicy,
    policies: rules?.policies ?? defaults.policies,
    tolerance: rules?.tolerance,
  };
}

const QUANTITY_FIELDS = new Set(["averageValue", "value", "tolerance"]);

/**
 * A spec as the API server stores it: absent fields left out, quantities in canonical spelling. The
 * `value` of a scaling policy is a plain number and stays one.
 */
export function storedForm(spec: HpaSpec): Json {
  return stored(spec, "", "");
}

function stored(value: unknown, key: string, parent: string): Json {
  if (Array.isArray(value)) return value.map((item) => stored(item, "", key));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, field]) => field !== undefined && field !== null)
        .map(([name, field]) => [name, stored(field, name, key || parent)]),
    );
  }
  if (typeof value === "string" || typeof value === "number") {
    if (QUANTITY_FIELDS.has(key) && parent !== "policies") return canonicalQuantity(value) ?? value;
    return value;
  }
  return typeof value === "boolean" ? value : null;
}
