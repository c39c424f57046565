import type { GuardKind, GuardSpec } from "../../dataplane/callSpec.ts";
import type { Json } from "../../kernel/json.ts";
import type { ConfigProblem } from "../../policy/policy.ts";
import { bulkheads, circuitBreakers, rateLimiters } from "../../policy/resilience/index.ts";
import type { KeyedPolicyUseInput } from "../schema/calls.ts";
import { type Path, toPlain, treeAt } from "../tree.ts";
import type { Context } from "./context.ts";
import { reportConfigProblem, solePolicy } from "./policyUse.ts";

const GUARDS: Readonly<
  Record<
    GuardKind,
    { readonly what: string; readonly policies: Readonly<Record<string, Validated>> }
  >
> = {
  circuitBreaker: { what: "circuit breaker", policies: circuitBreakers },
  rateLimiter: { what: "rate limiter", policies: rateLimiters },
  bulkhead: { what: "bulkhead", policies: bulkheads },
};

/** The policies of these kinds that are written at a place, in the order in which they act. */
export function guardsOf(
  context: Context,
  input: Readonly<Partial<Record<GuardKind, KeyedPolicyUseInput | undefined>>>,
  path: Path,
  kinds: readonly GuardKind[],
): readonly GuardSpec[] {
  return kinds.flatMap((kind) => {
    const written = input[kind];
    if (written === undefined) return [];
    const { what, policies } = GUARDS[kind];
    const use = policyUse(context, what, policies, [...path, kind]);
    if (use === null) return [];
    return [{ kind, ...use, isShared: written.shared ?? false, per: written.per ?? null }];
  });
}

type Validated = { validate(config: unknown): readonly ConfigProblem[] };

/** The policy that is named at a place and its configuration, checked; null when there is none. */
export function policyUse(
  context: Context,
  what: string,
  known: Readonly<Record<string, Validated>>,
  path: Path,
): { readonly policy: string; readonly config: Json } | null {
  const policy = solePolicy(context, what, path, ["shared", "per"], Object.keys(known));
  if (policy === null) return null;
  const node = treeAt(context.tree, [...path, policy]);
  const config = (node === null ? null : toPlain(node)) ?? {};
  for (const problem of known[policy]!.validate(config)) {
    reportConfigProblem(context, problem, [...path, policy, ...problem.path]);
  }
  return { policy, config };
}
