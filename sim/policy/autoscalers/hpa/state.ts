import { present } from "../../../kernel/assert.ts";
import type { Micros } from "../../../kernel/time.ts";
import { micros, seconds } from "../../../kernel/time.ts";
import { parseQuantity, toApproximateNumber, toMilli } from "../../../workload/quantity.ts";
import { DEFAULT_CONTROLLER_FLAGS, defaultHpaSpec } from "./defaults.ts";
import type {
  HpaConfig,
  HpaControllerFlags,
  HpaMetricSpec,
  HpaMetricTarget,
  HpaScalingRules,
  HpaSpec,
} from "./schema.ts";

/** What a metric is held to; amounts in thousandths. */
type MetricTarget =
  | { readonly kind: "Utilization"; readonly percent: number }
  | { readonly kind: "AverageValue"; readonly milli: number }
  | { readonly kind: "Value"; readonly milli: number }
  /** Admitted by the API server, and refused by the controller at each tick. */
  | { readonly kind: "Unusable" };

export type MetricRule =
  | {
      readonly source: "Resource" | "ContainerResource";
      readonly resource: string;
      /** Null: the sum over all containers. */
      readonly container: string | null;
      readonly target: MetricTarget;
    }
  | {
      readonly source: "Pods" | "Object" | "External";
      readonly metric: string;
      readonly target: MetricTarget;
    };

export type ScalingPolicy = {
  readonly type: "Pods" | "Percent";
  readonly value: number;
  readonly period: Micros;
};

export type ScalingRules = {
  /** Null: the controller's `downscaleStabilization`. */
  readonly stabilizationWindow: Micros | null;
  readonly selectPolicy: "Max" | "Min" | "Disabled";
  readonly policies: readonly ScalingPolicy[];
  /** Null: the controller's. */
  readonly tolerance: number | null;
};

/** A spec with its defaults, in the units in which it is evaluated. */
export type CompiledSpec = {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  readonly metrics: readonly MetricRule[];
  /** Null: no behavior, which is a path of its own in the controller. */
  readonly behavior: { readonly scaleUp: ScalingRules; readonly scaleDown: ScalingRules } | null;
};

export type ControllerFlags = {
  readonly syncPeriod: Micros;
  readonly tolerance: number;
  readonly downscaleStabilization: Micros;
  readonly cpuInitializationPeriod: Micros;
  readonly initialReadinessDelay: Micros;
  readonly scaleToZero: boolean;
};

export type Recommendation = { readonly replicas: number; readonly time: Micros };

export type ScaleEvent = {
  readonly change: number;
  readonly time: Micros;
  /** Once older than its direction's longest period, its slot may be used again. */
  readonly outdated: boolean;
};

export type Condition = {
  readonly status: "True" | "False";
  readonly reason: string;
  readonly message: string;
};

/** `status.conditions`; null while never set. They persist from tick to tick. */
export type Conditions = {
  readonly ableToScale: Condition | null;
  readonly scalingActive: Condition | null;
  readonly scalingLimited: Condition | null;
  readonly scaledToZero: Condition | null;
};

/**
 * One entry of `status.currentMetrics`, amounts in thousandths. All null: a value per pod at 0
 * replicas, which the controller gets by dividing by zero.
 */
export type MetricStatus = {
  readonly utilizationPercent: number | null;
  readonly averageMilli: number | null;
  readonly valueMilli: number | null;
};

export type HpaStatus = {
  readonly currentReplicas: number;
  readonly desiredReplicas: number;
  readonly lastScaleTime: Micros | null;
  /**
   * In the order of the spec, null for a metric that failed; the list is null when no metric was
   * read.
   */
  readonly currentMetrics: readonly (MetricStatus | null)[] | null;
  readonly conditions: Conditions;
};

/** Everything that the controller remembers of one HorizontalPodAutoscaler, and its status. */
export type HpaState = {
  readonly spec: CompiledSpec;
  readonly controller: ControllerFlags;
  /** Null before the first tick. */
  readonly recommendations: readonly Recommendation[] | null;
  readonly scaleUpEvents: readonly ScaleEvent[];
  readonly scaleDownEvents: readonly ScaleEvent[];
  readonly status: HpaStatus;
};

export function initialState({ spec, controller }: HpaConfig): HpaState {
  return {
    spec: compileSpec(spec),
    controller: compileFlags(controller ?? {}),
    recommendations: null,
    scaleUpEvents: [],
    scaleDownEvents: [],
    status: {
      currentReplicas: 0,
      desiredReplicas: 0,
      lastScaleTime: null,
      currentMetrics: null,
      conditions: {
        ableToScale: null,
        scalingActive: null,
        scalingLimited: null,
        scaledToZero: null,
      },
    },
  };
}

/**
 * The same autoscaler after somebody applied another spec (as written, before defaults): what the
 * controller remembers and the status stay.
 */
export const withSpec = (state: HpaState, spec: HpaSpec): HpaState => ({
  ...state,
  spec: compileSpec(spec),
});

