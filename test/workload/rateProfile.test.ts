import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileProfile } from "../../sim/workload/compileProfile.ts";
import { DAY_CURVE, PRESETS, WEEK_CURVE } from "../../sim/workload/presets.ts";
import type { RateProfile, RateProfileSpec } from "../../sim/workload/rateProfile.ts";

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const constant = (rate: number): RateProfileSpec => ({ kind: "constant", rate });
const stages = (
  startRate: number,
  ...rows: readonly (readonly [seconds: number, target: number])[]
): RateProfileSpec => ({
  kind: "stages",
  startRate,
  stages: rows.map(([seconds, target]) => ({ duration: seconds * SECOND, target })),
});

/** Expected arrivals by adding up the rate at many instants: knows nothing of areas. */
function areaByMidpoints(profile: RateProfile, from: number, to: number): number {
  const steps = 20_000;
  const width = (to - from) / steps;
  let sum = 0;
  for (let i = 0; i < steps; i++) sum += profile.rateAt(from + (i + 0.5) * width);
  return (sum * width) / SECOND;
}

describe("rate profiles", () => {
  it("stages ramp, hold and jump as k6's do, and end with the last one", () => {
    const profile = compileProfile(stages(0, [10, 100], [5, 100], [0, 20], [5, 20]), 30 * SECOND);
    expect([0, 5, 10, 14.999, 15, 20, 25].map((s) => profile.rateAt(s * SECOND))).toEqual([
      0, 50, 100, 100, 20, 0, 0,
    ]);
    expect(profile.total).toBe(1_100);
    expect(profile.area(0, 10 * SECOND)).toBe(500);
    expect(profile.area(5 * SECOND, 15 * SECOND)).toBe(375 + 500);
    expect([profile.peak(), profile.peakTime()]).toEqual([100, 10 * SECOND]);
  });

  it("a ramp that the run cuts off keeps its slope", () => {
    const profile = compileProfile(stages(0, [10, 100]), 4 * SECOND);
    expect([profile.duration, profile.total, profile.peak()]).toEqual([4 * SECOND, 80, 40]);
  });

  it("steps hold their rate until the next one", () => {
    const steps = [
      { at: 2 * SECOND, rate: 10 },
      { at: 3 * SECOND, rate: 0 },
      { at: 5 * SECOND, rate: 4 },
    ];
    const profile = compileProfile({ kind: "steps", steps }, 6 * SECOND);
    expect([0, 1.9, 2, 2.9, 3, 5, 6].map((s) => profile.rateAt(s * SECOND))).toEqual([
      0, 0, 10, 10, 0, 4, 4,
    ]);
    expect(profile.total).toBe(14);
    expect(profile.rateAt(-1)).toBe(0);
    expect(profile.rateAt(6 * SECOND + 1)).toBe(0);
  });

  it("a day's curve is interpolated from hour to hour, and its mean is the rate", () => {
    const day = compileProfile({ kind: "day", rate: 10, multipliers: null, startHour: 0 }, DAY);
    expect(day.rateAt(20 * HOUR)).toBeCloseTo(10 * DAY_CURVE[20]!, 9);
    expect(day.rateAt(20.5 * HOUR)).toBeCloseTo(5 * (DAY_CURVE[20]! + DAY_CURVE[21]!), 9);
    expect(day.total).toBeCloseTo(10 * 86_400, 6);
    const evening: RateProfileSpec = { kind: "day", rate: 10, multipliers: null, startHour: 18.25 };
    const part = compileProfile(evening, 12 * HOUR);
    for (const hour of [0, 1, 3.3, 6.7, 11.9]) {
      expect(part.rateAt(hour * HOUR)).toBeCloseTo(day.rateAt(((18.25 + hour) % 24) * HOUR), 8);
    }
  });

  it("a week's curve runs from noon to noon, and its mean is the rate", () => {
    const spec: RateProfileSpec = { kind: "week", rate: 2, multipliers: null, startDay: 0 };
    const week = compileProfile(spec, 7 * DAY);
    expect(week.rateAt(DAY / 2)).toBeCloseTo(2 * WEEK_CURVE[0]!, 9);
    expect(week.rateAt(6.5 * DAY)).toBeCloseTo(2 * WEEK_CURVE[6]!, 9);
    expect(week.rateAt(0)).toBeCloseTo(WEEK_CURVE[0]! + WEEK_CURVE[6]!, 9);
    expect(week.total / (2 * 7 * 86_400)).toBeCloseTo(1, 9);
    const fromSunday = compileProfile({ ...spec, startDay: 6 }, 2 * DAY);
    expect(fromSunday.rateAt(0.5 * DAY)).toBeCloseTo(2 * WEEK_CURVE[6]!, 9);
    expect(fromSunday.rateAt(1.5 * DAY)).toBeCloseTo(2 * WEEK_CURVE[0]!, 9);
  });

  it("a spike rises in a line, holds, and decays exponentially, drawn within 0.8 %", () => {
    const spike: RateProfileSpec = {
      kind: "spike",
      height: 100,
      start: MINUTE,
      rise: MINUTE,
      hold: MINUTE,
      decay: MINUTE,
    };
    const profile = compileProfile(spike, 20 * MINUTE);
    expect([0.5, 1, 1.5, 2, 2.5, 3].map((m) => profile.rateAt(m * MINUTE))).toEqual([
      0, 0, 50, 100, 100, 100,
    ]);
    for (let minutes = 0; minutes < 7; minutes += 0.03) {
      const exact = 100 * Math.exp(-minutes);
      const drawn = profile.rateAt((3 + minutes) * MINUTE);
      expect(drawn / exact).toBeGreaterThan(1 - 1e-12);
      expect(drawn / exact).toBeLessThan(1.008);
    }
    expect(profile.rateAt(10.01 * MINUTE)).toBe(0);
    // Decay's whole area is height × time constant.
    expect(profile.area(3 * MINUTE, 20 * MINUTE) / 6_000).toBeCloseTo(1, 2);
    const step = compileProfile({ ...spike, start: 0, rise: 0, decay: 0 }, 2 * MINUTE);
    expect([step.rateAt(0), step.rateAt(MINUTE), step.total]).toEqual([100, 0, 6_000]);
  });

  it("sums are exact, and products where one factor is level", () => {
    const ramp = stages(0, [10, 100], [10, 0]);
    const steps: RateProfileSpec = {
      kind: "steps",
      steps: [
        { at: 0, rate: 1 },
        { at: 4 * SECOND, rate: 3 },
      ],
    };
    const total = compileProfile({ kind: "sum", profiles: [ramp, steps] }, 20 * SECOND);
    const times = product([ramp, steps]);
    for (const s of [0, 2, 3.9, 4, 7, 10, 13]) {
      const rate = s <= 10 ? 10 * s : 100 - 10 * (s - 10);
      const step = s < 4 ? 1 : 3;
      expect(total.rateAt(s * SECOND)).toBeCloseTo(rate + step, 9);
      expect(times.rateAt(s * SECOND)).toBeCloseTo(rate * step, 9);
    }
    expect(total.total).toBeCloseTo(1_000 + 4 + 48, 9);
    expect(times.total).toBeCloseTo(80 + 3 * 920, 9);
  });

  const product = (profiles: readonly RateProfileSpec[]): RateProfile =>
    compileProfile({ kind: "product", profiles }, 20 * SECOND);

  it("a product of two slopes is off by 1/256 of both changes at most", () => {
    const profile = product([stages(0, [20, 10]), stages(5, [20, 1])]);
    for (let s = 0; s < 20; s += 0.01) {
      const exact = 0.5 * s * (5 - 0.2 * s);
      expect(Math.abs(profile.rateAt(s * SECOND) - exact)).toBeLessThanOrEqual(40 / 256 + 1e-9);
    }
  });

  it("scaling multiplies, shifting moves, a negative shift cuts the beginning off", () => {
    const ramp = stages(0, [10, 100], [10, 0]);
    const twice = compileProfile({ kind: "scale", factor: 2, profile: ramp }, 20 * SECOND);
    expect([twice.total, twice.peak()]).toEqual([2_000, 200]);
    const late = compileProfile({ kind: "shift", by: 5 * SECOND, profile: ramp }, 20 * SECOND);
    expect([4, 10, 15, 19].map((s) => late.rateAt(s * SECOND))).toEqual([0, 50, 100, 60]);
    const early = compileProfile({ kind: "shift", by: -5 * SECOND, profile: ramp }, 20 * SECOND);
    expect([0, 5, 10, 15, 16].map((s) => early.rateAt(s * SECOND))).toEqual([50, 100, 50, 0, 0]);
    expect(early.total).toBe(875);
    const never = compileProfile({ kind: "shift", by: DAY, profile: ramp }, 20 * SECOND);
    expect(never.total).toBe(0);
  });

  it("the time of an area is the first one: plateaus of rate 0 are skipped", () => {
    const profile = compileProfile(
      stages(10, [1, 10], [0, 0], [5, 0], [0, 10], [1, 10]),
      9 * SECOND,
    );
    expect([0, 5, 10, 15, 20].map((area) => profile.timeOfCumulative(area))).toEqual([
      0,
      0.5 * SECOND,
      SECOND,
      6.5 * SECOND,
      7 * SECOND,
    ]);
    expect(profile.timeOfCumulative(20.001)).toBe(Infinity);
  });

  const anyStages = fc.tuple(
    fc.integer({ min: 0, max: 500 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 2_000 })), {
      minLength: 1,
      maxLength: 20,
    }),
  );

  it("area and its inverse undo each other, for any stages", () => {
    fc.assert(
      fc.property(anyStages, fc.double({ min: 0, max: 1, noNaN: true }), ([start, rows], share) => {
        const profile = compileProfile(stages(start, ...rows), 1_000 * SECOND);
        const area = share * profile.total;
        const time = profile.timeOfCumulative(area);
        expect(time).toBeGreaterThanOrEqual(0);
        expect(time).toBeLessThanOrEqual(profile.duration);
        expect(Math.abs(profile.cumulative(time) - area)).toBeLessThan(1e-7);
      }),
      { seed: 3 },
    );
  });

  it("the area is the integral of the rate, whatever was composed", () => {
    const spec: RateProfileSpec = {
      kind: "sum",
      profiles: [
        {
          kind: "product",
          profiles: [
            { kind: "day", rate: 100, multipliers: null, startHour: 7.5 },
            { kind: "week", rate: 1, multipliers: null, startDay: 4.2 },
          ],
        },
        { kind: "spike", height: 400, start: HOUR, rise: MINUTE, hold: MINUTE, decay: 9 * MINUTE },
      ],
    };
    const profile = compileProfile(spec, 6 * HOUR);
    for (const [from, to] of [
      [0, 6 * HOUR],
      [HOUR, 1.3 * HOUR],
      [0.9 * HOUR, 4 * HOUR],
    ] as const) {
      expect(profile.area(from, to) / areaByMidpoints(profile, from, to)).toBeCloseTo(1, 3);
    }
  });

  it("tells what is wrong with a specification that slipped through validation", () => {
    const wrong: readonly [RateProfileSpec, RegExp][] = [
      [constant(-1), /below 0/],
      [{ kind: "day", rate: 1, multipliers: [1, 2], startHour: 0 }, /24 hourly/],
      [{ kind: "week", rate: 1, multipliers: [1, 2], startDay: 0 }, /7 daily/],
      [{ kind: "sum", profiles: [] }, /at least one/],
      [{ kind: "preset", name: "prime-day", parameters: { peek: 3 } }, /no parameter peek/],
    ];
    for (const [spec, message] of wrong) {
      expect(() => compileProfile(spec, SECOND)).toThrow(message);
    }
    expect(() => compileProfile(constant(1), 0)).toThrow(/duration above 0/);
  });
});

