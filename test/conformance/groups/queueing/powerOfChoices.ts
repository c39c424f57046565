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
const MEASURED = 3_000;
/** Looks at the queues, evenly over the measured time. */
const LOOKS = 300;
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
    const servers = numberAt(objectAt(testCase, "params"), "servers");
    const mu = numberAt(objectAt(testCase, "params"), "mu");
    const few = run(testCase, replication, servers);
    if (toleranceOf(testCase) === null) return [few.mean, few.mean * mu, ...few.shares];
    // So far out, as many servers as the table has are not many: what is left of the limit goes
    // with one over their number, and twice as many show how much it is.
    const many = run(testCase, replication, 2 * servers);
    return [
      few.mean,
      few.mean * mu,
      ...few.shares.map((share, index) => 2 * many.shares[index]! - share),
    ];
  },
};

/** So many servers under the load of a case. */
function run(
  testCase: JsonObject,
  replication: number,
  servers: number,
): { readonly mean: number; readonly shares: readonly number[] } {
  const params = objectAt(testCase, "params");
  const mu = numberAt(params, "mu");
  const rate = (numberAt(params, "lambda") / numberAt(params, "servers")) * servers;
  const choices = numberAt(params, "choices");
  const balancer = choices === 1 ? "random" : { "least-request": { choices } };
  const levels = levelsOf(testCase).map(Number);
  const counts = levels.map(() => 0);
  const look = ({ plane }: Model): void => {
    for (let replica = 0; replica < servers; replica++) {
      const { inFlight } = plane.usage(replica);
      for (const [index, level] of levels.entries()) if (inFlight >= level) counts[index]!++;
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
  return {
    mean: seen.of(QUEUE).responseSum / seen.of(QUEUE).answered,
    shares: counts.map((count) => count / LOOKS / servers),
  };
}

/** How far the limit of many servers is from as many as there are; null for exact values. */
function toleranceOf(testCase: JsonObject): number | null {
  const acceptance = testCase["acceptance"];
  if (!isObject(acceptance) || acceptance["kind"] !== "mean-field") return null;
  return numberAt(acceptance, "relativeTolerance");
}
