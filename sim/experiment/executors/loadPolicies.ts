import nodeModule from "node:module";
import { builtInPolicies, type PolicyRegistry } from "../../policy/index.ts";
import { guardedPolicy, whyNoRollout, whyNoScaling } from "../ownPolicies.ts";

/** A user's file of policies cannot be used; the message says why. */
export class PolicyFileError extends Error {
  override readonly name = "PolicyFileError";
}

const EXPORTS = ["autoscalers", "rollouts"] as const;

/**
 * The built-in policies and, on top, those of a module that exports `autoscalers` and `rollouts`:
 * records of policies by name. Null for no module. Throws what the module throws, and a
 * `PolicyFileError` for exports that are no policies.
 */
export async function loadPolicies(url: string | null): Promise<PolicyRegistry> {
  if (url === null) return builtInPolicies;
  resolveLibrary();
  const module: Readonly<Record<string, unknown>> = await import(url);
  const exported = Object.keys(module);
  if (!EXPORTS.some((name) => exported.includes(name))) {
    const found = exported.length === 0 ? "nothing" : exported.join(", ");
    throw new PolicyFileError(`it exports neither "autoscalers" nor "rollouts", found ${found}`);
  }
  const autoscalers = policiesOf<PolicyRegistry["autoscalers"]>(module, "autoscalers");
  const rollouts = policiesOf<PolicyRegistry["rollouts"]>(module, "rollouts");
  return {
    deployments: builtInPolicies.deployments,
    statefulSets: builtInPolicies.statefulSets,
    autoscalers: {
      ...builtInPolicies.autoscalers,
      ...mapped(autoscalers, (name, policy) => guardedPolicy(name, policy, whyNoScaling)),
    },
    rollouts: {
      ...builtInPolicies.rollouts,
      ...mapped(rollouts, (name, policy) => guardedPolicy(name, policy, whyNoRollout)),
    },
  };
}

/**
 * A policy file imports its types and helpers from "peakday", wherever it lies: that is this very
 * program. Node before 22.15 has no such hooks; there the package must be installed beside the
 * file.
 */
function resolveLibrary(): void {
  const isSource = import.meta.url.endsWith(".ts");
  const url = new URL(isSource ? "../../index.ts" : "./index.js", import.meta.url).href;
  nodeModule.registerHooks?.({
    resolve: (specifier, context, next) =>
      specifier === "peakday" ? { url, shortCircuit: true } : next(specifier, context),
  });
}

const mapped = <T>(
  record: Readonly<Record<string, T>>,
  change: (name: string, value: T) => T,
): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(name, value)]));

function policiesOf<Policies extends object>(
  module: Readonly<Record<string, unknown>>,
  name: (typeof EXPORTS)[number],
): Policies {
  const exported = module[name] ?? {};
  if (typeof exported !== "object" || Array.isArray(exported)) {
    const found = Array.isArray(exported) ? "a list" : `a ${typeof exported}`;
    throw new PolicyFileError(`"${name}" is a record of policies by name, found ${found}`);
  }
  for (const [key, policy] of Object.entries(exported)) {
    const missing = ["validate", "init", "syncPeriod", "step"].filter(
      (method) => !hasMethod(policy, method),
    );
    if (missing.length > 0) {
      const methods = missing.map((method) => `${method}()`).join(", ");
      throw new PolicyFileError(`the policy "${key}" of "${name}" lacks ${methods}`);
    }
  }
  return exported as Policies; // its methods were checked just now
}

/** Also of a class: methods may be inherited. */
const hasMethod = (policy: unknown, method: string): boolean =>
  typeof policy === "object" &&
  policy !== null &&
  typeof Reflect.get(policy, method) === "function";
