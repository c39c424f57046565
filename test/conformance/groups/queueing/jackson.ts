import { seriesOf, sum } from "../../../support/observe.ts";
import type { ScenarioText } from "../../../support/scenarios.ts";
import {
  exactly,
  type MetricSpec,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import { type Observed, observe } from "./observed.ts";
import { lengthOf, time } from "./scenarios.ts";

const IN_NETWORK = ["meanEndToEnd", "meanInNetwork", "throughput"] as const;
const AT_STATION = [
  "arrivalRate",
  "utilization",
  "meanWait",
  "meanResponse",
  "meanInSystem",
] as const;

/** Requests that pass stations as a routing matrix says, and leave. */
export const jackson: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const stations = objectAt(expected, "stations");
    return [
      ...IN_NETWORK.map((name) => exactly(name, numberAt(expected, name), "mean")),
      ...Object.keys(stations).flatMap((station): readonly MetricSpec[] =>
        AT_STATION.map((name) =>
          exactly(
            `${station}.${name}`,
            numberAt(stations, station, name),
            name === "utilization" ? "share" : "mean",
          ),
        ),
      ),
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const stations = objectAt(params, "stations");
    const seen = observe(
      { seed: seedOf(testCase), ...runLength(testCase), ...network(params) },
      { replication },
    );
    const byStation = Object.keys(stations).map((name) =>
      atStation(seen, name, numberAt(stations, name, "servers")),
    );
    const { started, answered, latencySum } = seen.clients;
    return [
      latencySum / answered,
      sum(byStation.map(({ meanInSystem }) => meanInSystem)),
      started / seen.seconds,
      ...byStation.flatMap((figures) => AT_STATION.map((name) => figures[name])),
    ];
  },
};

type StationFigures = Readonly<Record<(typeof AT_STATION)[number], number>>;

/** A call takes as long as all that it leads to; what it takes at its station is wait and work. */
function atStation(seen: Observed, name: string, servers: number): StationFigures {
  const { allWaitSum, ended } = seen.of(name);
  const worked = sum(seriesOf(seen.model, name).cpuMicros) / 1e6;
  return {
    arrivalRate: ended / seen.seconds,
    utilization: worked / seen.seconds / servers,
    meanWait: allWaitSum / ended,
    meanResponse: (allWaitSum + worked) / ended,
    meanInSystem: (allWaitSum + worked) / seen.seconds,
  };
}

/** Each station passes on what it has served, and is free for others meanwhile. */
function network(params: JsonObject): ScenarioText {
  const routing = objectAt(params, "routing");
  const stations = objectAt(params, "stations");
  const services = Object.keys(stations).map((name) => {
    const targets = name in routing ? objectAt(routing, name) : {};
    const choose = Object.keys(targets).map((to) => ({
      probability: numberAt(targets, to),
      steps: [{ call: to }],
    }));
    const work = { exponential: time(1 / numberAt(stations, name, "mu")) };
    const concurrency = numberAt(stations, name, "servers");
    const pass = [{ work }, ...(choose.length === 0 ? [] : [{ choose }])];
    return [name, { cpu: "fifo", concurrency, asynchronous: true, endpoints: { pass } }];
  });
  const external = objectAt(params, "external");
  const traffic = Object.keys(external).map((name) => [
    `to-${name}`,
    { rate: `${numberAt(external, name)}/s`, call: name },
  ]);
  return { services: Object.fromEntries(services), traffic: Object.fromEntries(traffic) };
}

/** As long as the station that takes longest to forget needs, with all others before it. */
function runLength(testCase: JsonObject): { readonly warmUp: string; readonly duration: string } {
  const stations = objectAt(objectAt(testCase, "expected"), "stations");
  const names = Object.keys(stations);
  const load = Math.max(...names.map((name) => numberAt(stations, name, "utilization")));
  const rate = Math.min(...names.map((name) => numberAt(stations, name, "arrivalRate")));
  return lengthOf({ rate, load, scv: 1 });
}
