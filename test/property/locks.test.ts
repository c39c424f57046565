import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { dependencyResults } from "../../sim/experiment/dependencyResults.ts";
import { modelOf } from "../support/scenarios.ts";

interface LocksState {
  readonly locks: {
    readonly locked: readonly { readonly id: string; readonly holder: number }[];
    readonly held: readonly { readonly held: readonly { readonly id: string }[] }[];
    readonly waits: readonly unknown[];
  };
}

describe("locks of rows", () => {
  it("have one holder each, and nobody has any when all requests have ended", () => {
    const situations = fc.record({
      seed: fc.nat(1000),
      keys: fc.integer({ min: 1, max: 8 }),
      rows: fc.integer({ min: 1, max: 3 }),
      order: fc.constantFrom("as-drawn", "sorted"),
      timeout: fc.constantFrom("20ms", "200ms", "2s"),
      patience: fc.constantFrom("50ms", "500ms"),
      killAt: fc.integer({ min: 1, max: 1900 }),
      isAsynchronous: fc.boolean(),
      errors: fc.constantFrom(0, 0.3),
    });
    fc.assert(
      fc.property(situations, (given) => {
        const { rows, order, timeout } = given;
        const lock = { lock: { table: "accounts", rows, order, timeout } };
        const model = modelOf({
          seed: given.seed,
          duration: "30s",
          services: {
            api: {
              replicas: 2,
              concurrency: 20,
              startup: "100ms",
              asynchronous: given.isAsynchronous,
              endpoints: {
                put: [
                  { transaction: [lock, { wait: { exponential: "8ms" } }] },
                  { parallel: [[lock, { wait: "3ms" }], { call: "other" }] },
                ],
              },
            },
            other: {
              revisions: { v1: { errors: given.errors } },
              endpoints: { get: [lock, { wait: { exponential: "5ms" } }] },
            },
          },
          faults: [{ at: `${given.killAt}ms`, service: "api", kill: true, replicas: 1 }],
          traffic: {
            t: {
              rate: {
                steps: [
                  { at: "0s", rate: "150/s" },
                  { at: "2s", rate: "0/s" },
                ],
              },
              call: "api",
              timeout: given.patience,
              population: { keys: { count: given.keys } },
            },
          },
        });
        for (const until of [500_000, 1_000_000, 2_000_000]) {
          model.run(until as Parameters<typeof model.run>[0]);
          const { locks } = model.plane.state() as unknown as LocksState; // what the plane writes
          const held = locks.held.flatMap((one) => one.held.map(({ id }) => id));
          expect(new Set(held).size).toBe(held.length);
          expect(held.toSorted()).toEqual(locks.locked.map(({ id }) => id).toSorted());
        }
        model.run();
        const { locks } = model.plane.state() as unknown as LocksState;
        expect(locks).toMatchObject({ locked: [], held: [], waits: [] });
        expect(model.plane.countInFlight()).toBe(0);
        const [figures] = dependencyResults(model).locks!;
        expect(figures!.waited).toBeLessThanOrEqual(figures!.taken);
      }),
      { numRuns: 25 },
    );
  });
});
