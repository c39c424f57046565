import type { Model } from "../../../../sim/scenario/build/model.ts";
import {
  type MetricSpec,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { isObject, type JsonObject } from "../group.ts";
import { QUEUE } from "./measures.ts";
import { observe } from "./observed.ts";
import { time } from "./scenarios.ts";
import { fcfs } from "./singleQueue.ts";

/** In mean services; a server's queue forgets within so many at the loads of such a table. */
const WARM_UP = 400;
const MEASURED = 600;
/** Looks at the queues, evenly over the measured time. */
const LOOKS = 60;
/** Shares are known to this: where one is smaller, a relative tolerance says nothing of it. */
const SHARE = 0.005;

const levelsOf = (testCase: JsonObject): readonly string[] =>
  Object.keys(objectAt(objectAt(testCase, "expected"), "fractionOfServersWithAtLeast"));

/** Many servers, of which each request takes the best of a few that it draws. */
export const powerOfChoices: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const tolerance = toleranceOf(testCase);
    const approximate = (name: string, value: number): MetricSpec => ({
      name,
      expected: value,
      precision: "mean",
      relativeTolerance: tolerance,
    });
    const fractions = objectAt(expected, "fractionOfServersWithAtLeast");
    return [
      approximate("meanResponse", numberAt(expected, "meanResponse")),
      approximate("meanResponseInServiceTimes", numberAt(expected, "meanResponseInServiceTimes")),
      ...levelsOf(testCase).map((level): MetricSpec => {
        const value = numberAt(fractions, level);
        return {
          name: `fractionOfServersWithAtLeast.${level}`,
          expected: value,
          precision: "share",
          relativeTolerance: tolerance === null ? null : Math.max(tolerance, SHARE / value),
        };
      }),
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const [rate, mu] = [numberAt(params, "lambda"), numberAt(params, "mu")];
    const servers = numberAt(params, "servers");
    const choices = numberAt(params, "choices");
    const balancer = choices === 1 ? "random" : { "least-request": { choices } };
    const levels = levelsOf(testCase).map(Number);
    const counts = levels.map(() => 0);
    const look = ({ plane }: Model): void => {
      for (let replica = 0; replica < servers; replica++) {
        const inSystem = plane.usage(replica).inFlight;
        for (const [index, level] of levels.entries()) if (inSystem >= level) counts[index]!++;
      }
    };
    const work = { exponential: time(1 / mu) };
    const [warmUp, duration] = [time(WARM_UP / mu), time(MEASURED / mu)];
    const seen = observe(
      {
        seed: seedOf(testCase),
        warmUp,
        duration,
        services: { [QUEUE]: fcfs(1, work, { replicas: servers, balancer }) },
        traffic: { users: { rate: `${rate}/s`, call: QUEUE } },
      },
      { replication },
      { looks: { every: MEASURED / mu / LOOKS, at: look } },
    );
    const mean = seen.of(QUEUE).responseSum / seen.of(QUEUE).answered;
    return [mean, mean * mu, ...counts.map((count) => count / LOOKS / servers)];
  },
};

/** How far the limit of many servers is from as many as there are; null for exact values. */
function toleranceOf(testCase: JsonObject): number | null {
  const acceptance = testCase["acceptance"];
  if (!isObject(acceptance) || acceptance["kind"] !== "mean-field") return null;
  return numberAt(acceptance, "relativeTolerance");
}
