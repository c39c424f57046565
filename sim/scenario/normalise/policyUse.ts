import type { Json } from "../../kernel/json.ts";
import type { Micros } from "../../kernel/time.ts";
import type { ConfigProblem } from "../../policy/policy.ts";
import { labelOf } from "../issues.ts";
import { nearestName } from "../problem.ts";
import { type Path, type Tree, toPlain, treeAt } from "../tree.ts";
import type { Context } from "./context.ts";
import { writtenConfig } from "./policyConfig.ts";

export interface Times {
  readonly warmUp: Micros;
  readonly duration: Micros;
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

export function checkedConfig(
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

/** Kubernetes takes percentages as plain numbers: 50, not 50%; and shares as shares: 0.5. */
function numberHint(expected: string, node: Tree | null): string | null {
  if (!expected.startsWith("a number") || node?.kind !== "scalar") return null;
  const [, written] = /^(\d+(?:\.\d+)?)\s*%$/u.exec(String(node.value)) ?? [];
  if (written === undefined) return null;
  const isShare = expected.endsWith(" from 0 to 1");
  return `write ${isShare ? Number((Number(written) / 100).toPrecision(12)) : written}`;
}
