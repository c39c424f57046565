import type { ScenarioText } from "../../../support/scenarios.ts";
import { numberAt, objectAt, type StatisticalModel, seedOf } from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import { measured, metricSpecs, QUEUE, thresholdsOf } from "./measures.ts";
import { observe } from "./observed.ts";
import { lengthOf } from "./scenarios.ts";

/** A scenario with one queue, and what says how long it must run. */
export interface QueueScenario {
  /** Of the service. */
  readonly service: ScenarioText;
  /** Arrivals a second, on average. */
  readonly rate: number;
  /** How the arrivals come, when not as a Poisson stream of the rate. */
  readonly traffic?: ScenarioText;
  /** Offered load of a server, 0 … 1. */
  readonly load: number;
  /** Squared coefficient of variation of the service time. */
  readonly scv: number;
  readonly policies?: ScenarioText;
}

/** A table of one queue: what is judged, the first one above all, and its scenario. */
export function singleQueue(
  names: readonly string[],
  scenarioOf: (params: JsonObject) => QueueScenario,
): StatisticalModel {
  return {
    metrics: (testCase) => metricSpecs(objectAt(testCase, "expected"), names),
    replicate(testCase, replication) {
      const params = objectAt(testCase, "params");
      const expected = objectAt(testCase, "expected");
      const { service, rate, traffic, load, scv } = scenarioOf(params);
      const scenario = {
        seed: seedOf(testCase),
        ...lengthOf({ rate, load, scv }),
        services: { [QUEUE]: service },
        traffic: { users: { rate: `${rate}/s`, ...traffic, call: QUEUE } },
      };
      const seen = observe(scenario, { replication }, { thresholds: thresholdsOf(expected) });
      return measured(seen, { params, expected }, names);
    },
  };
}

/** A service of `servers` that each work at full speed on one request, first come, first served. */
export const fcfs = (servers: number, work: unknown, more: ScenarioText = {}): ScenarioText => ({
  cpu: "fifo",
  concurrency: servers,
  endpoints: { do: [{ work }] },
  ...more,
});

export const numberOr = (params: JsonObject, key: string, otherwise: number): number =>
  params[key] === undefined || params[key] === null ? otherwise : numberAt(params, key);
