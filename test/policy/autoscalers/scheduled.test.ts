import { describe, expect, it } from "vitest";
import { minutes } from "../../../sim/kernel/time.ts";
import { hpa } from "../../../sim/policy/autoscalers/hpa/hpa.ts";
import {
  createScheduled,
  type ScheduledConfig,
} from "../../../sim/policy/autoscalers/scheduled.ts";
import { noDraw, observe, uniform } from "./observation.ts";
import { testAutoscaler } from "./testAutoscaler.ts";

const scheduled = createScheduled({ hpa });
const cpu = {
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } },
};
const wrapped = { hpa: { spec: { minReplicas: 2, maxReplicas: 20, metrics: [cpu] } } };
const floorAtFive: ScheduledConfig = {
  schedule: [{ at: "5m", minReplicas: 10 }],
  autoscaler: wrapped,
};

testAutoscaler(scheduled, {
  schedule: [
    { at: "2m", replicas: 8 },
    { at: "5m", minReplicas: 10 },
  ],
  maxReplicas: 30,
});
testAutoscaler(scheduled, floorAtFive);

/**
 * Counts after a tick at each of the given minutes, while each pod uses `cpu` millicores of 100.
 */
function counts(
  config: ScheduledConfig,
  atMinutes: readonly number[],
  start: number,
  cpuPerPod = 70,
) {
  let state = scheduled.init(config);
  let replicas = start;
  return atMinutes.map((minute) => {
    const seen = observe(uniform(replicas, cpuPerPod));
    const step = scheduled.step(state, seen, minutes(minute), noDraw);
    state = step.state;
    if (step.decision.kind === "scale") replicas = step.decision.replicas;
    return replicas;
  });
}

describe("a schedule of its own", () => {
  it("acts at its times and holds in between", () => {
    const config = {
      schedule: [
        { at: "1h30m", replicas: 3 },
        { at: "5m", replicas: 12 },
      ],
      maxReplicas: 50,
    };
    expect(counts(config, [1, 4.9, 5, 6, 89, 90, 200], 4)).toEqual([4, 4, 12, 12, 12, 3, 3]);
  });
  it("catches up with actions that a long period skipped", () => {
    const config = {
      schedule: [
        { at: "5m", replicas: 12 },
        { at: "7m", maxReplicas: 9 },
      ],
      maxReplicas: 50,
    };
    expect(counts(config, [1, 10], 4)).toEqual([4, 9]);
  });
  it("repeats daily", () => {
    const day = 24 * 60;
    const config = {
      schedule: [
        { at: "8h", replicas: 12 },
        { at: "20h", replicas: 3 },
      ],
      maxReplicas: 50,
      repeatDaily: true,
    };
    const hours = [7, 8, 20, 31, 32, 44, 56].map((hour) => hour * 60);
    expect(counts(config, hours, 4)).toEqual([4, 12, 3, 3, 12, 3, 12]);
    expect(counts({ ...config, repeatDaily: false }, [8 * 60, 20 * 60, day + 8 * 60], 4)).toEqual([
      12, 3, 3,
    ]);
  });
});

describe("around an HPA", () => {
  it("raises the floor before the peak; the HPA decides above it", () => {
    expect(counts(floorAtFive, [1, 4, 5, 6], 3)).toEqual([3, 3, 10, 10]);
    expect(counts(floorAtFive, [1, 5, 6], 3, 140)).toEqual([6, 10, 20]);
  });
  it("lowers it again: a count that the floor forced is no recommendation", () => {
    const config: ScheduledConfig = {
      schedule: [
        { at: "1m", minReplicas: 10 },
        { at: "3m", minReplicas: 2 },
      ],
      autoscaler: wrapped,
    };
    // 3 is the count of the first tick, the highest recommendation of the last five minutes.
    expect(counts(config, [1, 2, 3, 4, 8, 9], 3, 7)).toEqual([10, 10, 3, 3, 2, 2]);
  });
  it("has the HPA's sync period unless it has its own", () => {
    expect(scheduled.syncPeriod(scheduled.init(floorAtFive))).toBe(15_000_000);
    const own = { ...floorAtFive, syncPeriodSeconds: 5 };
    expect(scheduled.syncPeriod(scheduled.init(own))).toBe(5_000_000);
  });
});

describe("validation", () => {
  it.each<{ why: string; config: unknown; path: string; expected: RegExp }>([
    {
      why: "no time",
      config: { schedule: [{ at: "soon", replicas: 1 }], maxReplicas: 2 },
      path: "schedule.0.at",
      expected: /90s, 5m or 1h30m/,
    },
    {
      why: "no change",
      config: { schedule: [{ at: "5m" }], maxReplicas: 2 },
      path: "schedule.0",
      expected: /replicas, minReplicas or maxReplicas/,
    },
    {
      why: "no bound",
      config: { schedule: [{ at: "5m", replicas: 1 }] },
      path: "maxReplicas",
      expected: /no autoscaler that has one/,
    },
    {
      why: "outside of its bounds",
      config: { schedule: [{ at: "5m", replicas: 9 }], maxReplicas: 5 },
      path: "schedule.0.replicas",
      expected: /0 to 5/,
    },
    {
      why: "bounds that cross later",
      config: { schedule: [{ at: "5m", minReplicas: 21 }], autoscaler: wrapped },
      path: "schedule.0",
      expected: /minReplicas up to maxReplicas/,
    },
    {
      why: "a day of 25 hours",
      config: { schedule: [{ at: "25h", replicas: 1 }], maxReplicas: 5, repeatDaily: true },
      path: "schedule.0.at",
      expected: /within a day/,
    },
    {
      why: "an autoscaler nobody knows",
      config: { schedule: [{ at: "5m", replicas: 1 }], autoscaler: { hpb: {} } },
      path: "autoscaler",
      expected: /one autoscaler of hpa/,
    },
    {
      why: "a fault of the wrapped one",
      config: { schedule: [{ at: "5m", replicas: 1 }], autoscaler: { hpa: { spec: {} } } },
      path: "autoscaler.hpa.spec.maxReplicas",
      expected: /at least 1/,
    },
  ])("$why", ({ config, path, expected }) => {
    const problems = scheduled.validate(config);
    const found = problems.find((problem) => problem.path.join(".") === path);
    expect(found?.expected).toMatch(expected);
  });
});
