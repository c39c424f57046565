import { describe, expect, it } from "vitest";
import { estimateColumn, plusMinus } from "../../reports/terminal/estimates.ts";
import type { Line } from "../../reports/terminal/textStyle.ts";
import { percentEstimate } from "../../sim/experiment/estimate.ts";
import type { Estimate } from "../../sim/result/result.ts";

const textOf = (line: Line): string =>
  line.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");

describe("the interval of a share", () => {
  // Quantile of Student's t for 95 % and one degree of freedom: 12.706.
  it.each([
    { why: "ends at nothing", samples: [0, 0.04], low: 0, high: 0.02 + 12.706 * 0.02 },
    { why: "ends at all", samples: [99, 100], low: 99.5 - 12.706 * 0.5, high: 100 },
    { why: "may be all there is", samples: [10, 90], low: 0, high: 100 },
    { why: "is Student's in between", samples: [50, 51], low: 44.147, high: 56.853 },
  ])("$why", ({ samples, low, high }) => {
    const share = percentEstimate(samples, 0.95);
    expect(share.low).toBeCloseTo(low, 3);
    expect(share.high).toBeCloseTo(high, 3);
  });

  it("is not known from one replication", () => {
    expect(percentEstimate([3], 0.95)).toEqual({ mean: 3, low: null, high: null, n: 1 });
  });
});

describe("the text of an estimate", () => {
  const even: Estimate = { mean: 13.5, low: 13, high: 14, n: 5 };
  const cut: Estimate = { mean: 13.55, low: 0, high: 39.77, n: 5 };

  it("has both ends where the interval was cut off", () => {
    expect(textOf(plusMinus(even, 2))).toBe("13.50 ± 0.50");
    expect(textOf(plusMinus(cut, 2))).toBe("13.55 [0.00, 39.77]");
  });

  it("stays under others in a column", () => {
    const none: Estimate = { mean: 2, low: null, high: null, n: 1 };
    const column = estimateColumn([even, cut, none, null], { decimals: 1, intervals: true });
    expect(column.map(textOf)).toEqual([
      "13.5 ± 0.5      ",
      "13.6 [0.0, 39.8]",
      " 2.0            ",
      "   –            ",
    ]);
  });
});
