import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createStreams } from "../../sim/kernel/streams.ts";
import {
  type ArrivalProcess,
  pacedArrivals,
  poissonArrivals,
} from "../../sim/workload/arrivals.ts";
import { compileProfile } from "../../sim/workload/compileProfile.ts";
import type { RateProfile } from "../../sim/workload/rateProfile.ts";
import { chiSquareScore, KOLMOGOROV_LIMIT, kolmogorovDistance } from "./goodnessOfFit.ts";

const SECOND = 1_000_000;

type Stage = readonly [seconds: number, target: number];

function stages(startRate: number, rows: readonly Stage[]): RateProfile {
  const duration = rows.reduce((sum, [seconds]) => sum + seconds, 0) * SECOND;
  return compileProfile(
    {
      kind: "stages",
      startRate,
      stages: rows.map(([seconds, target]) => ({ duration: seconds * SECOND, target })),
    },
    duration,
  );
}

function all(process: ArrivalProcess): number[] {
  const times: number[] = [];
  for (let time = process.next(); time < Infinity; time = process.next()) times.push(time);
  return times;
}

const poisson = (profile: RateProfile, replication: number): ArrivalProcess =>
  poissonArrivals(profile, createStreams({ seed: 11, replication })("arrivals"));

/**
 * Up to 1/s in 5 s, 1 s of it, down to 0 in 5 s: the stages of k6's `TestRampingArrivalRateCal`.
 */
const k6Stages: readonly Stage[] = [
  [5, 1],
  [1, 1],
  [5, 0],
];
const faster = (factor: number): readonly Stage[] =>
  k6Stages.map(([seconds, target]) => [seconds, target * factor] as const);

describe("paced arrivals are k6's ramping-arrival-rate", () => {
  const tables: readonly {
    readonly why: string;
    readonly start: number;
    readonly rows: readonly Stage[];
    readonly millis: readonly number[];
  }[] = [
    {
      why: "k6's own table",
      start: 0,
      rows: k6Stages,
      millis: [3162, 4472, 5500, 6527, 7837, 11000],
    },
    {
      why: "k6's own table for a time unit of a third of a second, which is 333 333 333 ns",
      start: 0,
      rows: faster(1 / 0.333333333),
      millis: [
        1825, 2581, 3162, 3651, 4082, 4472, 4830, 5166, 5499, 5833, 6169, 6527, 6917, 7348, 7837,
        8418, 9174, 10999,
      ],
    },
    {
      // t²/10 reaches 1 at √10 s; the area at 5 s is 2.5, so that each later one is half a rate
      // late.
      why: "twice as steep: the i-th is due at √(5i), then every half second",
      start: 0,
      rows: [
        [5, 2],
        [2, 2],
      ],
      millis: [2236, 3162, 3873, 4472, 5000, 5500, 6000, 6500, 7000],
    },
    {
      why: "a constant rate is even, and its first iteration waits for one gap",
      start: 4,
      rows: [[2, 4]],
      millis: [250, 500, 750, 1000, 1250, 1500, 1750, 2000],
    },
    {
      why: "a duration of 0 jumps: half an iteration is taken over the jump",
      start: 1,
      rows: [
        [1.5, 1],
        [0, 10],
        [0.3, 10],
      ],
      millis: [1000, 1550, 1650, 1750],
    },
    {
      why: "a pause of rate 0 delays what is left by its length",
      start: 2,
      rows: [
        [0.75, 2],
        [0, 0],
        [10, 0],
        [0, 2],
        [0.75, 2],
      ],
      millis: [500, 11000, 11500],
    },
    {
      // 10t − t²/2 = i for a ramp from 10/s to 5/s in 5 s … cut here to its first second.
      why: "a ramp down: 10 − √(100 − 2i) seconds",
      start: 10,
      rows: [[1, 9]],
      millis: [101, 202, 305, 408, 513, 619, 726, 835, 945],
    },
  ];

  for (const { why, start, rows, millis } of tables) {
    it(why, () => {
      const times = all(pacedArrivals(stages(start, rows)));
      // k6 compares to 1 in 1000 itself, since its tables are cut off to milliseconds.
      expect(times).toHaveLength(millis.length);
      for (const [i, time] of times.entries()) {
        expect(Math.abs(time / 1_000 - millis[i]!)).toBeLessThanOrEqual(1);
      }
    });
  }

  it("agrees with the closed form to the microsecond", () => {
    const exact = [
      Math.sqrt(10),
      Math.sqrt(20),
      5.5,
      // From 6 s on the rate falls by 0.2/s²: τ − τ²/10 is the area since then.
      6 + 5 - Math.sqrt(25 - 10 * 0.5),
      6 + 5 - Math.sqrt(25 - 10 * 1.5),
      11,
    ];
    expect(all(pacedArrivals(stages(0, k6Stages)))).toEqual(
      exact.map((seconds) => Math.round(seconds * SECOND)),
    );
  });

  it("does not lose the last iteration to rounding", () => {
    for (const [rate, seconds] of [
      [0.1, 30],
      [0.3, 10],
      [1 / 3, 3_000],
      [833.3333333333334, 600],
      [0.7, 1_000],
    ] as const) {
      const times = all(pacedArrivals(stages(rate, [[seconds, rate]])));
      expect(times.length).toBe(Math.round(rate * seconds));
      expect(times.at(-1)).toBe(seconds * SECOND);
    }
  });

  it("iteration i comes when the area reaches i, for any of hundreds of stages", () => {
    const anyStage = fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 40 }));
    fc.assert(
      fc.property(fc.array(anyStage, { minLength: 200, maxLength: 300 }), (rows) => {
        fc.pre(rows.some(([seconds]) => seconds > 0));
        const profile = stages(5, rows);
        for (const [i, time] of all(pacedArrivals(profile)).entries()) {
          // Within the rounding to a microsecond, at 40 per second.
          expect(Math.abs(profile.cumulative(time) - (i + 1))).toBeLessThan(3e-5);
        }
      }),
      { seed: 5, numRuns: 10 },
    );
  });
});

