import type { Json } from "../../kernel/json.ts";
import { type Micros, micros } from "../../kernel/time.ts";
import { nodeAutoscalers } from "../../policy/index.ts";
import type { ConfigProblem } from "../../policy/policy.ts";
import { labelOf } from "../issues.ts";
import { nearestName } from "../problem.ts";
import type { PolicySet, PolicyUse } from "../scenario.ts";
import type { PolicySetInput } from "../schema/policies.ts";
import { type Path, type Tree, toPlain, treeAt } from "../tree.ts";
import { durationText, parseDuration } from "../units.ts";
import type { Context } from "./context.ts";
import { writtenConfig } from "./policyConfig.ts";
import { checkScaleTarget } from "./scaleTarget.ts";

/** What is compared when a file names no policies. */
export const AS_IS: PolicySet = {
  name: "as-is",
  about: "no autoscaler: replicas stay as they are",
  autoscalers: [],
  nodeAutoscaler: null,
  rollouts: [],
};

interface Times {
  readonly warmUp: Micros;
  readonly duration: Micros;
}

export function normalisePolicySet(
  context: Context,
  name: string,
  input: PolicySetInput,
  times: Times,
): PolicySet {
  const path: Path = ["policies", name];
  const autoscalers = Object.keys(input.autoscalers ?? {}).flatMap((service) =>
    normaliseAutoscaler(context, service, [...path, "autoscalers", service], times),
  );
  const rollouts = Object.entries(input.rollouts ?? {}).flatMap(([service, rollout]) =>
    normaliseRollout(context, service, rollout, [...path, "rollouts", service], times),
  );
  const nodeAutoscaler =
    input.nodeAutoscaler === undefined
      ? null
      : normaliseNodeAutoscaler(context, [...path, "nodeAutoscaler"], times);
  return { name, about: input.about ?? "", autoscalers, nodeAutoscaler, rollouts };
}

function normaliseAutoscaler(
  context: Context,
  service: string,
  path: Path,
  times: Times,
): readonly PolicyUse[] {
  if (!context.knows("service", service, context.names("services"), path, "key")) return [];
  const known = context.registry.autoscalers;
  const policy = solePolicy(context, "autoscaler", path, [], Object.keys(known));
  if (policy === null) return [];
  const config = checkedConfig(context, policy, known[policy], [...path, policy], times);
  checkScaleTarget(context, service, policy, [...path, policy]);
  return [{ workload: service, policy, config }];
}

function normaliseNodeAutoscaler(
  context: Context,
  path: Path,
  times: Times,
): PolicySet["nodeAutoscaler"] {
  if (context.names("cluster", "nodePools").length === 0) {
    context.atKey(path, "there is no pool of nodes to scale", "add cluster.nodePools");
  }
  const policy = solePolicy(context, "node autoscaler", path, [], Object.keys(nodeAutoscalers));
  if (policy === null) return null;
  const known = nodeAutoscalers[policy];
  return { policy, config: checkedConfig(context, policy, known, [...path, policy], times) };
}

function normaliseRollout(
  context: Context,
  service: string,
  input: { readonly revision: string; readonly at?: string | undefined },
  path: Path,
  times: Times,
): PolicySet["rollouts"] {
  if (!context.knows("service", service, context.names("services"), path, "key")) return [];
  const isStatefulSet = context.names("services", service).includes("statefulSet");
  const { rollouts, deployments, statefulSets } = context.registry;
  const known = isStatefulSet ? statefulSets : { ...rollouts, ...deployments };
  const policy = solePolicy(
    context,
    "rollout policy",
    path,
    ["revision", "at"],
    Object.keys(known),
  );
  const revisions = context.names("services", service, "revisions");
  const place = [...path, "revision"];
  const isKnown = context.knows(`revision of ${service}`, input.revision, revisions, place);
  if (isKnown && input.revision === revisions[0]) {
    const hint = "the first revision runs already: roll out another one";
    context.atValue(place, `"${input.revision}" is the stable revision`, hint);
  }
  const at = input.at === undefined ? micros(0) : parseDuration(input.at);
  if (at >= times.duration) {
    const hint = `the run measures ${durationText(times.duration)}`;
    context.atValue([...path, "at"], "this rollout begins when the run is over", hint);
  }
  if (policy === null || !isKnown) return [];
  const config = checkedConfig(context, policy, known[policy], [...path, policy], times);
  const start = micros(times.warmUp + at);
  return [{ workload: service, policy, config, revision: input.revision, start }];
}

/**
 * The one key at a place that names a policy; null, and a problem, when there is none or another.
 */
export function solePolicy(
  context: Context,
  what: string,
  path: Path,
  others: readonly string[],
  known: readonly string[],
): string | null {
  const written = context.names(...path).filter((key) => !others.includes(key));
  const [first, ...more] = written;
  if (first === undefined) {
    context.atKey(path, `there is no ${what} here`, `known: ${known.join(", ")}`);
    return null;
  }
  for (const key of more) {
    context.atKey([...path, key], `a service has one ${what}: "${first}" stands here already`);
  }
  return context.knows(what, first, known, [...path, first], "key") ? first : null;
}

function checkedConfig(
  context: Context,
  name: string,
  policy: { validate(config: unknown): readonly ConfigProblem[] } | undefined,
  path: Path,
  times: Times,
): Json {
  const node = treeAt(context.tree, path);
  const written = writtenConfig(name, node === null ? null : toPlain(node));
  for (const problem of policy?.validate(written.config) ?? []) {
    reportConfigProblem(context, problem, [...path, ...written.pathOf(problem.path)]);
  }
  return written.inRunTime(times.warmUp);
}

const UNKNOWN_FIELD = /^the unknown field (.*)$/u;

/**
 * Says what a policy says about its configuration in the loader's words, at the place in the file.
 */
export function reportConfigProblem(context: Context, problem: ConfigProblem, path: Path): void {
  const { expected, received } = problem;
  const key = String(path.at(-1));
  const unknown = UNKNOWN_FIELD.exec(received)?.[1];
  if (unknown !== undefined) {
    const known = (/one of ([^)]*)/u.exec(expected)?.[1] ?? "").split(", ");
    const nearest = nearestName(unknown, known);
    const hint = nearest === null ? `known: ${known.join(", ")}` : `did you mean "${nearest}"?`;
    context.atKey(path, `unknown key "${unknown}"`, hint);
  } else if (treeAt(context.tree, path) === null) {
    context.atKey(path.slice(0, -1), `the key "${key}" is missing`, `it is ${expected}`);
  } else {
    const hint = numberHint(expected, treeAt(context.tree, path));
    context.atValue(path, `${labelOf(path)} is ${expected}, found ${received}`, hint);
  }
}

/** Kubernetes takes percentages as plain numbers: 50, not 50%. */
function numberHint(expected: string, node: Tree | null): string | null {
  if (!expected.startsWith("a number") || node?.kind !== "scalar") return null;
  const [, written] = /^(\d+)\s*%$/u.exec(String(node.value)) ?? [];
  return written === undefined ? null : `write ${written}`;
}
