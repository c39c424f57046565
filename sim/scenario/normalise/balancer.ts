import type { BalancerSpec } from "../../policy/balancers/index.ts";
import type { BalancerInput } from "../schema/balancer.ts";

/** Envoy's `choice_count`. */
const DEFAULT_CHOICES = 2;

export function normaliseBalancer(input: BalancerInput = "round-robin"): BalancerSpec {
  if (input === "least-request") {
    return { kind: "least-request", choices: "all", replacement: false, ties: "in-turn" };
  }
  if (typeof input === "string") return { kind: input };
  const hash = input["consistent-hash"];
  if (hash !== undefined) {
    return { kind: "consistent-hash", key: hash.key, bound: hash.boundedLoad ?? null };
  }
  const { choices, replacement } = input["least-request"] ?? {};
  return {
    kind: "least-request",
    choices: choices ?? DEFAULT_CHOICES,
    replacement: replacement ?? true,
    ties: "random",
  };
}
