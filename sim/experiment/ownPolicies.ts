import type { Json } from "../kernel/json.ts";
import type { ConfigProblem, Policy, Step } from "../policy/policy.ts";

/** A policy of the user's own that threw, or gave back what its contract does not allow. */
export class OwnPolicyError extends Error {
  override readonly name = "OwnPolicyError";
  readonly policy: string;
  readonly method: string;

  constructor(policy: string, method: string, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.policy = policy;
    this.method = method;
  }
}

type Tagged = { readonly kind: string; readonly reason: string };

/**
 * A policy of which every answer is checked: what a user wrote wrong is told apart from what is
 * wrong in peakday, and is said where it happens instead of some events later.
 */
export function guardedPolicy<Config, State extends Json, Observation, Decision extends Tagged>(
  key: string,
  policy: Policy<Config, State, Observation, Decision>,
  whyWrong: (decision: Decision) => string | null,
): Policy<Config, State, Observation, Decision> {
  const guard = <T>(method: string, call: () => T, problem: (value: T) => string | null): T => {
    let value: T;
    try {
      value = call();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new OwnPolicyError(key, method, reason, { cause: error });
    }
    const wrong = problem(value);
    if (wrong !== null) throw new OwnPolicyError(key, method, wrong);
    return value;
  };
  return {
    name: typeof policy.name === "string" ? policy.name : key,
    validate: (config) => guard("validate", () => policy.validate(config), whyNoProblems),
    init: (config) => guard("init", () => policy.init(config), whyNoState),
    syncPeriod: (state) => guard("syncPeriod", () => policy.syncPeriod(state), whyNoPeriod),
    step: (state, observation, now, draw) =>
      guard(
        "step",
        () => policy.step(state, observation, now, draw),
        (step) => whyNoStep(step) ?? whyWrong(step.decision),
      ),
  };
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const shown = (value: unknown): string => {
  if (typeof value === "number") return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

function whyNoProblems(problems: readonly ConfigProblem[]): string | null {
  const isList =
    Array.isArray(problems) &&
    problems.every(
      (problem: unknown) =>
        isObject(problem) &&
        Array.isArray(problem["path"]) &&
        typeof problem["expected"] === "string" &&
        typeof problem["received"] === "string",
    );
  if (isList) return null;
  return `it gives a list of { path, expected, received }, found ${shown(problems)}`;
}

const whyNoState = (state: Json): string | null =>
  state === undefined ? "it gives the first state as plain JSON, found undefined" : null;

function whyNoPeriod(period: number): string | null {
  if (Number.isSafeInteger(period) && period > 0) return null;
  return `it gives whole microseconds, at least one, as seconds(15), found ${shown(period)}`;
}

function whyNoStep(step: Step<unknown, unknown>): string | null {
  if (!isObject(step) || step["state"] === undefined || !isObject(step["decision"])) {
    return `it gives { state, decision }, found ${shown(step)}`;
  }
  const { kind, reason } = step["decision"];
  if (typeof kind === "string" && typeof reason === "string") return null;
  return `a decision has a kind and a reason, found ${shown(step["decision"])}`;
}

/** What is wrong with the decision of an autoscaler; null for nothing. */
export function whyNoScaling(decision: {
  readonly kind: string;
  readonly replicas?: number;
  readonly trace?: unknown;
}): string | null {
  const { kind, replicas, trace } = decision;
  if (kind !== "hold" && kind !== "scale") {
    return `an autoscaler decides "hold" or "scale", found ${shown(kind)}`;
  }
  if (!isObject(trace)) return `a decision has a trace, as NO_TRACE, found ${shown(trace)}`;
  if (kind === "hold" || (Number.isSafeInteger(replicas) && (replicas ?? -1) >= 0)) return null;
  return `replicas is a whole number from 0 up, found ${shown(replicas)}`;
}

const ROLLOUT_KINDS = ["hold", "advance", "promote", "rollback"];

/** What is wrong with the decision of a rollout policy; null for nothing. */
export function whyNoRollout(decision: {
  readonly kind: string;
  readonly stage?: unknown;
  readonly routes?: unknown;
  readonly replicas?: unknown;
}): string | null {
  const { kind, stage, routes, replicas } = decision;
  if (!ROLLOUT_KINDS.includes(kind)) {
    return `a rollout decides ${ROLLOUT_KINDS.join(", ")}, found ${shown(kind)}`;
  }
  if (kind !== "advance") return null;
  if (Number.isSafeInteger(stage) && Array.isArray(routes) && isObject(replicas)) return null;
  return `"advance" has a stage, routes and replicas, found ${shown(decision)}`;
}
