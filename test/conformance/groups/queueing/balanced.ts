import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import { measured, metricSpecs, QUEUE, thresholdsOf } from "./measures.ts";
import { type Observed, observe } from "./observed.ts";
import { lengthOf, time } from "./scenarios.ts";
import { fcfs } from "./singleQueue.ts";

/** How the arrivals of a case reach its servers. */
interface Routing {
  /** One queue for all servers, or one for each. */
  readonly queues: "shared" | "own";
  readonly balancer?: unknown;
}

/** One run of Poisson arrivals to exponential servers, each a replica with a queue of its own. */
function run(testCase: JsonObject, replication: number, { queues, balancer }: Routing): Observed {
  const params = objectAt(testCase, "params");
  const [rate, mu] = [numberAt(params, "lambda"), numberAt(params, "mu")];
  const servers = numberAt(params, "servers");
  const work = { exponential: time(1 / mu) };
  const service =
    queues === "shared" ? fcfs(servers, work) : fcfs(1, work, { replicas: servers, balancer });
  const scenario = {
    seed: seedOf(testCase),
    ...lengthOf({ rate, load: rate / mu / servers, scv: 1, servers }),
    services: { [QUEUE]: service },
    traffic: { users: { rate: `${rate}/s`, call: QUEUE } },
  };
  return observe(
    scenario,
    { replication },
    { thresholds: thresholdsOf(objectAt(testCase, "expected")) },
  );
}

/** A table of servers with queues of their own behind a balancer. */
export function balanced(names: readonly string[], balancer: unknown): StatisticalModel {
  return {
    metrics: (testCase) => metricSpecs(objectAt(testCase, "expected"), names),
    replicate(testCase, replication) {
      const params = objectAt(testCase, "params");
      const seen = run(testCase, replication, { queues: "own", balancer });
      return measured(seen, { params, expected: objectAt(testCase, "expected") }, names);
    },
  };
}

const DEALT = ["meanWait", "meanResponse", "probWait", "p99Wait", "p99Response"];
const meanResponse = (seen: Observed): number =>
  seen.of(QUEUE).responseSum / seen.of(QUEUE).answered;

/** Dealt in rotation, beside the same load dealt at random and from one queue. */
export const roundRobin: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    const others = ["randomSplitMeanResponse", "sharedQueueMeanResponse"].map((name) =>
      exactly(name, numberAt(expected, name), "mean"),
    );
    return [...metricSpecs(expected, DEALT), ...others];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const expected = objectAt(testCase, "expected");
    const dealt = run(testCase, replication, { queues: "own", balancer: "round-robin" });
    const split = run(testCase, replication, { queues: "own", balancer: "random" });
    const shared = run(testCase, replication, { queues: "shared" });
    const values = measured(dealt, { params, expected }, DEALT);
    return [...values, meanResponse(split), meanResponse(shared)];
  },
};
