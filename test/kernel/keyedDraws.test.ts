import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { chiSquareScore, correlationScore } from "../workload/goodnessOfFit.ts";

const COUNT = 65_536;
/** In standard deviations; some 1 500 of them are looked at, with fixed seeds. */
const LIMIT = 5;
const draws = new KeyedDraws({ seed: 1, replication: 0 });

const numbers = (of: (request: number) => number, count = COUNT): number[] =>
  Array.from({ length: count }, (_, request) => of(request));

/** How far the share of ones is from a half, in standard deviations, for the worst of 32 bits. */
function worstBit(words: readonly number[]): number {
  let worst = 0;
  for (let bit = 0; bit < 32; bit++) {
    let ones = 0;
    for (const word of words) ones += (word >>> bit) & 1;
    const score = (ones - words.length / 2) / Math.sqrt(words.length / 4);
    worst = Math.max(worst, Math.abs(score));
  }
  return worst;
}

/** Uniformity of pairs over 16 × 16 cells. */
function pairScore(a: readonly number[], b: readonly number[]): number {
  const cells = new Array<number>(256).fill(0);
  for (const [i, x] of a.entries()) {
    const cell = Math.floor(x * 16) * 16 + Math.floor(b[i]! * 16);
    cells[cell] = cells[cell]! + 1;
  }
  return chiSquareScore(cells, new Array<number>(256).fill(a.length / 256));
}

/** Keys that differ from (request, 3, 0) in one thing. */
const neighbours: readonly [string, (request: number) => number][] = [
  ["the next site", (r) => draws.uniform(r, 4, 0)],
  ["a derived site", (r) => draws.uniform(r, 3 ^ (1 << 24), 0)],
  ["the site of the exponential's slow path", (r) => draws.uniform(r, 3 ^ 0x40000000, 0)],
  ["the next attempt", (r) => draws.uniform(r, 3, 1)],
  ["the next turn of a rejection method", (r) => draws.uniform(r, 3, 1 << 16)],
  ["the next request", (r) => draws.uniform(r + 1, 3, 0)],
  ["a request beyond 2^32", (r) => draws.uniform(r + 2 ** 32, 3, 0)],
  ["site and attempt exchanged", (r) => draws.uniform(r, 0, 3)],
];
const otherSources: readonly [string, KeyedDraws][] = [
  ["the next seed", new KeyedDraws({ seed: 2, replication: 0 })],
  ["the next replication", new KeyedDraws({ seed: 1, replication: 1 })],
  ["seed and replication exchanged", new KeyedDraws({ seed: 0, replication: 1 })],
];

describe("keyed draws", () => {
  const base = numbers((request) => draws.uniform(request, 3, 0));

  it("every bit is even, along requests, sites and attempts", () => {
    const words = [
      numbers((n) => draws.word(n, 3, 0)),
      numbers((n) => draws.word(5, n, 0)),
      numbers((n) => draws.word(5, 3, n)),
      numbers((n) => draws.word(n * 65_536, 3, 0)),
      numbers((n) => draws.word(n & 255, n >>> 8, 0)),
      // The lower 26 bits of a uniform number come from the second word.
      numbers((n) => draws.uniform(n, 3, 0) * 2 ** 53),
    ];
    for (const series of words) expect(worstBit(series)).toBeLessThan(LIMIT);
  });

  it("uniform numbers fill [0, 1) evenly", () => {
    const cells = new Array<number>(1_024).fill(0);
    for (const u of base) {
      expect(u >= 0 && u < 1).toBe(true);
      cells[Math.floor(u * 1_024)] = cells[Math.floor(u * 1_024)]! + 1;
    }
    expect(chiSquareScore(cells, new Array<number>(1_024).fill(64))).toBeLessThan(LIMIT);
  });

  for (const [what, of] of neighbours) {
    it(`are independent of ${what}`, () => {
      const other = numbers(of);
      expect(Math.abs(correlationScore(base, other))).toBeLessThan(LIMIT);
      expect(pairScore(base, other)).toBeLessThan(LIMIT);
    });
  }

  for (const [what, source] of otherSources) {
    it(`are independent of ${what}`, () => {
      const other = numbers((request) => source.uniform(request, 3, 0));
      expect(Math.abs(correlationScore(base, other))).toBeLessThan(LIMIT);
      expect(pairScore(base, other)).toBeLessThan(LIMIT);
    });
  }

  it("flipping any bit of any part of the key flips every bit of the draw half of the time", () => {
    const flips = (change: (request: number, mask: number) => number): void => {
      for (let bit = 0; bit < 31; bit++) {
        const changed = numbers((r) => draws.word(r, 3, 0) ^ change(r, 2 ** bit), 4_096);
        expect(worstBit(changed)).toBeLessThan(LIMIT);
      }
    };
    // Without the last fold, bit k of requests 2^(17 + k) apart always agreed.
    flips((r, mask) => draws.word(r ^ mask, 3, 0));
    flips((r, mask) => draws.word(r, 3 ^ mask, 0));
    flips((r, mask) => draws.word(r, 3, 0 ^ mask));
  });

  it("depend on nothing but the key", () => {
    const key = fc.tuple(fc.nat(), fc.nat(), fc.nat(32_767));
    fc.assert(
      fc.property(fc.array(key, { minLength: 1 }), (keys) => {
        const forward = keys.map((k) => draws.uniform(...k));
        const source = new KeyedDraws({ seed: 1, replication: 0 });
        const backward = [...keys].reverse().map((k) => source.uniform(...k));
        expect(backward.reverse()).toEqual(forward);
      }),
      { seed: 13 },
    );
  });
});
