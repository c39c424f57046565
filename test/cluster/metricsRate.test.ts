import { describe, expect, it } from "vitest";
import { extrapolatedRate } from "../../sim/cluster/metricsRate.ts";

/** Pairs of seconds and totals. */
type Samples = readonly (readonly [at: number, total: number])[];

const rate = (samples: Samples, at: number, window: number): number | null =>
  extrapolatedRate(
    samples.map(([time, value]) => ({ time: time * 1e6, value })),
    { at: at * 1e6, window: window * 1e6 },
  );

/** Every 15 s, 10 a second. */
const steady: Samples = [0, 15, 30, 45, 60, 75, 90].map((at) => [at, 1000 + at * 10]);

describe("a rate as Prometheus extrapolates it", () => {
  const cases: readonly { why: string; samples: Samples; at: number; want: number | null }[] = [
    // Samples of 45, 60, 75, 90 within (30, 90]: the one at 30 is outside.
    { why: "is the true rate of a steady counter", samples: steady, at: 90, want: 10 },
    {
      why: "reaches over gaps at both ends of less than 1.1 intervals",
      samples: steady,
      at: 99,
      want: 10,
    },
    // (47, 107]: 60, 75, 90. 30 s sampled, 13 s to the start; 17 s to the end, so only 7.5 of them.
    {
      why: "reaches half an interval into a longer gap",
      samples: steady,
      at: 107,
      want: (300 * 50.5) / 30 / 60,
    },
    { why: "needs two samples", samples: [[80, 5]], at: 90, want: null },
    { why: "needs two samples within the window", samples: steady, at: 140, want: null },
    // 15 s sampled, of a window of 60: to the start half an interval, to the end nothing.
    {
      why: "shows less of a series younger than the window",
      samples: [
        [75, 1000],
        [90, 1150],
      ],
      at: 90,
      want: (150 * 22.5) / 15 / 60,
    },
    // It was 0 at 72.5 s, if it grew as it did later: 2.5 s before the first sample.
    {
      why: "does not reach to before the counter was 0",
      samples: [
        [75, 25],
        [90, 175],
      ],
      at: 90,
      want: (150 * 17.5) / 15 / 60,
    },
    {
      why: "takes a lower value for a counter that began anew",
      samples: [
        [45, 100],
        [60, 250],
        [75, 150],
        [90, 300],
      ],
      at: 90,
      want: (450 * 55) / 45 / 60,
    },
    {
      why: "is 0 of a counter that stands",
      samples: [
        [75, 7],
        [90, 7],
      ],
      at: 90,
      want: 0,
    },
  ];

  it.each(cases)("$why", ({ samples, at, want }) => {
    const got = rate(samples, at, 60);
    if (want === null) expect(got).toBeNull();
    else expect(got).toBeCloseTo(want, 9);
  });
});