export function compileFlags(flags: HpaControllerFlags): ControllerFlags {
  const defaults = DEFAULT_CONTROLLER_FLAGS;
  const flag = (name: keyof typeof defaults): number => flags[name] ?? defaults[name];
  return {
    syncPeriod: seconds(flag("syncPeriodSeconds")),
    tolerance: flag("tolerance"),
    downscaleStabilization: seconds(flag("downscaleStabilizationSeconds")),
    cpuInitializationPeriod: seconds(flag("cpuInitializationPeriodSeconds")),
    initialReadinessDelay: seconds(flag("initialReadinessDelaySeconds")),
    scaleToZero: flags.featureGates?.HPAScaleToZero ?? false,
  };
}

/** A valid spec as written, with defaults, in the units of evaluation. */
export function compileSpec(written: HpaSpec): CompiledSpec {
  const spec = defaultHpaSpec(written);
  const { behavior } = spec;
  return {
    minReplicas: spec.minReplicas ?? 1,
    maxReplicas: present(spec.maxReplicas, "maxReplicas"),
    metrics: (spec.metrics ?? []).map(compileMetric),
    behavior: behavior
      ? { scaleUp: compileRules(behavior.scaleUp), scaleDown: compileRules(behavior.scaleDown) }
      : null,
  };
}

function compileRules(rules: HpaScalingRules | null | undefined): ScalingRules {
  const { stabilizationWindowSeconds: window, selectPolicy, policies, tolerance } = rules ?? {};
  return {
    stabilizationWindow: window == null ? null : seconds(window),
    selectPolicy: selectPolicy === "Min" || selectPolicy === "Disabled" ? selectPolicy : "Max",
    policies: (policies ?? []).map(({ type, value, periodSeconds }) => ({
      type: type === "Pods" ? "Pods" : "Percent",
      value: value ?? 0,
      period: seconds(periodSeconds ?? 0),
    })),
    tolerance: tolerance == null ? null : quantityOf(tolerance, toApproximateNumber),
  };
}

function compileMetric(metric: HpaMetricSpec): MetricRule {
  const { type } = metric;
  if (type === "Pods" || type === "Object" || type === "External") {
    const source = { Pods: metric.pods, Object: metric.object, External: metric.external }[type];
    const { metric: identifier, target } = source ?? {};
    return {
      source: type,
      metric: identifier?.name ?? "",
      target: customTarget(type, target ?? {}),
    };
  }
  const isContainer = type === "ContainerResource";
  const source = isContainer ? metric.containerResource : metric.resource;
  return {
    source: isContainer ? "ContainerResource" : "Resource",
    resource: source?.name ?? "",
    container: isContainer ? (metric.containerResource?.container ?? "") : null,
    target: resourceTarget(source?.target ?? {}),
  };
}

/** For resources the controller looks at which field is set, not at the target's type. */
function resourceTarget({ averageUtilization, averageValue }: HpaMetricTarget): MetricTarget {
  if (averageValue != null) {
    return { kind: "AverageValue", milli: quantityOf(averageValue, toMilli) };
  }
  if (averageUtilization != null) return { kind: "Utilization", percent: averageUtilization };
  return { kind: "Unusable" };
}

/**
 * Pods metrics know averages only; for Object metrics the target's type decides, for External ones
 * what is set.
 */
function customTarget(
  source: "Pods" | "Object" | "External",
  { type, value, averageValue }: HpaMetricTarget,
): MetricTarget {
  const isObject = source === "Object";
  if (averageValue != null && (!isObject || type === "AverageValue")) {
    return { kind: "AverageValue", milli: quantityOf(averageValue, toMilli) };
  }
  if (value != null && source !== "Pods" && (!isObject || type === "Value")) {
    return { kind: "Value", milli: quantityOf(value, toMilli) };
  }
  return { kind: "Unusable" };
}

function quantityOf(
  text: string | number,
  scale: (quantity: NonNullable<ReturnType<typeof parseQuantity>>) => number,
): number {
  return scale(present(parseQuantity(text), `quantity in ${text}`));
}

/** The tolerances in force: a behavior's own, else the controller's. */
export function tolerancesOf({ spec, controller }: Pick<HpaState, "spec" | "controller">): {
  readonly scaleUp: number;
  readonly scaleDown: number;
} {
  return {
    scaleUp: spec.behavior?.scaleUp.tolerance ?? controller.tolerance,
    scaleDown: spec.behavior?.scaleDown.tolerance ?? controller.tolerance,
  };
}

/** Stabilization windows of both directions. */
export function windowsOf(
  behavior: NonNullable<CompiledSpec["behavior"]>,
  controller: ControllerFlags,
): { readonly up: Micros; readonly down: Micros } {
  // The controller turns its flag into whole seconds here.
  const flag = seconds(Math.trunc(controller.downscaleStabilization / 1_000_000));
  return {
    up: behavior.scaleUp.stabilizationWindow ?? micros(0),
    down: behavior.scaleDown.stabilizationWindow ?? flag,
  };
}
