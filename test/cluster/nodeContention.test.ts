import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fairLevel, NodeContention } from "../../sim/cluster/nodeContention.ts";
import { micros, millis } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { requestsOf } from "../support/observe.ts";
import { modelOf, type ScenarioText } from "../support/scenarios.ts";

describe("the fair level", () => {
  it.each([
    {
      why: "there is enough",
      capacity: 4,
      claims: [
        [1, 2],
        [1, 2],
      ],
      shares: [2, 2],
    },
    {
      why: "by weight",
      capacity: 3,
      claims: [
        [1, 9],
        [2, 9],
      ],
      shares: [1, 2],
    },
    {
      why: "what one leaves",
      capacity: 4,
      claims: [
        [1, 1],
        [1, 9],
        [2, 9],
      ],
      shares: [1, 1, 2],
    },
    {
      why: "nobody wants any",
      capacity: 1,
      claims: [
        [1, 0],
        [5, 0],
      ],
      shares: [0, 0],
    },
    { why: "nobody is there", capacity: 1, claims: [], shares: [] },
  ])("$why", ({ capacity, claims, shares }) => {
    const made = claims.map(([weight, want]) => ({ weight: weight!, want: want! }));
    const level = fairLevel(capacity, made);
    expect(made.map(({ weight, want }) => Math.min(want, level * weight))).toEqual(shares);
  });

  it("gives away all that is wanted and there, and starves nobody for those who have more", () => {
    const claim = fc.record({
      weight: fc.integer({ min: 2, max: 4000 }),
      want: fc.integer({ min: 0, max: 16 }),
    });
    const property = fc.property(
      fc.array(claim, { maxLength: 12 }),
      fc.integer({ min: 1, max: 32 }),
      (claims, capacity) => {
        const level = fairLevel(capacity, claims);
        const given = claims.map(({ weight, want }) => Math.min(want, level * weight));
        const sum = (list: readonly number[]): number => list.reduce((a, b) => a + b, 0);
        const wanted = sum(claims.map(({ want }) => want));
        expect(sum(given)).toBeCloseTo(Math.min(capacity, wanted), 9);
      },
    );
    fc.assert(property, { seed: 3, numRuns: 300 });
  });
});

/** Two services with a replica each, on a node of two cores; jobs of 100 ms of CPU. */
const written = (
  a: ScenarioText,
  b: ScenarioText,
  jobs: readonly [number, number],
): ScenarioText => ({
  services: {
    a: { endpoints: { get: [{ work: "100ms" }] }, ...a },
    b: { endpoints: { get: [{ work: "100ms" }] }, ...b },
  },
  traffic: Object.fromEntries(
    (["a", "b"] as const).map((call, i) => [
      call,
      {
        arrivals: "paced",
        rate: {
          steps: [
            { at: "0s", rate: `${jobs[i]! * 1000}/s` },
            { at: "1ms", rate: "0/s" },
          ],
        },
        call,
      },
    ]),
  ),
});

interface Requests {
  readonly request: number;
  readonly limit: number | null;
}

/** Attaches both pods to node 0 with so many millicores. */
function contend(model: Model, pods: readonly Requests[], interval = millis(10)): NodeContention {
  const contention = new NodeContention({
    simulation: model.simulation,
    cpu: model.plane,
    allocatable: () => 2000,
    interval,
  });
  model.run(micros(0));
  pods.forEach(({ request, limit }, replica) => {
    const requested = { requestMillicores: request, limitMillicores: limit };
    const sidecars = { cpuMillicores: 0, requestMillicores: 0 };
    contention.attach({ replica, node: 0, ...requested, sidecars });
  });
  return contention;
}

const limited = (cpu: number): ScenarioText => ({
  resources: { limits: { cpu }, requests: { cpu: "100m" } },
});
const endOf = (model: Model): readonly number[] => requestsOf(model).map(({ end }) => end);

