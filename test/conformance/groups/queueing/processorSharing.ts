import { seriesOf, sum } from "../../../support/observe.ts";
import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { distributionOf } from "../distributions.ts";
import { QUEUE } from "./measures.ts";
import { observe } from "./observed.ts";
import { lengthOf, time } from "./scenarios.ts";

/** Share of the load that comes with known demands, to see the response under that condition. */
const PROBES = 0.1;
const METRICS = [
  ...["meanResponse", "meanInSystem", "utilization", "meanSlowdown", "responsePerUnitOfWork"],
] as const;

/**
 * One server that all requests share. Means do not depend on the law of the demand but for its
 * load, so a part of the load comes as requests of exactly the demands that the table asks for.
 */
export const processorSharing: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const conditional = objectAt(expected, "conditionalMeanResponse");
    return [
      ...METRICS.map((name) =>
        exactly(name, numberAt(expected, name), name === "utilization" ? "share" : "mean"),
      ),
      ...Object.keys(conditional).map((demand) =>
        exactly(`conditionalMeanResponse.${demand}`, numberAt(conditional, demand), "mean"),
      ),
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const conditional = objectAt(objectAt(testCase, "expected"), "conditionalMeanResponse");
    const { written, mean, scv } = distributionOf(objectAt(params, "service"));
    const [lambda, capacity] = [numberAt(params, "lambda"), numberAt(params, "capacity")];
    const demands = Object.keys(conditional).map(Number);
    const load = lambda * mean;
    const shareOf = (demand: number): number => (PROBES * load) / demands.length / demand;
    const names = demands.map((_, index) => `probe-${index}`);
    const rate = lambda * (1 - PROBES);
    const seen = observe(
      {
        seed: seedOf(testCase),
        ...lengthOf({ rate: lambda, load: load / capacity, scv }),
        services: {
          [QUEUE]: {
            cpu: "processor-sharing",
            resources: { limits: { cpu: capacity } },
            endpoints: Object.fromEntries([
              ["do", [{ work: written }]],
              ...names.map((name, index) => [name, [{ work: time(demands[index]!) }]]),
            ]),
          },
        },
        traffic: Object.fromEntries([
          ["users", { rate: `${rate}/s`, call: `${QUEUE} do` }],
          ...names.map((name, index) => [
            name,
            { rate: `${shareOf(demands[index]!)}/s`, call: `${QUEUE} ${name}` },
          ]),
        ]),
      },
      { replication },
    );
    const [users, ...probes] = seen.traffic;
    const responses = probes.map((calls) => calls.responseSum / calls.answered);
    const slowdowns = responses.map((response, index) => response / demands[index]!);
    const all = seen.of(QUEUE);
    const cpu = sum(seriesOf(seen.model, QUEUE).cpuMicros) / 1e6;
    const byName: Readonly<Record<(typeof METRICS)[number], number>> = {
      meanResponse: users!.responseSum / users!.answered,
      meanInSystem: all.allLatencySum / seen.seconds,
      utilization: cpu / seen.seconds / capacity,
      meanSlowdown: slowdowns.reduce((total, one) => total + one, 0) / slowdowns.length,
      responsePerUnitOfWork: users!.responseSum / users!.answered / mean,
    };
    return [...METRICS.map((name) => byName[name]), ...responses];
  },
};
