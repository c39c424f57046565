import type { WorkloadSpec } from "../../cluster/clusterSpec.ts";
import type { DeploymentSpecInput } from "../schema/kubernetes.ts";
import type { PriorityClassesInput } from "../schema/scheduling.ts";
import type { Path } from "../tree.ts";
import type { Context } from "./context.ts";

type Template = NonNullable<DeploymentSpecInput["template"]>;

/** Those that Kubernetes brings. */
const SYSTEM_CLASSES: PriorityClassesInput = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

/**
 * What the scheduler reads of a pod template. Pods of a template without labels are told by
 * `app: <service>`.
 */
export function normaliseScheduling(
  context: Context,
  service: string,
  { template, classes }: { template: Template | undefined; classes: PriorityClassesInput },
  path: Path,
): WorkloadSpec["scheduling"] {
  const { nodeSelector, affinity, tolerations, topologySpreadConstraints } = template?.spec ?? {};
  const priority = normalisePriority(context, template?.spec, classes, [...path, "spec"]);
  return {
    labels: template?.metadata?.labels ?? { app: service },
    ...(nodeSelector === undefined ? {} : { nodeSelector }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(topologySpreadConstraints === undefined ? {} : { topologySpreadConstraints }),
    ...priority,
  };
}

/** Of its class, or of the one that is the default; else 0. */
function normalisePriority(
  context: Context,
  pod: Template["spec"] | undefined,
  own: PriorityClassesInput,
  path: Path,
): Pick<WorkloadSpec["scheduling"], "priority" | "preemptionPolicy"> {
  const classes = { ...SYSTEM_CLASSES, ...own };
  const name = pod?.priorityClassName ?? defaultClass(classes);
  const written = pod?.preemptionPolicy;
  if (name === undefined) return written === undefined ? {} : { preemptionPolicy: written };
  const place = [...path, "priorityClassName"];
  if (!context.knows("priority class", name, Object.keys(classes), place)) return {};
  const entry = classes[name];
  const { value, preemptionPolicy } =
    typeof entry === "object" ? entry : { value: entry ?? 0, preemptionPolicy: undefined };
  const policy = written ?? preemptionPolicy;
  return { priority: value, ...(policy === undefined ? {} : { preemptionPolicy: policy }) };
}

/** Of several that are the default, the least important one, as Kubernetes chooses. */
function defaultClass(classes: PriorityClassesInput): string | undefined {
  const defaults = Object.entries(classes).flatMap(([name, entry]) =>
    typeof entry === "object" && entry.globalDefault === true ? [{ name, value: entry.value }] : [],
  );
  return defaults.sort((a, b) => a.value - b.value)[0]?.name;
}