describe("neighbours on a node", () => {
  it("do not meet while there is CPU for all", () => {
    const model = modelOf(written(limited(2), limited(2), [1, 1]));
    contend(model, [
      { request: 100, limit: 2000 },
      { request: 100, limit: 2000 },
    ]);
    for (const end of endOf(model)) expect(end).toBeLessThanOrEqual(101);
  });

  it("share by their requests when they want more than there is", () => {
    const model = modelOf(written(limited(2), limited(2), [20, 20]));
    contend(model, [
      { request: 300, limit: 2000 },
      { request: 100, limit: 2000 },
    ]);
    model.run(micros(1_000_000));
    const used = [0, 1].map((replica) => model.plane.usage(replica).cpuMicros / 1e6);
    // For the first 10 ms both have all of it.
    expect(used[0]).toBeCloseTo(1.5, 1);
    expect(used[1]).toBeCloseTo(0.5, 1);
    model.run();
    // What the first one no longer wants the second one gets.
    const total = [0, 1].map((replica) => model.plane.usage(replica).cpuMicros / 1e6);
    expect(total[0]).toBeCloseTo(2, 4);
    expect(total[1]).toBeCloseTo(2, 4);
  });

  it("with a limit leave to others what they may not use", () => {
    const model = modelOf(written(limited(0.5), limited(2), [20, 20]));
    contend(model, [
      { request: 400, limit: 500 },
      { request: 100, limit: 2000 },
    ]);
    model.run(micros(1_000_000));
    const used = [0, 1].map((replica) => model.plane.usage(replica).cpuMicros / 1e6);
    expect(used[0]).toBeCloseTo(0.5, 3);
    expect(used[1]).toBeCloseTo(1.5, 1);
  });

  it("without a request get next to nothing beside one that has", () => {
    const model = modelOf(written(limited(2), limited(2), [40, 40]));
    contend(model, [
      { request: 1000, limit: null },
      { request: 0, limit: null },
    ]);
    model.run(micros(1_000_000));
    expect(model.plane.usage(1).cpuMicros).toBeLessThan(30_000);
  });

  it("get back all they may use when the other one leaves", () => {
    const model = modelOf(written(limited(2), limited(2), [20, 20]));
    const contention = contend(model, [
      { request: 100, limit: 2000 },
      { request: 100, limit: 2000 },
    ]);
    model.run(micros(500_000));
    const before = model.plane.usage(1).cpuMicros;
    model.plane.killReplica(0);
    contention.detach(0);
    model.run(micros(600_000));
    expect(model.plane.usage(1).cpuMicros - before).toBeCloseTo(200_000, 3);
  });

  it("are not looked at where limits fit, and seldom where nobody works", () => {
    const events = (limit: number, jobs: readonly [number, number]): number => {
      const model = modelOf(written(limited(limit / 1000), limited(limit / 1000), jobs));
      contend(model, [
        { request: 100, limit },
        { request: 100, limit },
      ]);
      model.run();
      return model.simulation.events;
    };
    const base = events(1000, [1, 1]);
    // Ten seconds: a look in 100 ms when nobody works, in 10 ms for the 0.1 s in which they do.
    expect(events(2000, [1, 1]) - base).toBeGreaterThan(90);
    expect(events(2000, [1, 1]) - base).toBeLessThan(120);
  });

  it("go on from a state", () => {
    const make = (): { model: Model; contention: NodeContention } => {
      const model = modelOf(written(limited(2), limited(2), [20, 20]));
      return {
        model,
        contention: contend(model, [
          { request: 300, limit: 2000 },
          { request: 100, limit: 2000 },
        ]),
      };
    };
    const whole = make();
    whole.model.run();
    const half = make();
    half.model.run(micros(333_333));
    const model = modelOf(written(limited(2), limited(2), [20, 20]));
    const contention = new NodeContention({
      simulation: model.simulation,
      cpu: model.plane,
      allocatable: () => 2000,
      interval: millis(10),
    });
    model.restore(half.model.snapshot());
    contention.restore(JSON.parse(JSON.stringify(half.contention.state())));
    model.run();
    expect(model.simulation.digest.hex()).toBe(whole.model.simulation.digest.hex());
  });
});
