import fc from "fast-check";
import { expect, it } from "vitest";
import { micros } from "../../../sim/kernel/time.ts";
import { semaphore } from "../../../sim/policy/resilience/semaphore.ts";

const NOW = micros(0);

it("a semaphore never lets more calls of a key through at once than it may, and none less", () => {
  const step = fc.record({ key: fc.constantFrom("a", "b"), ends: fc.boolean() });
  const property = fc.property(fc.array(step), fc.integer({ min: 0, max: 4 }), (steps, most) => {
    const state = semaphore.init({ maxConcurrentCalls: most }, NOW);
    const underWay: Record<string, number[]> = { a: [], b: [] };
    for (const { key, ends } of steps) {
      const calls = underWay[key]!;
      const ticket = ends ? calls.shift() : undefined;
      if (ticket !== undefined) {
        semaphore.onResult(state, { outcome: "success", duration: NOW, ticket }, NOW);
        continue;
      }
      const admission = semaphore.tryAcquire(state, { key, cost: 1, priority: 0, draw: 0 }, NOW);
      expect(admission.permitted).toBe(calls.length < most);
      if (admission.permitted) calls.push(admission.ticket);
    }
  });
  fc.assert(property, { seed: 8, numRuns: 200 });
});

it("a semaphore says what is wrong with its configuration", () => {
  expect(semaphore.validate({ maxConcurrentCalls: -1 })).toHaveLength(1);
  expect(semaphore.validate({})).toEqual([]);
});
