import { seriesOf, sum } from "../../../support/observe.ts";
import {
  exactly,
  type MetricSpec,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import { observe } from "./observed.ts";
import { time } from "./scenarios.ts";
import { fcfs, numberOr } from "./singleQueue.ts";

const CYCLES = ["throughput", "meanResponse", "meanCycle"] as const;
const AT_STATION = ["meanInSystem", "utilization", "residence"] as const;
/** Cycles of all users together in one replication, after a warm-up of a tenth of them. */
const MEASURED = 40_000;

const stationsOf = (params: JsonObject): JsonObject => objectAt(params, "stations");

/** Virtual users who think and then pass every station, again and again. */
export const closed: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const stations = objectAt(expected, "stations");
    const precision = (name: string) => (name === "utilization" ? "share" : "mean");
    return [
      ...CYCLES.map((name) => exactly(name, numberAt(expected, name), "mean")),
      ...Object.keys(stations).flatMap((station): readonly MetricSpec[] =>
        AT_STATION.map((name) =>
          exactly(`${station}.${name}`, numberAt(stations, station, name), precision(name)),
        ),
      ),
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const stations = stationsOf(params);
    const names = Object.keys(stations);
    const at = (station: string, key: string): number => numberAt(stations, station, key);
    const think = numberAt(params, "thinkTimeMean");
    const visits = (name: string): number => numberOr(objectAt(stations, name), "visits", 1);
    const steps = names.flatMap((name) => Array.from({ length: visits(name) }, () => name));
    const cycle = numberAt(objectAt(testCase, "expected"), "throughput");
    const seen = observe(
      {
        seed: seedOf(testCase),
        warmUp: time(MEASURED / 10 / cycle),
        duration: time(MEASURED / cycle),
        services: Object.fromEntries(
          names.map((name) => {
            const work = { exponential: time(1 / at(name, "mu")) };
            return [name, fcfs(at(name, "servers"), work)];
          }),
        ),
        traffic: {
          users: {
            users: numberAt(params, "users"),
            journeys: [
              {
                name: "cycle",
                steps: steps.map((call, index) => ({
                  call,
                  // The pause after the last station is the one before the first of the next cycle.
                  ...(index === steps.length - 1 && think > 0
                    ? { thinkTime: { exponential: time(think) } }
                    : {}),
                })),
              },
            ],
          },
        },
      },
      { replication },
    );
    const last = names.at(-1)!;
    const cycles = seen.of(last).answered / visits(last);
    const response = sum(names.map((name) => seen.of(name).responseSum)) / cycles;
    const ofStation = (name: string): readonly number[] => {
      const cpu = sum(seriesOf(seen.model, name).cpuMicros) / 1e6;
      const { responseSum } = seen.of(name);
      return [
        responseSum / seen.seconds,
        cpu / seen.seconds / at(name, "servers"),
        responseSum / cycles,
      ];
    };
    return [cycles / seen.seconds, response, response + think, ...names.flatMap(ofStation)];
  },
};
