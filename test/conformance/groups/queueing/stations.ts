import { GAVE_UP } from "../../../../sim/dataplane/failure.ts";
import type { ScenarioText } from "../../../support/scenarios.ts";
import type { Precision } from "../../statistical/acceptance.ts";
import {
  exactly,
  type MetricSpec,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import { measureOf, QUEUE } from "./measures.ts";
import { type Observed, observe } from "./observed.ts";
import { lengthOf, time } from "./scenarios.ts";
import { fcfs, numberOr } from "./singleQueue.ts";

type Read = (seen: Observed, params: JsonObject) => number;
type Metric = readonly [name: string, precision: Precision, read: Read];

interface Written {
  readonly service: ScenarioText;
  readonly traffic: ScenarioText;
  readonly warmUp: string;
  readonly duration: string;
}

/** A table of one station: its metrics, the first one above all, and its scenario. */
function stationTable(
  metrics: readonly Metric[],
  write: (params: JsonObject) => Written,
): StatisticalModel {
  return {
    metrics: (testCase) =>
      metrics.map(
        ([name, precision]): MetricSpec =>
          exactly(name, numberAt(objectAt(testCase, "expected"), ...name.split(".")), precision),
      ),
    replicate(testCase, replication) {
      const params = objectAt(testCase, "params");
      const { service, traffic, warmUp, duration } = write(params);
      const services = { [QUEUE]: service };
      const scenario = { seed: seedOf(testCase), warmUp, duration, services, traffic };
      const seen = observe(scenario, { replication });
      return metrics.map(([, , read]) => read(seen, params));
    },
  };
}

const queue = (seen: Observed) => seen.of(QUEUE);
const figures = ({ model }: Observed) => {
  const found = model.plane.stationFigures(0);
  if (found === null) throw new Error("the service has no station");
  return found;
};
type Area = keyof ReturnType<typeof figures>["areas"];
/** Mean of a level over the measured time. */
const level = (seen: Observed, name: Area): number =>
  figures(seen).areas[name] / 1e6 / seen.seconds;
const waited: Read = (seen) => figures(seen).counts.waited / figures(seen).counts.arrivals;

const shared = (name: string): Metric => {
  const { precision, read } = measureOf(name);
  return [name, precision, read];
};

const poisson = (rate: number): ScenarioText => ({ users: { rate: `${rate}/s`, call: QUEUE } });
const exponential = (rate: number): unknown => ({ exponential: time(1 / rate) });
const serversOf = (params: JsonObject): number => numberOr(params, "servers", 1);
const served = (params: JsonObject, more: ScenarioText): ScenarioText =>
  fcfs(serversOf(params), exponential(numberAt(params, "mu")), more);

/** Long enough for what changes at this rate, beside the requests, to happen some hundred times. */
function slowly(rate: number, least: number): Pick<Written, "warmUp" | "duration"> {
  const duration = Math.max(least, 200 / rate);
  return { warmUp: time(duration / 10), duration: time(duration) };
}

/** Those who wait give up. */
export const erlangA = stationTable(
  [
    shared("meanWaitAll"),
    [
      "abandonFraction",
      "share",
      (seen) => (queue(seen).byReason.get(GAVE_UP) ?? 0) / queue(seen).ended,
    ],
    ["probWait", "share", waited],
    shared("meanQueueLength"),
    shared("meanInSystem"),
    shared("utilization"),
    shared("throughput"),
  ],
  (params) => {
    const [rate, mu] = [numberAt(params, "lambda"), numberAt(params, "mu")];
    const load = Math.min(rate / mu / serversOf(params), 0.9);
    const patience = exponential(numberAt(params, "patienceRate"));
    const service = served(params, { queue: { patience } });
    return { service, traffic: poisson(rate), ...lengthOf({ rate, load, scv: 1 }) };
  },
);

const ofClass =
  (index: number, what: "wait" | "response"): Read =>
  (seen) => {
    const calls = seen.traffic[index]!;
    return (what === "wait" ? calls.waitSum : calls.responseSum) / calls.answered;
  };

/** One class goes first, without interrupting the other. */
export const priority = stationTable(
  [
    ["class2.meanWait", "mean", ofClass(1, "wait")],
    ["class1.meanWait", "mean", ofClass(0, "wait")],
    ["class1.meanResponse", "mean", ofClass(0, "response")],
    ["class2.meanResponse", "mean", ofClass(1, "response")],
    ["probWait", "share", waited],
    ["meanWaitAll", "mean", (seen) => queue(seen).waitSum / queue(seen).answered],
  ],
  (params) => {
    const rates = params["lambdas"];
    if (!Array.isArray(rates)) throw new Error("no list of lambdas");
    const rate = rates.reduce<number>((all, one) => all + Number(one), 0);
    const preemptive = params["preemptive"] === true;
    const service = served(params, { queue: { discipline: "priority", preemptive } });
    const classes = rates.map((one, index) => [
      `class-${index}`,
      { rate: `${Number(one)}/s`, call: QUEUE, priority: index },
    ]);
    const load = rate / numberAt(params, "mu") / serversOf(params);
    const traffic = Object.fromEntries(classes) as ScenarioText; // made of entries just above
    return { service, traffic, ...lengthOf({ rate, load, scv: 1 }) };
  },
);

/** The server is switched off when it empties, and takes its time to come back. */
export const setup = stationTable(
  [
    shared("meanResponse"),
    ["probWarm", "share", (seen) => level(seen, "busy") + level(seen, "idle")],
    ["probOffIdle", "share", (seen) => level(seen, "off")],
    ["probSettingUp", "share", (seen) => level(seen, "settingUp")],
    shared("meanInSystem"),
  ],
  (params) => {
    const rate = numberAt(params, "lambda");
    const setupRate = numberAt(params, "setupRate");
    const service = served(params, { setup: { time: exponential(setupRate) } });
    const { duration } = slowly(Math.min(setupRate, rate), 20_000 / rate);
    return { service, traffic: poisson(rate), warmUp: time(20 / setupRate), duration };
  },
);

/** Servers fail and are repaired. */
export const breakdowns = stationTable(
  [
    shared("meanResponse"),
    shared("meanInSystem"),
    ["availability", "share", (seen, params) => 1 - level(seen, "down") / serversOf(params)],
    ["probWaitOnArrival", "share", waited],
    ["probAllDown", "share", (seen) => level(seen, "noneUp")],
    ["meanBusyServers", "mean", (seen) => level(seen, "busy")],
  ],
  (params) => {
    const rate = numberAt(params, "lambda");
    const [failing, repairing] = [numberAt(params, "failureRate"), numberAt(params, "repairRate")];
    const service = served(params, {
      breakdowns: { uptime: exponential(failing), repair: exponential(repairing) },
    });
    return { service, traffic: poisson(rate), ...slowly(failing, 20_000 / rate) };
  },
);
