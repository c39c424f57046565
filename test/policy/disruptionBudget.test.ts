import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { minutes, seconds, ZERO } from "../../sim/kernel/time.ts";
import {
  answerEviction,
  type BudgetedPod,
  budgetCondition,
  type DisruptionBudgetSpec,
  disruptionBudgetStatus,
  NO_BUDGET_STATUS,
} from "../../sim/policy/disruptionBudget.ts";

const pod = (name: string, fields: Partial<BudgetedPod> = {}): BudgetedPod => ({
  name,
  phase: "Running",
  deleted: false,
  ready: { status: true, lastTransition: ZERO },
  owner: "web",
  ...fields,
});
const pods = (count: number, fields: Partial<BudgetedPod> = {}): BudgetedPod[] =>
  Array.from({ length: count }, (_, index) => pod(`web-${index}`, fields));
const NOT_READY = { ready: { status: false, lastTransition: ZERO } };

const statusOf = (
  spec: DisruptionBudgetSpec,
  listed: readonly BudgetedPod[],
  replicas: Readonly<Record<string, number>> = { web: 3 },
) => disruptionBudgetStatus(spec, { pods: listed, replicas }, NO_BUDGET_STATUS, ZERO);

describe("a disruption budget", () => {
  it.each([
    { why: "1 % of 3 may be unavailable: one", spec: { maxUnavailable: "1%" }, allowed: 1 },
    { why: "1 % of 3 must be available: one", spec: { minAvailable: "1%" }, allowed: 2 },
    { why: "a count that must be available", spec: { minAvailable: 2 }, allowed: 1 },
    { why: "more than there are: never", spec: { minAvailable: 4 }, allowed: 0 },
    { why: "more may be gone than there are", spec: { maxUnavailable: 9 }, allowed: 3 },
    { why: "nothing is written: nothing is allowed", spec: {}, allowed: 0 },
  ])("$why", ({ spec, allowed }) => {
    const status = statusOf(spec, pods(3));
    expect(status.disruptionsAllowed).toBe(allowed);
    expect(budgetCondition(status).status).toBe(allowed > 0 ? "True" : "False");
  });

  it("takes percentages of what the owners want, not of a roll's surge", () => {
    const status = statusOf({ minAvailable: "100%" }, pods(4));
    expect(status).toMatchObject({ expectedPods: 3, desiredHealthy: 3, disruptionsAllowed: 1 });
  });

  it("counts an owner only if one of its pods is selected", () => {
    const status = statusOf({ maxUnavailable: 1 }, pods(3), { web: 3, idle: 5 });
    expect(status.expectedPods).toBe(3);
  });

  it("expects all selected pods when a count must be available, the dying ones included", () => {
    const listed = [...pods(3), pod("old", { deleted: true }), pod("dead", { phase: "Failed" })];
    expect(statusOf({ minAvailable: 1 }, listed).expectedPods).toBe(5);
  });

  it("does not count an evicted pod that is not yet being deleted, for two minutes", () => {
    const spec = { minAvailable: 1 };
    const listed = pods(3);
    const first = statusOf(spec, listed);
    const { status } = answerEviction(spec, first, listed[0]!, ZERO);
    const at = (now: typeof ZERO) =>
      disruptionBudgetStatus(spec, { pods: listed, replicas: { web: 3 } }, status, now);
    expect(at(seconds(119)).currentHealthy).toBe(2);
    expect(at(minutes(2)).currentHealthy).toBe(3);
    expect(at(seconds(121)).disruptedPods).toEqual({});
  });
});

describe("an eviction", () => {
  const needsAll = { minAvailable: 3 };
  it.each([
    { why: "a pending pod", fields: { phase: "Pending" } },
    { why: "a failed pod", fields: { phase: "Failed" } },
    { why: "a finished pod", fields: { phase: "Succeeded" } },
    { why: "a terminating pod", fields: { deleted: true } },
  ] as const)("lets $why go without asking", ({ fields }) => {
    const status = statusOf(needsAll, pods(3));
    const answer = answerEviction(needsAll, status, pod("x", fields), ZERO);
    expect(answer).toEqual({ kind: "evict", code: 201, reason: "NotNeeded", status });
  });

  it.each([
    { why: "enough others are healthy", healthy: 3, policy: undefined, code: 201 },
    { why: "too few others are healthy", healthy: 2, policy: undefined, code: 429 },
    { why: "too few others, but always allowed", healthy: 2, policy: "AlwaysAllow", code: 201 },
  ] as const)("of an unready pod: $why", ({ healthy, policy, code }) => {
    const spec = { ...needsAll, ...(policy && { unhealthyPodEvictionPolicy: policy }) };
    const unready = pod("unready", NOT_READY);
    const status = statusOf(spec, [...pods(healthy), unready]);
    const answer = answerEviction(spec, status, unready, ZERO);
    expect(answer.code).toBe(code);
    expect(answer.status).toEqual(status);
  });

  it("of an unready pod uses the budget up where none need be available", () => {
    const spec = { minAvailable: 0 };
    const unready = pod("unready", NOT_READY);
    const status = statusOf(spec, [pod("web-0"), unready]);
    expect(answerEviction(spec, status, unready, ZERO).status.disruptionsAllowed).toBe(0);
  });

  it("one after the other never takes more healthy pods than the budget allows", () => {
    const count = fc.integer({ min: 0, max: 12 });
    const size = fc.oneof(
      count,
      fc.integer({ min: 0, max: 100 }).map((share) => `${share}%`),
    );
    const specs = fc.oneof(
      size.map((minAvailable) => ({ minAvailable })),
      size.map((maxUnavailable) => ({ maxUnavailable })),
    );
    const property = fc.property(specs, fc.array(fc.boolean()), count, (spec, ready, replicas) => {
      const listed = ready.map((isReady, i) => pod(`p${i}`, isReady ? {} : NOT_READY));
      let status = statusOf(spec, listed, { web: replicas });
      const before = status;
      const evicted = listed.filter((candidate) => {
        const answer = answerEviction(spec, status, candidate, ZERO);
        status = answer.status;
        return answer.kind === "evict" && candidate.ready?.status === true;
      });
      expect(evicted.length).toBeLessThanOrEqual(before.disruptionsAllowed);
      if (evicted.length > 0) {
        const left = before.currentHealthy - evicted.length;
        expect(left).toBeGreaterThanOrEqual(before.desiredHealthy);
      }
    });
    fc.assert(property, { numRuns: 300 });
  });
});
