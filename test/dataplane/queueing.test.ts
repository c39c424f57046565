import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { toSeconds } from "../../sim/kernel/time.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { expectMean, replicated } from "../support/estimates.ts";
import { requestsOf, seriesOf, sum } from "../support/observe.ts";
import { evenly, modelOf, type ScenarioText } from "../support/scenarios.ts";

const RUNS = 16;

/** All times of this file are seconds, all rates per second. */
interface Measured {
  readonly wait: number;
  readonly response: number;
  readonly p95: number;
  readonly p99: number;
  readonly inSystem: number;
  readonly utilization: number;
  readonly blocked: number;
}

/** `servers`: by how much the CPU time is divided. */
function measure(model: Model, servers: number): Measured {
  const { recorder, scenario } = model;
  const series = seriesOf(model, "queue");
  const answered = sum(series.answered);
  const response = toSeconds(sum(series.totalMicros) / answered);
  const { duration } = scenario;
  return {
    wait: toSeconds(sum(series.queuedMicros) / answered),
    response,
    p95: toSeconds(recorder.latency.quantile(0.95) ?? 0),
    p99: toSeconds(recorder.latency.quantile(0.99) ?? 0),
    inSystem: sum(series.totalMicros) / duration,
    utilization: sum(series.cpuMicros) / duration / servers,
    blocked: recorder.failed / recorder.requests,
  };
}

/** One queue of Poisson arrivals; steady state before it is measured. */
function queue(rate: number, service: ScenarioText, requests = 15_000): ScenarioText {
  return {
    seed: 7,
    duration: `${requests / rate}s`,
    warmUp: `${requests / 10 / rate}s`,
    services: { queue: service },
    traffic: { users: { rate: `${rate}/s`, call: "queue" } },
  };
}

const fifo = (servers: number, work: unknown, more: ScenarioText = {}): ScenarioText => ({
  cpu: "fifo",
  concurrency: servers,
  endpoints: { get: [{ work }] },
  ...more,
});

const column = <Key extends keyof Measured>(
  results: readonly Measured[],
  key: Key,
): readonly number[] => results.map((result) => result[key]);

interface Case {
  readonly id: string;
  readonly params: { readonly lambda: number; readonly mu: number; readonly servers: number };
  readonly expected: Readonly<Record<string, number>>;
}

