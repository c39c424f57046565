import { readFileSync } from "node:fs";
import { describe, it } from "vitest";
import type { CallObserver } from "../../sim/dataplane/callObserver.ts";
import type { Model } from "../../sim/scenario/build/model.ts";
import { expectMean, replicated } from "../support/estimates.ts";
import { modelOf, type ScenarioText } from "../support/scenarios.ts";

/**
 * One case of each table, few replications: this finds what is wrong by a tenth. The conformance
 * run judges the tables whole.
 */
interface Case {
  readonly id: string;
  readonly params: Readonly<Record<string, number>>;
  readonly expected: Readonly<Record<string, number>>;
}

function caseOf(model: string, id: string): Case {
  const path = new URL(`../conformance/queueing/${model}.json`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: readonly Case[] };
  return cases.find((entry) => entry.id === `queueing/${model}/${id}`)!;
}

const exponential = (rate: number): unknown => ({ exponential: `${1e6 / rate}us` });

const queue = ({ params }: Case, more: ScenarioText): ScenarioText => ({
  seed: 9,
  warmUp: "20s",
  duration: `${20_000 / params["lambda"]!}s`,
  services: {
    queue: {
      cpu: "fifo",
      concurrency: params["servers"] ?? 1,
      endpoints: { get: [{ work: exponential(params["mu"]!) }] },
      ...more,
    },
  },
  traffic: { t: { rate: `${params["lambda"]}/s`, call: "queue" } },
});

const RUNS = 16;

const latency = (model: Model): number => (model.recorder.latency.mean ?? 0) / 1e6;

/** Means over the measured time, of one level of the station. */
function levels(written: ScenarioText, level: "waiting" | "busy" | "off" | "down"): number[] {
  return Array.from({ length: RUNS }, (_, replication) => {
    const model = modelOf(written, { replication });
    model.run(model.scenario.warmUp);
    const before = model.plane.stationFigures(0)!.areas[level];
    model.run();
    return (model.plane.stationFigures(0)!.areas[level] - before) / model.scenario.duration;
  });
}

describe("a station is as its table says", () => {
  it("when those who wait give up: erlang-a/01", () => {
    const table = caseOf("erlang-a", "01");
    const patience = exponential(table.params["patienceRate"]!);
    const written = queue(table, { queue: { patience } });
    const shares = replicated(written, RUNS, ({ recorder }) => recorder.failed / recorder.requests);
    expectMean(shares, table.expected["abandonFraction"]!, { within: 0.25 });
    expectMean(levels(written, "waiting"), table.expected["meanQueueLength"]!, { within: 0.25 });
    expectMean(levels(written, "busy"), 10 * table.expected["utilization"]!);
  });

  it("when servers break down: breakdowns/05", () => {
    const table = caseOf("breakdowns", "05");
    const { failureRate, repairRate } = table.params;
    const breakdowns = { uptime: exponential(failureRate!), repair: exponential(repairRate!) };
    // Repairs are rare beside requests, and long.
    const written = { ...queue(table, { breakdowns }), duration: "500s" };
    expectMean(replicated(written, RUNS, latency), table.expected["meanResponse"]!, {
      within: 0.25,
    });
    expectMean(levels(written, "down"), 3 * (1 - table.expected["availability"]!));
  });

  it("when the server is switched off: setup/01", () => {
    const table = caseOf("setup", "01");
    const written = queue(table, { setup: { time: exponential(table.params["setupRate"]!) } });
    expectMean(replicated(written, RUNS, latency), table.expected["meanResponse"]!);
    expectMean(levels(written, "off"), table.expected["probOffIdle"]!);
  });

  it("when one class goes first: priority/02", () => {
    const written = {
      ...queue(
        { id: "", params: { lambda: 90, mu: 100 }, expected: {} },
        { queue: { discipline: "priority" } },
      ),
      traffic: {
        first: { rate: "10/s", call: "queue", priority: 1 },
        second: { rate: "80/s", call: "queue", priority: 2 },
      },
    };
    const waits = Array.from({ length: RUNS }, (_, replication) => meanWaits(written, replication));
    expectMean(
      waits.map(([first]) => first!),
      0.01,
      { within: 0.25 },
    );
    expectMean(
      waits.map(([, second]) => second!),
      0.1,
      { within: 0.5 },
    );
  });
});

/** By traffic, in seconds. */
function meanWaits(written: ScenarioText, replication: number): readonly number[] {
  const waited = [0, 0];
  const count = [0, 0];
  const observer: CallObserver = {
    ended(_service, traffic, _reason, _latency, wait) {
      waited[traffic]! += wait;
      count[traffic]!++;
    },
  };
  modelOf(written, { replication, observer }).run();
  return waited.map((sum, i) => sum / count[i]! / 1e6);
}
