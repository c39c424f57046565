import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { benjaminiHochberg } from "../../sim/stats/falseDiscovery.ts";
import { pairedDifference } from "../../sim/stats/intervals.ts";
import { midRanks } from "../../sim/stats/midRanks.ts";
import { signedRankTest } from "../../sim/stats/signedRank.ts";

const zeros = (values: readonly number[]): number[] => values.map(() => 0);
const signedRank = (differences: readonly number[]) =>
  signedRankTest({ a: zeros(differences), b: differences });

describe("ranks", () => {
  it("are shared by equal values", () => {
    expect(midRanks([10, 30, 20, 20, 5])).toEqual([2, 5, 3.5, 3.5, 1]);
    expect(midRanks([])).toEqual([]);
  });
});

describe("Wilcoxon's signed-rank test", () => {
  it("gives the exact p-values of SciPy 1.17 (method exact)", () => {
    // Darwin's maize: Fisher, "The Design of Experiments", §17.
    const darwin = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75];
    expect(signedRank(darwin)).toEqual({
      positiveRanks: 96,
      pValue: 0.041259765625,
      n: 15,
      isExact: true,
    });
    expect(signedRank([1.1, -0.4, 2.3, 0.7, -1.9, 3.2, 0.2, 1.5]).pValue).toBe(0.1953125);
  });

  it("counts all signs with ties too, as a search through all of them does", () => {
    expect(signedRank([1, 1, -1, 2, 3, 3, -2, 5])).toMatchObject({
      positiveRanks: 29.5,
      pValue: 0.140625,
    });
    const differences = fc.array(fc.integer({ min: -4, max: 4 }), { maxLength: 9 });
    fc.assert(
      fc.property(differences, (values) => {
        const some = values.filter((value) => value !== 0);
        const ranks = midRanks(some.map((value) => Math.abs(value)));
        const middle = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
        const found = signedRank(values);
        const far = Math.abs(found.positiveRanks - middle);
        let count = 0;
        for (let signs = 0; signs < 2 ** some.length; signs++) {
          const sum = ranks.reduce((all, rank, i) => all + (signs & (1 << i) ? rank : 0), 0);
          if (Math.abs(sum - middle) >= far) count++;
        }
        expect(found.pValue).toBeCloseTo(count / 2 ** some.length, 12);
      }),
      { seed: 5 },
    );
  });

  it("beyond 50 differences gives those of SciPy's approximation, with ties and zeros", () => {
    const sixty = Array.from({ length: 60 }, (_, i) => (((i + 1) * 0.618034) % 1) - 0.45);
    expect(signedRank(sixty).pValue).toBeCloseTo(0.18271231418536016, 12);
    const tied = Array.from({ length: 80 }, (_, i) => (((i + 1) * 7) % 9) - 3);
    const found = signedRank(tied);
    expect(found).toMatchObject({ n: 71, isExact: false });
    expect(found.pValue).toBeCloseTo(0.000744246150143252, 12);
  });

  it("is the same with its sides exchanged, and shows nothing without differences", () => {
    const a = [3, 1, 4, 1, 5, 9, 2, 6];
    const b = [2, 7, 1, 8, 2, 8, 1, 8];
    expect(signedRankTest({ a, b }).pValue).toBe(signedRankTest({ a: b, b: a }).pValue);
    expect(signedRankTest({ a, b: a })).toEqual({
      positiveRanks: 0,
      pValue: 1,
      n: 0,
      isExact: true,
    });
    expect(() => signedRankTest({ a, b: [1] })).toThrow(/pairs/);
  });
});

describe("the paired t test", () => {
  it("gives the p-value of the interval", () => {
    // Darwin's maize again: t = 2.148, p = 0.0497 with 14 degrees of freedom.
    const darwin = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48];
    const test = (level: number) =>
      pairedDifference({ a: zeros(darwin), b: darwin, level, lowerIsBetter: false });
    expect(test(0.95).pValue).toBeCloseTo(0.0497, 4);
    expect([test(0.95).verdict, test(0.951).verdict]).toEqual(["better", "no difference shown"]);
  });

  it("knows pairs that all differ alike, that do not differ, and a single one", () => {
    const pValue = (a: readonly number[], b: readonly number[]) =>
      pairedDifference({ a, b, level: 0.95, lowerIsBetter: true }).pValue;
    expect([pValue([1, 2], [2, 3]), pValue([1, 2], [1, 2]), pValue([1], [2])]).toEqual([
      0,
      1,
      null,
    ]);
  });
});

describe("Benjamini–Hochberg", () => {
  it("gives the adjusted p-values of R's p.adjust", () => {
    // p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "BH") and, unsorted, c(0.04, 0.001, 0.5, 0.03).
    for (const p of benjaminiHochberg([0.01, 0.02, 0.03, 0.04, 0.05])) expect(p).toBeCloseTo(0.05);
    const unsorted = benjaminiHochberg([0.04, 0.001, 0.5, 0.03]);
    [0.16 / 3, 0.004, 0.5, 0.16 / 3].forEach((p, i) => {
      expect(unsorted[i]).toBeCloseTo(p, 12);
    });
  });

  it("rejects what the step-up rule rejects", () => {
    const values = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(values, (thousandths) => {
        const pValues = thousandths.map((value) => value / 1000);
        const sorted = [...pValues].sort((x, y) => x - y);
        // The greatest k with p(k) ≤ k q / m, by the definition.
        const k = sorted.findLastIndex((p, i) => p * pValues.length <= 0.05 * (i + 1));
        const rejected = pValues.map((p) => k >= 0 && p <= sorted[k]!);
        expect(benjaminiHochberg(pValues).map((p) => p <= 0.05)).toEqual(rejected);
      }),
      { seed: 6 },
    );
  });

  it("leaves a single one as it is, and refuses what is no p-value", () => {
    expect([benjaminiHochberg([0.03]), benjaminiHochberg([])]).toEqual([[0.03], []]);
    expect(() => benjaminiHochberg([1.5])).toThrow(/from 0 to 1/);
  });
});
