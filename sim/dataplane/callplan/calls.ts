import { present } from "../../kernel/assert.ts";
import type { AdmissionPolicy } from "../../policy/resilience/admission.ts";
import { bulkheads, circuitBreakers, rateLimiters } from "../../policy/resilience/index.ts";
import { retryLimits } from "../../policy/resilience/retryLimits.ts";
import { compileDistribution } from "../../workload/distributions.ts";
import {
  type CallSpec,
  FALLBACK_KINDS,
  type GuardKind,
  type GuardSpec,
  type RetrySpec,
} from "../callSpec.ts";
import { BREAKER_OPEN, BULKHEAD_FULL, RATE_LIMITED } from "../failure.ts";
import { nameHash } from "./names.ts";
import type { CallSite, PlannedGuard, PlannedRetries } from "./plan.ts";

/** Policies of each kind by name, and how calls fail that they refuse. */
const GUARDS: Readonly<
  Record<
    GuardKind,
    {
      readonly policies: Readonly<Record<string, AdmissionPolicy>>;
      readonly reason: number;
    }
  >
> = {
  circuitBreaker: { policies: circuitBreakers, reason: BREAKER_OPEN },
  rateLimiter: { policies: rateLimiters, reason: RATE_LIMITED },
  bulkhead: { policies: bulkheads, reason: BULKHEAD_FULL },
};

/**
 * What a caller does at a call site. A call of one attempt that nothing guards has one limit, its
 * timeout: it is plain, and costs nothing beyond its attempt.
 */
export function planCall(call: CallSpec, path: string): Pick<CallSite, "timeout" | "call"> {
  const { timeout, deadline, retries, hedge, guards, fallback } = call;
  const isPlain = [deadline, retries, hedge, fallback].every((setting) => setting === null);
  if (isPlain && guards.length === 0) return { timeout, call: null };
  return {
    timeout: retries?.perTryTimeout ?? null,
    call: {
      timeout,
      deadline,
      retries: retries === null ? null : planRetries(retries, path),
      hedge,
      guards: guards.map((guard) => planGuard(guard, path)),
      fallback:
        fallback === null ? null : { kind: FALLBACK_KINDS.indexOf(fallback.kind), entry: -1 },
    },
  };
}

export function planGuard(
  { kind, policy, config, isShared, per }: GuardSpec,
  path: string,
): PlannedGuard {
  const { policies, reason } = GUARDS[kind];
  const known = present(policies[policy], policy);
  return { use: nameHash(`${path} ${kind}`), policy: known, config, reason, isShared, per };
}

function planRetries(spec: RetrySpec, path: string): PlannedRetries {
  const { attempts, retryOn, probability, backoff, limit } = spec;
  return {
    attempts,
    retryOn: new Set(retryOn),
    probability,
    backoff:
      backoff.kind === "drawn" ? { ...backoff, time: compileDistribution(backoff.time) } : backoff,
    limit:
      limit === null
        ? null
        : {
            ...limit,
            use: nameHash(`${path} retries`),
            policy: present(retryLimits[limit.policy], limit.policy),
          },
  };
}
