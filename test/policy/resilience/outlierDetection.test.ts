import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Micros, micros, seconds, toSeconds } from "../../../sim/kernel/time.ts";
import {
  type OutlierDetectionState,
  type OutlierEvent,
  outlierDetection,
} from "../../../sim/policy/resilience/outlier/outlierDetection.ts";
import type { OutlierDetectionConfig } from "../../../sim/policy/resilience/outlier/settings.ts";

/** A response `gapSeconds` after the one before it; or a host that comes or goes. */
interface Happening {
  readonly gapSeconds: number;
  readonly host: number;
  readonly what: 200 | 500 | 503 | "add" | "remove";
}

const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(
  fc.record({
    gapSeconds: fc.oneof(fc.nat(3), fc.nat(60)),
    host: fc.nat(5),
    what: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom<Happening["what"]>(500, 503, 503) },
      { weight: 2, arbitrary: fc.constant<Happening["what"]>(200) },
      { weight: 1, arbitrary: fc.constantFrom<Happening["what"]>("add", "remove") },
    ),
  }),
  { minLength: 20, maxLength: 150 },
);

const configs: fc.Arbitrary<OutlierDetectionConfig> = fc.record({
  consecutive5xx: fc.integer({ min: 1, max: 4 }),
  enforcingConsecutive5xx: fc.constantFrom(0, 100),
  consecutiveGatewayFailure: fc.integer({ min: 1, max: 3 }),
  enforcingConsecutiveGatewayFailure: fc.constantFrom(0, 100),
  successRateMinimumHosts: fc.nat(4),
  successRateRequestVolume: fc.nat(3),
  successRateStdevFactor: fc.constantFrom(0, 500, 1900),
  failurePercentageMinimumHosts: fc.nat(4),
  failurePercentageRequestVolume: fc.nat(3),
  enforcingFailurePercentage: fc.constantFrom(0, 100),
  intervalSeconds: fc.constantFrom(5, 10, 30),
  baseEjectionTimeSeconds: fc.constantFrom(10, 30),
  maxEjectionTimeSeconds: fc.constantFrom(20, 60, 300),
  maxEjectionPercent: fc.constantFrom(0, 10, 34, 50, 100),
  alwaysEjectOneHost: fc.boolean(),
  multiplier: fc.constantFrom("decaying", "decaying-unbounded", "all-ejections"),
});

function start(config: OutlierDetectionConfig, hosts: number): OutlierDetectionState {
  const state = outlierDetection.init(config, micros(0));
  for (let host = 0; host < hosts; host++) outlierDetection.addHost(state, host);
  return state;
}

const ejectedOf = (state: OutlierDetectionState): number =>
  state.hosts.filter((host) => host?.ejected).length;

function play(
  state: OutlierDetectionState,
  list: readonly Happening[],
  check: (state: OutlierDetectionState, events: readonly OutlierEvent[], now: Micros) => void,
  between = (same: OutlierDetectionState) => same,
): void {
  let [now, current] = [micros(0), state];
  for (const { gapSeconds, host, what } of list) {
    now = micros(now + seconds(gapSeconds));
    current = between(current);
    if (what === "add") outlierDetection.addHost(current, host);
    else if (what === "remove") outlierDetection.removeHost(current, host);
    else check(current, outlierDetection.onResponse(current, { host, code: what }, now), now);
  }
}

