import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Micros, micros } from "../../sim/kernel/time.ts";
import type { Model, ModelSnapshot } from "../../sim/scenario/build/model.ts";
import { booksOf } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";
import { listenTo, runTo, START } from "./listening.ts";

const simple: ScenarioText = {
  services: { front: { cpu: "fifo", concurrency: 10, endpoints: { get: [{ work: "10ms" }] } } },
  traffic: { t: { ...evenly(50, 20), call: "front" } },
};

describe("a replica that starts again under its number", () => {
  it("has counters that begin at 0", () => {
    const model = modelOf(simple);
    listenTo(model);
    runTo(model, 210);
    expect(model.plane.usage(0)).toMatchObject({ cpuMicros: 100_000, requests: 10 });
    model.plane.killReplica(0);
    expect(model.plane.usage(0)).toMatchObject({ cpuMicros: 100_000, requests: 10 });
    runTo(model, 305);
    model.plane.startReplica(START);
    expect(model.plane.usage(0)).toMatchObject({ cpuMicros: 0, requests: 0 });
    runTo(model, 412);
    expect(model.plane.usage(0)).toMatchObject({ cpuMicros: 50_000, requests: 5 });
    model.run();
    // The five requests from 220 to 300 ms met nobody.
    expect(model.recorder.completed).toBe(45);
  });

  it("cannot start while it runs", () => {
    const model = modelOf(simple);
    runTo(model, 10);
    expect(() => model.plane.startReplica(START)).toThrow("was started that runs");
  });

  it("is reported as out of memory again", () => {
    const memory = { base: "10Mi", leakPerRequest: "1Mi" };
    const model = modelOf({
      ...simple,
      services: { front: { memory, endpoints: { get: [] } } },
    });
    const heard = listenTo(model);
    runTo(model, 1);
    for (const at of [10, 410]) {
      model.plane.killReplica(0);
      runTo(model, at);
      model.plane.startReplica({ ...START, memoryLimitBytes: 15 * 2 ** 20 });
      runTo(model, at + 300);
    }
    // Six requests after each start, at 20 ms and at 420 ms.
    expect(heard.map(({ at }) => at)).toEqual([120, 520]);
  });
});

/** Two services of every discipline, one of which calls the other. */
const tangled = (front: ScenarioText, back: ScenarioText): ScenarioText => ({
  duration: "20s",
  services: {
    front: {
      ...front,
      pools: { db: { size: 2 } },
      endpoints: {
        get: [
          { work: { exponential: "6ms" } },
          { parallel: [{ call: "back" }, [{ wait: "5ms" }, { query: "db" }]] },
        ],
      },
    },
    back: { ...back, endpoints: { get: [{ work: { exponential: "9ms" } }] } },
  },
  datastores: { db: { concurrency: 3, time: { exponential: "8ms" } } },
  links: [{ from: "home", to: "local", latency: "2ms" }],
  traffic: {
    t: {
      ...evenly(400, 25),
      call: "front",
      timeout: "300ms",
      population: { regions: { home: 1 } },
    },
  },
});

const limits = { resources: { requests: { cpu: "100m" }, limits: { cpu: "500m" } } };
const KINDS: readonly ScenarioText[] = [
  { cpu: "fifo", concurrency: 2 },
  { cpu: "processor-sharing", ...limits },
  { cpu: "processor-sharing", quota: "cfs", concurrency: 4, queue: 3, ...limits },
  { cpu: "event-loop", asynchronous: true, concurrency: 3, ...limits },
  { cpu: "event-loop", quota: "cfs", ...limits },
];

interface Action {
  readonly at: number;
  readonly replica: number;
  readonly kind: "kill" | "start" | "probe" | "cores" | "snapshot";
}

const action: fc.Arbitrary<Action> = fc.record({
  at: fc.integer({ min: 0, max: 12_000_000 }),
  replica: fc.constantFrom(0, 1),
  kind: fc.constantFrom("kill", "start", "start", "probe", "cores", "snapshot"),
});

/** Does the action if it makes sense, and gives the model that goes on. */
function act(written: ScenarioText, model: Model, { at, replica, kind }: Action): Model {
  model.run(at as Micros);
  const { plane } = model;
  const isUp = booksOf(model).phase[replica] !== 0;
  if (kind === "kill" && isUp) plane.killReplica(replica);
  if (kind === "start" && !isUp)
    plane.startReplica({ ...START, replica, service: replica, cores: 0.5 });
  if (kind === "probe") plane.sendProbe(replica, at, micros(50_000));
  if (kind === "cores" && isUp) plane.setCores(replica, (1 + (at % 5)) / 10);
  if (kind !== "snapshot") return model;
  const next = modelOf(written);
  next.restore(JSON.parse(JSON.stringify(model.snapshot())) as ModelSnapshot); // just written
  listenTo(next);
  return next;
}

describe("whatever dies and starts again, and when", () => {
  it("sums stay right, and all drains", () => {
    const kinds = fc.constantFrom(...KINDS);
    const actions = fc.array(action, { maxLength: 25 });
    const property = fc.property(kinds, kinds, actions, (front, back, list) => {
      const written = tangled(front, back);
      let model = modelOf(written);
      listenTo(model);
      for (const next of [...list].sort((a, b) => a.at - b.at)) {
        model = act(written, model, next);
        const { recorder, plane } = model;
        const inFlight = plane.countInFlight();
        expect(recorder.requests).toBe(recorder.completed + recorder.failed + inFlight);
      }
      for (const replica of [0, 1]) {
        if (booksOf(model).phase[replica] === 0) {
          model.plane.startReplica({ ...START, replica, service: replica });
        }
        // Cores that it was left with until then may be few.
        model.plane.setCores(replica, 0.5);
      }
      model.run();
      const books = booksOf(model);
      const zero = [0, 0, 0];
      expect(books.liveRows).toBe(0);
      expect([books.busySlots, books.queueLength, books.outstanding, books.cpuRate]).toEqual([
        zero,
        zero,
        zero,
        zero,
      ]);
      expect(books.connections.flat().every((used) => used === 0)).toBe(true);
    });
    fc.assert(property, { seed: 12, numRuns: 60 });
  });
});