function table(name: string, ids: readonly string[]): readonly Case[] {
  const path = new URL(`../conformance/queueing/${name}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: readonly Case[] };
  return ids.map((id) => cases.find((entry) => entry.id === `queueing/${name}/${id}`)!);
}

describe("queues of exponential service", () => {
  const cases = [...table("mm1", ["01", "04", "08"]), ...table("mmc", ["01", "02"])];
  it.each(cases)("wait as long as the truth table says: $id", ({ params, expected }) => {
    const { lambda, mu, servers } = params;
    // Long queues forget slowly: the nearer to 1 the load, the longer the run.
    const requests = expected["utilization"]! >= 0.9 ? 50_000 : 15_000;
    const scenario = queue(lambda, fifo(servers, { exponential: `${1e6 / mu}us` }), requests);
    const results = replicated(scenario, RUNS, (model) => measure(model, servers));
    expectMean(column(results, "wait"), expected["meanWait"]!, { within: 0.25 });
    expectMean(column(results, "response"), expected["meanResponse"]!, { within: 0.25 });
    expectMean(column(results, "inSystem"), expected["meanInSystem"]!, { within: 0.25 });
    expectMean(column(results, "utilization"), expected["utilization"]!);
    // Buckets of 0.8 % are far below the width of these intervals.
    expectMean(column(results, "p95"), expected["p95Response"]!, { within: 0.3 });
    expectMean(column(results, "p99"), expected["p99Response"]!, { within: 0.35 });
  });

  it("split over replicas at random wait like so many single servers", () => {
    const service = fifo(1, { exponential: "10ms" }, { replicas: 4, balancer: "random" });
    const results = replicated(queue(280, service), RUNS, (model) => measure(model, 4));
    expectMean(column(results, "wait"), 0.7 / (100 - 70));
  });
});

/** Mean wait of M/G/1 by Pollaczek and Khinchine, `scv` the squared coefficient of variation. */
const pollaczekKhinchine = (rate: number, mean: number, scv: number): number =>
  (rate * mean * mean * (1 + scv)) / (2 * (1 - rate * mean));

describe("a single server", () => {
  it.each([
    { name: "constant", work: "10ms", scv: 0 },
    { name: "Erlang", work: { erlang: { mean: "10ms", phases: 4 } }, scv: 0.25 },
    { name: "lognormal", work: { lognormal: { mean: "10ms", cv: 1.2 } }, scv: 1.44 },
    {
      name: "hyper-exponential",
      work: {
        "hyper-exponential": [
          { weight: 0.9, mean: "5ms" },
          { weight: 0.1, mean: "55ms" },
        ],
      },
      scv: 5.5,
    },
  ])("waits by Pollaczek and Khinchine: $name", ({ work, scv }) => {
    const results = replicated(queue(60, fifo(1, work)), RUNS, (model) => measure(model, 1));
    expectMean(column(results, "wait"), pollaczekKhinchine(60, 0.01, scv), { within: 0.25 });
  });

  it("uses as much CPU as arrives, and all of it is booked", () => {
    const model = modelOf({ ...queue(60, fifo(1, { exponential: "10ms" })), warmUp: "0s" });
    model.run();
    const { cpuMicros } = model.plane.usage(0);
    const served = sum(seriesOf(model, "queue").servedMicros);
    // What differs is the work that was in progress at the end.
    expect(cpuMicros - served).toBeGreaterThanOrEqual(0);
    expect(cpuMicros - served).toBeLessThan(200_000);
  });
});

/** Erlang's B formula, by its recursion. */
function erlangB(servers: number, load: number): number {
  let blocking = 1;
  for (let n = 1; n <= servers; n++) blocking = (load * blocking) / (n + load * blocking);
  return blocking;
}

describe("a service without a queue", () => {
  it.each([
    { name: "exponential", work: { exponential: "100ms" } },
    { name: "constant", work: "100ms" },
    { name: "lognormal", work: { lognormal: { mean: "100ms", cv: 2 } } },
  ])("refuses by Erlang's B formula, whatever the distribution: $name", ({ work }) => {
    const service = fifo(8, work, { queue: 0 });
    const results = replicated(queue(70, service), RUNS, (model) => measure(model, 8));
    expectMean(column(results, "blocked"), erlangB(8, 7));
  });
});

const sharing = (work: unknown, cores: number): ScenarioText => ({
  cpu: "processor-sharing",
  resources: { requests: { cpu: "100m" }, limits: { cpu: cores } },
  endpoints: { get: [{ work }] },
});

describe("processor sharing", () => {
  it.each([
    { name: "constant", work: "10ms" },
    { name: "exponential", work: { exponential: "10ms" } },
    { name: "lognormal", work: { lognormal: { mean: "10ms", cv: 2 } } },
  ])("responds in E[S] / (1 − ρ), whatever the distribution: $name", ({ work }) => {
    const results = replicated(queue(70, sharing(work, 1)), RUNS, (model) => measure(model, 1));
    expectMean(column(results, "response"), 0.01 / 0.3);
    expectMean(column(results, "utilization"), 0.7);
  });

  it("under a quota of half a core is twice as slow", () => {
    const service = sharing({ lognormal: { mean: "10ms", cv: 1 } }, 0.5);
    const results = replicated(queue(35, service), RUNS, (model) => measure(model, 0.5));
    expectMean(column(results, "response"), 0.02 / 0.3);
    expectMean(column(results, "utilization"), 0.7);
  });

  it("over two cores responds as M/M/2, whatever the distribution", () => {
    // Response of M/M/2: S / (1 − ρ²), here ρ = 0.8.
    for (const work of [{ exponential: "10ms" }, { lognormal: { mean: "10ms", cv: 1.5 } }]) {
      const results = replicated(queue(160, sharing(work, 2)), RUNS, (model) => measure(model, 2));
      expectMean(column(results, "response"), 0.01 / (1 - 0.64), { within: 0.25 });
    }
  });

  it("treats requests alike: response in proportion to their demand", () => {
    const service = {
      ...sharing("1ms", 1),
      endpoints: { small: [{ work: "4ms" }], large: [{ work: "40ms" }] },
    };
    // Each class behind a front of its own, whose figures are then those of the class.
    const front = (endpoint: string): ScenarioText => ({
      endpoints: { get: [{ call: `queue ${endpoint}` }] },
    });
    const response = (model: Model, service: string): number => {
      const series = seriesOf(model, service);
      return toSeconds(sum(series.totalMicros) / sum(series.answered));
    };
    const scenario = {
      ...queue(60, service),
      services: { queue: service, small: front("small"), large: front("large") },
      traffic: { small: { rate: "50/s", call: "small" }, large: { rate: "10/s", call: "large" } },
    };
    const results = replicated(scenario, RUNS, (model) => ({
      small: response(model, "small"),
      large: response(model, "large"),
    }));
    const column = (key: "small" | "large") => results.map((result) => result[key]);
    expectMean(column("small"), 0.004 / 0.4);
    expectMean(column("large"), 0.04 / 0.4);
  });

  it("by hand: two jobs of 10 ms, 5 ms apart", () => {
    const latencies = (cores: number): readonly number[] => {
      const traffic = { users: { ...evenly(2, 5), call: "queue" } };
      const model = modelOf({ services: { queue: sharing("10ms", cores) }, traffic });
      return requestsOf(model).map(({ latency }) => latency);
    };
    // One core: 5 ms alone, 10 ms at half speed, 5 ms alone. With less, all is stretched.
    expect(latencies(1)).toEqual([15, 15]);
    expect(latencies(0.5)).toEqual([35, 35]);
    expect(latencies(1.5)).toEqual([11.667, 11.667]);
    expect(latencies(2)).toEqual([10, 10]);
  });
});

const loop = (work: unknown, cores: number): ScenarioText => ({
  cpu: "event-loop",
  resources: { requests: { cpu: "100m" }, limits: { cpu: cores } },
  endpoints: { get: [{ work }, { wait: "50ms" }, { work }] },
});

describe("an event loop", () => {
  it("is one server for all work, and waits are concurrent", () => {
    const single = { ...loop("1ms", 1), endpoints: { get: [{ work: { exponential: "10ms" } }] } };
    const results = replicated(queue(70, single), RUNS, (model) => measure(model, 1));
    expectMean(column(results, "wait"), 0.7 / 30);
    const waiting = {
      ...single,
      endpoints: { get: [{ work: { exponential: "10ms" } }, { wait: "200ms" }] },
    };
    const waits = replicated(queue(70, waiting), RUNS, (model) => measure(model, 1));
    expectMean(column(waits, "response"), 0.01 / 0.3 + 0.2);
  });

  it("gains nothing from a second core, and half a core doubles its work", () => {
    const get = [{ work: { exponential: "10ms" } }];
    const at = (rate: number, cores: number): readonly Measured[] => {
      const service = { ...loop("1ms", cores), endpoints: { get } };
      return replicated(queue(rate, service), RUNS, (model) => measure(model, Math.min(1, cores)));
    };
    expectMean(column(at(70, 2), "response"), 0.01 / 0.3);
    const half = at(35, 0.5);
    expectMean(column(half, "response"), 0.02 / 0.3);
    expectMean(column(half, "utilization"), 0.7);
  });

  it("by hand: turns in order of arrival, waits side by side", () => {
    const traffic = { users: { ...evenly(3, 1), call: "queue" } };
    const model = modelOf({ services: { queue: loop("10ms", 1) }, traffic });
    const ends = requestsOf(model).map(({ end }) => end);
    // Turns 1–11, 11–21, 21–31; waits to 61, 71, 81; turns again.
    expect(ends).toEqual([71, 81, 91]);
  });
});

describe("Little's law", () => {
  it("holds exactly: requests in the system over time are the sum of their latencies", () => {
    const stop = {
      steps: [
        { at: "0s", rate: "80/s" },
        { at: "50s", rate: "0/s" },
      ],
    };
    const model = modelOf({
      ...queue(80, fifo(1, { exponential: "10ms" })),
      warmUp: "0s",
      duration: "60s",
      traffic: { users: { rate: stop, call: "queue" } },
    });
    const { recorder, simulation } = model;
    let inSystem = 0;
    let since = 0;
    let area = 0;
    const change = (by: number): void => {
      area += inSystem * (simulation.now - since);
      since = simulation.now;
      inSystem += by;
    };
    const [started, completed] = [recorder.requestStarted, recorder.requestCompleted];
    recorder.requestStarted = () => {
      change(1);
      started.call(recorder);
    };
    recorder.requestCompleted = (latency) => {
      change(-1);
      completed.call(recorder, latency);
    };
    model.run();
    expect(inSystem).toBe(0);
    expect(recorder.completed).toBeGreaterThan(3_500);
    expect(area).toBe(recorder.latency.sum);
  });
});
