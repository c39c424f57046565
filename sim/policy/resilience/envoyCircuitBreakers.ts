import { z } from "zod";
import { assert } from "../../kernel/assert.ts";
import { problemsOf } from "../autoscalers/problems.ts";
import type { ConfigProblem } from "../policy.ts";
import { type Admission, PERMITTED, refusal } from "./admission.ts";

/** One entry of `thresholds` of Envoy's CircuitBreakers; absent fields have its defaults. */
export interface EnvoyCircuitBreakersConfig {
  /** Connections to all hosts together. Default 1024. */
  readonly maxConnections?: number | undefined;
  /** Requests that wait for a connection. Default 1024. */
  readonly maxPendingRequests?: number | undefined;
  /** Requests that have a connection. Default 1024. */
  readonly maxRequests?: number | undefined;
  /** Retries under way. Default 3. */
  readonly maxRetries?: number | undefined;
  /** When it is there, `maxRetries` counts for nothing. */
  readonly retryBudget?:
    | {
        /** Retries under way, in percent of requests active and pending. Default 20. */
        readonly budgetPercent?: number | undefined;
        /** Retries that are allowed whatever the percentage comes to. Default 3. */
        readonly minRetryConcurrency?: number | undefined;
      }
    | undefined;
}

const count = z.int32().nonnegative().optional();

const configSchema: z.ZodType<EnvoyCircuitBreakersConfig> = z.strictObject({
  maxConnections: count,
  maxPendingRequests: count,
  maxRequests: count,
  maxRetries: count,
  retryBudget: z
    .strictObject({
      budgetPercent: z.number().min(0).max(100).optional(),
      minRetryConcurrency: count,
    })
    .optional(),
});

export type EnvoyResource = "connections" | "pendingRequests" | "requests" | "retries";

export type EnvoyCircuitBreakersState = {
  readonly limits: Readonly<Record<EnvoyResource, number>>;
  readonly retryBudget: {
    readonly budgetPercent: number;
    readonly minRetryConcurrency: number;
  } | null;
  /** How many of each there are. */
  readonly inUse: Record<EnvoyResource, number>;
};

const OVERFLOW: Readonly<Record<EnvoyResource, Admission>> = {
  connections: refusal("ConnectionOverflow"),
  pendingRequests: refusal("PendingOverflow"),
  requests: refusal("RequestOverflow"),
  retries: refusal("RetryOverflow"),
};

/**
 * Envoy's circuit breaking: limits to what one proxy has under way at a cluster, for one routing
 * priority. There is no open state: each thing is refused while there are as many as its limit.
 * State changes in place, as that of an admission policy; what was acquired must be released once.
 *
 * A proxy asks in this order. A request that finds no idle connection takes a place among the
 * pending ones, or fails; a new connection is then made within the limit, and beyond it where the
 * request's host has none, since the request could never be served there. A request that has its
 * connection takes a place among the requests, or fails. A retry takes its place before it starts,
 * or the first attempt's answer stands.
 * Source: Envoy, api-v3/config/cluster/v3/circuit_breaker.proto and intro/arch_overview/upstream/
 * circuit_breaking; source/common/upstream/resource_manager_impl.h.
 */
export const envoyCircuitBreakers = {
  name: "envoy-circuit-breakers",

  validate: (config: unknown): readonly ConfigProblem[] => problemsOf(configSchema, config),

  init(config: EnvoyCircuitBreakersConfig): EnvoyCircuitBreakersState {
    const { retryBudget } = config;
    return {
      limits: {
        connections: config.maxConnections ?? 1024,
        pendingRequests: config.maxPendingRequests ?? 1024,
        requests: config.maxRequests ?? 1024,
        retries: config.maxRetries ?? 3,
      },
      retryBudget: retryBudget
        ? {
            budgetPercent: retryBudget.budgetPercent ?? 20,
            minRetryConcurrency: retryBudget.minRetryConcurrency ?? 3,
          }
        : null,
      inUse: { connections: 0, pendingRequests: 0, requests: 0, retries: 0 },
    };
  },

  tryAcquire(state: EnvoyCircuitBreakersState, resource: EnvoyResource): Admission {
    if (state.inUse[resource] >= limitOf(state, resource)) return OVERFLOW[resource];
    state.inUse[resource]++;
    return PERMITTED;
  },

  /** Takes one whatever the limit says: the connection of a host that has none. */
  acquire(state: EnvoyCircuitBreakersState, resource: EnvoyResource): void {
    state.inUse[resource]++;
  },

  release(state: EnvoyCircuitBreakersState, resource: EnvoyResource): void {
    assert(state.inUse[resource] > 0, "released more of a resource than was acquired");
    state.inUse[resource]--;
  },

  limit: limitOf,
} as const;

/** How many there may be now. */
function limitOf(
  { limits, retryBudget, inUse }: EnvoyCircuitBreakersState,
  resource: EnvoyResource,
): number {
  if (resource !== "retries" || retryBudget === null) return limits[resource];
  const active = inUse.requests + inUse.pendingRequests;
  const share = Math.floor((retryBudget.budgetPercent / 100) * active);
  return Math.max(share, retryBudget.minRetryConcurrency);
}
