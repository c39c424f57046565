import { parseQuantity } from "../../../workload/quantity.ts";
import type {
  HpaMetricSpec,
  HpaMetricTarget,
  HpaObjectReference,
  HpaScalingPolicy,
  HpaScalingRules,
  HpaSpec,
} from "./schema.ts";

/** Kinds of field errors of the Kubernetes API. */
type FieldErrorType =
  | "FieldValueInvalid"
  | "FieldValueRequired"
  | "FieldValueNotSupported"
  | "FieldValueForbidden";

export interface FieldError {
  readonly path: readonly (string | number)[];
  readonly type: FieldErrorType;
  /** What would be right, for people. */
  readonly expected: string;
  /** What was written; undefined when nothing was. */
  readonly received: unknown;
}

type Path = readonly (string | number)[];
type Report = (type: FieldErrorType, path: Path, expected: string, received?: unknown) => void;

const MAX_WINDOW_SECONDS = 3600;
const MAX_PERIOD_SECONDS = 1800;
const SELECT_POLICIES = ["Max", "Min", "Disabled"];
const POLICY_TYPES = ["Pods", "Percent"];
const TARGET_TYPES = ["Utilization", "Value", "AverageValue"];
const SOURCES = {
  Object: "object",
  External: "external",
  Pods: "pods",
  Resource: "resource",
  ContainerResource: "containerResource",
} as const;
const CONTAINER_RESOURCES = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const DNS_LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/**
 * What the API server objects to in a new HorizontalPodAutoscaler whose defaults are filled in. All
 * errors at once, in the order of the fields.
 */
export function admitHpaSpec(
  spec: HpaSpec,
  gates: { readonly scaleToZero: boolean },
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const report: Report = (type, path, expected, received) =>
    errors.push({ path: ["spec", ...path], type, expected, received });
  admitBounds(spec, gates.scaleToZero ? 0 : 1, report);
  admitReference(spec.scaleTargetRef ?? {}, ["scaleTargetRef"], report);
  admitTargetGroup(spec.scaleTargetRef ?? {}, report);
  admitMetrics(spec, report);
  admitRules(spec.behavior?.scaleUp, ["behavior", "scaleUp"], report);
  admitRules(spec.behavior?.scaleDown, ["behavior", "scaleDown"], report);
  return errors;
}

