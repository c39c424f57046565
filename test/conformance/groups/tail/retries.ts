import type { ScenarioText } from "../../../support/scenarios.ts";
import {
  exactly,
  type MetricSpec,
  numberAt,
  objectAt,
  type StatisticalModel,
  seedOf,
} from "../../statistical/model.ts";
import { distributionOf } from "../distributions.ts";
import type { JsonObject } from "../group.ts";
import { time } from "../queueing/scenarios.ts";
import { callsPerRequest, mean, requests } from "./runs.ts";

const COUNT = 2_500;

/** A service of which a share of the answers is an error. */
const failing = (errors: number, steps: readonly unknown[]): ScenarioText => ({
  revisions: { v1: { errors } },
  endpoints: { get: steps },
});

const means = (expected: JsonObject, names: readonly string[]): readonly MetricSpec[] =>
  names.map((name) => exactly(name, numberAt(expected, name), "mean"));
const shares = (expected: JsonObject, names: readonly string[]): readonly MetricSpec[] =>
  names.map((name) => exactly(name, numberAt(expected, name), "share"));

/** Attempts of one call, each with its own patience. */
export const retryTimeout: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return [
      ...means(expected, ["attemptsPerRequest", "retriesPerRequest", "timeoutsPerRequest"]),
      ...shares(expected, ["attemptFailure", "successProbability"]),
      ...means(expected, ["meanLatencyOfSuccess", "meanLatencyOfFailure"]),
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const wait = distributionOf(objectAt(params, "latency")).written;
    const retries = {
      attempts: numberAt(params, "maxAttempts"),
      perTryTimeout: time(numberAt(params, "timeout")),
      backoff: time(numberAt(params, "backoff")),
    };
    const run = requests(
      countFor(testCase),
      {
        services: { front: failing(numberAt(params, "errorProbability"), [{ wait }]) },
        client: { retries },
      },
      { seed: seedOf(testCase), replication },
    );
    const { attempts, services } = run.model.recorder;
    const perRequest = callsPerRequest(run, "front");
    const failures = services[0]!.failures.reduce((sum, value) => sum + value, 0);
    return [
      perRequest,
      attempts.retries[0]! / run.count,
      attempts.timeouts[0]! / run.count,
      failures / (perRequest * run.count),
      run.answered.length / run.count,
      mean(run.answered),
      mean(run.failed),
    ];
  },
};

/** So many requests that each replication has failures to take a mean of. */
const countFor = (testCase: JsonObject): number =>
  Math.max(COUNT, Math.ceil(25 / (1 - numberAt(testCase, "expected", "successProbability"))));

/** The client is the first layer, the backend what the last one calls. */
export const retryLayers: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return [
      ...means(expected, ["backendAttemptsPerRequest"]),
      ...layersOf(expected).map((value, index) => exactly(`layer ${index + 1}`, value, "mean")),
      {
        ...exactly("userFailure", numberAt(expected, "userFailure"), "share"),
        trials: COUNT,
      },
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const layers = numberAt(params, "layers");
    const retries = { attempts: numberAt(params, "maxAttempts") };
    const name = (layer: number): string => (layer === 1 ? "front" : `layer-${layer}`);
    const services: Record<string, ScenarioText> = {};
    for (let layer = 1; layer < layers; layer++) {
      const call = { service: name(layer + 1), retries };
      services[name(layer)] = { endpoints: { get: [{ call }] } };
    }
    services[name(layers)] = failing(numberAt(params, "backendFailure"), []);
    const run = requests(
      COUNT,
      { services, client: { retries } },
      { seed: seedOf(testCase), replication },
    );
    const byLayer = Array.from({ length: layers }, (_, index) =>
      callsPerRequest(run, name(index + 1)),
    );
    return [byLayer.at(-1)!, ...byLayer, run.failed.length / run.count];
  },
};

function layersOf(expected: JsonObject): readonly number[] {
  const layers = expected["attemptsPerRequestByLayerFromTop"];
  if (!Array.isArray(layers)) throw new Error("attempts are given by layer");
  return layers.map(Number);
}

/**
 * Long-run values of a budget: what cannot be spent yet, or not any more, must not show. A request
 * asks for its next retry long after others have spent what there was at its last one.
 */
const BUDGETED = { count: 10_000, gap: 1, wait: { exponential: "100ms" }, ttlSeconds: 60 };

/** Retries are granted while a budget that first attempts fill allows them. */
export const retryBudget: StatisticalModel = {
  metrics(testCase) {
    const expected = objectAt(testCase, "expected");
    return [
      ...means(expected, ["attemptsPerRequest", "retriesPerRequest"]),
      ...shares(expected, ["successProbability", "grantFraction"]),
      ...means(expected, ["unbudgetedAttempts"]),
      ...shares(expected, ["unbudgetedSuccess"]),
    ];
  },
  replicate(testCase, replication) {
    const params = objectAt(testCase, "params");
    const { count, gap, wait, ttlSeconds } = BUDGETED;
    const budget = {
      retryRatio: numberAt(params, "budgetRatio"),
      minRetriesPerSecond: 0,
      ttlSeconds,
    };
    const attempts = numberAt(params, "maxAttempts");
    const failure = numberAt(params, "attemptFailure");
    const services = { front: failing(failure, [{ wait }]) };
    const options = { seed: seedOf(testCase), replication };
    const limited = { retries: { attempts, limit: { budget } } };
    const budgeted = requests(count, { services, client: limited, gap }, options);
    const free = requests(COUNT, { services, client: { retries: { attempts } } }, options);
    const { retries, retriesDenied } = budgeted.model.recorder.attempts;
    return [
      callsPerRequest(budgeted, "front"),
      retries[0]! / budgeted.count,
      budgeted.answered.length / budgeted.count,
      retries[0]! / (retries[0]! + retriesDenied[0]!),
      callsPerRequest(free, "front"),
      free.answered.length / free.count,
    ];
  },
};
