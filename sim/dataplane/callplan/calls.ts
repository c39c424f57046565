import { compileDistribution } from "../../workload/distributions.ts";
import type { CallSpec, RetrySpec } from "../callSpec.ts";
import type { CallSite, PlannedRetries } from "./plan.ts";

/**
 * What a caller does at a call site. A call of one attempt has one limit, its timeout: it is plain,
 * and costs nothing beyond its attempt.
 */
export function planCall(call: CallSpec): Pick<CallSite, "timeout" | "call"> {
  const { timeout, deadline, retries, hedge } = call;
  if (deadline === null && retries === null && hedge === null) return { timeout, call: null };
  return {
    timeout: retries?.perTryTimeout ?? null,
    call: { timeout, deadline, retries: retries === null ? null : planRetries(retries), hedge },
  };
}

function planRetries({ attempts, retryOn, probability, backoff }: RetrySpec): PlannedRetries {
  return {
    attempts,
    retryOn: new Set(retryOn),
    probability,
    backoff:
      backoff.kind === "drawn"
        ? { kind: "drawn", time: compileDistribution(backoff.time) }
        : backoff,
  };
}
