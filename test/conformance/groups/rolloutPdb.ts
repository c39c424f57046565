import { z } from "zod";
import { present } from "../../../sim/kernel/assert.ts";
import type { Json } from "../../../sim/kernel/json.ts";
import { ZERO } from "../../../sim/kernel/time.ts";
import {
  answerEviction,
  type BudgetedPod,
  budgetCondition,
  type DisruptionBudgetStatus,
  disruptionBudgetStatus,
  NO_BUDGET_STATUS,
} from "../../../sim/policy/disruptionBudget.ts";
import { difference } from "./group.ts";

/** Disruption budgets and evictions against them: test/conformance/rollout/README.md. */
const intOrPercent = z.union([z.number(), z.string()]);

const podState = z.enum(["ready", "unready", "pending", "failed", "succeeded", "terminating"]);
type PodState = z.infer<typeof podState>;

const statusSchema = z.strictObject({
  expectedPods: z.number(),
  desiredHealthy: z.number(),
  currentHealthy: z.number(),
  disruptionsAllowed: z.number(),
  condition: z.string(),
});

const pdbCase = z.strictObject({
  minAvailable: intOrPercent.optional(),
  maxUnavailable: intOrPercent.optional(),
  unhealthyPodEvictionPolicy: z.enum(["IfHealthyBudget", "AlwaysAllow"]).optional(),
  workloads: z.array(
    z.strictObject({
      kind: z.enum(["Deployment", "ReplicaSet", "none"]),
      replicas: z.number().optional(),
      pods: z.array(podState),
    }),
  ),
  expect: statusSchema,
  evictions: z
    .array(z.strictObject({ pod: z.number(), code: z.number(), disruptionsAllowed: z.number() }))
    .optional(),
  after: statusSchema.optional(),
});
type PdbCase = z.infer<typeof pdbCase>;

export function pdbDifferences(testCase: Json): readonly string[] {
  const parsed = pdbCase.parse(testCase);
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy, evictions, after } = parsed;
  const spec = {
    ...(minAvailable !== undefined && { minAvailable }),
    ...(maxUnavailable !== undefined && { maxUnavailable }),
    ...(unhealthyPodEvictionPolicy !== undefined && { unhealthyPodEvictionPolicy }),
  };
  const pods = podsOf(parsed);
  const replicas = Object.fromEntries(
    parsed.workloads.map((workload, index) => [String(index), workload.replicas ?? 0]),
  );
  let status = disruptionBudgetStatus(spec, { pods, replicas }, NO_BUDGET_STATUS, ZERO);
  const differences = [...difference("expect", parsed.expect, columns(status))];
  const answers = (evictions ?? []).map(({ pod: index }) => {
    const pod = present(pods[index], "pod");
    const answer = answerEviction(spec, status, pod, ZERO);
    status = answer.status;
    if (answer.kind === "evict") pods[index] = { ...pod, deleted: true };
    return { pod: index, code: answer.code, disruptionsAllowed: status.disruptionsAllowed };
  });
  differences.push(...difference("evictions", evictions ?? [], answers));
  if (after === undefined) return differences;
  status = disruptionBudgetStatus(spec, { pods, replicas }, status, ZERO);
  return [...differences, ...difference("after", after, columns(status))];
}

function podsOf({ workloads }: PdbCase): BudgetedPod[] {
  return workloads.flatMap(({ kind, pods }, index) =>
    pods.map((state, number) => ({
      name: `${index}-${number}`,
      owner: kind === "none" ? null : String(index),
      phase: PHASES[state],
      deleted: state === "terminating",
      ready: { status: state === "ready" || state === "terminating", lastTransition: ZERO },
    })),
  );
}

const PHASES: Readonly<Record<PodState, BudgetedPod["phase"]>> = {
  ready: "Running",
  unready: "Running",
  pending: "Pending",
  failed: "Failed",
  succeeded: "Succeeded",
  terminating: "Running",
};

function columns(status: DisruptionBudgetStatus): z.infer<typeof statusSchema> {
  const { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed } = status;
  const { status: value, reason } = budgetCondition(status);
  const condition = `${value}/${reason}`;
  return { expectedPods, desiredHealthy, currentHealthy, disruptionsAllowed, condition };
}
