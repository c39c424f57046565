import { z } from "zod";
import { type Micros, micros, seconds } from "../../../kernel/time.ts";

/** What a person does to a rollout: a scenario has nobody who could. Seconds since its start. */
export const operatorSchema = z.strictObject({
  /** How long a pause waits for a person who lets it go on. Absent: for ever. */
  promoteAfterSeconds: z.number().nonnegative().optional(),
  /** Skips all steps, pauses and analyses that are left. */
  promoteFullAtSeconds: z.number().nonnegative().optional(),
  abortAtSeconds: z.number().nonnegative().optional(),
});

/** Nulls: never. */
export type Operator = {
  readonly promoteAfter: Micros | null;
  readonly promoteFullAt: Micros | null;
  readonly abortAt: Micros | null;
};

export function operatorOf(written: z.infer<typeof operatorSchema> | undefined): Operator {
  const duration = (value: number | undefined) => (value === undefined ? null : seconds(value));
  return {
    promoteAfter: duration(written?.promoteAfterSeconds),
    promoteFullAt: duration(written?.promoteFullAtSeconds),
    abortAt: duration(written?.abortAtSeconds),
  };
}

/** Whether something that happens so long after `start`, if ever, has happened. */
export const hasPassed = (after: Micros | null, start: Micros | null, now: Micros): boolean =>
  after !== null && start !== null && now >= micros(start + after);
