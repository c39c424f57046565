import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type EnvoyResource,
  envoyCircuitBreakers,
} from "../../../sim/policy/resilience/envoyCircuitBreakers.ts";

const RESOURCES: readonly EnvoyResource[] = [
  "connections",
  "pendingRequests",
  "requests",
  "retries",
];

const steps = fc.array(
  fc.record({ resource: fc.constantFrom(...RESOURCES), acquires: fc.boolean() }),
  { minLength: 20, maxLength: 200 },
);

const budgets = fc.record(
  { budgetPercent: fc.double({ min: 0, max: 100, noNaN: true }), minRetryConcurrency: fc.nat(3) },
  { requiredKeys: [] },
);

const configs = fc.record(
  {
    maxConnections: fc.nat(4),
    maxPendingRequests: fc.nat(8),
    maxRequests: fc.nat(8),
    maxRetries: fc.nat(4),
    retryBudget: budgets,
  },
  { requiredKeys: [] },
);

describe("Envoy's circuit breakers", () => {
  it("permit nothing beyond a limit and refuse nothing below it", () => {
    fc.assert(
      fc.property(configs, steps, (config, list) => {
        expect(envoyCircuitBreakers.validate(config)).toEqual([]);
        let state = envoyCircuitBreakers.init(config);
        const held = { connections: 0, pendingRequests: 0, requests: 0, retries: 0 };
        for (const { resource, acquires } of list) {
          if (acquires) {
            const limit = envoyCircuitBreakers.limit(state, resource);
            const { permitted } = envoyCircuitBreakers.tryAcquire(state, resource);
            expect(permitted).toBe(held[resource] < limit);
            if (permitted) held[resource]++;
          } else if (held[resource] > 0) {
            envoyCircuitBreakers.release(state, resource);
            held[resource]--;
          }
          expect(state.inUse).toEqual(held);
          state = JSON.parse(JSON.stringify(state));
        }
      }),
      { numRuns: 100 },
    );
  });

  it("let retries be a share of what is active, and a minimum", () => {
    const state = envoyCircuitBreakers.init({ maxRetries: 0, retryBudget: {} });
    const limits = Array.from({ length: 25 }, (_, index) => {
      envoyCircuitBreakers.acquire(state, index % 2 === 0 ? "requests" : "pendingRequests");
      return envoyCircuitBreakers.limit(state, "retries");
    });
    expect(limits).toEqual([...Array(19).fill(3), 4, 4, 4, 4, 4, 5]);
  });

  it("have Envoy's defaults", () => {
    expect(envoyCircuitBreakers.init({}).limits).toEqual({
      connections: 1024,
      pendingRequests: 1024,
      requests: 1024,
      retries: 3,
    });
  });

  it("say what overflowed", () => {
    const state = envoyCircuitBreakers.init({ maxRequests: 1, maxRetries: 0 });
    expect(envoyCircuitBreakers.tryAcquire(state, "requests").reason).toBe("Permitted");
    expect(envoyCircuitBreakers.tryAcquire(state, "requests").reason).toBe("RequestOverflow");
    expect(envoyCircuitBreakers.tryAcquire(state, "retries").reason).toBe("RetryOverflow");
    envoyCircuitBreakers.release(state, "requests");
    expect(() => envoyCircuitBreakers.release(state, "requests")).toThrow("released more");
  });

  it("name what is wrong with a configuration", () => {
    const config = { maxRequests: -1, retryBudget: { budgetPercent: 120 }, maxRetry: 3 };
    expect(envoyCircuitBreakers.validate(config).map(({ path }) => path.join("."))).toEqual([
      "maxRequests",
      "retryBudget.budgetPercent",
      "maxRetry",
    ]);
  });
});
