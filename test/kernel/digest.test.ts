import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestText, TraceDigest } from "../../sim/kernel/digest.ts";

type Event = readonly [time: number, kind: number, subject: number];

function digestOf(events: readonly Event[]): string {
  const digest = new TraceDigest();
  for (const [time, kind, subject] of events) digest.add(time, kind, subject);
  return digest.hex();
}

const event = fc.tuple(fc.nat(1_000_000), fc.nat(100), fc.nat(100_000));

describe("the trace digest", () => {
  it("is the same for the same events", () => {
    const events: Event[] = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    expect(digestOf(events)).toBe(digestOf(events));
    expect(digestOf(events)).toMatch(/^[0-9a-f]{16}$/);
  });

  it("tells two orders of the same events apart", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 2, maxLength: 20 }), fc.nat(), (events, choice) => {
        const i = choice % (events.length - 1);
        const swapped = events.with(i, events[i + 1]!).with(i + 1, events[i]!);
        fc.pre(JSON.stringify(swapped) !== JSON.stringify(events));
        expect(digestOf(swapped)).not.toBe(digestOf(events));
      }),
      { seed: 14, numRuns: 500 },
    );
  });

  it("tells apart events that differ in one number, or are one more", () => {
    const digests = new Set<string>();
    let count = 0;
    for (let time = 0; time < 30; time++) {
      for (let kind = 0; kind < 30; kind++) {
        for (let subject = 0; subject < 30; subject++) {
          digests.add(digestOf([[time, kind, subject]]));
          count++;
        }
      }
    }
    for (let length = 0; length < 100; length++) {
      digests.add(digestOf(Array.from({ length }, () => [0, 0, 0] as const)));
      count++;
    }
    // The list of a single [0, 0, 0] stands in both.
    expect(digests.size).toBe(count - 1);
  });

  it("a change long ago is still seen", () => {
    const events: Event[] = Array.from({ length: 10_000 }, (_, i) => [i, i % 7, i % 13]);
    expect(digestOf(events.with(3, [3, 4, 3]))).not.toBe(digestOf(events));
  });

  it("goes on from a snapshot", () => {
    const whole = new TraceDigest();
    whole.add(1, 2, 3);
    const copy = new TraceDigest();
    copy.restore(JSON.parse(JSON.stringify(whole.state())));
    whole.addText(9, "ScaledUp");
    copy.addText(9, "ScaledUp");
    expect(copy.hex()).toBe(whole.hex());
    expect(copy.count).toBe(1 + "ScaledUp".length);
  });

  it("of texts tells apart what differs in a letter, in length or in order", () => {
    const texts = ["", "a", "b", "ab", "ba", "aab", "aba", "abc", "abd", "ab ", " ab"];
    expect(new Set(texts.map(digestText)).size).toBe(texts.length);
  });
});
