import { numberAt, objectAt, type StatisticalModel } from "../../statistical/model.ts";
import { distributionOf } from "../distributions.ts";
import type { JsonObject } from "../group.ts";
import { balanced, roundRobin } from "./balanced.ts";
import { bursts } from "./bursts.ts";
import { closed } from "./closed.ts";
import { forkJoin } from "./forkJoin.ts";
import { jackson } from "./jackson.ts";
import { powerOfChoices } from "./powerOfChoices.ts";
import { processorSharing } from "./processorSharing.ts";
import { retrial } from "./retrial.ts";
import { time } from "./scenarios.ts";
import { fcfs, numberOr, type QueueScenario, singleQueue } from "./singleQueue.ts";
import { breakdowns, erlangA, priority, setup } from "./stations.ts";
import { transient } from "./transient.ts";

const WAITS = ["meanWait", "probWait", "p95Wait", "p99Wait", "sdWait"];
const RESPONSES = ["meanResponse", "p50Response", "p95Response", "p99Response"];
const NUMBERS = ["meanInSystem", "meanQueueLength", "utilization"];

/** Poisson arrivals, exponential service, one queue before `servers`; `more` of the service. */
function markovian(params: JsonObject, more = {}): QueueScenario {
  const [rate, mu] = [numberAt(params, "lambda"), numberAt(params, "mu")];
  const servers = numberOr(params, "servers", 1);
  const service = fcfs(servers, { exponential: time(1 / mu) }, more);
  return { service, rate, load: rate / mu / servers, scv: 1 };
}

function general(params: JsonObject): QueueScenario {
  const { written, mean, scv } = distributionOf(objectAt(params, "service"));
  const rate = numberAt(params, "lambda");
  const servers = numberOr(params, "servers", 1);
  return { service: fcfs(servers, written), rate, load: (rate * mean) / servers, scv };
}

const single = [...WAITS, ...RESPONSES, ...NUMBERS];

/** By the `model` of a table. */
export const queueingModels: Readonly<Record<string, StatisticalModel>> = {
  mm1: singleQueue(single, markovian),
  mmc: singleQueue(single, markovian),
  mg1: singleQueue(single, general),
  mdc: singleQueue(single, general),
  mmck: singleQueue(
    [
      ...["blocking", "throughput", "utilization", "meanInSystem", "meanQueueLength"],
      ...["meanWaitAccepted", "meanResponseAccepted", "probWaitAccepted"],
      ...["p95WaitAccepted", "p99WaitAccepted"],
    ],
    (params) => {
      const [servers, capacity] = [numberOr(params, "servers", 1), numberAt(params, "capacity")];
      const scenario = markovian(params, { queue: capacity - servers });
      return { ...scenario, load: Math.min(scenario.load, 0.9) };
    },
  ),
  "fork-join": forkJoin,
  "mg1-ps": processorSharing,
  closed,
  jsq2: balanced(["meanResponse", "meanInSystem", "probWait"], {
    "least-request": { choices: "all" },
  }),
  "round-robin": roundRobin,
  "erlang-a": erlangA,
  priority,
  setup,
  breakdowns,
  jackson,
  mmpp: bursts,
  "power-of-d": powerOfChoices,
  retrial,
  transient,
};
