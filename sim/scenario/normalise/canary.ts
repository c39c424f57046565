import type { ServiceSpec } from "../../dataplane/serviceSpec.ts";
import type { Json } from "../../kernel/json.ts";
import type { CanaryGrid } from "../scenario.ts";
import type { CanaryInput } from "../schema/canary.ts";
import { type Path, toPlain, treeAt } from "../tree.ts";
import { parseRate, parseShare } from "../units.ts";
import type { Context } from "./context.ts";
import { reportConfigProblem } from "./policyUse.ts";

const ERROR_SHARES = [0.0025, 0.005, 0.01, 0.02, 0.05];
const BUG: CanaryGrid["bug"] = { errorShare: 0.05, latencyFactor: { min: 1.5, max: 3 } };
const SAME_LATENCY = { min: 1, max: 1 };

/** Null when no set of policies has exactly one rollout: then there is nothing to judge. */
export function normaliseCanary(
  context: Context,
  input: CanaryInput | undefined,
  services: readonly ServiceSpec[],
): CanaryGrid | null {
  const judged = judgedRollout(context, input);
  if (judged === null) return null;
  const { policy, workload } = judged;
  const stable = services.find(({ name }) => name === workload)?.revisions[0];
  const healthyErrorShare =
    input?.healthy === undefined ? (stable?.errorShare ?? 0) : parseShare(input.healthy);
  const errorShares = input?.errors?.map(parseShare) ?? ERROR_SHARES;
  return {
    policy,
    workload,
    rates: input?.rates === undefined ? null : normaliseRates(context, input.rates),
    errorShares: [...new Set([...errorShares, healthyErrorShare])].sort((a, b) => a - b),
    healthyErrorShare,
    bug: input?.bug === undefined ? BUG : normaliseBug(context, input.bug),
    variants: Object.keys(input?.variants ?? {}).map((name) => ({
      name,
      change: checkedChange(context, judged, name),
    })),
    runs: input?.runs ?? null,
  };
}

interface JudgedRollout {
  readonly policy: string;
  readonly workload: string;
  /** Name of the rollout policy. */
  readonly kind: string;
}

/** What is wrong with the rollout itself is reported where the policies are read. */
function judgedRollout(context: Context, input: CanaryInput | undefined): JudgedRollout | null {
  const sets = context.names("policies");
  const rolloutsOf = (set: string): readonly string[] => context.names("policies", set, "rollouts");
  const place: Path = ["canary", "policy"];
  if (input?.policy !== undefined && !context.knows("policy", input.policy, sets, place)) {
    return null;
  }
  const policy = input?.policy ?? sets.find((set) => rolloutsOf(set).length > 0);
  const workloads = policy === undefined ? [] : rolloutsOf(policy);
  const [workload] = workloads;
  if (policy === undefined || workload === undefined || workloads.length > 1) {
    if (input !== undefined) reportUnjudgeable(context, policy, workloads.length);
    return null;
  }
  const known = Object.keys(context.registry.rollouts);
  const keys = context.names("policies", policy, "rollouts", workload);
  const kind = keys.find((key) => known.includes(key));
  return kind === undefined ? null : { policy, workload, kind };
}

function reportUnjudgeable(context: Context, policy: string | undefined, count: number): void {
  const hint = "a set has one under rollouts: {service: {revision: …, staged-canary: …}}";
  const set = `the policy "${policy}"`;
  if (policy === undefined) context.atKey(["canary"], "no policy has a rollout to judge", hint);
  else if (count === 0) context.atKey(["canary"], `${set} has no rollout to judge`, hint);
  else context.atKey(["canary"], `${set} has ${count} rollouts, one can be judged`);
}

function normaliseRates(context: Context, rates: readonly string[]): readonly number[] {
  return rates.map((rate, i) => {
    const perSecond = parseRate(rate);
    if (perSecond === 0) context.atValue(["canary", "rates", i], "a rollout needs some traffic");
    return perSecond;
  });
}

function normaliseBug(
  context: Context,
  { errors, latency }: NonNullable<CanaryInput["bug"]>,
): CanaryGrid["bug"] {
  const factor = typeof latency === "number" ? { min: latency, max: latency } : latency;
  if (factor !== undefined && factor.min > factor.max) {
    const message = `min is at most max, found ${factor.min} above ${factor.max}`;
    context.atValue(["canary", "bug", "latency", "min"], message);
  }
  return {
    errorShare: errors === undefined ? 0 : parseShare(errors),
    latencyFactor: factor ?? SAME_LATENCY,
  };
}

/** The policy itself checks its configuration with the change in it. */
function checkedChange(
  context: Context,
  { policy, workload, kind }: JudgedRollout,
  name: string,
): Readonly<Record<string, Json>> {
  const path: Path = ["canary", "variants", name];
  const given = mapAt(context, ["policies", policy, "rollouts", workload, kind]);
  const change = mapAt(context, path);
  const problems = context.registry.rollouts[kind]?.validate({ ...given, ...change }) ?? [];
  for (const problem of problems) {
    const key = String(problem.path[0]);
    // What the configuration gets wrong on its own is reported there.
    if (key in change) reportConfigProblem(context, problem, [...path, ...problem.path]);
  }
  return change;
}

function mapAt(context: Context, path: Path): Readonly<Record<string, Json>> {
  const node = treeAt(context.tree, path);
  const plain = node === null ? null : toPlain(node);
  return typeof plain === "object" && plain !== null && !Array.isArray(plain)
    ? (plain as Readonly<Record<string, Json>>) // neither a scalar nor a list
    : {};
}
