import { describe, expect, it } from "vitest";
import { Simulation } from "../../sim/kernel/simulation.ts";
import { micros } from "../../sim/kernel/time.ts";

/**
 * A model whose state is in its events: each event starts two more, some of them timers, some
 * cancelled.
 */
function branching(simulation: Simulation): readonly string[] {
  const log: string[] = [];
  const lane = simulation.lane(40);
  const work = simulation.register("work", (a, b) => {
    log.push(`${simulation.now} work ${a} ${b}`);
    simulation.digest.add(simulation.now, 1, a);
    if (b > 60) return;
    simulation.schedule(simulation.now + ((a * 13) % 29), work, (2 * a) % 997, b + 1, a % 3);
    const position = simulation.scheduleInLane(lane, timeout, a, b);
    if (a % 2 === 0) lane.cancel(position);
    const spare = simulation.schedule(simulation.now + 5, timeout, -a, b);
    if (a % 3 === 0) simulation.cancel(spare);
  });
  const timeout = simulation.register("timeout", (a, b) => {
    log.push(`${simulation.now} timeout ${a} ${b}`);
    simulation.digest.add(simulation.now, 2, a);
    if (a > 0 && b % 9 === 0) simulation.schedule(simulation.now + 3, work, a + 1, b + 1);
  });
  return log;
}

describe("the simulation", () => {
  it("carries out events up to and including the end, then stands there", () => {
    const simulation = new Simulation();
    const seen: number[] = [];
    const tick = simulation.register("tick", (a) => void seen.push(a));
    for (const time of [30, 10, 20]) simulation.schedule(time, tick, time, 0);
    simulation.runUntil(micros(20));
    expect(seen).toEqual([10, 20]);
    expect([simulation.now, simulation.pending, simulation.events]).toEqual([20, 1, 2]);
    simulation.runUntil(micros(1_000));
    expect([simulation.now, simulation.pending, simulation.events]).toEqual([1_000, 0, 3]);
  });

  it("an event may start another one at the same instant, which follows it", () => {
    const simulation = new Simulation();
    const seen: string[] = [];
    const second = simulation.register("second", () => void seen.push(`second ${simulation.now}`));
    const first = simulation.register("first", () => {
      seen.push(`first ${simulation.now}`);
      simulation.schedule(simulation.now, second, 0, 0);
    });
    simulation.schedule(5, first, 0, 0);
    simulation.schedule(5, first, 0, 0);
    simulation.runUntil(micros(5));
    expect(seen).toEqual(["first 5", "first 5", "second 5", "second 5"]);
  });

  it("goes on from a snapshot as if nothing had happened, after a trip through JSON", () => {
    const whole = new Simulation();
    const wholeLog = branching(whole);
    whole.schedule(0, 0, 1, 0);
    whole.runUntil(micros(700));
    expect(wholeLog.length).toBeGreaterThan(100);
    for (const cut of [0, 1, 33, 150, 400, 699]) {
      const before = new Simulation();
      const firstLog = branching(before);
      before.schedule(0, 0, 1, 0);
      before.runUntil(micros(cut));
      const text = JSON.stringify(before.state());
      const after = new Simulation();
      const secondLog = branching(after);
      after.restore(JSON.parse(text));
      expect(after.now).toBe(cut);
      after.runUntil(micros(700));
      expect([...firstLog, ...secondLog]).toEqual(wholeLog);
      expect(after.digest.hex()).toBe(whole.digest.hex());
      expect(after.state()).toEqual(whole.state());
    }
  });

  it("refuses the past, a name that is taken, and a snapshot of another model", () => {
    const simulation = new Simulation();
    const tick = simulation.register("tick", () => {});
    expect(() => simulation.register("tick", () => {})).toThrow(/registered twice/);
    simulation.runUntil(micros(10));
    expect(() => simulation.schedule(9, tick, 0, 0)).toThrow(/before 10/);
    const other = new Simulation();
    other.register("tock", () => {});
    expect(() => other.restore(simulation.state())).toThrow(/another shape/);
  });
});
