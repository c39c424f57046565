import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { paretoFront } from "../../sim/stats/pareto.ts";
import { TimeWeightedMean, timeWeightedMean } from "../../sim/stats/timeWeighted.ts";
import { mser5 } from "../../sim/stats/warmUp.ts";

describe("time-weighted means", () => {
  const series = { times: [0, 10, 30], values: [4, 1, 7] };

  it("weigh each value by how long it holds", () => {
    expect(timeWeightedMean(series, { from: 0, to: 40 })).toBe((40 + 20 + 70) / 40);
    expect(timeWeightedMean(series, { from: 5, to: 15 })).toBe(2.5);
    expect(timeWeightedMean(series, { from: 31, to: 32 })).toBe(7);
  });

  it("refuse an interval that starts before the series, or is empty", () => {
    expect(() => timeWeightedMean(series, { from: -1, to: 5 })).toThrow(/starts after/);
    expect(() => timeWeightedMean(series, { from: 5, to: 5 })).toThrow(/some length/);
  });

  it("taken as it happens is the same, from a restart too, and through a snapshot", () => {
    const running = new TimeWeightedMean(0, 4);
    running.set(10, 1);
    running.restart(20);
    running.set(30, 7);
    const copy = new TimeWeightedMean(0, 0);
    copy.restore(JSON.parse(JSON.stringify(running.state())));
    for (const mean of [running, copy]) {
      expect(mean.mean(40)).toBe(timeWeightedMean(series, { from: 20, to: 40 }));
      expect(mean.integral(40)).toBe(80);
      expect([mean.value, mean.max]).toEqual([7, 7]);
    }
  });

  it("a restart forgets the highest value; before time passes the mean is the value", () => {
    const running = new TimeWeightedMean(0, 9);
    running.set(5, 2);
    expect(running.max).toBe(9);
    running.restart(5);
    expect([running.max, running.mean(5)]).toEqual([2, 2]);
  });
});

describe("MSER-5", () => {
  /** Noise without a random source: well spread, of mean 0. */
  const noise = (i: number): number => ((i * 0.618034) % 1) - 0.5;

  it("cuts a start that is plainly different, and little more", () => {
    const samples = Array.from({ length: 500 }, (_, i) => (i < 60 ? 20 : 5) + noise(i));
    const { drop, isSettled } = mser5(samples);
    expect(isSettled).toBe(true);
    expect(drop).toBeGreaterThanOrEqual(60);
    expect(drop).toBeLessThan(120);
  });

  it("finds the end of an exponential approach", () => {
    const samples = Array.from({ length: 1_000 }, (_, i) => 10 - 10 * Math.exp(-i / 30) + noise(i));
    const { drop } = mser5(samples);
    expect(drop).toBeGreaterThan(60);
    expect(drop).toBeLessThan(250);
  });

  it("cuts nothing from a series that is level", () => {
    expect(mser5(new Array<number>(100).fill(3))).toEqual({ drop: 0, isSettled: true });
  });

  it("says so when the series never settles, or is too short", () => {
    expect(mser5(Array.from({ length: 200 }, (_, i) => i)).isSettled).toBe(false);
    expect(mser5([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])).toEqual({ drop: 0, isSettled: false });
  });

  it("chooses the cut that a search by the definition chooses", () => {
    const values = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 20, maxLength: 120 });
    fc.assert(
      fc.property(values, (samples) => {
        const batches: number[] = [];
        for (let i = 0; i + 5 <= samples.length; i += 5) {
          batches.push(samples.slice(i, i + 5).reduce((sum, x) => sum + x, 0) / 5);
        }
        const score = (cut: number): number => {
          const kept = batches.slice(cut);
          const center = kept.reduce((sum, x) => sum + x, 0) / kept.length;
          return kept.reduce((sum, x) => sum + (x - center) ** 2, 0) / kept.length ** 2;
        };
        const found = score(mser5(samples).drop / 5);
        for (let cut = 0; cut <= batches.length / 2; cut++) {
          expect(found).toBeLessThanOrEqual(score(cut) + 1e-9 * (1 + found));
        }
      }),
      { seed: 4 },
    );
  });
});

describe("the Pareto front", () => {
  const point = (cost: number, objective: number): { cost: number; objective: number } => ({
    cost,
    objective,
  });

  it("keeps what nothing beats, by rising cost", () => {
    const points = [
      point(5, 10),
      point(3, 20),
      point(4, 25),
      point(1, 40),
      point(5, 9),
      point(7, 9),
    ];
    expect(paretoFront(points)).toEqual([3, 1, 4]);
  });

  it("keeps points that are equal, and one alone", () => {
    expect(paretoFront([point(1, 1), point(1, 1), point(1, 2)])).toEqual([0, 1]);
    expect(paretoFront([point(1, 1)])).toEqual([0]);
    expect(paretoFront([])).toEqual([]);
  });

  it("is what the definition says, for any points", () => {
    const small = fc.integer({ min: 0, max: 8 });
    fc.assert(
      fc.property(fc.array(fc.record({ cost: small, objective: small })), (points) => {
        const isBeaten = (p: (typeof points)[number]): boolean =>
          points.some(
            (q) =>
              q.cost <= p.cost &&
              q.objective <= p.objective &&
              (q.cost < p.cost || q.objective < p.objective),
          );
        const expected = points.flatMap((p, i) => (isBeaten(p) ? [] : [i]));
        expect([...paretoFront(points)].sort((i, j) => i - j)).toEqual(expected);
      }),
      { seed: 6 },
    );
  });
});
