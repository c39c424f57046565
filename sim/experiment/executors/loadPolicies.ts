import type { AutoscalerPolicy } from "../../policy/autoscaler.ts";
import { builtInPolicies, type PolicyRegistry } from "../../policy/index.ts";
import type { RolloutPolicy } from "../../policy/rollout.ts";

/** A user's file of policies cannot be used; the message says why. */
export class PolicyFileError extends Error {
  override readonly name = "PolicyFileError";
}

/**
 * The built-in policies and, on top, those of a module that exports `autoscalers` and `rollouts`:
 * records of policies by name. Null for no module.
 */
export async function loadPolicies(url: string | null): Promise<PolicyRegistry> {
  if (url === null) return builtInPolicies;
  const module: unknown = await import(url);
  return {
    autoscalers: { ...builtInPolicies.autoscalers, ...policiesOf(module, "autoscalers") },
    rollouts: { ...builtInPolicies.rollouts, ...policiesOf(module, "rollouts") },
  };
}

type Exported = AutoscalerPolicy & RolloutPolicy;

function policiesOf(module: unknown, name: string): Readonly<Record<string, Exported>> {
  const exported = Object.entries(module ?? {}).find(([key]) => key === name)?.[1];
  if (exported === undefined) return {};
  if (typeof exported !== "object" || exported === null) {
    throw new PolicyFileError(
      `"${name}" is a record of policies by name, found ${typeof exported}`,
    );
  }
  for (const [key, policy] of Object.entries(exported)) {
    const missing = ["validate", "init", "syncPeriod", "step"].filter(
      (method) =>
        typeof Object.entries(policy ?? {}).find(([k]) => k === method)?.[1] !== "function",
    );
    if (missing.length > 0) {
      throw new PolicyFileError(`policy "${key}" has no ${missing.join(", ")}`);
    }
  }
  return exported as Readonly<Record<string, Exported>>; // its methods were checked just now
}
