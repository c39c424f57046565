import { z } from "zod";
import type { Json } from "../../../sim/kernel/json.ts";
import { micros, seconds } from "../../../sim/kernel/time.ts";
import { deletionOrder } from "../../../sim/policy/replicaSetRanking.ts";
import { rollingLimits } from "../../../sim/policy/rollouts/deployment/fenceposts.ts";
import { difference } from "./group.ts";

/** The tables of single answers: test/conformance/rollout/README.md. */
const intOrPercent = z.union([z.number(), z.string()]);
const fencepostCase = z.tuple([z.number(), intOrPercent, intOrPercent, z.number(), z.number()]);

export function fencepostDifferences(testCase: Json): readonly string[] {
  const [replicas, maxSurge, maxUnavailable, ...expected] = fencepostCase.parse(testCase);
  const limits = rollingLimits({ type: "RollingUpdate", maxSurge, maxUnavailable }, replicas);
  const computed = [limits.maxSurge, limits.maxUnavailable];
  return difference("[surge, unavailable]", expected, computed);
}

const rankingCase = z.strictObject({
  pods: z.array(
    z.strictObject({
      node: z.string().optional(),
      phase: z.enum(["Pending", "Unknown", "Running"]),
      age: z.number(),
      readyFor: z.number().nullable(),
      restarts: z.number().optional(),
      deletionCost: z.union([z.string(), z.number()]).optional(),
    }),
  ),
  otherPodsOnNodes: z.array(z.string()).optional(),
  order: z.array(z.number()),
});

export function rankingDifferences(testCase: Json): readonly string[] {
  const { pods, otherPodsOnNodes = [], order } = rankingCase.parse(testCase);
  const nodes = [...pods.flatMap(({ node }) => node ?? []), ...otherPodsOnNodes];
  // Late enough for the oldest pod to have been born after zero.
  const now = seconds(Math.max(0, ...pods.map(({ age }) => age)));
  const ranked = pods.map(({ node, phase, age, readyFor, restarts, deletionCost }) => ({
    node: node ?? null,
    phase,
    createdAt: micros(now - seconds(age)),
    ready:
      readyFor === null ? null : { status: true, lastTransition: micros(now - seconds(readyFor)) },
    restarts: restarts ?? 0,
    deletionCost: Number(deletionCost ?? 0),
  }));
  const podsOnNode = (node: string | number): number =>
    nodes.filter((other) => other === node).length;
  return difference("order", order, deletionOrder(ranked, { now, podsOnNode }));
}