describe("Poisson arrivals", () => {
  const totals: readonly {
    readonly why: string;
    readonly profile: RateProfile;
    readonly expected: number;
  }[] = [
    // A rival that samples each gap from the rate of the moment gives 2 757, and 5.8.
    { why: "a ramp to 100/s in 60 s", profile: stages(0, [[60, 100]]), expected: 3_000 },
    { why: "a ramp to 2/s in 60 s", profile: stages(0, [[60, 2]]), expected: 60 },
    {
      why: "a jump to 5 000/s for one second after a quiet minute",
      profile: stages(0.01, [
        [60, 0.01],
        [0, 5_000],
        [1, 5_000],
      ]),
      expected: 5_000.6,
    },
  ];

  for (const { why, profile, expected } of totals) {
    it(`${why} gives ${expected} arrivals on average, and as much variance`, () => {
      expect(profile.total).toBeCloseTo(expected, 9);
      const runs = 200;
      const counts = Array.from({ length: runs }, (_, run) => all(poisson(profile, run)).length);
      const mean = counts.reduce((sum, count) => sum + count, 0) / runs;
      const variance = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / (runs - 1);
      expect(Math.abs(mean - expected)).toBeLessThan(4 * Math.sqrt(expected / runs));
      // Dispersion of a Poisson variable: (n − 1)·s²/mean is chi-square; four standard deviations.
      expect(Math.abs(variance / expected - 1)).toBeLessThan(4 * Math.sqrt(2 / runs));
    });
  }

  it("gaps of a constant rate are exponential", () => {
    const times = all(poisson(stages(2_000, [[20, 2_000]]), 0));
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0));
    const cdf = (gap: number): number => 1 - Math.exp(-gap / 500);
    // Rounding to whole microseconds adds at most half a one to each gap: spread it.
    const spread = gaps.map((gap, i) => Math.max(0, gap + ((i * 0.618034) % 1) - 0.5));
    expect(kolmogorovDistance(spread, cdf)).toBeLessThan(KOLMOGOROV_LIMIT);
  });

  it("on a steep ramp arrivals fall where the area says", () => {
    const profile = stages(0, [
      [1, 0],
      [2, 20_000],
      [1, 0],
    ]);
    const shares = all(poisson(profile, 3)).map((time) => profile.cumulative(time) / profile.total);
    expect(kolmogorovDistance(shares, (share) => share)).toBeLessThan(KOLMOGOROV_LIMIT);
  });

  it("counts in disjoint intervals follow the Poisson law", () => {
    const times = all(poisson(stages(3, [[10_000, 3]]), 0));
    const counts = new Map<number, number>();
    for (const time of times) {
      const second = Math.floor(time / SECOND);
      counts.set(second, (counts.get(second) ?? 0) + 1);
    }
    const observed = new Array<number>(9).fill(0);
    for (let second = 0; second < 10_000; second++) {
      const bin = Math.min(counts.get(second) ?? 0, 8);
      observed[bin] = observed[bin]! + 1;
    }
    const expected: number[] = [];
    let probability = Math.exp(-3);
    let rest = 1;
    for (let k = 0; k < 8; k++) {
      expected.push(10_000 * probability);
      rest -= probability;
      probability *= 3 / (k + 1);
    }
    expected.push(10_000 * rest);
    expect(chiSquareScore(observed, expected)).toBeLessThan(3);
  });

  it("come in order, as whole microseconds, and never after the end", () => {
    const profile = stages(0, [
      [1, 50_000],
      [1, 0],
    ]);
    const times = all(poisson(profile, 0));
    expect(times.every((time, i) => Number.isInteger(time) && time >= (times[i - 1] ?? 0))).toBe(
      true,
    );
    expect(times.at(-1)).toBeLessThanOrEqual(profile.duration);
  });

  it("stay at an end once there are no more", () => {
    const process = poisson(stages(1, [[5, 1]]), 0);
    all(process);
    const end = JSON.stringify(process.state());
    expect([process.next(), process.next()]).toEqual([Infinity, Infinity]);
    expect(JSON.stringify(process.state())).toBe(end);
  });
});

describe("a snapshot of an arrival process", () => {
  const profile = stages(3, [
    [10, 80],
    [0, 0],
    [5, 0],
    [0, 10],
    [10, 40],
  ]);
  const processes: readonly [string, () => ArrivalProcess][] = [
    ["poisson", () => poisson(profile, 4)],
    ["paced", () => pacedArrivals(profile)],
  ];
  for (const [name, create] of processes) {
    it(`${name}: goes on with the same instants, after a trip through JSON`, () => {
      const whole = all(create());
      for (const taken of [0, 1, 100, 300, whole.length]) {
        const original = create();
        for (let i = 0; i < taken; i++) original.next();
        const text = JSON.stringify(original.state());
        const restored = create();
        for (let i = 0; i < 7; i++) restored.next();
        restored.restore(JSON.parse(text));
        expect(all(restored)).toEqual(whole.slice(taken));
        expect(all(original)).toEqual(whole.slice(taken));
      }
    });
  }
});
