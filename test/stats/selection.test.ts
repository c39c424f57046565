import normalQuantile from "@stdlib/stats-base-dists-normal-quantile";
import { describe, expect, it } from "vitest";
import { createStreams } from "../../sim/kernel/streams.ts";
import { kimNelson, type Selection } from "../../sim/stats/selection.ts";

/** Normal samples, those of one row with a common part; `total` of each system. */
function normals(
  means: readonly number[],
  options: { readonly seed: number; readonly common: number; readonly total: number },
): readonly (readonly number[])[] {
  const stream = createStreams({ seed: options.seed, replication: 0 })("normals");
  const draw = (): number => normalQuantile(stream.uniform() * (1 - 1e-9) + 5e-10, 0, 1);
  const shared = Array.from({ length: options.total }, draw);
  const { common } = options;
  return means.map((mean) =>
    shared.map((part) => mean + Math.sqrt(common) * part + Math.sqrt(1 - common) * draw()),
  );
}

const select = (samples: readonly (readonly number[])[], indifference = 1): Selection =>
  kimNelson({ samples, first: 10, indifference, probability: 0.9 });

describe("Kim and Nelson's selection", () => {
  it("leaves a system out where the paper's boundary is crossed", () => {
    // k = 2, n0 = 10, 1 − α = 0.9: η = (0.2^(−2/9) − 1) / 2 = 0.2150 and h² = 18 η = 3.870.
    // Differences 0.3 ± √0.9 by turns have variance 1. With an indifference of 0.2 system 0 is out
    // when their sum exceeds h² / 0.4 − 0.1 r: at even r 0.3 r > 9.675 − 0.1 r from 25 on, at odd
    // ones with 0.9487 more already from 22 on.
    const worse = Array.from({ length: 60 }, (_, i) => 0.3 + (i % 2 ? -1 : 1) * Math.sqrt(0.9));
    const zeros = worse.map(() => 0);
    expect(select([worse, zeros], 0.2)).toEqual({
      best: 1,
      eliminatedAfter: [23, null],
      samples: 23,
    });
    // Ten times the indifference: as soon as there are ten samples.
    expect(select([worse, zeros], 2).samples).toBe(10);
  });

  it.each([0, 0.8])("chooses rightly as often as it says, with a common share of %d", (common) => {
    const trials = 400;
    let right = 0;
    let used = 0;
    for (let seed = 1; seed <= trials; seed++) {
      // The worst case: all others just the indifference away.
      const { best, samples } = select(
        normals([0, 0.4, 0.4, 0.4], { seed, common, total: 400 }),
        0.4,
      );
      if (best === 0) right++;
      used += samples;
    }
    // Two standard errors of 90 % are 3 %.
    expect(right / trials).toBeGreaterThan(0.87);
    // Independent systems differ five times as much.
    if (common > 0) expect(used / trials).toBeLessThan(20);
    else expect(used / trials).toBeGreaterThan(40);
  });

  it("does not depend on samples beyond those it needed", () => {
    const many = normals([0, 0.3, 2], { seed: 3, common: 0.3, total: 500 });
    const whole = select(many, 0.3);
    expect(whole.samples).toBeGreaterThan(11);
    const { samples, eliminatedAfter } = whole;
    expect(whole.best).not.toBeNull();
    expect(
      select(
        many.map((each) => each.slice(0, samples)),
        0.3,
      ),
    ).toEqual(whole);
    expect(
      select(
        many.map((each) => each.slice(0, samples - 1)),
        0.3,
      ).best,
    ).toBeNull();
    // What is out needs no samples any more.
    const trimmed = many.map((each, i) => each.slice(0, eliminatedAfter[i] ?? samples));
    expect(select(trimmed, 0.3)).toEqual(whole);
  });

  it("takes the first of equal ones, at once", () => {
    const same = Array.from({ length: 10 }, (_, i) => i);
    expect(select([same, same, same])).toEqual({
      best: 0,
      eliminatedAfter: [null, null, null],
      samples: 10,
    });
  });

  it("refuses what makes no sense", () => {
    const two = [
      [1, 2],
      [3, 4],
    ];
    const call = (change: object) => () =>
      kimNelson({ samples: two, first: 2, indifference: 1, probability: 0.9, ...change });
    expect(call({ samples: [[1, 2]] })).toThrow(/two systems/);
    expect(call({ first: 1 })).toThrow(/two samples/);
    expect(call({ first: 3 })).toThrow(/needs 3 samples/);
    expect(call({ indifference: 0 })).toThrow(/above 0/);
    expect(call({ probability: 0.5 })).toThrow(/a guess/);
  });
});
