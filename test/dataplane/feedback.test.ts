import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { loadScenario } from "../../sim/scenario/load.ts";
import { expectMean, replicated } from "../support/estimates.ts";
import { seriesOf, sum } from "../support/observe.ts";
import { modelOf, type ScenarioText } from "../support/scenarios.ts";

interface Network {
  readonly params: {
    readonly external: Readonly<Record<string, number>>;
    readonly routing: Readonly<Record<string, Readonly<Record<string, number>>>>;
    readonly stations: Readonly<Record<string, { readonly servers: number; readonly mu: number }>>;
  };
  readonly expected: {
    readonly stations: Readonly<
      Record<string, { readonly arrivalRate: number; readonly meanWait: number }>
    >;
    readonly meanEndToEnd: number;
  };
}

function networkOf(id: string): Network {
  const path = new URL("../conformance/queueing/jackson.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as {
    cases: readonly (Network & { readonly id: string })[];
  };
  return cases.find((entry) => entry.id === id)!;
}

/** Each station passes on what it has served, and is free for others meanwhile. */
function scenarioOf({ params }: Network): ScenarioText {
  const { external, routing, stations } = params;
  const services = Object.entries(stations).map(([name, { servers, mu }]) => {
    const choose = Object.entries(routing[name] ?? {}).map(([to, probability]) => ({
      probability,
      steps: [{ call: to }],
    }));
    const work = { exponential: `${1e6 / mu}us` };
    const get = [{ work }, ...(choose.length === 0 ? [] : [{ choose }])];
    return [name, { cpu: "fifo", concurrency: servers, asynchronous: true, endpoints: { get } }];
  });
  const traffic = Object.entries(external).map(([name, rate]) => [
    `to-${name}`,
    { rate: `${rate}/s`, call: name },
  ]);
  return {
    seed: 6,
    warmUp: "10s",
    duration: "60s",
    services: Object.fromEntries(services),
    traffic: Object.fromEntries(traffic),
  };
}

describe("a network with feedback", () => {
  const network = networkOf("queueing/jackson/07");
  const { params, expected } = network;

  it("has the visits that its traffic equations give", () => {
    const { plan } = modelOf(scenarioOf(network));
    for (const [index, { name }] of plan.services.entries()) {
      const rate = plan.traffic.reduce(
        (total, { name: from, visits }) =>
          total + params.external[from.slice("to-".length)]! * visits[index]!,
        0,
      );
      expect(rate).toBeCloseTo(expected.stations[name]!.arrivalRate, 5);
    }
  });

  it("waits at each station, and takes as long in all, as the truth table says", () => {
    const names = Object.keys(params.stations);
    const results = replicated(scenarioOf(network), 12, (model) => ({
      waits: names.map((name) => {
        const { queuedMicros, answered } = seriesOf(model, name);
        return sum(queuedMicros) / sum(answered) / 1e6;
      }),
      latency: (model.recorder.latency.mean ?? 0) / 1e6,
    }));
    names.forEach((name, i) => {
      const waits = results.map((result) => result.waits[i]!);
      expectMean(waits, expected.stations[name]!.meanWait, { within: 0.35 });
    });
    const latencies = results.map(({ latency }) => latency);
    expectMean(latencies, expected.meanEndToEnd);
  });
});

describe("calls that come back", () => {
  const problemsOf = (...ways: readonly number[]): readonly string[] => {
    const names = ways.map((_, i) => `db-${i}`);
    const choose = names.map((name, i) => ({ probability: ways[i], steps: [{ call: name }] }));
    const back = { endpoints: { get: [{ call: "lb" }] } };
    const text = JSON.stringify({
      peakday: 1,
      name: "test",
      duration: "10s",
      objective: { p95: "1s" },
      services: {
        lb: { endpoints: { get: [{ choose }] } },
        ...Object.fromEntries(names.map((name) => [name, back])),
      },
      traffic: { t: { rate: "1/s", call: "lb" } },
    });
    const { problems } = loadScenario({ file: "test.yaml", text, readFile: () => null });
    return problems.map(({ message }) => message);
  };

  it("are refused only when they never end, each by itself or all together", () => {
    expect(problemsOf(0.99)).toEqual([]);
    expect(problemsOf(0.5, 0.4)).toEqual([]);
    expect(problemsOf(1)).toEqual(["these calls go round in a circle: lb get → db-0 get → lb get"]);
    expect(problemsOf(0.5, 0.5)).toEqual([
      "these calls go round in a circle: lb get → db-0 get → lb get",
      "these calls go round in a circle: lb get → db-1 get → lb get",
    ]);
  });
});
