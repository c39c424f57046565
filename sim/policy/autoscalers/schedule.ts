import { z } from "zod";
import { type Micros, micros, minutes, seconds } from "../../kernel/time.ts";
import type { ReplicaBounds } from "./bounds.ts";

const UNIT_SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };
const DURATION = /^(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h))+$/;

const replicas = z.int32().nonnegative();

/** What happens at one time, counted from the start of the run (`5m`, `1h30m`). */
export const scheduledActionSchema = z
  .strictObject({
    at: z.string().regex(DURATION, "a time since the start, like 90s, 5m or 1h30m"),
    replicas: replicas.optional(),
    minReplicas: replicas.optional(),
    maxReplicas: replicas.optional(),
  })
  .refine(
    (action) =>
      action.replicas !== undefined ||
      action.minReplicas !== undefined ||
      action.maxReplicas !== undefined,
    "replicas, minReplicas or maxReplicas beside at",
  );

export type ScheduledActionConfig = z.infer<typeof scheduledActionSchema>;

/** An action in order of time; null leaves as it is. */
export type ScheduledAction = {
  readonly at: Micros;
  readonly replicas: number | null;
  readonly minReplicas: number | null;
  readonly maxReplicas: number | null;
};

export const DAY: Micros = minutes(24 * 60);

/** Actions in order of time; those of the same time in the order in which they are written. */
export function compileSchedule(actions: readonly ScheduledActionConfig[]): ScheduledAction[] {
  return actions
    .map((action) => ({
      at: parseTime(action.at),
      replicas: action.replicas ?? null,
      minReplicas: action.minReplicas ?? null,
      maxReplicas: action.maxReplicas ?? null,
    }))
    .sort((a, b) => a.at - b.at);
}

export function parseTime(text: string): Micros {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)([a-z]+)/g)) {
    total += Number(amount) * (UNIT_SECONDS[unit ?? ""] ?? Number.NaN);
  }
  return seconds(total);
}

/** The n-th action of a schedule, which starts anew each day if it repeats; null after the last. */
export function actionNumber(
  schedule: readonly ScheduledAction[],
  repeatDaily: boolean,
  n: number,
): ScheduledAction | null {
  const action = schedule[repeatDaily ? n % schedule.length : n];
  if (action === undefined) return null;
  const day = repeatDaily ? Math.floor(n / schedule.length) : 0;
  return { ...action, at: micros(action.at + day * DAY) };
}

/** Bounds after an action. */
export const boundsAfter = (bounds: ReplicaBounds, action: ScheduledAction): ReplicaBounds => ({
  minReplicas: action.minReplicas ?? bounds.minReplicas,
  maxReplicas: action.maxReplicas ?? bounds.maxReplicas,
});
