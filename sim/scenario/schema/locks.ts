import type { z } from "zod";
import { GUARD_KEYS } from "../../dataplane/callSpec.ts";
import { count, positiveDuration, text, word } from "./leaves.ts";
import { either, fields } from "./shapes.ts";

const LOCK_ORDERS = ["as-drawn", "sorted"] as const;

const lockSettings = {
  table: text("Its rows are the same for all services that lock rows of this name."),
  per: word(GUARD_KEYS, "What of the request says which row. Default key.").optional(),
  rows: count(
    "Rows that it locks, one after the other: those of the request's key and of further keys. " +
      "Default 1.",
    1,
    10,
  ).optional(),
  order: word(
    LOCK_ORDERS,
    "Of several rows: as they are drawn, so that two requests can wait for each other until one " +
      "of them times out, or sorted, which no deadlock comes of. Default as-drawn.",
  ).optional(),
  timeout: positiveDuration(
    "Whoever waits longer fails: lock-timeout. Default 50s, as in InnoDB.",
  ).optional(),
};

const settings = fields(lockSettings);

/** Written out in part, since its steps may contain locks. */
export type LockInput<Step> = z.infer<typeof settings> & {
  readonly each?: readonly Step[] | undefined;
};

/** `accounts`, or `{ table: accounts, rows: 2, order: sorted, timeout: 2s }`. */
export const lock = <Step>(steps: z.ZodType<readonly Step[]>) =>
  either("a table, or a map with table, per, rows, order and timeout", [
    text("The table; the row is that of the request's key."),
    fields({
      ...lockSettings,
      each: steps
        .meta({ description: "What is done with each row, before the next one is locked." })
        .optional(),
    }),
  ]).meta({
    description:
      "One request at a time has the row, first come, first served, until the end of the " +
      "transaction, or of the request, or of its branch of a parallel step.",
  });