describe("outlier detection", () => {
  it("ejects no host beyond its limit, but for the one that is always allowed", () => {
    fc.assert(
      fc.property(configs, happenings, (config, list) => {
        play(start(config, 4), list, ({ hostCount }, events) => {
          for (const event of events) {
            if (event.kind !== "eject") continue;
            const share = (100 * event.ejectedNow) / hostCount;
            const isWithin = share <= (config.maxEjectionPercent ?? 10);
            const isAlways = event.ejectedNow === 1 && config.alwaysEjectOneHost === true;
            expect(isWithin || isAlways).toBe(true);
          }
        });
      }),
      { numRuns: 150 },
    );
  });

  it("counts the hosts that are there and those that are ejected", () => {
    fc.assert(
      fc.property(configs, happenings, (config, list) => {
        play(start(config, 4), list, (state) => {
          expect(state.ejectedCount).toBe(ejectedOf(state));
          expect(state.hostCount).toBe(state.hosts.filter((host) => host !== null).length);
        });
      }),
      { numRuns: 60 },
    );
  });

  it("returns no host before its ejection time, and every host within a sweep after it", () => {
    fc.assert(
      fc.property(configs, happenings, (config, list) => {
        const due = new Map<number, number>();
        play(start(config, 4), list, (state, _events, now) => {
          for (const [host, known] of state.hosts.entries()) {
            if (known?.ejected !== true) continue;
            const { baseEjectionTime, maxEjectionTime, interval } = state.settings;
            const lasts = Math.min(baseEjectionTime * known.multiplier, maxEjectionTime);
            due.set(host, known.since + lasts);
            expect(now).toBeLessThan(known.since + lasts + interval);
          }
          for (const [host, known] of state.hosts.entries()) {
            const returned = known !== null && !known.ejected && known.multiplier > 0;
            if (returned && due.has(host)) expect(now).toBeGreaterThanOrEqual(due.get(host)!);
          }
        });
      }),
      { numRuns: 60 },
    );
  });

  it("goes on the same after its state has been through JSON", () => {
    fc.assert(
      fc.property(configs, happenings, (config, list) => {
        const events = (between?: (state: OutlierDetectionState) => OutlierDetectionState) => {
          const all: unknown[] = [];
          play(start(config, 4), list, (_state, some) => all.push(...some), between);
          return all;
        };
        expect(events((state) => JSON.parse(JSON.stringify(state)))).toEqual(events());
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    { multiplier: "decaying", want: [10, 20, 20, 20, 20, 2] },
    { multiplier: "decaying-unbounded", want: [10, 20, 20, 20, 20, 4] },
    { multiplier: "all-ejections", want: [10, 20, 20, 20, 20, 5] },
  ] as const)("lets multipliers grow: $multiplier", ({ multiplier, want }) => {
    const config: OutlierDetectionConfig = {
      consecutive5xx: 1,
      intervalSeconds: 10,
      baseEjectionTimeSeconds: 10,
      maxEjectionTimeSeconds: 20,
      maxEjectionPercent: 100,
      multiplier,
    };
    const state = start(config, 1);
    let now = micros(0);
    const lengths = [1, 2, 3, 4, 5].map(() => {
      // A second after its return, long before a sweep can find it in use.
      now = micros(now + seconds(1));
      const [event] = outlierDetection.onResponse(state, { host: 0, code: 500 }, now);
      while (outlierDetection.isEjected(state, 0)) {
        now = state.nextSweep;
        outlierDetection.onTimer(state, now);
      }
      return event?.kind === "eject" ? toSeconds(event.ejectionTime) : event?.kind;
    });
    outlierDetection.onTimer(state, state.nextSweep);
    expect([...lengths, state.hosts[0]?.multiplier]).toEqual(want);
  });

  it("ejects for gateway failures only where it is told to", () => {
    const codes = [502, 500, 503, 504];
    const ejects = (config: OutlierDetectionConfig) => {
      const state = start({ maxEjectionPercent: 100, ...config }, 2);
      return codes.flatMap((code, index) =>
        outlierDetection.onResponse(state, { host: 1, code }, seconds(index)).map(() => index),
      );
    };
    const gateway = { consecutiveGatewayFailure: 2 };
    expect(ejects(gateway)).toEqual([]);
    expect(ejects({ ...gateway, enforcingConsecutiveGatewayFailure: 100 })).toEqual([3]);
    expect(ejects({ consecutive5xx: 4 })).toEqual([3]);
    expect(ejects({ consecutive5xx: 4, enforcingConsecutive5xx: 0 })).toEqual([]);
  });

  describe("by rates", () => {
    /** Hosts and reasons of what a sweep ejects after so many successes of 100 for each host. */
    function ejected(config: OutlierDetectionConfig, successes: readonly number[]) {
      const state = start(
        { maxEjectionPercent: 100, enforcingConsecutive5xx: 0, ...config },
        successes.length,
      );
      for (const [host, good] of successes.entries()) {
        for (let request = 0; request < 100; request++) {
          const code = request < good ? 200 : 500;
          outlierDetection.onResponse(state, { host, code }, seconds(5));
        }
      }
      expect(outlierDetection.nextTimer(state)).toBe(seconds(10));
      return outlierDetection
        .onTimer(state, seconds(10))
        .map((event) => `${event.host} ${event.kind === "eject" ? event.reason : event.kind}`);
    }

    it.each([
      // Mean 90, standard deviation 20: below 52 percent.
      { why: "far below the mean", config: {}, successes: [50, 100, 100, 100, 100], want: [0] },
      {
        why: "unless it deviates too little",
        config: { successRateStdevFactor: 2000 },
        successes: [50, 100, 100, 100, 100],
        want: [],
      },
      {
        why: "unless too few hosts have requests enough",
        config: { successRateRequestVolume: 101, enforcingFailurePercentage: 100 as const },
        successes: [50, 100, 100, 100, 100],
        want: [],
      },
      {
        why: "unless not enforced",
        config: { enforcingSuccessRate: 0 as const, enforcingFailurePercentage: 100 as const },
        successes: [50, 100, 100, 100, 100],
        want: [],
      },
    ])("ejects a host $why", ({ config, successes, want }) => {
      expect(ejected(config, successes)).toEqual(want.map((host) => `${host} SuccessRate`));
    });

    it("ejects hosts at the percentage of failures, as many as the limit allows", () => {
      const config = {
        enforcingSuccessRate: 0,
        enforcingFailurePercentage: 100,
        maxEjectionPercent: 40,
      } as const;
      expect(ejected(config, [15, 16, 15, 0, 100])).toEqual([
        "0 FailurePercentage",
        "2 FailurePercentage",
        "3 overflow",
      ]);
    });

    it("counts each interval by itself", () => {
      const state = start({ maxEjectionPercent: 100, successRateRequestVolume: 2 }, 5);
      const respond = (host: number, code: number, second: number) =>
        outlierDetection.onResponse(state, { host, code }, seconds(second));
      for (const host of [0, 1, 2, 3, 4]) respond(host, host === 0 ? 500 : 200, 5);
      for (const host of [0, 1, 2, 3, 4]) respond(host, host === 0 ? 500 : 200, 15);
      expect(outlierDetection.onTimer(state, seconds(20))).toEqual([]);
      for (const host of [0, 1, 2, 3, 4]) respond(host, host === 0 ? 500 : 200, 25);
      for (const host of [0, 1, 2, 3, 4]) respond(host, host === 0 ? 500 : 200, 26);
      expect(outlierDetection.onTimer(state, seconds(30))).toMatchObject([
        { kind: "eject", host: 0, t: seconds(30), reason: "SuccessRate", multiplier: 1 },
      ]);
    });
  });
});

it("names what is wrong with a configuration", () => {
  const config = { maxEjectionPercent: 101, interval: 5, intervalSeconds: 0 };
  expect(outlierDetection.validate(config).map(({ path }) => path.join("."))).toEqual([
    "intervalSeconds",
    "maxEjectionPercent",
    "interval",
  ]);
});