/** `spec.metrics[0].resource: FieldValueForbidden`, as the API server names an error. */
export function fieldErrorText({ path, type }: FieldError): string {
  const field = path.reduce<string>(
    (text, part) =>
      typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`,
    "",
  );
  return `${field}: ${type}`;
}

function admitBounds(spec: HpaSpec, lowest: number, report: Report): void {
  const { minReplicas } = spec;
  const maxReplicas = spec.maxReplicas ?? 0;
  if (minReplicas != null && minReplicas < lowest) {
    const expected =
      lowest === 1 ? "at least 1 (0 needs the feature gate HPAScaleToZero)" : "at least 0";
    report("FieldValueInvalid", ["minReplicas"], expected, minReplicas);
  }
  if (maxReplicas === 0) {
    report("FieldValueRequired", ["maxReplicas"], "at least 1", spec.maxReplicas);
  } else if (maxReplicas < 0) {
    report("FieldValueInvalid", ["maxReplicas"], "at least 1", maxReplicas);
  }
  if (minReplicas != null && maxReplicas < minReplicas) {
    const expected = `at least minReplicas (${minReplicas})`;
    report("FieldValueInvalid", ["maxReplicas"], expected, spec.maxReplicas);
  }
}

function admitReference(reference: HpaObjectReference, path: Path, report: Report): void {
  for (const field of ["kind", "name"] as const) {
    const value = reference[field];
    if (!value) report("FieldValueRequired", [...path, field], `a ${field}`, value);
    else admitPathSegment(value, [...path, field], report);
  }
  const version = reference.apiVersion ?? "";
  if (version.split("/").length > 2) {
    report("FieldValueInvalid", [...path, "apiVersion"], "group/version", version);
  }
}

/** Whatever scales lives in an API group, but for the ReplicationController. */
function admitTargetGroup(target: HpaObjectReference, report: Report): void {
  const version = target.apiVersion ?? "";
  const hasGroup = version.indexOf("/") > 0;
  if (target.kind === "ReplicationController" || hasGroup || version.split("/").length > 2) return;
  report("FieldValueInvalid", ["scaleTargetRef", "apiVersion"], "group/version", version);
}

/** Names become parts of URLs. */
function admitPathSegment(name: string, path: Path, report: Report): void {
  if (name === "." || name === ".." || /[/%]/.test(name)) {
    report("FieldValueInvalid", path, "a name that can stand in a URL path", name);
  }
}

function admitMetrics(spec: HpaSpec, report: Report): void {
  const metrics = spec.metrics ?? [];
  metrics.forEach((metric, index) => {
    admitMetric(metric, ["metrics", index], report);
  });
  const canWake = metrics.some(({ type }) => type === "Object" || type === "External");
  if (spec.minReplicas === 0 && !canWake) {
    const expected = "an Object or External metric, since minReplicas is 0";
    report("FieldValueForbidden", ["metrics"], expected, metrics.map(({ type }) => type).join());
  }
}

function admitMetric(metric: HpaMetricSpec, path: Path, report: Report): void {
  const type = metric.type ?? "";
  const wanted = Object.entries(SOURCES).find(([name]) => name === type)?.[1];
  if (type === "") report("FieldValueRequired", [...path, "type"], oneOf(Object.keys(SOURCES)));
  if (wanted === undefined) {
    report("FieldValueNotSupported", [...path, "type"], oneOf(Object.keys(SOURCES)), metric.type);
  }
  // The API server looks into the first source only, in this order.
  const given = Object.values(SOURCES).filter((source) => metric[source] != null);
  const [first] = given;
  if (first !== undefined) admitSource(metric, first, [...path, first], report);
  if (wanted !== undefined && metric[wanted] == null) {
    report("FieldValueRequired", [...path, wanted], `the source that type ${type} names`);
  }
  if (given.length < 2) return;
  for (const source of given.filter((name) => name !== wanted)) {
    report("FieldValueForbidden", [...path, source], `only ${wanted ?? "one source"}`, source);
  }
}

function admitSource(
  metric: HpaMetricSpec,
  source: (typeof SOURCES)[keyof typeof SOURCES],
  path: Path,
  report: Report,
): void {
  const content = metric[source];
  const target = content?.target ?? {};
  const targetPath = [...path, "target"];
  if (source === "object") {
    admitReference(metric.object?.describedObject ?? {}, [...path, "describedObject"], report);
  }
  if (source === "resource") admitResourceName(metric.resource?.name, path, report);
  if (source === "containerResource") admitContainer(metric, path, report);
  if (content && "metric" in content) admitMetricName(content.metric?.name, path, report);
  admitTarget(target, targetPath, report);
  const hasAverage = target.averageValue != null;
  if (source === "resource" || source === "containerResource") {
    const hasUtilization = target.averageUtilization != null;
    if (!hasUtilization && !hasAverage) {
      const expected = "averageUtilization or averageValue";
      report("FieldValueRequired", [...targetPath, "averageUtilization"], expected);
    }
    if (hasUtilization && hasAverage) {
      const expected = "not both averageUtilization and averageValue";
      const field = [...targetPath, "averageValue"];
      report("FieldValueForbidden", field, expected, target.averageValue);
    }
    return;
  }
  const hasValue = source !== "pods" && target.value != null;
  if (!hasAverage && !hasValue) {
    const expected = source === "pods" ? "an averageValue" : "value or averageValue";
    report("FieldValueRequired", [...targetPath, "averageValue"], expected);
  }
  if (source === "external" && hasValue && hasAverage) {
    const expected = "not both value and averageValue";
    report("FieldValueForbidden", [...targetPath, "value"], expected, target.value);
  }
}

function admitResourceName(name: string | null | undefined, path: Path, report: Report): void {
  if (!name)
    report("FieldValueRequired", [...path, "name"], "a resource name: cpu or memory", name);
}

function admitContainer(metric: HpaMetricSpec, path: Path, report: Report): void {
  const { name, container } = metric.containerResource ?? {};
  admitResourceName(name, path, report);
  if (name && !name.includes("/") && !CONTAINER_RESOURCES.test(name)) {
    report("FieldValueInvalid", [...path, "name"], "a resource of containers", name);
  }
  if (!container) {
    report("FieldValueRequired", [...path, "container"], "a container's name", container);
  } else if (!DNS_LABEL.test(container)) {
    const expected = "lower-case letters, digits and dashes";
    report("FieldValueInvalid", [...path, "container"], expected, container);
  }
}

function admitMetricName(name: string | null | undefined, path: Path, report: Report): void {
  const field = [...path, "metric", "name"];
  if (!name) report("FieldValueRequired", field, "a metric's name", name);
  else admitPathSegment(name, field, report);
}

function admitTarget(target: HpaMetricTarget, path: Path, report: Report): void {
  const type = target.type ?? "";
  if (type === "") report("FieldValueRequired", [...path, "type"], oneOf(TARGET_TYPES));
  if (!TARGET_TYPES.includes(type)) {
    report("FieldValueInvalid", [...path, "type"], oneOf(TARGET_TYPES), target.type);
  }
  for (const field of ["value", "averageValue"] as const) {
    const written = target[field];
    const quantity = written == null ? null : parseQuantity(written);
    if (quantity !== null && quantity.nanos <= 0n) {
      report("FieldValueInvalid", [...path, field], "a positive quantity", written);
    }
  }
  const { averageUtilization } = target;
  if (averageUtilization != null && averageUtilization < 1) {
    const expected = "at least 1 (percent of the request)";
    report("FieldValueInvalid", [...path, "averageUtilization"], expected, averageUtilization);
  }
}

function admitRules(rules: HpaScalingRules | null | undefined, path: Path, report: Report): void {
  if (rules == null) return;
  const window = rules.stabilizationWindowSeconds ?? 0;
  if (window < 0 || window > MAX_WINDOW_SECONDS) {
    const field = [...path, "stabilizationWindowSeconds"];
    report("FieldValueInvalid", field, `0 to ${MAX_WINDOW_SECONDS} seconds`, window);
  }
  if (rules.selectPolicy != null && !SELECT_POLICIES.includes(rules.selectPolicy)) {
    const field = [...path, "selectPolicy"];
    report("FieldValueNotSupported", field, oneOf(SELECT_POLICIES), rules.selectPolicy);
  }
  if (!rules.policies?.length) {
    report("FieldValueRequired", [...path, "policies"], "at least one policy", rules.policies);
  }
  rules.policies?.forEach((policy, index) => {
    admitPolicy(policy, [...path, "policies", index], report);
  });
  const tolerance = rules.tolerance == null ? null : parseQuantity(rules.tolerance);
  if (tolerance !== null && tolerance.nanos < 0n) {
    report("FieldValueInvalid", [...path, "tolerance"], "zero or more", rules.tolerance);
  }
}

function admitPolicy(policy: HpaScalingPolicy, path: Path, report: Report): void {
  if (!POLICY_TYPES.includes(policy.type ?? "")) {
    report("FieldValueNotSupported", [...path, "type"], oneOf(POLICY_TYPES), policy.type);
  }
  if ((policy.value ?? 0) <= 0) {
    report("FieldValueInvalid", [...path, "value"], "at least 1", policy.value);
  }
  const period = policy.periodSeconds ?? 0;
  if (period <= 0 || period > MAX_PERIOD_SECONDS) {
    const expected = `1 to ${MAX_PERIOD_SECONDS} seconds`;
    report("FieldValueInvalid", [...path, "periodSeconds"], expected, policy.periodSeconds);
  }
}

const oneOf = (names: readonly string[]): string => `one of ${names.join(", ")}`;
