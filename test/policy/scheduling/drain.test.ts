import { expect, it } from "vitest";
import { seconds } from "../../../sim/kernel/time.ts";
import { answerEviction, NO_BUDGET_STATUS } from "../../../sim/policy/disruptionBudget.ts";
import { cordoned, type DrainedPod, drain } from "../../../sim/policy/scheduling/drain.ts";
import { schedule } from "../../../sim/policy/scheduling/schedule.ts";
import { SchedulingCluster } from "../../../sim/policy/scheduling/schedulingCluster.ts";
import { node, pending } from "./cluster.ts";

const pod = (name: string, extra: Partial<DrainedPod> = {}): DrainedPod => ({
  name,
  isDaemon: false,
  terminating: false,
  terminationGracePeriod: seconds(30),
  ...extra,
});

/** A budget that allows so many more evictions. */
const counted = (name: string, left: number) => ({
  isAllowed: name === "free" || left > 0,
  budgets: name === "free" ? left : left - 1,
});

it("evicts what the budgets allow, one after the other", () => {
  const pods = [pod("1"), pod("free"), pod("2"), pod("3")];
  const round = drain({ pods, budgets: 2, evict: counted, maxGracePeriod: null });
  expect(round.evict.map(({ name }) => name)).toEqual(["1", "free", "2"]);
  expect(round).toMatchObject({ refused: ["3"], isDone: false, budgets: -1 });
});

it("is done when only daemons are left; pods that are going are not asked for again", () => {
  const daemon = pod("daemon", { isDaemon: true });
  const going = pod("going", { terminating: true });
  const round = (pods: readonly DrainedPod[]) =>
    drain({ pods, budgets: 9, evict: counted, maxGracePeriod: null });
  expect(round([daemon, going])).toEqual({ evict: [], refused: [], isDone: false, budgets: 9 });
  expect(round([daemon])).toMatchObject({ isDone: true });
  expect(round([])).toMatchObject({ isDone: true });
});

it("cuts grace periods to the longest allowed, and lengthens none", () => {
  const pods = [pod("long", { terminationGracePeriod: seconds(900) }), pod("short")];
  const round = drain({ pods, budgets: 2, evict: counted, maxGracePeriod: seconds(600) });
  expect(round.evict).toEqual([
    { name: "long", gracePeriod: seconds(600) },
    { name: "short", gracePeriod: seconds(30) },
  ]);
});

it("goes together with the eviction API's answers", () => {
  const spec = { maxUnavailable: 1 };
  const start = {
    ...NO_BUDGET_STATUS,
    currentHealthy: 3,
    desiredHealthy: 2,
    disruptionsAllowed: 1,
  };
  const round = drain({
    pods: [pod("1"), pod("2")],
    budgets: start,
    maxGracePeriod: null,
    evict: (name, status) => {
      const ready = { status: true, lastTransition: seconds(0) };
      const asked = { name, phase: "Running" as const, deleted: false, ready, owner: "web" };
      const answer = answerEviction(spec, status, asked, seconds(9));
      return { isAllowed: answer.kind === "evict", budgets: answer.status };
    },
  });
  expect(round.evict.map(({ name }) => name)).toEqual(["1"]);
  expect(round.refused).toEqual(["2"]);
  expect(round.budgets).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { 1: seconds(9) } });
});

it("a cordoned node gets no further pods", () => {
  const cluster = new SchedulingCluster([node("a"), node("b")]);
  cluster.updateNode(cordoned(cluster.entry("a").node));
  expect(schedule(pending(), cluster)).toEqual({ kind: "bound", node: "b" });
});
