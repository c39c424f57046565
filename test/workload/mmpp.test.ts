import { describe, expect, it } from "vitest";
import { createStreams } from "../../sim/kernel/streams.ts";
import type { ArrivalProcess } from "../../sim/workload/arrivals.ts";
import { compileProfile } from "../../sim/workload/compileProfile.ts";
import { mmppArrivals } from "../../sim/workload/mmpp.ts";
import { ofMeanOne, type PhaseSpec, stationaryShares } from "../../sim/workload/phases.ts";
import { expectMean, replicated } from "../support/estimates.ts";

const SECOND = 1_000_000;

const phase = (intensity: number, seconds: number, ...next: readonly number[]): PhaseSpec => ({
  intensity,
  stay: seconds * SECOND,
  next,
});

describe("phases", () => {
  it("share the time as their chain says", () => {
    // A birth-death chain, whose flows up and down are equal: 1/1 · p0 = ½/2 · p1, and so on.
    const chain = [phase(0, 1, 0, 1, 0), phase(1, 2, 1, 0, 1), phase(2, 5, 0, 1, 0)];
    const shares = stationaryShares(chain)!;
    expect(shares[0]! / shares[1]!).toBeCloseTo(0.25, 12);
    expect(shares[2]! / shares[1]!).toBeCloseTo(1.25, 12);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it("keep their proportions when their mean becomes 1", () => {
    const [low, high] = ofMeanOne([phase(40, 2, 0, 1), phase(120, 0.5, 1, 0)])!;
    expect(low!.intensity).toBeCloseTo(40 / 56, 12);
    expect(high!.intensity).toBeCloseTo(120 / 56, 12);
  });

  it("have no shares when one is never left or reached, and no mean without arrivals", () => {
    const one = phase(1, 1, 0, 1);
    expect(stationaryShares([one, phase(1, 1, 0, 0)])).toBeNull();
    expect(stationaryShares([phase(1, 1, 0, 0), phase(1, 1, 1, 0)])).toBeNull();
    expect(ofMeanOne([phase(0, 1, 0, 1), phase(0, 1, 1, 0)])).toBeNull();
  });
});

const bursts = ofMeanOne([phase(1, 2, 0, 1), phase(5, 0.5, 1, 0)])!;

function process(replication: number, rate = 50, seconds = 400): ArrivalProcess {
  const streams = createStreams({ seed: 4, replication });
  const profile = compileProfile({ kind: "constant", rate }, seconds * SECOND);
  return mmppArrivals(profile, bursts, { arrivals: streams("a"), phases: streams("p") });
}

function all(arrivals: ArrivalProcess): readonly number[] {
  const times: number[] = [];
  for (let time = arrivals.next(); time < Infinity; time = arrivals.next()) times.push(time);
  return times;
}

describe("bursts", () => {
  const counts = Array.from({ length: 60 }, (_, replication) => all(process(replication)).length);

  it("come at the rate on average", () => {
    expectMean(counts, 50 * 400, { within: 0.05 });
  });

  it("spread the counts as the variance of the process says", () => {
    // Of a long time t (Fischer & Meier-Hellstern): λt + 2 p₀p₁(λ₁ − λ₀)² t / (q₀ + q₁).
    const [low, high] = bursts.map(({ intensity }) => 50 * intensity);
    const variance = 50 * 400 + (2 * 0.8 * 0.2 * (high! - low!) ** 2 * 400) / 2.5;
    const squares = counts.map((count) => (count - 50 * 400) ** 2);
    expectMean(squares, variance, { within: 1 });
  });

  it("never go back in time, and go on from a saved state", () => {
    const whole = all(process(1));
    expect(whole.every((time, i) => i === 0 || time >= whole[i - 1]!)).toBe(true);
    const before = process(1);
    for (let i = 0; i < 1000; i++) before.next();
    const after = process(1);
    after.restore(JSON.parse(JSON.stringify(before.state())));
    expect(all(after)).toEqual(whole.slice(1000));
  });

  it("make a queue as long as the truth table says: mmpp/01", () => {
    const means = replicated(
      {
        seed: 2,
        warmUp: "20s",
        duration: "500s",
        services: {
          queue: {
            cpu: "fifo",
            concurrency: 1,
            endpoints: { get: [{ work: { exponential: "10ms" } }] },
          },
        },
        traffic: {
          t: {
            rate: "56/s",
            arrivals: {
              mmpp: [
                { intensity: 40, stay: "2s" },
                { intensity: 120, stay: "500ms" },
              ],
            },
            call: "queue",
          },
        },
      },
      16,
      (model) => (model.recorder.latency.mean ?? 0) / 1e6,
    );
    expectMean(means, 0.08890174182, { within: 0.25 });
  });
});
