import type { LockSpec } from "../../dataplane/serviceSpec.ts";
import { seconds } from "../../kernel/time.ts";
import type { LockInput } from "../schema/locks.ts";
import { durationOr } from "../units.ts";

/** The default of InnoDB's innodb_lock_wait_timeout. Source: MySQL 8.4 Reference Manual. */
const LOCK_TIMEOUT = seconds(50);

export function normaliseLock(input: string | LockInput<unknown>): LockSpec {
  const given: LockInput<unknown> = typeof input === "string" ? { table: input } : input;
  return {
    table: given.table,
    per: given.per ?? "key",
    rows: given.rows ?? 1,
    order: given.order ?? "as-drawn",
    timeout: durationOr(given.timeout, LOCK_TIMEOUT),
  };
}