describe("presets", () => {
  const blackFriday: RateProfileSpec = { kind: "preset", name: "black-friday", parameters: {} };

  it("Black Friday's peak is 50 000 orders a minute, 720 times the mean of an ordinary day", () => {
    const profile = compileProfile(blackFriday, 30 * MINUTE);
    const dailyMean = 100_000 / 86_400;
    expect(profile.peak()).toBeCloseTo(50_000 / 60, 9);
    expect(profile.peak() / dailyMean).toBeCloseTo(720, 9);
    // Two minutes of the peak are the whole day's orders.
    expect(profile.area(8 * MINUTE, 10 * MINUTE)).toBeCloseTo(100_000, 6);
    expect(profile.rateAt(0)).toBeCloseTo(dailyMean, 12);
    expect(profile.rateAt(6 * MINUTE)).toBeCloseTo((50_000 / 60 + dailyMean) / 2, 9);
    expect(profile.peakTime()).toBe(7 * MINUTE);
  });

  it("a parameter that is given replaces the default", () => {
    const parameters = { peakRate: 2_000, opensAt: 60, rise: 0 };
    const profile = compileProfile({ ...blackFriday, parameters }, 30 * MINUTE);
    expect([profile.peak(), profile.peakTime()]).toEqual([2_000, MINUTE]);
  });

  it("Prime Day has an opening rush and a deal every two hours over a raised day", () => {
    const spec: RateProfileSpec = { kind: "preset", name: "prime-day", parameters: {} };
    const profile = compileProfile(spec, 2 * DAY);
    const base = 100_000 / 86_400;
    expect(profile.peak() / base).toBeCloseTo(60 + 4 * DAY_CURVE[0]!, 0);
    const before = profile.rateAt(16 * HOUR);
    const during = profile.rateAt(16 * HOUR + 2 * MINUTE);
    expect((during - before) / base).toBeCloseTo(20, 0);
  });

  it("every parameter says what it is and why", () => {
    for (const parameters of Object.values(PRESETS)) {
      expect(new Set(parameters.map(({ name }) => name)).size).toBe(parameters.length);
      for (const { reason } of parameters) expect(reason.length).toBeGreaterThan(20);
    }
  });

  it("both curves have a mean of 1", () => {
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(DAY_CURVE)).toBeCloseTo(1, 9);
    expect(mean(WEEK_CURVE)).toBeCloseTo(1, 9);
  });
});
