import type { Json } from "../../kernel/json.ts";
import type { Micros } from "../../kernel/time.ts";
import { type AdmissionPolicy, type AdmissionRequest, refusal } from "./admission.ts";

/** A rate limiter: it also knows when a call that it refuses now would be let through. */
export interface RateLimiter<Config = unknown, State extends Json = Json>
  extends AdmissionPolicy<Config, State> {
  /**
   * Microseconds until the limiter would permit such a call if nobody else came, not always whole;
   * 0 when it would now, null when never.
   */
  retryAfter(
    state: State,
    request: Pick<AdmissionRequest, "key" | "cost">,
    now: Micros,
  ): number | null;
}

export const RATE_LIMITED = refusal("RateLimited");

/** Keys that are kept before those that say nothing any more are looked for. */
const KEPT = 1024;

/**
 * What a limiter knows of each key. A key of which it would know the same if it had never come is
 * dropped in time, so that memory follows the keys in use and not those ever seen.
 */
export type KeyTable<Entry extends Json> = {
  readonly entries: { [key: string]: Entry };
  count: number;
  /** So many keys call for a look at which are in use. */
  sweepAt: number;
};

export const emptyTable = <Entry extends Json>(): KeyTable<Entry> => ({
  entries: {},
  count: 0,
  sweepAt: KEPT,
});

/** The entry of a key; `isIdle` tells which ones are as good as none. */
export function entryOf<Entry extends Json>(
  table: KeyTable<Entry>,
  key: string,
  create: () => Entry,
  isIdle: (entry: Entry) => boolean,
): Entry {
  const { entries } = table;
  if (Object.hasOwn(entries, key)) return entries[key]!;
  if (table.count >= table.sweepAt) sweep(table, isIdle);
  const entry = create();
  entries[key] = entry;
  table.count++;
  return entry;
}

function sweep<Entry extends Json>(
  table: KeyTable<Entry>,
  isIdle: (entry: Entry) => boolean,
): void {
  for (const [key, entry] of Object.entries(table.entries)) {
    if (!isIdle(entry)) continue;
    delete table.entries[key];
    table.count--;
  }
  table.sweepAt = Math.max(KEPT, 2 * table.count);
}
