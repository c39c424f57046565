import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RecentCounts } from "../../sim/dataplane/exact/recentCounts.ts";
import { seconds } from "../../sim/kernel/time.ts";

const SECOND = 1_000_000;
const SLICE = 5;

describe("counts of the last while", () => {
  it("are those of the slices that the window touches", () => {
    const call = fc.record({ at: fc.nat({ max: 300 }), failed: fc.boolean() });
    const calls = fc.array(call, { minLength: 1, maxLength: 80 });
    const window = fc.constantFrom(5, 12, 60);
    fc.assert(
      fc.property(calls, window, fc.nat({ max: 90 }), (written, length, later) => {
        const recent = new RecentCounts(seconds(60));
        const sorted = written.toSorted((a, b) => a.at - b.at);
        for (const { at, failed } of sorted) recent.add(at * SECOND, failed, at);
        const now = sorted.at(-1)!.at + later;
        const first = Math.floor((now - length) / SLICE) * SLICE;
        const seen = sorted.filter(({ at }) => at >= first);
        const answered = seen.filter(({ failed }) => !failed);
        const { requests, failures, p50Ms } = recent.within(seconds(length), now * SECOND);
        expect([requests, failures]).toEqual([seen.length, seen.length - answered.length]);
        const median = answered[Math.max(1, Math.ceil(answered.length / 2)) - 1]?.at;
        expect(p50Ms).toBe(median === undefined ? null : median / 1000);
      }),
    );
  });

  it("survive a snapshot in the middle of a slice", () => {
    const recent = new RecentCounts(seconds(60));
    for (let at = 0; at < 62; at++) recent.add(at * SECOND, at % 4 === 0, 1000 * at);
    const copy = new RecentCounts(seconds(60));
    copy.restore(JSON.parse(JSON.stringify(recent.state())));
    for (const counts of [recent, copy]) counts.add(63 * SECOND, false, 7);
    const now = 64 * SECOND;
    expect(copy.within(seconds(30), now)).toEqual(recent.within(seconds(30), now));
    expect(copy.within(seconds(30), now).requests).toBe(33);
  });
});
