import { describe, expect, it } from "vitest";
import { exponential, streamExponential } from "../../sim/kernel/exponential.ts";
import { KeyedDraws } from "../../sim/kernel/keyedDraws.ts";
import { createStreams } from "../../sim/kernel/streams.ts";
import {
  correlationScore,
  KOLMOGOROV_LIMIT,
  kolmogorovDistance,
} from "../workload/goodnessOfFit.ts";

const COUNT = 200_000;
const draws = new KeyedDraws({ seed: 21, replication: 2 });
const samples = Array.from({ length: COUNT }, (_, request) => exponential(draws, request, 8, 0));
const stream = createStreams({ seed: 21, replication: 2 })("exponentials");
const streamed = Array.from({ length: COUNT }, () => streamExponential(stream));

for (const [source, variates] of [
  ["keyed draws", samples],
  ["a stream", streamed],
] as const) {
  describe(`the exponential variate of ${source}`, () => {
    it("has the moments n!", () => {
      const moment = (n: number): number => variates.reduce((sum, x) => sum + x ** n, 0) / COUNT;
      const factorial = [1, 1, 2, 6, 24, 120, 720, 5_040, 40_320];
      for (const n of [1, 2, 3, 4]) {
        const error = Math.sqrt((factorial[2 * n]! - factorial[n]! ** 2) / COUNT);
        expect(Math.abs(moment(n) - factorial[n]!)).toBeLessThan(4 * error);
      }
    });

    it("has the distribution function 1 − e^−x", () => {
      expect(kolmogorovDistance(variates, (x) => 1 - Math.exp(-x))).toBeLessThan(KOLMOGOROV_LIMIT);
    });

    it("has the right tail beyond the last strip, where it is drawn another way", () => {
      const edge = 7.69711747013105;
      const tail = variates.filter((x) => x > edge);
      const expected = COUNT * Math.exp(-edge);
      expect(Math.abs(tail.length - expected)).toBeLessThan(4 * Math.sqrt(expected));
      expect(kolmogorovDistance(tail, (x) => 1 - Math.exp(edge - x))).toBeLessThan(
        KOLMOGOROV_LIMIT,
      );
    });
  });
}

describe("the exponential variate", () => {
  it("is a pure function of its key, and independent of other keys", () => {
    const others: readonly ((request: number) => number)[] = [
      (request) => exponential(draws, request, 9, 0),
      (request) => exponential(draws, request, 8, 1),
      (request) => exponential(draws, request + 1, 8, 0),
      (request) => exponential(draws, request + 2 ** 24, 8, 0),
    ];
    for (const other of others) {
      const series = Array.from({ length: COUNT }, (_, request) => other(request));
      expect(Math.abs(correlationScore(samples, series))).toBeLessThan(4);
    }
    expect(Math.abs(correlationScore(streamed.slice(1), streamed.slice(0, -1)))).toBeLessThan(4);
    for (let request = COUNT - 1; request > COUNT - 5_000; request--) {
      expect(exponential(draws, request, 8, 0)).toBe(samples[request]);
    }
  });
});
