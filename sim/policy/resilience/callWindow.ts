import type { Micros } from "../../kernel/time.ts";

const MICROS_PER_SECOND = 1_000_000;

/** Calls, and how many of them failed or were slow. */
export type CallCounts = { calls: number; failed: number; slow: number };

/** The latest `size` calls: each as two bits, 1 for failed and 2 for slow. */
export type CountWindow = {
  readonly kind: "count";
  readonly size: number;
  readonly recent: number[];
  next: number;
  readonly total: CallCounts;
};

/** The calls of the current whole second and of the `size - 1` before it, one bucket each. */
export type TimeWindow = {
  readonly kind: "time";
  readonly size: number;
  /** The bucket of second s is at s modulo `size`. */
  readonly buckets: CallCounts[];
  /** Seconds since the start of the run. */
  second: number;
  readonly total: CallCounts;
};

export type CallWindow = CountWindow | TimeWindow;

const none = (): CallCounts => ({ calls: 0, failed: 0, slow: 0 });

/** A window over the latest `size` calls. */
export const countWindow = (size: number): CountWindow => ({
  kind: "count",
  size,
  recent: [],
  next: 0,
  total: none(),
});

/** A window over the latest `size` seconds. */
export const timeWindow = (size: number, now: Micros): TimeWindow => ({
  kind: "time",
  size,
  buckets: Array.from({ length: size }, none),
  second: Math.floor(now / MICROS_PER_SECOND),
  total: none(),
});

/** Adds a call that ended now. */
export function record(
  window: CallWindow,
  call: { readonly failed: boolean; readonly slow: boolean },
  now: Micros,
): void {
  if (window.kind === "time") {
    forgetOld(window, now);
    count(window.buckets[window.second % window.size]!, call);
  } else {
    const { recent, next, size, total } = window;
    if (recent.length === size) {
      const oldest = recent[next]!;
      total.calls--;
      total.failed -= oldest & 1;
      total.slow -= oldest >> 1;
    }
    recent[next] = (call.failed ? 1 : 0) + (call.slow ? 2 : 0);
    window.next = next + 1 === size ? 0 : next + 1;
  }
  count(window.total, call);
}

function count(
  counts: CallCounts,
  { failed, slow }: { readonly failed: boolean; readonly slow: boolean },
): void {
  counts.calls++;
  if (failed) counts.failed++;
  if (slow) counts.slow++;
}

/** Moves a time window to now; only calls move a window of counts. */
export function forgetOld(window: CallWindow, now: Micros): void {
  if (window.kind === "count") return;
  const second = Math.floor(now / MICROS_PER_SECOND);
  const { buckets, size, total } = window;
  for (let left = Math.min(second - window.second, size); left > 0; left--) {
    const bucket = buckets[(second - left + 1) % size]!;
    total.calls -= bucket.calls;
    total.failed -= bucket.failed;
    total.slow -= bucket.slow;
    bucket.calls = 0;
    bucket.failed = 0;
    bucket.slow = 0;
  }
  window.second = second;
}
