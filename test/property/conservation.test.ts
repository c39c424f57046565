import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CFS_PERIOD } from "../../sim/dataplane/exact/cfsQuota.ts";
import { micros, seconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { booksOf, type PlaneBooks } from "../support/observe.ts";
import { randomScenario } from "../support/randomScenario.ts";
import { modelOf } from "../support/scenarios.ts";

const GONE = 0;

/** What holds at every moment; the problems, as text. */
function problemsOf(model: Model): readonly string[] {
  const { recorder, plane, cluster } = model;
  const problems: string[] = [];
  const inFlight = plane.countInFlight();
  if (recorder.requests !== recorder.completed + recorder.degraded + recorder.failed + inFlight) {
    problems.push(`${recorder.requests} requests, ${inFlight} in flight do not add up`);
  }
  const books = booksOf(model);
  books.service.forEach((service, replica) => {
    if (service >= 0) problems.push(...replicaProblems(model, books, replica));
  });
  cluster.workloads.forEach(({ spec }, index) => {
    const { wanted, created, ready } = cluster.replicaCounts(index);
    if (ready > created) problems.push(`${ready} ready of ${created}`);
    const isScaled = model.autoscalers.some(({ workload }) => workload === spec.name);
    if (isScaled && (wanted < 1 || wanted > 5)) problems.push(`${wanted} wanted`);
  });
  return [...problems, ...cpuProblems(model)];
}

function replicaProblems(model: Model, books: PlaneBooks, replica: number): readonly string[] {
  const spec = model.plan.services[books.service[replica]!]!;
  const between = (what: string, value: number, low: number, high: number): string[] =>
    value >= low && value <= high
      ? []
      : [`${what} of ${spec.name} is ${value}, not ${low}–${high}`];
  const queued = books.queueLength[replica]!;
  const inside = books.outstanding[replica]! + books.probing[replica]!;
  // Whoever gave its slot back and wants one again is not refused.
  const { station } = spec;
  const isLimited = !spec.asynchronous && station === null;
  const queueLimit = isLimited ? spec.queueLimit : Number.POSITIVE_INFINITY;
  // Those that drain may be there beside all others.
  const slots =
    station?.servers?.steps.reduce((sum, { count }) => sum + count, 0) ?? spec.concurrency;
  return [
    ...between("slots", books.busySlots[replica]!, 0, slots),
    ...between("queue", queued, 0, queueLimit),
    ...between("outstanding", inside, queued, Number.POSITIVE_INFINITY),
    ...between("cores", books.cpuRate[replica]!, 0, Number.POSITIVE_INFINITY),
    ...books.connections[replica]!.flatMap((used, pool) =>
      between("connections", used, 0, spec.pools[pool]!.size),
    ),
  ];
}

/** Nobody uses more than the quota, from the start of the process on. */
function cpuProblems(model: Model): readonly string[] {
  const { cluster, plan, plane, simulation } = model;
  return cluster.pods.flatMap((pod) => {
    const workload = cluster.workloads[pod.workload];
    if (workload === undefined || pod.listeningAt === null) return [];
    const { discipline, name } = plan.services[workload.service]!;
    const limit = workload.spec.container.limits.cpuMillicores;
    if (discipline === "fifo" || limit === null) return [];
    const cores = discipline === "event-loop" ? Math.min(1, limit / 1000) : limit / 1000;
    // A CFS quota may be used up at the start of each of its periods.
    const ahead = plan.services[workload.service]!.quota === "cfs" ? 2 * CFS_PERIOD : 0;
    const quota = cores * ((pod.goneAt ?? simulation.now) - pod.listeningAt + ahead);
    const { cpuMicros } = plane.usage(pod.number);
    return cpuMicros <= quota + 1e-3 ? [] : [`${name} used ${cpuMicros} of ${quota}`];
  });
}

/** What holds when everything that came has left. */
function leftovers(model: Model): unknown {
  const books = booksOf(model);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + Math.abs(b), 0);
  const alive = books.connections.filter((_, replica) => books.phase[replica] !== GONE);
  return {
    inFlight: model.plane.countInFlight(),
    liveRows: books.liveRows,
    busySlots: sum(books.busySlots),
    queued: sum(books.queueLength),
    outstanding: sum(books.outstanding),
    cores: sum(books.cpuRate),
    connections: sum(alive.flat()),
  };
}

const NOTHING = {
  inFlight: 0,
  liveRows: 0,
  busySlots: 0,
  queued: 0,
  outstanding: 0,
  cores: 0,
  connections: 0,
};

describe("whatever the system", () => {
  it("every request is accounted for, no counter leaves its bounds, and all drains", () => {
    const property = fc.property(randomScenario, (written) => {
      const model = modelOf(written);
      for (let second = 0.5; second <= 12; second += 0.5) {
        model.run(seconds(second));
        expect(problemsOf(model)).toEqual([]);
      }
      // Between two probes: they come at whole seconds after a start, and never end.
      const isProbed = (): boolean => booksOf(model).liveRows > 0;
      // One that has to wait for a cold start may still be there when the next one comes.
      const end = 1_990_000;
      for (let ms = end; ms < end + 9_900 && (ms === end || isProbed()); ms += 100) {
        model.run(micros(ms * 1000));
      }
      expect(problemsOf(model)).toEqual([]);
      expect(leftovers(model)).toEqual(NOTHING);
      model.run();
      expect(model.recorder.bins).toBe(200);
    });
    fc.assert(property, { seed: 20261127, numRuns: 120 });
  });
});
