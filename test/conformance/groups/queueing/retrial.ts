import { QUEUE_FULL } from "../../../../sim/dataplane/failure.ts";
import type { Precision } from "../../statistical/acceptance.ts";
import {
  exactly,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import type { JsonObject } from "../group.ts";
import { measureOf, QUEUE } from "./measures.ts";
import { type Observed, observe } from "./observed.ts";
import { time } from "./scenarios.ts";
import { fcfs, numberOr } from "./singleQueue.ts";

/** First attempts in one replication, after a tenth of them as warm-up. */
const MEASURED = 60_000;

type Read = (seen: Observed, params: JsonObject) => number;

const attempts: Read = (seen) => seen.of(QUEUE).ended;
/** Time that callers spent between attempts: all of theirs but what attempts took. */
const pausing: Read = (seen) => seen.clients.latencySum - seen.of(QUEUE).allLatencySum;
const shared = (name: string): readonly [string, Precision, Read] => {
  const { precision, read } = measureOf(name);
  return [name, precision, read];
};

const METRICS: readonly (readonly [name: string, precision: Precision, read: Read])[] = [
  [
    "attemptBlocking",
    "share",
    (seen, params) => (seen.of(QUEUE).byReason.get(QUEUE_FULL) ?? 0) / attempts(seen, params),
  ],
  [
    "firstAttemptBlocking",
    "share",
    (seen) => seen.of(QUEUE).firstFailures / seen.of(QUEUE).firstAttempts,
  ],
  [
    "attemptsPerRequest",
    "mean",
    (seen, params) => attempts(seen, params) / seen.of(QUEUE).firstAttempts,
  ],
  ["meanOrbit", "tail", (seen, params) => pausing(seen, params) / seen.seconds],
  ["meanTimeInOrbit", "tail", (seen, params) => pausing(seen, params) / seen.clients.started],
  shared("meanInSystem"),
  shared("throughput"),
  shared("utilization"),
  ["lostFraction", "share", (seen) => seen.clients.failed / seen.clients.started],
];

/** Who finds the queue full tries again after a while. */
export const retrial: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return METRICS.map(([name, precision]) => exactly(name, numberAt(expected, name), precision));
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const at = (name: string): number => numberAt(params, name);
    const rate = at("lambda");
    const servers = numberOr(params, "servers", 1);
    const probability = numberOr(params, "retryProbability", 1);
    const pause = { exponential: time(1 / at("retryRate")) };
    const seen = observe(
      {
        seed: seedOf(testCase),
        warmUp: time(MEASURED / 10 / rate),
        duration: time(MEASURED / rate),
        services: {
          [QUEUE]: fcfs(
            servers,
            { exponential: time(1 / at("mu")) },
            { queue: at("capacity") - servers },
          ),
        },
        traffic: {
          users: {
            rate: `${rate}/s`,
            call: QUEUE,
            retries: {
              attempts: "unlimited",
              ...(probability < 1 ? { probability } : {}),
              backoff: { time: pause, orbit: params["retryKind"] },
            },
          },
        },
      },
      { replication },
    );
    return METRICS.map(([, , read]) => read(seen, params));
  },
};
